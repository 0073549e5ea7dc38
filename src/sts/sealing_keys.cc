#include "sts/sealing_keys.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include <fmt/core.h>

#include "base/coding.h"
#include "base/encoding.h"
#include "crypto/aead.h"
#include "crypto/hkdf.h"
#include "crypto/random.h"

namespace sluice::sts {
namespace {

constexpr std::string_view kFirstLine = "sluice-sealing-keys 1";
constexpr std::string_view kFileName = "sealing.keys";
constexpr size_t kFileBytesMax = 16 << 10;
constexpr std::string_view kAtRest = "at-rest";
constexpr char kSealedSecretVersion = 1;
constexpr size_t kSecretSaltBytes = 32;

SealingKey fresh_key(UnixSeconds now) {
  return {.id = load_be<uint32_t>(crypto::random_bytes(sizeof(uint32_t)).data()),
          .created_at = now,
          .bytes = crypto::random_secret(kSealingKeyBytes)};
}

/// The text up to `delimiter`, which is taken off as well; everything when there is none.
std::string_view take(std::string_view& text, char delimiter) {
  const size_t at = std::min(text.find(delimiter), text.size());
  const std::string_view head = text.substr(0, at);
  text.remove_prefix(std::min(text.size(), at + 1));
  return head;
}

template <class T>
bool parse_whole(std::string_view text, T& value, int base = 10) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  return error == std::errc() && end == text.data() + text.size();
}

std::optional<Secret> parse_key(std::string_view text) {
  auto bytes = base64_decode(text);
  if (!bytes || bytes->size() != kSealingKeyBytes) return std::nullopt;
  return Secret(*std::move(bytes));
}

Result<SealingKey> parse_line(std::string_view line, size_t number) {
  const auto refuse = [number](std::string_view what) {
    return fail(ErrorCode::kMalformed, fmt::format("sealing keys, line {}: {}", number, what));
  };
  SealingKey key;
  const std::string_view id = take(line, ' ');
  const std::string_view created_at = take(line, ' ');
  if (id.size() != 8 || !parse_whole(id, key.id, 16)) return refuse("no key id of 8 hex digits");
  if (!parse_whole(created_at, key.created_at) || key.created_at < 0) return refuse("no creation time in Unix seconds");
  auto bytes = parse_key(line);
  if (!bytes) return refuse("no key of 32 bytes in base64");
  key.bytes = *std::move(bytes);
  return key;
}

/// One key for each stored secret, so that the AEAD key never meets two messages.
Secret at_rest_key(const SealingKeys& keys, std::string_view salt, std::string_view purpose) {
  return crypto::hkdf(salt, keys.at_rest().reveal(), fmt::format("sluice secret at rest v1\n{}", purpose),
                      crypto::kAeadKeyBytes);
}

std::string at_rest_data(std::string_view purpose, std::string_view name) {
  return fmt::format("{}\n{}", purpose, name);
}

}  // namespace

SealingKeys SealingKeys::generate(UnixSeconds now) {
  SealingKeys keys;
  keys.at_rest_ = crypto::random_secret(kSealingKeyBytes);
  keys.keys_.push_back(fresh_key(now));
  return keys;
}

Result<SealingKeys> SealingKeys::parse(std::string_view text) {
  if (take(text, '\n') != kFirstLine) {
    return fail(ErrorCode::kMalformed, fmt::format("sealing keys: the first line is not \"{}\"", kFirstLine));
  }
  SealingKeys keys;
  std::string_view at_rest = take(text, '\n');
  auto at_rest_key = take(at_rest, ' ') == kAtRest ? parse_key(at_rest) : std::nullopt;
  if (!at_rest_key)
    return fail(ErrorCode::kMalformed, "sealing keys, line 2: no \"at-rest\" with a key of 32 bytes in base64");
  keys.at_rest_ = *std::move(at_rest_key);
  for (size_t number = 3; !text.empty(); ++number) {
    if (keys.size() == kSealingKeysMax) {
      return fail(ErrorCode::kTooLarge, fmt::format("sealing keys: more than {} keys", kSealingKeysMax));
    }
    SLUICE_ASSIGN(SealingKey key, parse_line(take(text, '\n'), number));
    if (keys.find(key.id) != nullptr) {
      return fail(ErrorCode::kMalformed, fmt::format("sealing keys, line {}: its key id is there already", number));
    }
    if (!keys.keys_.empty() && key.created_at < keys.newest().created_at) {
      return fail(ErrorCode::kMalformed, fmt::format("sealing keys, line {}: older than the line before", number));
    }
    keys.keys_.push_back(std::move(key));
  }
  if (keys.keys_.empty()) return fail(ErrorCode::kMalformed, "sealing keys: no key");
  return keys;
}

Secret SealingKeys::serialize() const {
  std::string text;
  text.reserve(kFileBytesMax);  // never moved while it grows: no copy of a key is left behind
  const auto append = [&text](std::string_view before, const Secret& key) {
    const Secret encoded(base64_encode(key.reveal()));
    text.append(before).append(1, ' ').append(encoded.reveal()).append(1, '\n');
  };
  text.append(kFirstLine).append(1, '\n');
  append(kAtRest, at_rest_);
  for (const SealingKey& key : keys_) append(fmt::format("{:08x} {}", key.id, key.created_at), key.bytes);
  return Secret(std::move(text));
}

SealingKeys SealingKeys::rotated(UnixSeconds now) const {
  SealingKeys result;
  result.at_rest_ = at_rest_;
  for (size_t i = 0; i < keys_.size(); ++i) {
    // A key stopped sealing when its successor came; the newest stops now.
    const UnixSeconds retired_at = i + 1 < keys_.size() ? keys_[i + 1].created_at : now;
    if (now - retired_at < kSealingOverlapSeconds) result.keys_.push_back(keys_[i]);
  }
  if (result.keys_.size() == kSealingKeysMax) result.keys_.erase(result.keys_.begin());
  SealingKey fresh = fresh_key(std::max(now, newest().created_at));
  while (find(fresh.id) != nullptr) fresh = fresh_key(fresh.created_at);
  result.keys_.push_back(std::move(fresh));
  return result;
}

const SealingKey* SealingKeys::find(uint32_t id) const {
  const auto found = std::ranges::find(keys_, id, &SealingKey::id);
  return found == keys_.end() ? nullptr : &*found;
}

Result<SealingKeys> load_or_create_sealing_keys(FileSystem& fs, const std::string& directory, UnixSeconds now) {
  const std::string path = join_path(directory, kFileName);
  SLUICE_ASSIGN(const bool exists, fs.exists(path));
  if (!exists) {
    SealingKeys keys = SealingKeys::generate(now);
    SLUICE_TRY(store_sealing_keys(fs, directory, keys));
    return keys;
  }
  SLUICE_ASSIGN(std::string bytes, read_file(fs, path, kFileBytesMax));
  const Secret text(std::move(bytes));
  auto keys = SealingKeys::parse(text.reveal());
  if (!keys) {
    return fail(keys.error().code, fmt::format("{}: {}. Restore the file from a backup; or remove it, which ends every "
                                               "session and makes stored access keys useless.",
                                               path, keys.error().message));
  }
  return keys;
}

Result<void> store_sealing_keys(FileSystem& fs, const std::string& directory, const SealingKeys& keys) {
  SLUICE_TRY(fs.create_directories(directory, 0700));
  return write_file_atomically(fs, join_path(directory, kFileName), keys.serialize().reveal(), 0600);
}

std::string seal_secret(const SealingKeys& keys, std::string_view purpose, std::string_view name,
                        const Secret& secret) {
  const std::string salt = crypto::random_bytes(kSecretSaltBytes);
  std::string sealed(1, kSealedSecretVersion);
  sealed += salt;
  sealed += crypto::seal(at_rest_key(keys, salt, purpose), at_rest_data(purpose, name), secret.reveal());
  return sealed;
}

Result<Secret> open_secret(const SealingKeys& keys, std::string_view purpose, std::string_view name,
                           std::string_view sealed) {
  if (sealed.size() < 1 + kSecretSaltBytes || sealed[0] != kSealedSecretVersion) {
    return fail(ErrorCode::kUnauthenticated, fmt::format("sealed {}: not in the form this server writes", purpose));
  }
  const std::string_view salt = sealed.substr(1, kSecretSaltBytes);
  auto bytes = crypto::open_sealed(at_rest_key(keys, salt, purpose), at_rest_data(purpose, name),
                                   sealed.substr(1 + kSecretSaltBytes));
  if (!bytes) return fail_in(fmt::format("sealed {}", purpose), bytes.error());
  return Secret(*std::move(bytes));
}

}  // namespace sluice::sts

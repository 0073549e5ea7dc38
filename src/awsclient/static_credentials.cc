#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "awsclient/credentials.h"
#include "base/encoding.h"

namespace sluice::awsclient {
namespace {

constexpr uint64_t kCredentialsBytesMax = 64 << 10;

auto malformed(std::string_view source, size_t line, std::string_view what) {
  return fail(ErrorCode::kMalformed, fmt::format("{}:{}: {}", source, line, what));
}

/// The value as the file has it; a line's content never enters an error text, it may be the secret.
struct Keys {
  std::optional<std::string> access_key_id;
  std::optional<std::string> secret_access_key;
  std::optional<std::string> session_token;

  void set(std::string_view name, std::string_view value) {
    if (name == "aws_access_key_id") access_key_id = value;
    if (name == "aws_secret_access_key") secret_access_key = value;
    if (name == "aws_session_token") session_token = value;
  }
};

Result<Keys> read_profile(std::string_view text, std::string_view profile, std::string_view source) {
  Keys keys;
  bool is_in_profile = false;
  bool has_profile = false;
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    line = trim(line);
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    if (line.front() == '[') {
      if (line.back() != ']') return malformed(source, number, "the profile's '[' is not closed");
      is_in_profile = trim(line.substr(1, line.size() - 2)) == profile;
      has_profile = has_profile || is_in_profile;
      continue;
    }
    const size_t equals = line.find('=');
    if (equals == std::string_view::npos) return malformed(source, number, "wanted [profile] or name = value");
    if (is_in_profile) keys.set(ascii_lower(trim(line.substr(0, equals))), trim(line.substr(equals + 1)));
  }
  if (!has_profile) {
    return fail(ErrorCode::kNotFound, fmt::format("{}: there is no profile [{}]", source, printable(profile, 128)));
  }
  return keys;
}

}  // namespace

Task<Result<aws::Credentials>> StaticCredentials::get() { co_return credentials_; }

Result<aws::Credentials> parse_shared_credentials(std::string_view text, std::string_view profile,
                                                  std::string_view source) {
  SLUICE_ASSIGN(auto keys, read_profile(text, profile, source));
  const auto missing = [&](std::string_view name) {
    return fail(ErrorCode::kMalformed,
                fmt::format("{}: profile [{}] has no {}", source, printable(profile, 128), name));
  };
  if (!keys.access_key_id || keys.access_key_id->empty()) return missing("aws_access_key_id");
  if (!keys.secret_access_key || keys.secret_access_key->empty()) return missing("aws_secret_access_key");
  aws::Credentials credentials;
  credentials.access_key_id = *std::move(keys.access_key_id);
  credentials.secret_access_key = Secret(*std::move(keys.secret_access_key));
  credentials.session_token = Secret(std::move(keys.session_token).value_or(""));
  return credentials;
}

Result<aws::Credentials> read_shared_credentials(FileSystem& fs, const std::string& path, std::string_view profile) {
  SLUICE_ASSIGN(std::string bytes, read_file(fs, path, kCredentialsBytesMax));
  const Secret text(std::move(bytes));
  return parse_shared_credentials(text.reveal(), profile, path);
}

}  // namespace sluice::awsclient

#include "cli/config_files.h"

#include <sys/stat.h>

#include <fmt/core.h>

#include "base/encoding.h"
#include "base/limits.h"
#include "net/document_fetcher.h"
#include "net/http_server.h"

namespace sluice::cli {

namespace {

constexpr std::string_view kSecretKey = "aws.root_secret_access_key_file";
constexpr size_t kSecretBytesMin = 40;  // what AWS' own have; SDKs and their users expect it
constexpr size_t kSecretBytesMax = 128;
constexpr std::string_view kSecretAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";

std::unique_ptr<http::DocumentFetcher> make_fetcher(const LoadedConfig& config, net::Runtime& runtime,
                                                    ConfigProblems& problems) {
  net::FetcherOptions options;
  options.allowance = {config.values.oidc_networks, config.values.oidc_ports, config.values.oidc_ca_file};
  auto fetcher = net::make_document_fetcher(runtime, std::move(options));
  if (fetcher) return *std::move(fetcher);
  problems.error(config.origin_of("oidc.allow.ca_file"), "oidc.allow.ca_file", fetcher.error().message);
  return nullptr;
}

/// "key 'a': a key of that type is not used", of the first that is not used.
std::string first_skipped(const oidc::KeySet& keys) {
  const oidc::SkippedKey& skipped = keys.skipped().front();
  return fmt::format("key '{}': {}", printable(skipped.kid, 100), oidc::describe(skipped.reason));
}

api::IssuerKeys::PinnedKeys read_pinned(const LoadedConfig& config, FileSystem& fs, ConfigProblems& problems) {
  api::IssuerKeys::PinnedKeys all;
  const std::string source = config.origin_of("oidc.pinned_jwks").source;
  for (size_t i = 0; i < config.values.pinned_jwks.size(); ++i) {
    const PinnedJwks& pinned = config.values.pinned_jwks[i];
    const ConfigOrigin origin{source, pinned.line};
    const std::string key = fmt::format("oidc.pinned_jwks[{}].file", i);
    const auto text = read_file(fs, pinned.file, limits::kJwksBytesMax);
    if (!text) {
      problems.error(origin, key, text.error().message);
      continue;
    }
    auto keys = oidc::KeySet::parse(*text);
    if (!keys) {
      problems.error(origin, key, fmt::format("{} is no JWKS: {}", pinned.file, keys.error().message));
    } else if (keys->empty()) {
      problems.error(origin, key,
                     fmt::format("{} holds no usable signing key{}", pinned.file,
                                 keys->skipped().empty() ? "" : "; " + first_skipped(*keys)));
    } else {
      if (!keys->skipped().empty()) {
        problems.warn(
            origin, key,
            fmt::format("{} of {}'s keys are not used; {}", keys->skipped().size(), pinned.file, first_skipped(*keys)));
      }
      all[pinned.issuer] = std::make_shared<const oidc::KeySet>(*std::move(keys));
    }
  }
  return all;
}

/// What kept the secret's file from being read, without its path: the secret itself may stand there by mistake.
std::string_view reason_of(const Error& error) {
  if (error.code == ErrorCode::kNotFound) return "there is no such file";
  if (error.code == ErrorCode::kTooLarge) return "it is far larger than a secret";
  return "it cannot be read";
}

void warn_if_others_can_read(const LoadedConfig& config, ConfigProblems& problems) {
  struct stat status{};
  if (::stat(config.values.root_secret_access_key_file.c_str(), &status) != 0 || (status.st_mode & 077) == 0) return;
  problems.warn(config.origin_of(kSecretKey), kSecretKey,
                fmt::format("others than its owner may read the file (mode {:04o}); wanted 0600 or 0400",
                            static_cast<unsigned>(status.st_mode & 07777)));
}

std::optional<aws::Credentials> read_root_key(const LoadedConfig& config, FileSystem& fs, ConfigProblems& problems) {
  const std::string& path = config.values.root_secret_access_key_file;
  if (path.empty()) return std::nullopt;
  const ConfigOrigin origin = config.origin_of(kSecretKey);
  auto text = read_file(fs, path, limits::kSecretFileBytesMax);
  if (!text) {
    problems.error(
        origin, kSecretKey,
        fmt::format("{}; wanted the path (not shown) of a file that holds the secret alone", reason_of(text.error())));
    return std::nullopt;
  }
  std::string_view secret = *text;
  if (secret.ends_with('\n')) secret.remove_suffix(1);
  if (secret.ends_with('\r')) secret.remove_suffix(1);
  std::optional<aws::Credentials> key;
  if (secret.size() < kSecretBytesMin || secret.size() > kSecretBytesMax ||
      secret.find_first_not_of(kSecretAlphabet) != std::string_view::npos) {
    problems.error(
        origin, kSecretKey,
        fmt::format("the file's content (not shown) is no secret access key; wanted one line of {} to {} of A-Z, a-z, "
                    "0-9, '+', '/' and '='",
                    kSecretBytesMin, kSecretBytesMax));
  } else {
    warn_if_others_can_read(config, problems);
    key.emplace();
    key->access_key_id = config.values.root_access_key_id;
    key->secret_access_key = Secret(std::string(secret));
  }
  wipe(text->data(), text->size());
  return key;
}

}  // namespace

ConfigFiles read_config_files(const LoadedConfig& config, FileSystem& fs, net::Runtime& runtime,
                              ConfigProblems& problems) {
  ConfigFiles files;
  files.fetcher = make_fetcher(config, runtime, problems);
  files.pinned = read_pinned(config, fs, problems);
  files.root_key = read_root_key(config, fs, problems);
  return files;
}

std::optional<UnixSeconds> check_tls_files(const LoadedConfig& config, UnixSeconds now, ConfigProblems& problems) {
  const ServeConfig& values = config.values;
  if (values.tls_cert_file.empty() || values.tls_key_file.empty()) return std::nullopt;
  const auto not_after = net::check_certificate({values.tls_cert_file, values.tls_key_file}, now);
  if (not_after) return *not_after;
  add_tls_problem(config, not_after.error(), problems);
  return std::nullopt;
}

void add_tls_problem(const LoadedConfig& config, const Error& error, ConfigProblems& problems) {
  // net begins with the file that is at fault; a key that belongs to another certificate is the key's.
  const std::string_view key = error.message.starts_with("certificate file") ? "web.tls.cert_file" : "web.tls.key_file";
  problems.error(config.origin_of(key), key, error.message);
}

}  // namespace sluice::cli

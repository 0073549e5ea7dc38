#include "bench/commands.h"

#include <cstdio>
#include <utility>

#include <fmt/core.h>

#include "awsclient/credentials.h"
#include "base/file_system.h"
#include "base/log.h"
#include "bench/report.h"
#include "net/runtime.h"

namespace sluice::bench {
namespace {

constexpr uint64_t kSecretFileBytesMax = 64 << 10;

Result<Secret> read_secret(FileSystem& fs, const std::string& path) {
  SLUICE_ASSIGN(std::string text, read_file(fs, path, kSecretFileBytesMax));
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  if (text.empty()) return fail(ErrorCode::kMalformed, path + ": empty; wanted the secret alone");
  return Secret(std::move(text));
}

}  // namespace

Result<aws::Credentials> read_key(const KeySource& source) {
  const bool has_pair = !source.key_id.empty() || !source.secret_file.empty();
  if (has_pair == !source.credentials_file.empty() || source.key_id.empty() != source.secret_file.empty()) {
    return fail(ErrorCode::kInvalidArgument,
                "signing wants --credentials-file, or --key-id together with --secret-file");
  }
  const auto fs = make_posix_file_system();
  aws::Credentials key;
  if (has_pair) {
    key.access_key_id = source.key_id;
    SLUICE_ASSIGN(key.secret_access_key, read_secret(*fs, source.secret_file));
  } else {
    SLUICE_ASSIGN(key, awsclient::read_shared_credentials(*fs, source.credentials_file));
  }
  if (!source.session_token_file.empty()) {
    SLUICE_ASSIGN(key.session_token, read_secret(*fs, source.session_token_file));
  }
  return key;
}

Result<int> run_load(LoadCommand command) {
  if (!command.key.region.empty()) {
    SLUICE_ASSIGN(auto key, read_key(command.key));
    command.drive.writer.signing = Signing{std::move(key), command.key.region};
  }
  const auto logger = make_stderr_logger(LogLevel::kWarn, LogFormat::kLogfmt);
  const SystemClock clock;
  net::Runtime runtime({.io_threads = 1, .compute_threads = 2, .lookup_threads = 1}, *logger);
  SLUICE_ASSIGN(const DriveResult result, drive(command.drive, runtime, clock));
  runtime.shutdown();

  fmt::print("{}", to_text(command.drive, result));
  const std::string json = to_json(command.drive, result) + "\n";
  if (command.json_file == "-") {
    fmt::print("{}", json);
  } else if (!command.json_file.empty()) {
    SLUICE_TRY(write_file_atomically(*make_posix_file_system(), command.json_file, json));
  }
  return result.phases.back().refused_requests == 0 ? 0 : 1;
}

}  // namespace sluice::bench

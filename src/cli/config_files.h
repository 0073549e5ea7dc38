#pragma once

#include <memory>
#include <optional>

#include "api/issuer_keys.h"
#include "aws/sigv4_sign.h"
#include "base/clock.h"
#include "base/file_system.h"
#include "cli/config_problems.h"
#include "cli/config_source.h"
#include "http/client.h"
#include "net/runtime.h"

namespace sluice::cli {

/// What the files hold that a configuration names, read once and ready to be used.
struct ConfigFiles {
  std::unique_ptr<http::DocumentFetcher> fetcher;  ///< under oidc.allow, its ca_file loaded; null after an error
  api::IssuerKeys::PinnedKeys pinned;              ///< by issuer
  std::optional<aws::Credentials> root_key;        ///< the pair the operator brings
};

/// Reads and checks every file named by `config` but the certificate's. What is wrong is added to `problems`, each
/// with the line of its key; a secret, or what might be one, is never quoted. The runtime outlives the result.
ConfigFiles read_config_files(const LoadedConfig& config, FileSystem& fs, net::Runtime& runtime,
                              ConfigProblems& problems);

/// Whether web.tls' files can be read, belong together and are valid at `now`. Yields the end of their validity;
/// nullopt after an error, and without TLS.
std::optional<UnixSeconds> check_tls_files(const LoadedConfig& config, UnixSeconds now, ConfigProblems& problems);
/// Puts an error of net about web.tls' files at the key of the file it is about.
void add_tls_problem(const LoadedConfig& config, const Error& error, ConfigProblems& problems);

}  // namespace sluice::cli

#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "aws/sigv4_sign.h"
#include "base/clock.h"
#include "base/executor.h"
#include "base/file_system.h"
#include "base/result.h"
#include "base/task.h"
#include "http/client.h"

namespace sluice::awsclient {

/// Where a client's credentials come from. Thread-safe. Nothing here logs, and no error text holds a secret or a
/// token.
class CredentialProvider {
 public:
  virtual ~CredentialProvider() = default;
  /// Credentials that are good for some time yet. kUnauthenticated when they are refused, with AWS's code and
  /// message; kUnavailable and the like when they could not be asked for.
  virtual Task<Result<aws::Credentials>> get() = 0;
};

/// Credentials that never change.
class StaticCredentials final : public CredentialProvider {
 public:
  explicit StaticCredentials(aws::Credentials credentials) : credentials_(std::move(credentials)) {}
  Task<Result<aws::Credentials>> get() override;

 private:
  const aws::Credentials credentials_;
};

/// One profile of a file in AWS's shared-credentials format: `[default]`, aws_access_key_id,
/// aws_secret_access_key, and aws_session_token if there is one; '#' and ';' begin comments. kNotFound without
/// the file, kMalformed naming file, line and what is missing.
Result<aws::Credentials> read_shared_credentials(FileSystem& fs, const std::string& path,
                                                 std::string_view profile = "default");
/// The same over text; `source` names it in errors.
Result<aws::Credentials> parse_shared_credentials(std::string_view text, std::string_view profile,
                                                  std::string_view source);

struct WebIdentityOptions {
  std::string sts_url;           ///< "https://sts.us-east-1.amazonaws.com", "http://127.0.0.1:9009"
  std::string role_arn;
  std::string session_name;      ///< "" lets a made-up one be used: "sluice-<unix milliseconds>"
  std::string token_file;        ///< read again at each exchange: kubelet rotates it
  int64_t duration_s = 0;        ///< 0: STS's default, an hour
};

/// Trades a projected service-account token for role credentials at STS (AssumeRoleWithWebIdentity), and again
/// five minutes before they expire. One exchange at a time: callers that come meanwhile wait for it. A refresh that
/// fails while the old credentials are still valid is not an error yet: they are returned, and the next call
/// more than ten seconds later tries again. The client, file system, clock and executor outlive it.
class WebIdentityCredentials final : public CredentialProvider {
 public:
  WebIdentityCredentials(WebIdentityOptions options, http::Client& client, FileSystem& fs, const Clock& clock,
                         Executor& executor);
  ~WebIdentityCredentials() override;
  Task<Result<aws::Credentials>> get() override;

 private:
  struct State;
  struct Session;
  /// One call of STS with the token as the file has it now. Takes what it needs along: the provider may go meanwhile.
  static Task<Result<Session>> exchange(std::shared_ptr<State> state);

  std::shared_ptr<State> state_;
};

}  // namespace sluice::awsclient

#pragma once

#include <string>
#include <string_view>

#include "aws/error.h"
#include "aws/sigv4_sign.h"
#include "awsclient/answer.h"
#include "awsclient/credentials.h"
#include "base/clock.h"
#include "base/result.h"
#include "http/client.h"

namespace sluice::awsclient {

/// Signs a request for a service: adds X-Amz-Date, Authorization and X-Amz-Security-Token. The URL must be absolute.
/// kInvalidArgument for one that is not.
Result<void> sign(http::ClientRequest& request, const aws::Credentials& credentials, const aws::SigningTarget& target,
                  UnixSeconds now);

/// Signed calls to STS, IAM and AMP, ours or Amazon's. Thread-safe. What it is given outlives it. Nothing is retried.
class SignedClient {
 public:
  SignedClient(http::Client& client, CredentialProvider& credentials, const Clock& clock, std::string region)
      : client_(client), credentials_(credentials), clock_(clock), region_(std::move(region)) {}

  /// Any request, signed for `service`; the answer's errors are read in whichever form they come.
  Task<Result<Answer>> send(http::ClientRequest request, std::string service);
  /// A Query-protocol call: POST to `url` of Action, Version (by service: "sts", "iam") and `parameters`.
  Task<Result<Answer>> query(std::string url, std::string service, std::string action, aws::Parameters parameters);
  /// A restJson call: `method` on `url`, with `body` as JSON unless it is "".
  Task<Result<Answer>> rest_json(std::string method, std::string url, std::string service, std::string body);

 private:
  http::Client& client_;
  CredentialProvider& credentials_;
  const Clock& clock_;
  const std::string region_;
};

/// An unsigned Query-protocol call, as AssumeRoleWithWebIdentity is.
Task<Result<Answer>> query_unsigned(http::Client& client, std::string url, std::string version, std::string action,
                                    aws::Parameters parameters);

}  // namespace sluice::awsclient

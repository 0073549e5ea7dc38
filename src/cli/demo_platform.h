#pragma once

#include <string>

#include "awsclient/signed_client.h"
#include "base/result.h"

namespace sluice::cli {

/// The demo's platform engineer: what a person does with the AWS CLI, done over the same API with the root key.
/// Each call waits for its answer; an error carries the service's code and text.
class DemoPlatform {
 public:
  DemoPlatform(std::string base_url, awsclient::SignedClient& client)
      : base_url_(std::move(base_url)), client_(client) {}

  struct Workspace {
    std::string id;
    std::string arn;
    std::string url;  ///< with trailing slash
  };
  Result<Workspace> create_workspace(const std::string& alias);
  /// The provider's ARN.
  Result<std::string> register_issuer(const std::string& issuer_url, const std::string& audience);
  /// A role for one service account of the issuer, which may write one workspace; its ARN.
  Result<std::string> create_writer(const std::string& name, const std::string& provider_arn,
                                    const std::string& subject, const std::string& audience,
                                    const std::string& workspace_arn);

 private:
  Result<awsclient::Answer> iam(const std::string& action, aws::Parameters parameters);

  std::string base_url_;
  awsclient::SignedClient& client_;
};

}  // namespace sluice::cli

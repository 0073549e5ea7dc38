#pragma once

#include <expected>
#include <functional>
#include <string>
#include <string_view>

#include "api/amp_service.h"
#include "aws/error.h"

namespace sluice::api {

/// AMP's operations on workspaces, each as AmpService::execute wants it: the JSON body, "" for none. Cheap to make;
/// refers to what AmpService owns or is given.
struct AmpWorkspaces {
  using Answer = std::expected<std::string, aws::AwsError>;

  catalog::Catalog& catalog;
  WorkspaceStorage& storage;
  DeletedWorkspaces& deleted;
  const Clock& clock;
  Logger& logger;
  const std::string& public_base_url;

  /// The workspace a call is about; null when the caller's account has none of that id.
  std::expected<catalog::WorkspacePtr, aws::AwsError> find(const AmpCall& call) const;

  /// The row comes first, as CREATING, then the storage, then ACTIVE: what a crash leaves, reconcile() finishes.
  Answer create(const AmpCall& call) const;
  Answer describe(const AmpCall& call) const;
  /// By creation; `alias` is a prefix. The token carries the last workspace's id and creation.
  Answer list(const AmpCall& call) const;
  /// DELETING first, then what DeletedWorkspaces does. Called again, it goes on where it stopped; with the token of a
  /// deletion that is done, it is a success.
  Answer remove(const AmpCall& call) const;
  Answer update_alias(const AmpCall& call) const;
  Answer tag(const AmpCall& call) const;
  Answer untag(const AmpCall& call) const;
  Answer list_tags(const AmpCall& call) const;
  /// There never is one: 404, which Terraform takes for "none".
  Answer describe_logging(const AmpCall& call) const;

 private:
  std::expected<catalog::WorkspacePtr, aws::AwsError> existing(const AmpCall& call) const;
  /// Logs what failed and answers 503.
  std::unexpected<aws::AwsError> failure(const AmpCall& call, const Error& error) const;
  Answer change(const AmpCall& call, std::string body,
                const std::function<Result<void>(catalog::Workspace&)>& change) const;
};

}  // namespace sluice::api

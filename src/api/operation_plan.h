#pragma once

#include <string>
#include <utility>
#include <vector>

#include "iam/request_context.h"

namespace sluice::api {

/// One permission a call needs.
struct RequiredPermission {
  std::string action;        ///< "iam:CreateRole"
  std::string resource_arn;
};

/// What a control-plane call must be allowed before it is carried out. Made by a service's plan(), judged by the
/// dispatcher, then handed to execute().
struct OperationPlan {
  std::string operation;  ///< "CreateRole": for records and metrics
  /// Never empty; all must be allowed. The first is the operation's own, the rest comes with it (tags on creation).
  std::vector<RequiredPermission> permissions;
  /// Condition keys that the call and its resource bring: aws:RequestTag/<key>, aws:TagKeys, aws:ResourceTag/<key>,
  /// iam:PolicyARN. To be set on top of iam::make_context.
  iam::RequestContext context_keys;

  const RequiredPermission& primary() const { return permissions.front(); }

  /// Sets this plan's keys in the request's context.
  void add_to(iam::RequestContext& context) const {
    for (const iam::ContextValue& value : context_keys.values()) {
      if (value.is_multivalued) {
        context.set_list(value.key, value.values);
      } else {
        context.set(value.key, value.values.front());
      }
    }
  }
};

}  // namespace sluice::api

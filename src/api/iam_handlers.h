#pragma once

#include "api/iam_operations.h"

/// One function an operation, named after it; the table in iam_operations.cc ties them together.
namespace sluice::api::iam_handlers {

// iam_providers.cc
IamResult create_provider(IamCall& call);
IamResult get_provider(IamCall& call);
IamResult delete_provider(IamCall& call);
IamResult list_providers(IamCall& call);
IamResult add_client_id(IamCall& call);
IamResult remove_client_id(IamCall& call);
IamResult update_thumbprints(IamCall& call);
IamResult tag_provider(IamCall& call);
IamResult untag_provider(IamCall& call);
IamResult list_provider_tags(IamCall& call);

// iam_roles.cc
IamResult create_role(IamCall& call);
IamResult get_role(IamCall& call);
IamResult delete_role(IamCall& call);
IamResult list_roles(IamCall& call);
IamResult update_assume_role_policy(IamCall& call);
IamResult tag_role(IamCall& call);
IamResult untag_role(IamCall& call);
IamResult list_role_tags(IamCall& call);
IamResult list_instance_profiles_for_role(IamCall& call);

// iam_role_policies.cc
IamResult put_role_policy(IamCall& call);
IamResult get_role_policy(IamCall& call);
IamResult delete_role_policy(IamCall& call);
IamResult list_role_policies(IamCall& call);
IamResult attach_role_policy(IamCall& call);
IamResult detach_role_policy(IamCall& call);
IamResult list_attached_role_policies(IamCall& call);

// iam_policies.cc
IamResult create_policy(IamCall& call);
IamResult get_policy(IamCall& call);
IamResult delete_policy(IamCall& call);
IamResult list_policies(IamCall& call);
IamResult get_policy_version(IamCall& call);
IamResult list_policy_versions(IamCall& call);

/// 404 NoSuchEntity unless the role of the call exists; else the role.
std::expected<catalog::RolePtr, aws::AwsError> existing_role(const IamCall& call);
/// `<Tags>` with its members, also when empty.
void write_tags(aws::XmlWriter& xml, const iam::Tags& tags, size_t begin, size_t end);
inline void write_tags(aws::XmlWriter& xml, const iam::Tags& tags) { write_tags(xml, tags, 0, tags.size()); }
/// A page of tags as the List...Tags operations answer it.
IamResult tags_page(const IamCall& call, const iam::Tags& tags);
/// A document as it travels inside XML: percent-encoded (RFC 3986, a blank is %20: Go's decoder reads '+' as blank).
std::string encoded_document(std::string_view document);

}  // namespace sluice::api::iam_handlers

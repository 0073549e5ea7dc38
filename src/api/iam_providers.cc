#include <algorithm>

#include <fmt/format.h>

#include "api/iam_handlers.h"
#include "aws/query_protocol.h"
#include "base/encoding.h"
#include "base/limits.h"

namespace sluice::api::iam_handlers {
namespace {

std::unexpected<aws::AwsError> missing(const IamCall& call) {
  return iam_error(404, "NoSuchEntity", fmt::format("OpenIDConnect Provider not found for arn {}", call.target.arn));
}

/// Lower case, order and duplicates kept, as IAM does.
std::vector<std::string> stored_thumbprints(std::vector<std::string> thumbprints) {
  for (std::string& thumbprint : thumbprints) thumbprint = ascii_lower(thumbprint);
  return thumbprints;
}

std::vector<std::string> without_duplicates(const std::vector<std::string>& values) {
  std::vector<std::string> unique;
  for (const std::string& value : values)
    if (std::ranges::find(unique, value) == unique.end()) unique.push_back(value);
  return unique;
}

std::string client_ids_quota() {
  return fmt::format("Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: {}", limits::kClientIdsPerProviderMax);
}

std::optional<aws::AwsError> check_thumbprints(const std::vector<std::string>& thumbprints) {
  // AWS's words, which say "fewer than 5" and mean "at most 5".
  if (thumbprints.size() > limits::kThumbprintsPerProviderMax)
    return aws::AwsError{400, "InvalidInput", "Thumbprint list must contain fewer than 5 entries.", true, {}};
  return std::nullopt;
}

/// Changes the call's provider; what `change` refuses with kQuotaExceeded becomes LimitExceeded with its message.
IamResult update(IamCall& call, const std::function<Result<void>(iam::OidcProvider&)>& change) {
  if (call.target.provider == nullptr) return missing(call);
  auto updated = call.catalog.update_provider(call.target.arn, change);
  if (!updated && updated.error().code == ErrorCode::kNotFound) return missing(call);
  if (!updated) return catalog_error(call, updated.error());
  return "";
}

}  // namespace

IamResult create_provider(IamCall& call) {
  iam::OidcProvider draft;
  draft.account_id = call.account_id;
  draft.url = call.target.arn.substr(call.target.arn.find('/') + 1);
  draft.client_ids = without_duplicates(read_strings(call.parameters, "ClientIDList"));
  draft.thumbprints = stored_thumbprints(read_strings(call.parameters, "ThumbprintList"));
  draft.tags = read_tags(call.parameters, "Tags");
  if (draft.client_ids.size() > limits::kClientIdsPerProviderMax)
    return iam_error(409, "LimitExceeded", client_ids_quota());
  if (auto error = check_thumbprints(draft.thumbprints)) return std::unexpected(*error);
  if (auto error = check_tags(draft.tags, TagKeys::kCaseSensitive)) return std::unexpected(*error);
  auto created = call.catalog.create_provider(std::move(draft));
  if (!created) return catalog_error(call, created.error());
  std::string out;
  aws::XmlWriter xml(out, aws::kResultDepth);
  xml.element("OpenIDConnectProviderArn", std::string_view(created->arn));
  if (!created->tags.empty()) write_tags(xml, created->tags);
  return out;
}

IamResult get_provider(IamCall& call) {
  if (call.target.provider == nullptr) return missing(call);
  const iam::OidcProvider& provider = *call.target.provider;
  std::string out;
  aws::XmlWriter xml(out, aws::kResultDepth);
  // Without scheme, as AWS has it: tools compare it so.
  xml.element("Url", std::string_view(provider.url));
  xml.string_list("ClientIDList", provider.client_ids);
  xml.string_list("ThumbprintList", provider.thumbprints);
  xml.element("CreateDate", std::string_view(format_iso8601(provider.created_at)));
  write_tags(xml, provider.tags);
  return out;
}

IamResult delete_provider(IamCall& call) {
  // Another text than the getters', and no success for a provider that is not there, whatever AWS's page says:
  // recorded.
  const auto gone = [&] {
    return iam_error(404, "NoSuchEntity", fmt::format("OpenId connect Provider {} cannot be found.", call.target.arn));
  };
  if (call.target.provider == nullptr) return gone();
  auto deleted = call.catalog.delete_provider(call.target.arn);
  if (!deleted && deleted.error().code == ErrorCode::kNotFound) return gone();
  if (!deleted) return catalog_error(call, deleted.error());
  return "";
}

IamResult list_providers(IamCall& call) {
  auto providers = call.catalog.providers(call.account_id);
  if (!providers) return catalog_error(call, providers.error());
  std::string out;
  aws::XmlWriter xml(out, aws::kResultDepth);
  xml.open("OpenIDConnectProviderList");
  for (const iam::OidcProvider& provider : *providers) {
    xml.open("member");
    xml.element("Arn", std::string_view(provider.arn));
    xml.close();
  }
  xml.close();
  return out;
}

IamResult add_client_id(IamCall& call) {
  const std::string& client_id = required_value(call.parameters, "ClientID");
  return update(call, [&](iam::OidcProvider& provider) -> Result<void> {
    if (std::ranges::find(provider.client_ids, client_id) != provider.client_ids.end()) return {};
    if (provider.client_ids.size() >= limits::kClientIdsPerProviderMax)
      return fail(ErrorCode::kQuotaExceeded, client_ids_quota());
    provider.client_ids.push_back(client_id);
    return {};
  });
}

IamResult remove_client_id(IamCall& call) {
  const std::string& client_id = required_value(call.parameters, "ClientID");
  return update(call, [&](iam::OidcProvider& provider) -> Result<void> {
    std::erase(provider.client_ids, client_id);
    return {};
  });
}

IamResult update_thumbprints(IamCall& call) {
  auto thumbprints = stored_thumbprints(read_strings(call.parameters, "ThumbprintList"));
  if (thumbprints.empty()) return iam_error(400, "InvalidInput", "Thumbprint list must contain at least one entry.");
  if (auto error = check_thumbprints(thumbprints)) return std::unexpected(*error);
  return update(call, [&](iam::OidcProvider& provider) -> Result<void> {
    provider.thumbprints = thumbprints;
    return {};
  });
}

IamResult tag_provider(IamCall& call) {
  const iam::Tags tags = read_tags(call.parameters, "Tags");
  if (auto error = check_tags(tags, TagKeys::kCaseSensitive)) return std::unexpected(*error);
  return update(call, [&](iam::OidcProvider& provider) -> Result<void> {
    if (!merge_tags(provider.tags, tags, TagKeys::kCaseSensitive))
      return fail(ErrorCode::kQuotaExceeded, "The number of tags has reached the maximum limit.");
    return {};
  });
}

IamResult untag_provider(IamCall& call) {
  const auto keys = read_strings(call.parameters, "TagKeys");
  return update(call, [&](iam::OidcProvider& provider) -> Result<void> {
    remove_tags(provider.tags, keys, TagKeys::kCaseSensitive);
    return {};
  });
}

IamResult list_provider_tags(IamCall& call) {
  if (call.target.provider == nullptr) return missing(call);
  return tags_page(call, call.target.provider->tags);
}

}  // namespace sluice::api::iam_handlers

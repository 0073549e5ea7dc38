#include "catalog/catalog.h"

#include <fmt/format.h>

namespace sluice::catalog {

Result<ProviderPtr> Catalog::provider_by_issuer(std::string_view account_id, std::string_view issuer) {
  constexpr std::string_view kScheme = "https://";
  if (!issuer.starts_with(kScheme))
    return fail(ErrorCode::kNotFound, fmt::format("no provider: the issuer does not begin with {}", kScheme));
  // The ARN is the account and the URL, so that one lookup serves both.
  return provider_by_arn(fmt::format("arn:aws:iam::{}:oidc-provider/{}", account_id, issuer.substr(kScheme.size())));
}

}  // namespace sluice::catalog

#pragma once

#include <memory>

#include "base/result.h"
#include "http/client.h"
#include "net/resolver.h"
#include "net/runtime.h"

namespace sluice::net {

struct FetcherOptions {
  http::FetchAllowance allowance;
  bool use_system_cas = true;
  ResolveFunction resolve = resolve_with_system;
};

/// The http::DocumentFetcher of net: each fetch on a connection of its own, so no answer can be smuggled in by an
/// earlier one. All addresses of a name are looked up once and *each* must pass check_address
/// (address_policy.h): a name with one public and one private address is refused, not half-used. A body in a
/// content coding other than identity is refused undecoded. fetch() resumes its awaiter on runtime.compute().
/// kInvalidArgument naming the network or file that cannot be read. The runtime outlives it.
Result<std::unique_ptr<http::DocumentFetcher>> make_document_fetcher(Runtime& runtime, FetcherOptions options);

}  // namespace sluice::net

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aws/request_view.h"
#include "aws/sigv4_canonical.h"
#include "base/clock.h"
#include "base/secret.h"

namespace sluice::aws {

/// What a client signs with. `session_token` is empty for a long-lived key.
struct Credentials {
  std::string access_key_id;
  Secret secret_access_key;
  Secret session_token;
};

/// Where a signed request goes: "us-east-1", "aps".
struct SigningTarget {
  std::string region;
  std::string service;
};

struct SignOptions {
  PathForm path_form = PathForm::kNormalizedTwice;
  bool add_content_sha256 = false;      ///< send and sign X-Amz-Content-Sha256
  bool sign_session_token = true;       ///< false: the token is sent beside the signature, as vmagent does
};

/// Signs a request by headers. The view must hold Host and the body; an X-Amz-Date in it is refused by
/// SLUICE_CHECK. Every header is signed but those that proxies change (connection, expect, keep-alive, proxy-*, te,
/// trailer, transfer-encoding, upgrade, user-agent, x-amzn-trace-id) and Authorization.
/// Returns the headers to add: X-Amz-Date, X-Amz-Security-Token and X-Amz-Content-Sha256 where they apply,
/// Authorization last.
std::vector<std::pair<std::string, std::string>> sign_request(const RequestView& request,
                                                              const Credentials& credentials,
                                                              const SigningTarget& target, UnixSeconds now,
                                                              const SignOptions& options = {});

/// Signs a request by its query: returns the whole query (without '?'), X-Amz-Signature last. Only Host and what
/// else the view holds is signed. `expires_s` is 1 to 604800.
std::string presign_query(const RequestView& request, const Credentials& credentials, const SigningTarget& target,
                          UnixSeconds now, int64_t expires_s, const SignOptions& options = {});

}  // namespace sluice::aws

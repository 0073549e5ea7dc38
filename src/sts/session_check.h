#pragma once

#include <optional>

#include "aws/sigv4_refusal.h"
#include "base/clock.h"
#include "diagnosis/finding.h"
#include "iam/entities.h"
#include "sts/access_key_id.h"
#include "sts/session_token.h"

namespace sluice::sts {

/// A session that is not (or no longer) good: what SigV4 answers for it, and why.
struct SessionRefusal {
  aws::SigV4Failure failure;
  diagnosis::Finding finding;
};

/// A token that did not unseal: kSessionTokenInvalid.
SessionRefusal refuse_session(UnsealRefusal refusal);
/// An access key id for which there is no secret: kUnknownAccessKey, telling the keys of another STS from
/// keys that were never here. `has_token` says whether a session token came along: kSessionTokenMissing for
/// one of our temporary keys without it.
SessionRefusal refuse_access_key(std::string_view access_key_id, bool has_token);

/// The session against what exists now: `role` and `provider` are the entities with the claims' ARNs, null
/// when there are none. A role or provider made anew under an old name has another id, and the session is
/// refused. nullopt when it is good. Pure.
std::optional<SessionRefusal> check_session_entities(const SessionClaims& claims, const iam::Role* role,
                                                     const iam::OidcProvider* provider);
/// kSessionExpired from the expiry on (AWS asks this after the signature); nullopt before.
std::optional<SessionRefusal> check_session_expiry(const SessionClaims& claims, UnixSeconds now);

}  // namespace sluice::sts

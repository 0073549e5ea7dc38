#include "api/authenticator.h"

#include "diagnosis/explain_sigv4.h"
#include "sts/session_check.h"

namespace sluice::api {

namespace {

constexpr std::string_view kLegacyGlobalRegion = "us-east-1";

std::unexpected<Refusal> refuse(const Call& call, const aws::SigV4Failure& failure) {
  return std::unexpected(Refusal{aws::to_aws_error(failure, call.dialect), diagnosis::explain(failure), {}});
}

std::unexpected<Refusal> refuse(const Call& call, sts::SessionRefusal refusal) {
  return std::unexpected(Refusal{aws::to_aws_error(refusal.failure, call.dialect), std::move(refusal.finding), {}});
}

bool is_missing(const Error& error) { return error.code == ErrorCode::kNotFound; }

}  // namespace

Refusal lookup_failed(const Error& error) {
  return {
      {503, "ServiceUnavailable", "The service is unavailable. Please retry.", false, {}}, std::nullopt, error.message};
}

aws::VerificationPolicy Authenticator::policy_of(const std::string& service) const {
  aws::VerificationPolicy policy;
  policy.now = clock_.now_s();
  policy.service = service;
  {
    MutexLock lock(mutex_);
    policy.regions = options_.regions;
  }
  // SDKs sign IAM, and STS at its global endpoint, for us-east-1 wherever they are.
  if (service != "aps") policy.regions.emplace_back(kLegacyGlobalRegion);
  return policy;
}

std::expected<Authenticated, Refusal> Authenticator::authenticate(Call& call) {
  const aws::RequestView view = view_of(call.request);
  const aws::VerificationPolicy policy = policy_of(call.service);
  const auto parsed = aws::parse_authorization(view);
  if (!parsed) return refuse(call, parsed.error());
  call.access_key_id = parsed->claimed_access_key_id();
  const auto checked = aws::check_claims(*parsed, view, policy);
  if (!checked) return refuse(call, checked.error());

  auto candidate = find_candidate(call, *checked);
  if (!candidate) {
    aws::spend_verification(*checked, view);
    return std::unexpected(std::move(candidate).error());
  }
  const auto verified = aws::verify_signature(*checked, candidate->secret, view, policy, signing_keys_);
  if (!verified) return refuse(call, verified.error());
  if (candidate->session) {
    if (auto expired = sts::check_session_expiry(*candidate->session, policy.now))
      return refuse(call, *std::move(expired));
  }
  return Authenticated{std::move(candidate->principal), checked->scope().region};
}

std::expected<Authenticator::Candidate, Refusal> Authenticator::find_candidate(
    Call& call, const aws::CheckedAuthorization& checked) {
  const bool has_token = !checked.session_token().empty();
  switch (sts::classify_access_key_id(checked.access_key_id())) {
    case sts::AccessKeyKind::kSession:
      if (has_token) return find_session(call, checked);
      break;
    case sts::AccessKeyKind::kLongLived:
      if (!has_token) return find_long_lived(call, checked);
      break;
    default: break;
  }
  return refuse(call, sts::refuse_access_key(checked.access_key_id(), has_token));
}

std::expected<Authenticator::Candidate, Refusal> Authenticator::find_session(Call& call,
                                                                             const aws::CheckedAuthorization& checked) {
  auto session = sts::unseal_session(*keys_, checked.session_token(), checked.access_key_id());
  if (!session) return refuse(call, sts::refuse_session(session.error()));
  // Sealed by us, so true of the session, whoever holds it.
  call.issuer = "https://" + session->claims.issuer_key_prefix;
  call.subject = session->claims.subject;
  const auto role = catalog_.role_by_arn(session->claims.role_arn);
  if (!role && !is_missing(role.error())) return std::unexpected(lookup_failed(role.error()));
  const auto provider = catalog_.provider_by_arn(session->claims.provider_arn);
  if (!provider && !is_missing(provider.error())) return std::unexpected(lookup_failed(provider.error()));
  if (auto gone = sts::check_session_entities(session->claims, role ? &(*role)->role : nullptr,
                                              provider ? provider->get() : nullptr)) {
    return refuse(call, *std::move(gone));
  }
  Candidate candidate;
  candidate.principal = sts::to_principal(session->claims, checked.access_key_id());
  candidate.secret = std::move(session->secret_access_key);
  candidate.session = std::move(session->claims);
  return candidate;
}

std::expected<Authenticator::Candidate, Refusal> Authenticator::find_long_lived(
    const Call& call, const aws::CheckedAuthorization& checked) {
  const auto key = catalog_.access_key(checked.access_key_id());
  if (!key && !is_missing(key.error())) return std::unexpected(lookup_failed(key.error()));
  if (!key || !(*key)->active) return refuse(call, sts::refuse_access_key(checked.access_key_id(), false));
  auto secret = sts::open_secret(*keys_, kAccessKeyPurpose, (*key)->id, (*key)->sealed_secret);
  if (!secret) return std::unexpected(lookup_failed(secret.error()));
  Candidate candidate;
  candidate.principal.kind = iam::PrincipalKind::kRoot;
  candidate.principal.arn = (*key)->principal_arn;
  candidate.principal.account_id = (*key)->account_id;
  candidate.principal.user_id = (*key)->account_id;
  candidate.principal.access_key_id = (*key)->id;
  candidate.secret = *std::move(secret);
  return candidate;
}

}  // namespace sluice::api

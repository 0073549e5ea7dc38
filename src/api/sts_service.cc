#include "api/sts_service.h"

#include <utility>

#include "aws/query_protocol.h"
#include "sts/assume_role_with_web_identity.h"
#include "sts/caller_identity.h"

namespace sluice::api {

namespace {

constexpr std::string_view kAssumeRoleWithWebIdentity = "AssumeRoleWithWebIdentity";
constexpr std::string_view kGetCallerIdentity = "GetCallerIdentity";
constexpr size_t kNearMissIssuerBytesMax = 512;

/// The entity, null when there is none; other errors stay errors.
template <class T>
Result<T> or_null(Result<T> found) {
  if (!found && found.error().code == ErrorCode::kNotFound) return T{};
  return found;
}

}  // namespace

StsService::StsService(catalog::Catalog& catalog, std::shared_ptr<const sts::SealingKeys> keys, IssuerKeys& issuer_keys,
                       Authenticator& authenticator, RefusalRecorder& refusals, const Clock& clock,
                       MetricRegistry& metrics, Options options)
    : catalog_(catalog), keys_(std::move(keys)), issuer_keys_(issuer_keys), authenticator_(authenticator),
      refusals_(refusals), clock_(clock),
      sessions_issued_(metrics.counter("sluice_sts_sessions_issued_total", "Web identities that got a session.")),
      options_(std::move(options)), skew_seconds_(options_.skew_seconds) {}

bool StsService::has_action(std::string_view action) {
  return action == kAssumeRoleWithWebIdentity || action == kGetCallerIdentity;
}

http::Task<http::Response> StsService::handle(Call& call, const aws::Parameters& parameters) {
  if (call.operation == kAssumeRoleWithWebIdentity) {
    co_return co_await assume_role_with_web_identity(call, parameters);
  }
  co_return get_caller_identity(call);
}

http::Response StsService::get_caller_identity(Call& call) {
  auto caller = authenticator_.authenticate(call);
  if (!caller) return refusals_.refuse(call, caller.error());
  return to_response(aws::query_success(kGetCallerIdentity, aws::kStsNamespace,
                                        sts::get_caller_identity_result(caller->principal), call.request.request_id),
                     call.request);
}

Result<std::shared_ptr<const StsService::IssuersByAccount>> StsService::issuers_by_account() {
  const uint64_t revision = catalog_.revision();
  {
    MutexLock lock(mutex_);
    if (issuers_ && issuers_revision_ == revision) return issuers_;
  }
  auto fresh = std::make_shared<IssuersByAccount>();
  SLUICE_ASSIGN(const auto accounts, catalog_.accounts());
  for (const auto& account : accounts) {
    SLUICE_ASSIGN(const auto providers, catalog_.providers(account.id));
    for (const auto& provider : providers) (*fresh)[account.id].push_back(provider.issuer());
  }
  MutexLock lock(mutex_);
  issuers_ = std::move(fresh);
  issuers_revision_ = revision;
  return issuers_;
}

Result<diagnosis::RegisteredIssuers> StsService::registered_issuers(const std::string& account_id) {
  SLUICE_ASSIGN(const auto by_account, issuers_by_account());
  diagnosis::RegisteredIssuers registered;
  for (const auto& [account, issuers] : *by_account) {
    auto& list = account == account_id ? registered.same_account : registered.other_accounts;
    list.insert(list.end(), issuers.begin(), issuers.end());
  }
  return registered;
}

http::Task<http::Response> StsService::assume_role_with_web_identity(Call& call, const aws::Parameters& parameters) {
  call.action = "sts:AssumeRoleWithWebIdentity";
  const auto refuse = [&](const sts::ExchangeRefusal& refusal) {
    if (!refusal.issuer.empty()) call.issuer = refusal.issuer;
    if (!refusal.subject.empty()) call.subject = refusal.subject;
    return refusals_.refuse(call, {refusal.error, refusal.finding, {}});
  };

  const auto request = sts::parse_request(parameters);
  if (!request) co_return refuse(request.error());
  call.resource = request->role.arn;
  call.issuer = request->token.claims().issuer;
  call.subject = request->token.claims().subject;

  const auto provider = or_null(catalog_.provider_by_issuer(request->role.account_id, call.issuer));
  if (!provider) co_return refusals_.refuse(call, lookup_failed(provider.error()));

  sts::ExchangeFacts facts;
  facts.provider = provider->get();
  facts.skew_seconds = skew_seconds_.load(std::memory_order_relaxed);
  facts.now = clock_.now_s();
  facts.source_ip = call.request.remote_address;
  facts.is_secure = call.request.is_tls || call.request.is_forwarded_tls;
  facts.region = options_.region;

  IssuerKeySet known;
  bool retry_with_new_keys = false;
  const auto use = [&](IssuerKeySet fetched) {
    known = std::move(fetched);
    facts.keys = known.keys.get();
    if (!known.keys) {
      facts.keys_problem =
          known.finding ? *known.finding
                        : diagnosis::make_finding(diagnosis::RuleId::kOidcKeysUnavailable, known.failure,
                                                  "a discovery document and key set that can be fetched", call.issuer);
    }
  };
  if (*provider) {
    use(co_await issuer_keys_.keys((*provider)->id, call.issuer));
  } else if (call.issuer.size() > kNearMissIssuerBytesMax) {
    // An anonymous caller chose this text; comparing it with every issuer costs more than the hint is worth.
  } else if (auto registered = registered_issuers(request->role.account_id)) {
    facts.registered = *std::move(registered);
  }

  // The role is read after each wait for keys, so that a trust policy narrowed meanwhile counts.
  const auto decide = [&]() -> std::expected<sts::Exchange, Refusal> {
    const auto role = or_null(catalog_.role_by_arn(request->role.arn));
    if (!role) return std::unexpected(lookup_failed(role.error()));
    facts.role = *role ? &(*role)->role : nullptr;
    auto decided = sts::decide(*request, facts);
    if (decided) return *std::move(decided);
    retry_with_new_keys = decided.error().retry_with_new_keys;
    return std::unexpected(Refusal{std::move(decided.error().error), std::move(decided.error().finding), {}});
  };
  auto exchange = decide();
  if (!exchange && retry_with_new_keys && *provider) {
    use(co_await issuer_keys_.newer_keys((*provider)->id, call.issuer, known.keys));
    exchange = decide();
  }
  if (!exchange) co_return refusals_.refuse(call, exchange.error());

  const sts::SessionCredentials credentials = sts::issue_session(*keys_, exchange->claims);
  sessions_issued_.add();
  co_return to_response(
      aws::query_success(kAssumeRoleWithWebIdentity, aws::kStsNamespace,
                         sts::assume_role_with_web_identity_result(*exchange, credentials), call.request.request_id),
      call.request);
}

}  // namespace sluice::api

#include "api/issuer_keys.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <utility>

#include <fmt/core.h>

#include "base/encoding.h"
#include "base/limits.h"
#include "diagnosis/explain_jwt.h"
#include "oidc/discovery.h"

namespace sluice::api {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using SteadyTime = std::chrono::steady_clock::time_point;

constexpr milliseconds kFetchTimeout{5'000};   // both documents together, as AWS is seen to wait
constexpr int64_t kFreshSecondsMin = 60;
constexpr int64_t kFreshSecondsMax = 3'600;    // issuers rotate sooner than their max-age says (EKS: 604800)
constexpr seconds kStaleMax{24 * 3'600};
constexpr double kBucketBurst = 3;
constexpr double kBucketPerSecond = 1.0 / 30;

/// `max-age` of a Cache-Control value; 0 when it has none.
int64_t max_age(std::string_view cache_control) {
  const std::string text = ascii_lower(cache_control);
  const size_t at = text.find("max-age=");
  if (at == std::string::npos) return 0;
  int64_t value = 0;
  const char* begin = text.data() + at + 8;
  std::from_chars(begin, text.data() + text.size(), value);
  return value;
}

}  // namespace

/// One provider's keys and the fetch in flight, if any.
struct IssuerKeys::Provider {
  Mutex mutex;
  std::shared_ptr<const oidc::KeySet> keys SLUICE_GUARDED_BY(mutex);
  SteadyTime fetched_at SLUICE_GUARDED_BY(mutex){};
  SteadyTime fresh_until SLUICE_GUARDED_BY(mutex){};
  FetchFailure failure SLUICE_GUARDED_BY(mutex);
  bool is_fetching SLUICE_GUARDED_BY(mutex) = false;
  std::vector<std::move_only_function<void(bool)>> waiters SLUICE_GUARDED_BY(mutex);
  double bucket SLUICE_GUARDED_BY(mutex) = kBucketBurst;
  SteadyTime bucket_at SLUICE_GUARDED_BY(mutex){};

  IssuerKeySet known(SteadyTime now) {
    MutexLock lock(mutex);
    if (keys && now >= fresh_until && now - fetched_at > kStaleMax) {
      return {nullptr, failure.reason.empty() ? "the keys are older than a day" : failure.reason, failure.finding,
              true};
    }
    return {keys, failure.reason, failure.finding, keys && now >= fresh_until};
  }

  bool is_fresh(SteadyTime now) {
    MutexLock lock(mutex);
    return keys && now < fresh_until;
  }

  enum class Turn : uint8_t { kFetch, kWait, kNeither };
  /// What a caller that wants newer keys is to do: join the fetch in flight, start one if the bucket allows, or
  /// make do with what is known.
  Turn take_turn(SteadyTime now) {
    MutexLock lock(mutex);
    if (is_fetching) return Turn::kWait;
    if (bucket_at != SteadyTime{}) {
      const double elapsed_s = std::chrono::duration<double>(now - bucket_at).count();
      bucket = std::min(kBucketBurst, bucket + elapsed_s * kBucketPerSecond);
    }
    bucket_at = now;
    if (bucket < 1) return Turn::kNeither;
    bucket -= 1;
    is_fetching = true;
    return Turn::kFetch;
  }

  /// Calls `done` once the fetch in flight has ended.
  void wait(std::move_only_function<void(bool)> done) {
    MutexLock lock(mutex);
    if (is_fetching) {
      waiters.push_back(std::move(done));
      return;
    }
    lock.unlock();
    done(true);
    lock.lock();
  }

  void end_fetch(const std::expected<Fetched, FetchFailure>& fetched, SteadyTime now) {
    std::vector<std::move_only_function<void(bool)>> waiting;
    {
      MutexLock lock(mutex);
      if (fetched) {
        keys = fetched->keys;
        fetched_at = now;
        fresh_until = now + seconds(std::clamp(fetched->max_age_s, kFreshSecondsMin, kFreshSecondsMax));
        failure = {};
      } else {
        failure = fetched.error();
      }
      is_fetching = false;
      waiting.swap(waiters);
    }
    for (auto& done : waiting) done(true);
  }
};

IssuerKeys::IssuerKeys(http::DocumentFetcher& fetcher, Executor& executor, const Clock& clock, Logger& logger,
                       MetricRegistry& metrics)
    : fetcher_(fetcher), executor_(executor), clock_(clock), logger_(logger),
      fetches_ok_(
          metrics.counter("sluice_issuer_fetches_total", "Fetches of issuers' keys.", {{"outcome", "success"}})),
      fetches_failed_(
          metrics.counter("sluice_issuer_fetches_total", "Fetches of issuers' keys.", {{"outcome", "failure"}})) {}

IssuerKeys::~IssuerKeys() = default;

void IssuerKeys::pin(std::string issuer, std::shared_ptr<const oidc::KeySet> keys) {
  MutexLock lock(mutex_);
  pinned_[std::move(issuer)] = std::move(keys);
}

void IssuerKeys::replace_pinned(PinnedKeys pinned) {
  MutexLock lock(mutex_);
  pinned_.swap(pinned);
}

std::shared_ptr<const oidc::KeySet> IssuerKeys::pinned(const std::string& issuer) const {
  MutexLock lock(mutex_);
  const auto found = pinned_.find(issuer);
  return found == pinned_.end() ? nullptr : found->second;
}

std::shared_ptr<IssuerKeys::Provider> IssuerKeys::provider(const std::string& provider_id) {
  MutexLock lock(mutex_);
  auto& entry = providers_[provider_id];
  if (!entry) entry = std::make_shared<Provider>();
  return entry;
}

http::Task<IssuerKeySet> IssuerKeys::keys(std::string provider_id, std::string issuer) {
  if (auto fixed = pinned(issuer)) co_return IssuerKeySet{std::move(fixed), {}, {}, false};
  const auto entry = provider(provider_id);
  const SteadyTime now = clock_.steady();
  if (entry->is_fresh(now)) co_return entry->known(now);
  co_return co_await refresh(entry, std::move(issuer));
}

http::Task<IssuerKeySet> IssuerKeys::newer_keys(std::string provider_id, std::string issuer,
                                                std::shared_ptr<const oidc::KeySet> seen) {
  if (auto fixed = pinned(issuer)) co_return IssuerKeySet{std::move(fixed), {}, {}, false};
  const auto entry = provider(provider_id);
  const SteadyTime now = clock_.steady();
  IssuerKeySet known = entry->known(now);
  if (known.keys != seen) co_return known;
  co_return co_await refresh(entry, std::move(issuer));
}

http::Task<IssuerKeySet> IssuerKeys::refresh(std::shared_ptr<Provider> provider, std::string issuer) {
  const Provider::Turn turn = provider->take_turn(clock_.steady());
  if (turn == Provider::Turn::kNeither) co_return provider->known(clock_.steady());
  if (turn == Provider::Turn::kWait) {
    Provider* waited_for = provider.get();
    co_await callback_result<bool>(
        executor_, [waited_for](std::move_only_function<void(bool)> done) { waited_for->wait(std::move(done)); });
    co_return provider->known(clock_.steady());
  }
  const auto fetched = co_await fetch(issuer);
  if (fetched) {
    fetches_ok_.add();
  } else {
    fetches_failed_.add();
    logger_.warn("cannot fetch an issuer's keys",
                 {{"issuer", printable(issuer, 300)}, {"reason", fetched.error().reason}});
  }
  provider->end_fetch(fetched, clock_.steady());
  co_return provider->known(clock_.steady());
}

http::Task<std::expected<IssuerKeys::Fetched, IssuerKeys::FetchFailure>> IssuerKeys::fetch(std::string issuer) {
  const auto failed = [](const std::string& where, const Error& error) {
    return std::unexpected(FetchFailure{where + ": " + error.message, std::nullopt});
  };
  const SteadyTime deadline = clock_.steady() + kFetchTimeout;
  const std::string discovery_address = oidc::discovery_url(issuer);
  auto discovery = co_await fetcher_.fetch(discovery_address, limits::kDiscoveryBytesMax, kFetchTimeout);
  if (!discovery) co_return failed("discovery document " + discovery_address, discovery.error());
  const auto parsed = oidc::parse_discovery(discovery->body, issuer);
  if (!parsed) {
    co_return std::unexpected(
        FetchFailure{fmt::format("discovery document {}: {} (seen '{}', wanted '{}')", discovery_address,
                                 oidc::describe(parsed.error().refusal), printable(parsed.error().seen, 300),
                                 printable(parsed.error().wanted, 300)),
                     diagnosis::explain(parsed.error())});
  }
  const auto left = std::chrono::duration_cast<milliseconds>(deadline - clock_.steady());
  auto document = co_await fetcher_.fetch(parsed->jwks_uri, limits::kJwksBytesMax, std::max(left, milliseconds(1)));
  const std::string where = "key set " + printable(parsed->jwks_uri, 300);
  if (!document) co_return failed(where, document.error());
  auto keys = oidc::KeySet::parse(document->body);
  if (!keys) co_return failed(where, keys.error());
  for (const auto& skipped : keys->skipped()) {
    logger_.debug("a key of an issuer is not used", {{"issuer", printable(issuer, 300)},
                                                     {"kid", printable(skipped.kid, 100)},
                                                     {"reason", oidc::describe(skipped.reason)}});
  }
  co_return Fetched{std::make_shared<const oidc::KeySet>(*std::move(keys)), max_age(document->cache_control)};
}

}  // namespace sluice::api

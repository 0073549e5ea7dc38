#include "api/issuer_keys.h"

#include <deque>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/encoding.h"
#include "crypto/private_key.h"

namespace sluice::api {
namespace {

using testing::HasSubstr;

constexpr const char* kIssuer = "https://oidc.example/id/A/";
constexpr const char* kDiscoveryUrl = "https://oidc.example/id/A/.well-known/openid-configuration";
constexpr const char* kJwksUrl = "https://keys.example/jwks";

/// Answers from a map; a URL that is missing fails. Can hold answers back until released.
class ScriptedFetcher final : public http::DocumentFetcher {
 public:
  http::Task<Result<Document>> fetch(std::string url, size_t, std::chrono::milliseconds) override {
    ++hits[url];
    if (hold) {
      co_await callback_result<bool>(
          executor, [this](std::move_only_function<void(bool)> done) { held.push_back(std::move(done)); });
    }
    const auto found = documents.find(url);
    if (found == documents.end()) co_return fail(ErrorCode::kUnavailable, "connection refused");
    co_return found->second;
  }
  void release() {
    hold = false;
    while (!held.empty()) {
      auto done = std::move(held.front());
      held.pop_front();
      done(true);
    }
  }

  InlineExecutor executor;
  std::map<std::string, Document> documents;
  std::map<std::string, int> hits;
  bool hold = false;
  std::deque<std::move_only_function<void(bool)>> held;
};

std::string jwks(std::initializer_list<const char*> kids) {
  static const auto key = *crypto::PrivateKey::generate_ec();
  const auto [x, y] = key.ec_parts();
  std::string keys;
  for (const char* kid : kids) {
    keys += std::string(keys.empty() ? "" : ",") + R"({"kty":"EC","crv":"P-256","kid":")" + kid + R"(","x":")" +
            base64url_encode(x) + R"(","y":")" + base64url_encode(y) + "\"}";
  }
  return "{\"keys\":[" + keys + "]}";
}

class IssuerKeysTest : public testing::Test {
 protected:
  void SetUp() override {
    fetcher.documents[kDiscoveryUrl] = {
        std::string(R"({"issuer":")") + kIssuer + R"(","jwks_uri":")" + kJwksUrl + "\"}", ""};
    fetcher.documents[kJwksUrl] = {jwks({"one"}), "max-age=604800"};
  }
  IssuerKeySet keys() {
    IssuerKeySet result;
    start<IssuerKeySet>(cache.keys("provider-1", kIssuer), [&](IssuerKeySet set) { result = std::move(set); });
    return result;
  }
  IssuerKeySet newer(const IssuerKeySet& seen) {
    IssuerKeySet result;
    start<IssuerKeySet>(cache.newer_keys("provider-1", kIssuer, seen.keys),
                        [&](IssuerKeySet set) { result = std::move(set); });
    return result;
  }
  int fetches() { return fetcher.hits[kJwksUrl]; }

  FakeClock clock{1'800'000'000'000};
  InlineExecutor executor;
  ScriptedFetcher fetcher;
  std::unique_ptr<Logger> logger = make_null_logger();
  MetricRegistry metrics;
  IssuerKeys cache{fetcher, executor, clock, *logger, metrics};
};

TEST_F(IssuerKeysTest, FetchesOnceAndKeepsForAtMostAnHourWhateverMaxAgeSays) {
  ASSERT_TRUE(keys().keys);
  EXPECT_TRUE(keys().keys->find("one"));
  EXPECT_EQ(fetches(), 1);
  clock.advance(std::chrono::minutes(59));
  keys();
  EXPECT_EQ(fetches(), 1);
  clock.advance(std::chrono::minutes(2));
  keys();
  EXPECT_EQ(fetches(), 2);
}

TEST_F(IssuerKeysTest, UnknownKidRefetchesFromABucketOfThreeThenOneInThirtySeconds) {
  const auto first = keys();  // takes one of three
  EXPECT_EQ(fetches(), 1);
  IssuerKeySet seen = first;
  for (int i = 0; i < 10; ++i) seen = newer(seen);
  EXPECT_EQ(fetches(), 3);
  clock.advance(std::chrono::seconds(31));
  for (int i = 0; i < 10; ++i) seen = newer(seen);
  EXPECT_EQ(fetches(), 4);
}

TEST_F(IssuerKeysTest, NewerKeysAreNotFetchedWhenSomebodyDidAlready) {
  const auto old = keys();
  fetcher.documents[kJwksUrl].body = jwks({"one", "two"});
  EXPECT_TRUE(newer(old).keys->find("two"));
  const int after = fetches();
  EXPECT_TRUE(newer(old).keys->find("two"));
  EXPECT_EQ(fetches(), after);
}

TEST_F(IssuerKeysTest, ShowsStaleKeysWhileTheIssuerIsDownForUpToADay) {
  keys();
  fetcher.documents.erase(kJwksUrl);
  clock.advance(std::chrono::hours(2));
  const auto stale = keys();
  ASSERT_TRUE(stale.keys);
  EXPECT_TRUE(stale.is_stale);
  EXPECT_THAT(stale.failure, HasSubstr("connection refused"));
  clock.advance(std::chrono::hours(24));
  EXPECT_FALSE(keys().keys);
}

TEST_F(IssuerKeysTest, ADeadIssuerIsNotAskedAtEveryRequest) {
  fetcher.documents.clear();
  for (int i = 0; i < 50; ++i) EXPECT_FALSE(keys().keys);
  EXPECT_EQ(fetcher.hits[kDiscoveryUrl], 3);
  EXPECT_THAT(keys().failure, HasSubstr(kDiscoveryUrl));
}

TEST_F(IssuerKeysTest, OneFetchServesAllWhoWaitForIt) {
  fetcher.hold = true;
  std::vector<IssuerKeySet> results;
  for (int i = 0; i < 3; ++i) {
    start<IssuerKeySet>(cache.keys("provider-1", kIssuer),
                        [&](IssuerKeySet set) { results.push_back(std::move(set)); });
  }
  EXPECT_TRUE(results.empty());
  fetcher.release();
  ASSERT_EQ(results.size(), 3u);
  for (const auto& result : results) EXPECT_TRUE(result.keys);
  EXPECT_EQ(fetches(), 1);
}

TEST_F(IssuerKeysTest, ADiscoveryDocumentForAnotherIssuerGivesNoKeys) {
  fetcher.documents[kDiscoveryUrl].body =
      std::string(R"({"issuer":"https://oidc.example/id/A","jwks_uri":")") + kJwksUrl + "\"}";
  const auto result = keys();
  EXPECT_FALSE(result.keys);
  EXPECT_THAT(result.failure, HasSubstr("https://oidc.example/id/A"));
}

TEST_F(IssuerKeysTest, PinnedKeysAreNeverFetched) {
  cache.pin(kIssuer, std::make_shared<const oidc::KeySet>(*oidc::KeySet::parse(jwks({"pinned"}))));
  const auto pinned = keys();
  EXPECT_TRUE(pinned.keys->find("pinned"));
  newer(pinned);
  EXPECT_TRUE(fetcher.hits.empty());
}

TEST_F(IssuerKeysTest, ARecreatedProviderStartsAnew) {
  keys();
  IssuerKeySet other;
  start<IssuerKeySet>(cache.keys("provider-2", kIssuer), [&](IssuerKeySet set) { other = std::move(set); });
  EXPECT_TRUE(other.keys);
  EXPECT_EQ(fetches(), 2);
}

}  // namespace
}  // namespace sluice::api

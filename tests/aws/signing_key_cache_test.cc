#include "aws/signing_key_cache.h"

#include <thread>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace sluice::aws {
namespace {

const CredentialScope kScope{"20150830", "us-east-1", "iam"};

TEST(SigningKeyCache, GivesTheDerivedKey) {
  SigningKeyCache cache;
  const Secret secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
  const Secret derived = derive_signing_key(secret.reveal(), kScope);
  EXPECT_EQ(cache.get("AKID", secret, kScope).reveal(), derived.reveal());
  EXPECT_EQ(cache.get("AKID", secret, kScope).reveal(), derived.reveal());
  EXPECT_EQ(cache.size(), 1u);
}

TEST(SigningKeyCache, NeverGivesAKeyForAnotherSecretOfTheSameKeyId) {
  SigningKeyCache cache;
  const Secret right("right");
  const Secret wrong("wrong");
  const std::string right_key(cache.get("AKID", right, kScope).reveal());
  EXPECT_NE(cache.get("AKID", wrong, kScope).reveal(), right_key);
  EXPECT_EQ(cache.get("AKID", right, kScope).reveal(), right_key);
  EXPECT_EQ(cache.size(), 1u);
}

TEST(SigningKeyCache, TellsScopesApart) {
  SigningKeyCache cache;
  const Secret secret("s");
  const std::string first(cache.get("AKID", secret, kScope).reveal());
  for (const CredentialScope& other :
       {CredentialScope{"20150831", "us-east-1", "iam"}, CredentialScope{"20150830", "us-east-2", "iam"},
        CredentialScope{"20150830", "us-east-1", "sts"}}) {
    EXPECT_NE(cache.get("AKID", secret, other).reveal(), first);
  }
  EXPECT_EQ(cache.size(), 4u);
}

TEST(SigningKeyCache, HoldsNoMoreThanItsBound) {
  SigningKeyCache cache(3);
  for (int i = 0; i < 100; ++i) cache.get(fmt::format("AKID{}", i), Secret("s"), kScope);
  EXPECT_EQ(cache.size(), 3u);
}

TEST(SigningKeyCache, StaysRightWhenManyThreadsShareIt) {
  SigningKeyCache cache(4);
  std::vector<std::jthread> threads;
  std::atomic<int> wrong = 0;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&cache, &wrong, t] {
      for (int i = 0; i < 200; ++i) {
        const Secret secret(fmt::format("secret{}", (i + t) % 8));
        const std::string id = fmt::format("AKID{}", (i + t) % 8);
        if (cache.get(id, secret, kScope).reveal() != derive_signing_key(secret.reveal(), kScope).reveal()) ++wrong;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(wrong, 0);
  EXPECT_LE(cache.size(), 4u);
}

}  // namespace
}  // namespace sluice::aws

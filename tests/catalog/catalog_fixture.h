#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "catalog/sqlite_catalog.h"
#include "crypto/random.h"

namespace sluice::catalog {

/// A directory of its own, removed at the end.
class TemporaryDirectory {
 public:
  TemporaryDirectory() : path_(std::filesystem::temp_directory_path() / ("sluice-catalog-" + crypto::random_uuid())) {
    std::filesystem::create_directory(path_);
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  std::string file(std::string_view name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

inline constexpr std::string_view kAccount = "111122223333";
inline constexpr std::string_view kOtherAccount = "444455556666";
inline constexpr TimestampMs kStartMs = 1'790'000'000'000;

/// Two accounts in a catalog that lives in memory.
class CatalogTest : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = open_sqlite_catalog(":memory:", clock_);
    ASSERT_TRUE(opened) << opened.error().message;
    catalog_ = std::move(*opened);
    ASSERT_TRUE(catalog_->create_account({std::string(kAccount), "", clock_.now_s()}));
    ASSERT_TRUE(catalog_->create_account({std::string(kOtherAccount), "", clock_.now_s()}));
  }

  static iam::Role role_named(std::string_view name, std::string_view path = "/") {
    iam::Role role;
    role.account_id = kAccount;
    role.name = name;
    role.path = path;
    role.trust_policy = R"({"Version":"2012-10-17","Statement":[]})";
    return role;
  }

  static iam::ManagedPolicy policy_named(std::string_view name) {
    iam::ManagedPolicy policy;
    policy.account_id = kAccount;
    policy.name = name;
    policy.versions.push_back({"", R"({"Version":"2012-10-17","Statement":[]})", 0});
    return policy;
  }

  static iam::OidcProvider provider_at(std::string_view url) {
    iam::OidcProvider provider;
    provider.account_id = kAccount;
    provider.url = url;
    provider.client_ids = {"sts.amazonaws.com"};
    return provider;
  }

  FakeClock clock_{kStartMs};
  std::unique_ptr<Catalog> catalog_;
};

template <class T>
ErrorCode code_of(const Result<T>& result) {
  EXPECT_FALSE(result.has_value());
  return result ? ErrorCode::kInternal : result.error().code;
}

}  // namespace sluice::catalog

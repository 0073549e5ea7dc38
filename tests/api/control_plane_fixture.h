#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "api/iam_service.h"
#include "base/clock.h"
#include "base/encoding.h"
#include "base/log.h"
#include "catalog/sqlite_catalog.h"

namespace sluice::api {

inline constexpr std::string_view kAccount = "111122223333";
inline constexpr std::string_view kOtherAccount = "444455556666";
inline constexpr TimestampMs kStartMs = 1'795'300'000'123;

inline std::filesystem::path conformance_directory() {
  const char* directory = std::getenv("SLUICE_CONFORMANCE_DIR");
  return directory != nullptr ? std::filesystem::path(directory)
                              : std::filesystem::path(SLUICE_SOURCE_DIR) / "../shared/conformance";
}

inline std::string read_bytes(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Two accounts in a catalog in memory, and IAM over it.
class ControlPlaneTest : public testing::Test {
 protected:
  using Fields = std::vector<std::pair<std::string, std::string>>;

  void SetUp() override {
    auto opened = catalog::open_sqlite_catalog(":memory:", clock_);
    ASSERT_TRUE(opened) << opened.error().message;
    catalog_ = std::move(*opened);
    ASSERT_TRUE(catalog_->create_account({std::string(kAccount), "", clock_.now_s()}));
    ASSERT_TRUE(catalog_->create_account({std::string(kOtherAccount), "", clock_.now_s()}));
    iam_.emplace(*catalog_, *logger_);
  }

  static http::Form form_of(std::string_view action, const Fields& fields) {
    std::string text = "Action=" + std::string(action) + "&Version=2010-05-08";
    for (const auto& [name, value] : fields) text += "&" + percent_encode(name) + "=" + percent_encode(value);
    auto form = http::Form::parse(text);
    EXPECT_TRUE(form);
    return form.value_or(http::Form());
  }

  std::expected<OperationPlan, aws::AwsError> plan_iam(std::string_view action, const Fields& fields,
                                                       std::string_view account = kAccount) {
    return iam_->plan(action, form_of(action, fields), account);
  }

  /// Plans and, as if authorised, executes.
  std::expected<std::string, aws::AwsError> call_iam(std::string_view action, const Fields& fields,
                                                     std::string_view account = kAccount) {
    const http::Form form = form_of(action, fields);
    auto plan = iam_->plan(action, form, account);
    if (!plan) return std::unexpected(plan.error());
    return iam_->execute(*plan, form, account);
  }

  FakeClock clock_{kStartMs};
  std::unique_ptr<Logger> logger_ = make_null_logger();
  std::unique_ptr<catalog::Catalog> catalog_;
  std::optional<IamService> iam_;
};

/// "404 NoSuchEntity: text", or the success itself: one line to compare.
template <class T>
std::string told(const std::expected<T, aws::AwsError>& result) {
  if (result) return "success";
  return std::to_string(result.error().status) + " " + result.error().code + ": " + result.error().message;
}

/// The text of the first element of that name; "(none)" without one.
inline std::string element_of(std::string_view xml, std::string_view name) {
  const std::string open = "<" + std::string(name) + ">";
  const size_t begin = xml.find(open);
  if (begin == std::string_view::npos) return "(none)";
  const size_t end = xml.find("</" + std::string(name) + ">", begin);
  return std::string(xml.substr(begin + open.size(), end - begin - open.size()));
}

/// The texts of every element of that name.
inline std::vector<std::string> elements_of(std::string_view xml, std::string_view name) {
  std::vector<std::string> found;
  const std::string close = "</" + std::string(name) + ">";
  for (size_t end = xml.find(close); end != std::string_view::npos; end = xml.find(close)) {
    found.push_back(element_of(xml, name));
    xml.remove_prefix(end + close.size());
  }
  return found;
}

}  // namespace sluice::api

#include "base/result.h"

#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice {
namespace {

Result<int> half(int value) {
  if (value % 2 != 0) return fail(ErrorCode::kInvalidArgument, "odd");
  return value / 2;
}

Result<int> quarter(int value) {
  SLUICE_ASSIGN(const int once, half(value));
  SLUICE_ASSIGN(const int twice, half(once));
  return twice;
}

Result<void> check_even(int value) {
  SLUICE_TRY(half(value));
  return {};
}

struct Base {
  virtual ~Base() = default;
};
struct Derived : Base {};

TEST(Result, CarriesAValueOrAnError) {
  EXPECT_EQ(quarter(12).value(), 3);
  EXPECT_EQ(quarter(6).error(), (Error{ErrorCode::kInvalidArgument, "odd"}));
  EXPECT_TRUE(check_even(2).has_value());
  EXPECT_EQ(check_even(3).error().message, "odd");
}

TEST(Result, CopyOfAFalseFromANonConstLvalueStaysFalse) {
  Result<bool> original = false;
  Result<bool> copy(original);
  ASSERT_TRUE(copy.has_value());
  EXPECT_FALSE(*copy);
}

TEST(Result, ConvertsPointersToDerivedClasses) {
  const auto make = []() -> Result<std::unique_ptr<Derived>> { return std::make_unique<Derived>(); };
  Result<std::unique_ptr<Base>> base = make();
  EXPECT_TRUE(base.has_value());
}

TEST(Result, SaysWhereItHappened) {
  const Result<int> inner = fail(ErrorCode::kIo, "read failed");
  const Result<void> outer = fail_in("wal/0003", inner.error());
  EXPECT_EQ(outer.error(), (Error{ErrorCode::kIo, "wal/0003: read failed"}));
}

TEST(ErrorCode, EveryCodeHasAName) {
  for (int code = 0; code <= static_cast<int>(ErrorCode::kInternal); ++code) {
    EXPECT_NE(to_string(static_cast<ErrorCode>(code)), "Unknown") << code;
  }
}

}  // namespace
}  // namespace sluice

#include "http/status.h"

#include <gtest/gtest.h>

namespace sluice::http {
namespace {

TEST(StatusTest, EveryCodeHasAFinalErrorStatusWithAPhrase) {
  for (int code = 0; code <= static_cast<int>(ErrorCode::kInternal); ++code) {
    const int status = status_of(static_cast<ErrorCode>(code));
    EXPECT_GE(status, 400) << code;
    EXPECT_NE(reason_phrase(status), "Unknown") << status;
  }
}

TEST(StatusTest, WhatTheCollectorCausesIsRetriedByAStockPrometheus) {
  for (const auto code : {ErrorCode::kResourceExhausted, ErrorCode::kUnavailable, ErrorCode::kNoSpace, ErrorCode::kIo,
                          ErrorCode::kDeadlineExceeded, ErrorCode::kCancelled}) {
    EXPECT_EQ(status_of(code), 503) << to_string(code);
  }
}

TEST(StatusTest, AnUnprovenCallerIsAnswered403AsAwsDoes) { EXPECT_EQ(status_of(ErrorCode::kUnauthenticated), 403); }

TEST(StatusTest, WhatCanNeverBeTakenIsNotRetried) {
  for (const auto code : {ErrorCode::kInvalidArgument, ErrorCode::kMalformed, ErrorCode::kTooLarge,
                          ErrorCode::kUnsupported, ErrorCode::kNotFound}) {
    EXPECT_LT(status_of(code), 500) << to_string(code);
  }
}

}  // namespace
}  // namespace sluice::http

#include "ingest/write_result.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::ingest {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

RefusalSummary refused(Refusal refusal, uint64_t count, std::string text) {
  RefusalSummary summary;
  summary.counts[static_cast<size_t>(refusal)] = count;
  summary.first.push_back({.series = 0, .reason = to_string(refusal), .message = std::move(text)});
  return summary;
}

TEST(AnswerWrite, OkWhenAllIsStoredOrWasStoredBefore) {
  for (const model::AppendOutcome& outcome :
       {model::AppendOutcome{}, model::AppendOutcome{.samples_added = 5}, model::AppendOutcome{.duplicates = 5}}) {
    const auto answer = answer_write({}, outcome);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.message, "");
  }
}

TEST(AnswerWrite, DroppedExemplarsAreNoError) {
  RefusalSummary summary;
  summary.exemplars[0] = 3;
  EXPECT_EQ(answer_write(summary, {.samples_added = 1}).status, 200);
}

TEST(AnswerWrite, RefusedSeriesComeFirstThenCounts) {
  const auto answer =
      answer_write(refused(Refusal::kDuplicateLabel, 2, "received a series with duplicate label name"),
                   {.samples_added = 7, .duplicates = 1, .out_of_order = 3, .first_refusal = "out of order sample"});
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(
      answer.message,
      "received a series with duplicate label name (refused: 2 duplicate_label, 3 out_of_order; stored: 8 samples)");
}

TEST(AnswerWrite, StoragesOwnWordsAreUsedForItsRefusals) {
  EXPECT_EQ(answer_write({}, {.out_of_order = 1, .first_refusal = "out of order sample. timestamp=1, series={a=\"b\"}"})
                .message,
            "out of order sample. timestamp=1, series={a=\"b\"} (refused: 1 out_of_order; stored: 0 samples)");
  EXPECT_THAT(answer_write({}, {.out_of_order = 1}).message, StartsWith("out of order sample (refused"));
  EXPECT_THAT(answer_write({}, {.conflicting = 4}).message,
              StartsWith("duplicate sample for timestamp (refused: 4 new_value_for_timestamp"));
}

TEST(AnswerWrite, HistogramsAloneAreRefused) {
  const auto answer =
      answer_write(refused(Refusal::kNativeHistogramsUnsupported, 2, "native histograms are not stored yet"), {});
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.message, HasSubstr("2 native_histograms_unsupported"));
}

TEST(AnswerWrite, MessageIsOneBoundedLineThatKeepsItsCounts) {
  const auto answer =
      answer_write(refused(Refusal::kInvalidLabelValue, 2, "first\nsecond\r" + std::string(5'000, 'x')), {});
  EXPECT_LE(answer.message.size(), limits::kWriteAnswerBytesMax);
  EXPECT_EQ(answer.message.find_first_of("\r\n"), std::string::npos);
  EXPECT_THAT(answer.message, EndsWith("(refused: 2 invalid_label_value; stored: 0 samples)"));
}

}  // namespace
}  // namespace sluice::ingest

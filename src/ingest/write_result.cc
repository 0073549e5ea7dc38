#include "ingest/write_result.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "base/limits.h"
#include "base/utf8.h"

namespace sluice::ingest {
namespace {

constexpr std::string_view kOutOfOrder = "out_of_order";
constexpr std::string_view kConflicting = "new_value_for_timestamp";

// "2 duplicate_label, 5 out_of_order": every reason that occurred.
std::string count_text(const RefusalSummary& refusals, const model::AppendOutcome& outcome) {
  std::string text;
  const auto add = [&](uint64_t count, std::string_view reason) {
    if (count == 0) return;
    fmt::format_to(std::back_inserter(text), "{}{} {}", text.empty() ? "" : ", ", count, reason);
  };
  for (size_t i = 0; i < kRefusalKinds; ++i) add(refusals.counts[i], to_string(static_cast<Refusal>(i)));
  add(outcome.out_of_order, kOutOfOrder);
  add(outcome.conflicting, kConflicting);
  return text;
}

std::string_view first_text(const RefusalSummary& refusals, const model::AppendOutcome& outcome) {
  if (!refusals.first.empty()) return refusals.first.front().message;
  if (!outcome.first_refusal.empty()) return outcome.first_refusal;
  return outcome.out_of_order != 0 ? "out of order sample" : "duplicate sample for timestamp";
}

}  // namespace

WriteAnswer answer_write(const RefusalSummary& refusals, const model::AppendOutcome& outcome) {
  if (refusals.empty() && outcome.out_of_order == 0 && outcome.conflicting == 0) return {};
  const std::string tail = fmt::format(" (refused: {}; stored: {} samples)", count_text(refusals, outcome),
                                       outcome.samples_added + outcome.duplicates);
  const size_t room = limits::kWriteAnswerBytesMax - std::min(tail.size(), limits::kWriteAnswerBytesMax);
  WriteAnswer answer{.status = 400, .message = std::string(utf8_prefix(first_text(refusals, outcome), room)) + tail};
  // One line whatever the texts hold: senders log the first line only.
  std::ranges::replace_if(answer.message, [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return answer;
}

}  // namespace sluice::ingest

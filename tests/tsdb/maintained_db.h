#pragma once

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "tsdb/harness.h"

namespace sluice::tsdb {

/// A workspace that is written to, deleted from and maintained as time goes by, beside a plain map of what was
/// acknowledged: the model that it must agree with.
class MaintainedDb {
 public:
  static constexpr TimestampMs kStart = 1'700'000'000'000 / kBlockRangeMs * kBlockRangeMs;

  explicit MaintainedDb(test::FaultFileSystem& fs) : harness(fs) {
    harness.commits_inline = true;
    harness.late_window_ms = 24 * 60 * 60 * 1000;
    harness.clock.set(kStart);
  }
  void open() { ASSERT_TRUE(harness.open()) << harness.open_error.message; }

  /// Acknowledged or not, it may be there from now on.
  bool write(int id, TimestampMs t_ms, double value) {
    const std::string text = series(id);
    const auto bits = std::bit_cast<uint64_t>(value);
    sent_[text][t_ms].insert(bits);
    const size_t index = harness.append(BatchBuilder().add(labels(id), {{t_ms, value}}).build());
    const auto& answer = *harness.answers[index];
    if (!answer || !answer->has_value()) return false;
    // Of two values for one time, the second of which came when the first was in a block, the first is shown.
    const bool is_stored = (*answer)->samples_added + (*answer)->duplicates == 1;
    if (is_stored && !uncertain_[text].contains(t_ms)) acknowledged[text].try_emplace(t_ms, bits);
    return true;
  }
  /// Series whose id begins with one of these digits. What a failed deletion was about may be there or not, and with
  /// it, what is written at such a time later, until a deletion of it succeeds.
  bool remove(const std::string& digits, model::TimeRange range) {
    const std::vector<model::Matcher> matchers = {matcher(model::MatchType::kEqual, "__name__", "m"),
                                                  matcher(model::MatchType::kRegex, "id", "[" + digits + "].*")};
    const bool is_done = harness.db->delete_series(matchers, range).has_value();
    const auto matches = [&](const std::string& text) {
      return std::ranges::any_of(digits,
                                 [&](char digit) { return text.find(std::string("id=\"") + digit) != text.npos; });
    };
    for (auto& [text, samples] : acknowledged) {
      if (matches(text)) std::erase_if(samples, [&](const auto& sample) { return range.contains(sample.first); });
    }
    for (auto& [text, samples] : sent_) {
      if (!matches(text)) continue;
      for (auto sample = samples.lower_bound(range.min_ms); sample != samples.end() && sample->first <= range.max_ms;) {
        if (is_done) {
          uncertain_[text].erase(sample->first);
          sample = samples.erase(sample);
        } else {
          uncertain_[text].insert(sample->first);
          ++sample;
        }
      }
    }
    return is_done;
  }
  void advance(int64_t ms) { harness.clock.advance(std::chrono::milliseconds(ms)); }
  TimestampMs now() const { return harness.clock.now_ms(); }
  void maintain() {
    for (int i = 0; i < 3; ++i) harness.db->maintain();
  }

  void check(std::string_view when) {
    SCOPED_TRACE(std::string(when));
    forget_expired();
    const auto shown = contents(*harness.db);
    for (const auto& [series, samples] : acknowledged) {
      for (const auto& [t_ms, bits] : samples) {
        const auto found = shown.find(series);
        ASSERT_TRUE(found != shown.end() && found->second.contains(t_ms)) << "lost " << series << " at " << t_ms;
        ASSERT_EQ(found->second.at(t_ms), bits) << series << " at " << t_ms;
      }
    }
    for (const auto& [series, samples] : shown) {
      ASSERT_FALSE(samples.empty()) << series << " is shown without a sample";
      for (const auto& [t_ms, bits] : samples) {
        ASSERT_TRUE(t_ms < horizon_ms() || sent_[series][t_ms].contains(bits))
            << "invented, or deleted and there again: " << series << " at " << t_ms;
      }
    }
  }

  static LabelList labels(int id) { return {{"__name__", "m"}, {"id", std::to_string(id)}}; }
  static std::string series(int id) { return model::Labels::from(labels(id)).to_string(); }

  DbHarness harness;
  Contents acknowledged;

 private:
  // What is older may go at any time.
  TimestampMs horizon_ms() const {
    return harness.retention.time_ms > 0 ? now() - harness.retention.time_ms : INT64_MIN;
  }
  void forget_expired() {
    for (auto& [series, samples] : acknowledged) samples.erase(samples.begin(), samples.lower_bound(horizon_ms()));
    for (auto& [series, samples] : sent_) samples.erase(samples.begin(), samples.lower_bound(horizon_ms()));
    for (auto& [series, times] : uncertain_) times.erase(times.begin(), times.lower_bound(horizon_ms()));
    std::erase_if(sent_, [](const auto& entry) { return entry.second.empty(); });
  }

  std::map<std::string, std::map<TimestampMs, std::set<uint64_t>>> sent_;
  std::map<std::string, std::set<TimestampMs>> uncertain_;
};

}  // namespace sluice::tsdb

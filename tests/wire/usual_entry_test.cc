#include "wire/usual_entry.h"

#include <bit>
#include <random>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wire/captures.h"
#include "wire/remote_write.h"
#include "wire/snappy_block.h"

namespace sluice::wire {
namespace {

// Knows every label set once it has seen it, as a head knows what it stored.
class Memory final : public model::SeriesRecognizer {
 public:
  model::KnownSeries recognize_next(std::string_view entry, size_t& labels_size) override {
    if (next == nullptr || !entry.starts_with(*next)) return {};
    ++expected;
    labels_size = next->size();
    return {const_cast<std::string*>(next)};
  }
  model::KnownSeries recognize(std::string_view encoded) override {
    ++asked;
    const auto found = known.find(encoded);
    if (found == known.end()) return {};
    ++recognized;
    return {const_cast<std::string*>(&*found)};
  }
  std::shared_ptr<const void> lease() const override { return held; }
  void learn(const model::WriteBatch& batch) {
    for (const auto& entry : batch.series) {
      const auto labels = batch.labels_of(entry);
      if (!std::ranges::is_sorted(labels, {}, &model::LabelView::name)) continue;
      known.emplace(model::Labels::from_views(labels).packed());
    }
  }

  std::set<std::string, std::less<>> known;
  std::shared_ptr<const void> held = std::make_shared<int>();
  const std::string* next = nullptr;  ///< what is expected, always
  int expected = 0;
  int asked = 0;
  int recognized = 0;
};

// The batch as it would be without a recognizer, as text.
std::vector<std::string> contents(const model::WriteBatch& batch) {
  std::vector<std::string> out;
  for (const auto& entry : batch.series) {
    const auto sent = batch.labels_of(entry);
    std::vector<model::LabelView> labels(sent.begin(), sent.end());
    const auto known = model::Labels::from_packed(std::string(entry.known ? entry.encoded : ""));
    EXPECT_TRUE(labels.empty() || known.empty());
    labels.insert(labels.end(), known.begin(), known.end());
    std::string text;
    for (const auto& label : labels) text += std::string(label.name) + "=" + std::string(label.value) + ",";
    for (const auto& sample : batch.samples_of(entry)) {
      text += " " + std::to_string(std::bit_cast<uint64_t>(sample.value)) + "@" + std::to_string(sample.t_ms);
    }
    out.push_back(std::move(text));
  }
  return out;
}

std::string encoded(std::vector<std::pair<std::string, std::string>> labels) {
  return std::string(model::Labels::from(std::move(labels)).packed());
}
std::string message_of(const std::vector<std::string>& entries) {
  std::string message;
  for (const auto& entry : entries) {
    message += '\x0a';
    for (size_t size = entry.size();; size >>= 7) {
      message += static_cast<char>(size >= 0x80 ? size | 0x80 : size);
      if (size < 0x80) break;
    }
    message += entry;
  }
  return message;
}

const std::string kSample("\x12\x0b\x09\x00\x00\x00\x00\x00\x00\xf8\x3f\x10\x07", 13);  // 1.5 at 7
const std::string kExemplar("\x1a\x00", 2);
const std::string kHistogram("\x22\x00", 2);

TEST(UsualEntry, IsReadAsTheFullDecoderReadsIt) {
  const std::string up = encoded({{"__name__", "up"}, {"job", std::string(200, 'j')}});
  const std::vector<std::string> entries = {
      up + kSample,
      up + kSample + kSample,
      up,
      up + kExemplar,
      up + kSample + kExemplar,
      up + kSample + kHistogram,
      up + std::string("\x12\x00", 2),                                          // value and time 0, left out
      up + std::string("\x12\x09\x09\x00\x00\x00\x00\x00\x00\xf8\x3f", 11),     // time 0
      up + std::string("\x12\x0b\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 13),  // before 1970
      up + std::string("\x12\x0b\x10\x07\x09\x00\x00\x00\x00\x00\x00\xf8\x3f", 13),  // the other way round
      up + kSample + encoded({{"late", "label"}}),
      kSample,
      encoded({{"new", "one"}}) + kSample};
  Memory memory;
  memory.known.insert(up);
  const auto plain = decode_write_request(message_of(entries));
  for (const bool is_expected : {false, true}) {
    if (is_expected) memory.next = &*memory.known.begin();
    const auto known = decode_write_request(message_of(entries), {}, &memory);
    ASSERT_TRUE(plain && known);
    EXPECT_EQ(contents(*known), contents(*plain));
    EXPECT_EQ(known->exemplars.size(), plain->exemplars.size());
    EXPECT_EQ(known->histograms.size(), plain->histograms.size());
    EXPECT_TRUE(known->series[0].known);
    EXPECT_TRUE(known->series[1].known);
    EXPECT_FALSE(known->series.back().known);
    EXPECT_EQ(memory.expected > 5, is_expected);
  }
}

// The labels that are expected may be the beginning of longer ones.
TEST(UsualEntry, TakesNoSeriesForOneOfFewerLabels) {
  const std::string up = encoded({{"__name__", "up"}});
  Memory memory;
  memory.known.insert(up);
  memory.next = &*memory.known.begin();
  const std::string message = message_of({up + encoded({{"job", "x"}}) + kSample, up + kSample, up});
  const auto known = decode_write_request(message, {}, &memory);
  ASSERT_TRUE(known);
  EXPECT_EQ(contents(*known), contents(*decode_write_request(message)));
  EXPECT_FALSE(known->series[0].known);
  EXPECT_TRUE(known->series[1].known);
}

// Whatever is broken in an entry whose labels are known is refused in the same words.
TEST(UsualEntry, LeavesDamageToTheFullDecoder) {
  const std::string up = encoded({{"__name__", "up"}, {"job", "j"}});
  Memory memory;
  memory.known.insert(up);
  const std::string whole = message_of({up + kSample, up + kSample + kSample});
  std::mt19937 random(9);
  for (int round = 0; round < 20'000; ++round) {
    memory.next = round % 2 == 0 ? nullptr : &*memory.known.begin();
    std::string damaged = whole.substr(0, round % 10 == 0 ? random() % whole.size() : whole.size());
    for (int i = 0; i < 2 && !damaged.empty(); ++i) damaged[random() % damaged.size()] = static_cast<char>(random());
    const auto plain = decode_write_request(damaged);
    const auto known = decode_write_request(damaged, {}, &memory);
    ASSERT_EQ(plain.has_value(), known.has_value());
    if (plain) {
      ASSERT_EQ(contents(*known), contents(*plain));
    } else {
      ASSERT_EQ(known.error().message, plain.error().message);
    }
  }
}

TEST(UsualEntry, CountsAgainstTheLimits) {
  const std::string up = encoded({{"__name__", "up"}});
  Memory memory;
  memory.known.insert(up);
  const std::string message = message_of({up + kSample, up + kSample + kSample});
  EXPECT_TRUE(decode_write_request(message, {.series_max = 2, .samples_max = 3}, &memory));
  EXPECT_EQ(decode_write_request(message, {.series_max = 1}, &memory).error().code, ErrorCode::kTooLarge);
  EXPECT_EQ(decode_write_request(message, {.samples_max = 2}, &memory).error().code, ErrorCode::kTooLarge);
}

TEST(UsualEntry, RecognizesWhatPrometheus253SendsAgain) {
  if (testing_support::captures_directory().empty()) GTEST_SKIP() << "no conformance data";
  Memory memory;
  int entries = 0;
  for (const auto& path : testing_support::remote_write_captures()) {
    const std::string request = testing_support::read_whole(path);
    const auto plain = decode_remote_write(testing_support::body_of(request));
    ASSERT_TRUE(plain);
    memory.learn(*plain);
    const auto known = decode_remote_write(testing_support::body_of(request), {}, &memory);
    ASSERT_TRUE(known);
    EXPECT_EQ(contents(*known), contents(*plain));
    entries += static_cast<int>(plain->series.size());
  }
  EXPECT_EQ(memory.recognized, entries);
}

}  // namespace
}  // namespace sluice::wire

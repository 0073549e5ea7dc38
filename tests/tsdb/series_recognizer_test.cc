#include "tsdb/series_recognizer.h"

#include <algorithm>
#include <deque>
#include <random>

#include <gtest/gtest.h>

#include "tsdb/harness.h"

namespace sluice::tsdb {
namespace {

class SeriesRecognizerTest : public testing::Test {
 protected:
  MemorySeries* define(const model::Labels& labels) {
    bool pinned = false;
    MemorySeries* series = SeriesResolver(*head_).resolve(labels.hash(), labels.packed(), pinned);
    const HeadSample sample{series, {1000, 1}};
    model::AppendOutcome outcome;
    head_->apply({&series, 1}, {&sample, 1}, INT64_MAX, outcome);
    head_->unpin({&series, 1});
    return series;
  }
  // As the decoder asks.
  static MemorySeries* recognize(SeriesRecognizer& recognizer, const std::string& encoded) {
    size_t size = 0;
    const auto next = recognizer.recognize_next(encoded, size);
    const auto known = next && size == encoded.size() ? next : recognizer.recognize(encoded);
    return static_cast<MemorySeries*>(known.series);
  }
  // As in a request, whose bytes stay.
  static const std::string& encoding_of(const model::Labels& labels) {
    static std::deque<std::string> encodings;
    return encodings.emplace_back(labels.packed());
  }
  static model::Labels numbered(int id) { return model::Labels::from({{"__name__", "m"}, {"id", std::to_string(id)}}); }

  std::shared_ptr<Head> head_ = std::make_shared<Head>();
};

TEST_F(SeriesRecognizerTest, FindsSeriesInAnyOrder) {
  std::vector<std::pair<std::string, MemorySeries*>> known;
  for (int i = 0; i < 200; ++i) known.emplace_back(encoding_of(numbered(i)), define(numbered(i)));
  std::mt19937 random(1);
  for (int round = 0; round < 5; ++round) {
    SeriesRecognizer recognizer(head_);
    for (const auto& [encoded, series] : known) ASSERT_EQ(recognize(recognizer, encoded), series);
    std::ranges::shuffle(known, random);
  }
}

// Any two may follow one another: labels more or less at the front, in the middle and at the end, none in common.
TEST_F(SeriesRecognizerTest, TellsSeriesOfAnyShapeBehindAnyOther) {
  std::mt19937 random(9);
  std::vector<std::pair<std::string, MemorySeries*>> known;
  for (int i = 0; i < 300; ++i) {
    LabelList list = {{"m", std::to_string(i)}};
    for (char name = 'a'; name <= 'z'; ++name) {
      if (name != 'm' && random() % 4 == 0) {
        list.emplace_back(std::string(1, name), std::string(random() % 3 * 30 + 1, name));
      }
    }
    const auto labels = model::Labels::from(list);
    known.emplace_back(encoding_of(labels), define(labels));
  }
  for (int round = 0; round < 20; ++round) {
    std::ranges::shuffle(known, random);
    SeriesRecognizer recognizer(head_);
    for (size_t i = 0; i < known.size(); ++i) {
      const auto& [encoded, series] = known[i];
      ASSERT_EQ(recognize(recognizer, encoded), series);
      // Bytes that differ somewhere, but for where a label may end, are no series'.
      std::string damaged = encoded;
      damaged[random() % damaged.size()] ^= 0x20;
      SeriesRecognizer other(head_);
      (void)recognize(other, known[(i + 1) % known.size()].first);
      size_t size = 0;
      ASSERT_FALSE(other.recognize_next(encoding_of(model::Labels::from_packed(damaged)), size).series == series);
    }
  }
}

TEST_F(SeriesRecognizerTest, LearnsTheOrderOfTheLastRequest) {
  MemorySeries* a = define(numbered(1));
  MemorySeries* b = define(numbered(2));
  MemorySeries* c = define(numbered(3));
  EXPECT_EQ(a->follower(), b) << "as they were defined, at first";
  SeriesRecognizer recognizer(head_);
  for (const int id : {1, 3, 2}) recognize(recognizer, encoding_of(numbered(id)));
  EXPECT_EQ(a->follower(), c);
  EXPECT_EQ(c->follower(), b);
}

TEST_F(SeriesRecognizerTest, ExpectsTheFollowerOfTheSeriesBefore) {
  define(numbered(1));
  MemorySeries* b = define(numbered(2));
  SeriesRecognizer recognizer(head_);
  size_t size = 0;
  EXPECT_FALSE(recognizer.recognize_next(encoding_of(numbered(1)), size)) << "there is none before the first";
  EXPECT_TRUE(recognizer.recognize(encoding_of(numbered(1))));
  EXPECT_FALSE(recognizer.recognize_next(encoding_of(numbered(1)), size));
  EXPECT_EQ(recognizer.recognize_next(encoding_of(numbered(2)) + "more", size).series, b);
  EXPECT_EQ(size, encoding_of(numbered(2)).size());
}

TEST_F(SeriesRecognizerTest, DoesNotKnowWhatIsNew) {
  define(numbered(1));
  SeriesRecognizer recognizer(head_);
  EXPECT_FALSE(recognizer.recognize(encoding_of(numbered(2))));
  EXPECT_FALSE(recognizer.recognize(""));
  EXPECT_FALSE(recognizer.recognize("\x0a\xff\xff"));
  EXPECT_TRUE(recognizer.recognize(encoding_of(numbered(1))));
}

// A long row of new series is not looked up one by one, and what is known behind it is found again soon.
TEST_F(SeriesRecognizerTest, ComesBackAfterManyNewSeries) {
  for (int i = 0; i < 100; ++i) define(numbered(i));
  SeriesRecognizer recognizer(head_);
  for (int i = 1000; i < 1100; ++i) EXPECT_FALSE(recognizer.recognize(encoding_of(numbered(i))));
  int missed = 0;
  for (int i = 0; i < 100; ++i) missed += recognizer.recognize(encoding_of(numbered(i))) ? 0 : 1;
  EXPECT_LT(missed, 16);
}

// Nothing durable defines it yet: its record must hold the definition.
TEST_F(SeriesRecognizerTest, DoesNotKnowWhatIsNotDefinedYet) {
  bool pinned = false;
  const auto labels = numbered(1);
  MemorySeries* series = SeriesResolver(*head_).resolve(labels.hash(), labels.packed(), pinned);
  SeriesRecognizer recognizer(head_);
  EXPECT_FALSE(recognizer.recognize(encoding_of(labels)));
  head_->unpin({&series, 1});
}

// Out of order, or with an empty label: for the full decoder and the validation behind it.
TEST_F(SeriesRecognizerTest, DoesNotKnowOtherSpellings) {
  define(model::Labels::from({{"a", "1"}, {"b", "2"}}));
  SeriesRecognizer recognizer(head_);
  const auto label = [](std::string_view name, std::string_view value) {
    return encoding_of(model::Labels::from({{std::string(name), std::string(value)}}));
  };
  EXPECT_TRUE(recognizer.recognize(label("a", "1") + label("b", "2")));
  EXPECT_FALSE(recognizer.recognize(label("b", "2") + label("a", "1")));
  EXPECT_FALSE(recognizer.recognize(label("a", "1") + label("b", "2") +
                                    std::string("\x0a\x05\x0a\x01"
                                                "c\x12\x00",
                                                7)));
  EXPECT_FALSE(recognizer.recognize(label("a", "1") + std::string("\x0a\x87\x00\x0a\x01"
                                                                  "b\x12\x01"
                                                                  "2",
                                                                  9)));
}

}  // namespace
}  // namespace sluice::tsdb

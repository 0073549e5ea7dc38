#include "tsdb/series_index.h"

#include <memory>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tsdb/harness.h"

namespace sluice::tsdb {
namespace {

using model::Matcher;
using model::MatchType;
using testing::ElementsAre;
using testing::IsEmpty;

class SeriesIndexTest : public testing::Test {
 protected:
  void add(const LabelList& labels) {
    const auto set = model::Labels::from(labels);
    std::vector<LabelId> ids;
    for (std::string_view rest = set.packed(); !rest.empty();) {
      ids.push_back(table_.intern(model::take_packed_label(rest)));
    }
    series_.push_back(make_memory_series(pool_, series_.size() + 1, 0, ids));
    index_.add(*series_.back());
  }
  Postings select(std::vector<Matcher> matchers) { return index_.select(matchers); }

  LabelTable table_;
  ObjectPool pool_;
  SeriesIndex index_{table_};
  std::vector<MemorySeriesPtr> series_;
};

// The cases of Prometheus' TestPostingsForMatchers (tsdb/querier_test.go) over the same series.
TEST_F(SeriesIndexTest, SelectsAsPrometheusDoes) {
  add({{"n", "1"}});                // 0
  add({{"n", "1"}, {"i", "a"}});    // 1
  add({{"n", "1"}, {"i", "b"}});    // 2
  add({{"n", "1"}, {"i", "\n"}});   // 3
  add({{"n", "2"}});                // 4
  add({{"n", "2.5"}});              // 5
  const auto eq = [](const char* n, const char* v) { return matcher(MatchType::kEqual, n, v); };
  const auto ne = [](const char* n, const char* v) { return matcher(MatchType::kNotEqual, n, v); };
  const auto re = [](const char* n, const char* v) { return matcher(MatchType::kRegex, n, v); };
  const auto nre = [](const char* n, const char* v) { return matcher(MatchType::kNotRegex, n, v); };
  struct Case {
    std::vector<Matcher> matchers;
    Postings expected;
  };
  const std::vector<Case> cases = {
      {{}, {0, 1, 2, 3, 4, 5}},
      // Simple equals.
      {{eq("n", "1")}, {0, 1, 2, 3}},
      {{eq("n", "1"), eq("i", "a")}, {1}},
      {{eq("n", "1"), eq("i", "missing")}, {}},
      {{eq("missing", "")}, {0, 1, 2, 3, 4, 5}},
      // Not equals.
      {{ne("n", "1")}, {4, 5}},
      {{ne("i", "")}, {1, 2, 3}},
      {{ne("missing", "")}, {}},
      {{eq("n", "1"), ne("i", "a")}, {0, 2, 3}},
      {{eq("n", "1"), ne("i", "")}, {1, 2, 3}},
      // Regex.
      {{re("n", "^1$")}, {0, 1, 2, 3}},
      {{eq("n", "1"), re("i", "^a$")}, {1}},
      {{eq("n", "1"), re("i", "^a?$")}, {0, 1}},
      {{re("i", "^$")}, {0, 4, 5}},
      {{eq("n", "1"), re("i", "^$")}, {0}},
      {{eq("n", "1"), re("i", "^.*$")}, {0, 1, 2, 3}},
      {{eq("n", "1"), re("i", "^.+$")}, {1, 2, 3}},
      // Not regex.
      {{nre("i", "")}, {1, 2, 3}},
      {{nre("n", "^1$")}, {4, 5}},
      {{nre("n", "1")}, {4, 5}},
      {{nre("n", "1|2.5")}, {4}},
      {{nre("n", "(1|2.5)")}, {4}},
      {{eq("n", "1"), nre("i", "^a$")}, {0, 2, 3}},
      {{eq("n", "1"), nre("i", "^a?$")}, {2, 3}},
      {{eq("n", "1"), nre("i", "^$")}, {1, 2, 3}},
      {{eq("n", "1"), nre("i", "^.*$")}, {}},
      {{eq("n", "1"), nre("i", "^.+$")}, {0}},
      // Combinations.
      {{eq("n", "1"), ne("i", ""), eq("i", "a")}, {1}},
      {{eq("n", "1"), ne("i", "b"), re("i", "^(b|a).*$")}, {1}},
      // Set optimizations of regexes.
      {{re("n", "1|2")}, {0, 1, 2, 3, 4}},
      {{re("i", "a|b")}, {1, 2}},
      {{re("i", "(a|b)")}, {1, 2}},
      {{re("n", "x1|2")}, {4}},
      {{re("n", "2|2\\.5")}, {4, 5}},
      {{re("i", "c||d")}, {0, 4, 5}},
      {{nre("i", "a|b|")}, {3}},
      // Nothing but "everything" and "nothing".
      {{re("i", ".*")}, {0, 1, 2, 3, 4, 5}},
      {{re("missing", ".*")}, {0, 1, 2, 3, 4, 5}},
      {{re("i", ".+"), nre("i", ".*")}, {}},
      {{nre("missing", ".*")}, {}},
      {{re("n", ".+"), re("i", ".*")}, {0, 1, 2, 3, 4, 5}},
  };
  for (const auto& [matchers, expected] : cases) {
    std::string text;
    for (const auto& m : matchers) text += m.to_string() + " ";
    EXPECT_EQ(select(matchers), expected) << text;
  }
}

TEST_F(SeriesIndexTest, AgreesWithAskingEverySeries) {
  std::mt19937_64 random(11);
  for (int i = 0; i < 300; ++i) {
    LabelList labels = {{"__name__", "m" + std::to_string(random() % 5)}};
    for (const char* name : {"a", "b", "c"}) {
      if (random() % 3 != 0) labels.emplace_back(name, "v" + std::to_string(random() % (name[0] == 'c' ? 100 : 4)));
    }
    labels.emplace_back("unique", std::to_string(i));
    add(labels);
  }
  const std::vector<std::string> values = {"",   "v1", "v2",  "m1",       "v.", "v1|v2",
                                           ".*", ".+", "v1|", "(v1|v2)?", "17", "1.*"};
  for (int round = 0; round < 2000; ++round) {
    std::vector<Matcher> matchers;
    const size_t count = random() % 4;
    for (size_t i = 0; i < count; ++i) {
      static const char* const kNames[] = {"__name__", "a", "b", "c", "unique", "missing"};
      const auto type = static_cast<MatchType>(random() % 4);
      const char* name = kNames[random() % 6];
      matchers.push_back(matcher(type, name, values[random() % values.size()]));
    }
    Postings expected;
    for (const auto& one : series_) {
      if (model::matches_all(matchers, one->labels(table_))) expected.push_back(one->slot());
    }
    std::string text;
    for (const auto& m : matchers) text += m.to_string() + " ";
    ASSERT_EQ(select(matchers), expected) << text;
  }
}

TEST_F(SeriesIndexTest, IsEmptyAtFirst) {
  EXPECT_THAT(select({}), IsEmpty());
  EXPECT_THAT(select({matcher(MatchType::kNotEqual, "a", "x")}), IsEmpty());
}

}  // namespace
}  // namespace sluice::tsdb

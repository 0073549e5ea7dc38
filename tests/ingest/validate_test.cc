#include "ingest/validate.h"

#include <limits>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ingest/batch_builder.h"
#include "wire/captures.h"
#include "wire/remote_write.h"

namespace sluice::ingest {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing_support::make_batch;
using testing_support::SentSeries;

constexpr TimestampMs kNow = 1'700'000'000'000;
constexpr int64_t kDay = 24 * 60 * 60 * 1000;

Admission admit_all(const std::vector<SentSeries>& sent, const AdmissionRules& rules = {}) {
  auto batch = make_batch(sent);
  return admit(batch, rules, kNow);
}

std::vector<std::string> texts(const model::AppendBatch& batch) {
  std::vector<std::string> out;
  for (const auto& entry : batch.series) {
    const std::string packed(batch.packed_of(entry));
    EXPECT_TRUE(model::is_packed(packed));
    EXPECT_EQ(entry.hash, model::hash_packed(packed));
    out.push_back(model::Labels::from_packed(packed).to_string());
  }
  return out;
}

IdentityLabels identity(std::vector<IdentityLabel> labels) {
  auto made = IdentityLabels::make(std::move(labels));
  EXPECT_TRUE(made.has_value()) << made.error().message;
  return *std::move(made);
}

TEST(Admit, SortsLabelsAndDropsEmptyValues) {
  const auto admission = admit_all({{{{"job", "x"}, {"zone", ""}, {"__name__", "up"}, {"a", "1"}}, {{5, 2}, {6, 3}}}});
  EXPECT_THAT(texts(admission.batch), ElementsAre(R"(up{a="1", job="x"})"));
  EXPECT_TRUE(admission.refusals.empty());
  const auto samples = admission.batch.samples_of(admission.batch.series[0]);
  ASSERT_EQ(samples.size(), 2u);
  EXPECT_EQ(samples[1].t_ms, 6);
  EXPECT_EQ(samples[1].value, 3);
}

TEST(Admit, AcceptsUtf8NamesAsPrometheus3Does) {
  const auto admission = admit_all({{{{"__name__", "my.metric ü"}, {"k.v", "x"}, {"9", "y"}}}});
  EXPECT_TRUE(admission.refusals.empty());
  EXPECT_THAT(texts(admission.batch), ElementsAre(R"({"my.metric ü", "9"="y", "k.v"="x"})"));
}

struct RefusalCase {
  Refusal refusal;
  std::vector<std::pair<std::string, std::string>> labels;
  std::vector<std::string> wanted;
};

std::vector<RefusalCase> refusal_cases() {
  std::vector<RefusalCase> cases = {
      {Refusal::kMissingMetricName, {{"job", "x"}}, {"no metric name", R"({job="x"})"}},
      {Refusal::kMissingMetricName, {}, {"no metric name", "{}"}},
      {Refusal::kMissingMetricName, {{"__name__", ""}, {"a", "b"}}, {"no metric name"}},
      {Refusal::kInvalidMetricName, {{"__name__", "\xff"}}, {"invalid metric name", "\\xff"}},
      {Refusal::kInvalidLabelName, {{"", "v"}, {"__name__", "up"}}, {"invalid label name"}},
      {Refusal::kInvalidLabelName, {{"__name__", "up"}, {"a\xc3", "v"}}, {"invalid label name", "a\\xc3"}},
      {Refusal::kInvalidLabelValue, {{"__name__", "up"}, {"a", "\xed\xa0\x80"}}, {"invalid label value", "\"a\""}},
      {Refusal::kDuplicateLabel, {{"__name__", "up"}, {"a", "1"}, {"a", "2"}}, {"duplicate label name, label: \"a\""}},
      {Refusal::kDuplicateLabel, {{"a", "1"}, {"__name__", "up"}, {"a", "1"}}, {"duplicate label name"}},
      {Refusal::kLabelNameTooLong, {{"__name__", "up"}, {std::string(1025, 'n'), "v"}}, {"actual: 1025, limit: 1024"}},
      {Refusal::kLabelValueTooLong,
       {{"__name__", "up"}, {"a", std::string(limits::kLabelValueBytesMax + 1, 'v')}},
       {"actual: 65537, limit: 65536", "..."}},
      {Refusal::kLabelsTooLarge,
       {{"__name__", "up"}, {"a", std::string(40'000, 'v')}, {"b", std::string(30'000, 'v')}},
       {"take more bytes than the limit (actual: 70012, limit: 65536)"}},
  };
  RefusalCase many{Refusal::kTooManyLabels, {{"__name__", "up"}}, {"actual: 151, limit: 150", ", ...}"}};
  for (int i = 0; i < 150; ++i) many.labels.emplace_back("label" + std::to_string(1000 + i), "v");
  cases.push_back(many);
  return cases;
}

TEST(Admit, RefusesABadSeriesAloneWithReasonAndText) {
  const SentSeries good{{{"__name__", "good"}}, {{1000, 1}}};
  for (const auto& test : refusal_cases()) {
    SCOPED_TRACE(to_string(test.refusal));
    const auto admission = admit_all({good, {test.labels, {{1000, 1}, {2000, 2}}}, good});
    EXPECT_THAT(texts(admission.batch), ElementsAre("good", "good"));
    EXPECT_EQ(admission.refusals.count(test.refusal), 2u);  // its samples
    EXPECT_EQ(admission.refusals.total(), 2u);
    ASSERT_EQ(admission.refusals.first.size(), 1u);
    const auto& refusal = admission.refusals.first[0];
    EXPECT_EQ(refusal.series, 1u);
    EXPECT_EQ(refusal.reason, to_string(test.refusal));
    EXPECT_LT(refusal.message.size(), 1'000u);
    for (const auto& text : test.wanted) EXPECT_THAT(refusal.message, HasSubstr(text));
  }
}

TEST(Admit, ValuesExactlyAtTheLimitsAreTaken) {
  std::vector<std::pair<std::string, std::string>> labels = {{"__name__", "up"}};
  for (int i = 0; i < 149; ++i) labels.emplace_back("label" + std::to_string(1000 + i), "v");
  const auto admission = admit_all({{labels}, {{{"__name__", "up"}, {std::string(1024, 'n'), "v"}}}});
  EXPECT_EQ(admission.batch.series.size(), 2u);
  EXPECT_TRUE(admission.refusals.empty());
}

TEST(Admit, RefusesOnlyTheSamplesWhoseTimestampIsOutside) {
  constexpr TimestampMs kYear1 = -62'135'596'800'000;
  const auto admission = admit_all(
      {{{{"__name__", "up"}}, {{kYear1 - 1, 0}, {kYear1, 1}, {kNow + kDay, 2}, {kNow + kDay + 1, 3}, {INT64_MAX, 4}}},
       {{{"__name__", "gone"}}, {{INT64_MIN, 0}}}});
  EXPECT_THAT(texts(admission.batch), ElementsAre("up"));
  const auto samples = admission.batch.samples_of(admission.batch.series[0]);
  ASSERT_EQ(samples.size(), 2u);
  EXPECT_EQ(samples[0].value, 1);
  EXPECT_EQ(samples[1].value, 2);
  EXPECT_EQ(admission.refusals.count(Refusal::kTimestampInvalid), 2u);
  EXPECT_EQ(admission.refusals.count(Refusal::kTooFarInFuture), 2u);
  EXPECT_THAT(admission.refusals.first[1].message,
              HasSubstr("too far in the future, timestamp: 1700086400001, series: {__name__=\"up\"}"));
}

TEST(Admit, FutureLimitIsConfigurable) {
  AdmissionRules rules;
  rules.limits.future_ms_max = 0;
  const auto admission = admit_all({{{{"__name__", "up"}}, {{kNow, 0}, {kNow + 1, 1}}}}, rules);
  EXPECT_EQ(admission.batch.samples.size(), 1u);
  rules.limits.future_ms_max = INT64_MAX;
  EXPECT_EQ(admit_all({{{{"__name__", "up"}}, {{INT64_MAX, 0}}}}, rules).batch.samples.size(), 1u);
}

TEST(Admit, KeepsStaleMarkersAndNormalisesOtherNaNs) {
  const double odd_nan = std::bit_cast<double>(uint64_t{0xfff8000000000123});
  const auto admission = admit_all({{{{"__name__", "up"}}, {{1, model::stale_nan()}, {2, odd_nan}, {3, -0.0}}}});
  const auto samples = admission.batch.samples;
  EXPECT_TRUE(model::is_stale(samples[0].value));
  EXPECT_EQ(std::bit_cast<uint64_t>(samples[1].value), model::kNormalNaNBits);
  EXPECT_EQ(std::bit_cast<uint64_t>(samples[2].value), uint64_t{1} << 63);
}

TEST(Admit, RecurringLabelSetsSharePackedBytes) {
  const SentSeries a{{{"__name__", "a"}, {"job", "x"}}};
  const SentSeries b{{{"__name__", "b"}, {"job", "x"}}};
  const auto admission = admit_all({a, b, a, a, b});
  EXPECT_THAT(texts(admission.batch),
              ElementsAre(R"(a{job="x"})", R"(b{job="x"})", R"(a{job="x"})", R"(a{job="x"})", R"(b{job="x"})"));
  std::set<uint32_t> offsets;
  for (const auto& entry : admission.batch.series) offsets.insert(entry.packed_offset);
  EXPECT_EQ(offsets.size(), 2u);
}

TEST(Admit, RecurringBadSetsAreEachCountedAndNamed) {
  const SentSeries bad{{{"job", "x"}}};
  const auto admission = admit_all({bad, bad, bad});
  EXPECT_EQ(admission.refusals.count(Refusal::kMissingMetricName), 3u);
  ASSERT_EQ(admission.refusals.first.size(), 3u);
  EXPECT_EQ(admission.refusals.first[2].series, 2u);
  EXPECT_EQ(admission.refusals.first[2].message, admission.refusals.first[0].message);
}

// Two sets whose bytes run together equally but divide differently must not be taken for one another.
TEST(Admit, SetsThatOnlyLookAlikeAreToldApart) {
  auto batch = make_batch({{{{"__name__", "ab"}, {"x", "1"}}}, {{{"__name__", "ab"}, {"x", "1"}}}});
  // The second entry's labels point at the same bytes, cut differently.
  auto& name = batch.labels[2].value;
  name = name.substr(0, 1);
  const auto admission = admit(batch, {}, kNow);
  EXPECT_THAT(texts(admission.batch), ElementsAre(R"(ab{x="1"})", R"(a{x="1"})"));
}

TEST(Admit, TextsAreBoundedButCountsAreWhole) {
  std::vector<SentSeries> sent;
  for (int i = 0; i < 500; ++i) sent.push_back({{{"i", std::to_string(i)}}});
  const auto admission = admit_all(sent);
  EXPECT_EQ(admission.refusals.count(Refusal::kMissingMetricName), 500u);
  EXPECT_EQ(admission.refusals.first.size(), limits::kRefusalsKeptMax);
}

TEST(Admit, RefusesHistogramsAndDropsExemplarsWhereStorageHasNoPlaceForThem) {
  auto batch = make_batch({{{{"__name__", "h"}}, {}}});
  batch.histograms.resize(3);
  batch.exemplars.resize(4);
  const auto admission = admit(batch, {}, kNow);
  EXPECT_TRUE(admission.batch.series.empty());
  EXPECT_EQ(admission.refusals.count(Refusal::kNativeHistogramsUnsupported), 3u);
  EXPECT_THAT(admission.refusals.first.at(0).message, HasSubstr("native histograms are not stored yet: 3"));
  EXPECT_EQ(admission.refusals.exemplars_dropped(), 4u);
  EXPECT_EQ(admission.refusals.count(ExemplarRefusal::kNotStored), 4u);

  batch = make_batch({{{{"__name__", "h"}}, {}}});
  EXPECT_TRUE(admit(batch, {}, kNow).refusals.empty());
}

AdmissionRules rules_that_store_all() {
  AdmissionRules rules;
  rules.stores_histograms = rules.stores_exemplars = rules.stores_metadata = rules.stores_start_times = true;
  return rules;
}

model::SeriesHistogram histogram_of(uint32_t series, TimestampMs t_ms, uint64_t count) {
  return {series,
          {t_ms, 5, model::Histogram{.count = count, .positive_spans = {{0, 1}}, .positive_deltas = {int64_t(count)}}}};
}

TEST(Admit, CarriesHistogramsExemplarsMetadataAndStartTimestamps) {
  auto batch = make_batch({{{{"__name__", "a"}}},
                           {{{"", "bad"}}, {}},
                           {{{"__name__", "h"}}, {}},
                           {{{"__name__", "only exemplars"}}, {}},
                           {{{"__name__", "nothing"}}, {}}});
  batch.start_ms = {500};
  batch.histograms = {histogram_of(1, 1, 1), histogram_of(2, 1, 1), histogram_of(2, 2, 2)};
  batch.exemplar_labels = {{"trace_id", "x"}, {"a", "b"}, {"empty", ""}};
  batch.exemplars = {{.series = 0, .first_label = 0, .label_count = 3, .value = 1.5, .t_ms = 900},
                     {.series = 1, .t_ms = 1},
                     {.series = 3, .t_ms = 2}};
  batch.metadata = {{.type = 2, .metric_family = "a", .help = std::string_view("help"), .unit = {}},
                    {.type = 1, .metric_family = "", .help = {}, .unit = {}}};
  const auto admission = admit(batch, rules_that_store_all(), kNow);
  const auto& out = admission.batch;
  ASSERT_EQ(out.series.size(), 3u);
  EXPECT_EQ(out.start_ms, (std::vector<TimestampMs>{500}));
  ASSERT_EQ(out.histograms.size(), 2u);
  for (uint32_t i = 0; i < 2; ++i) {
    EXPECT_EQ(out.histograms[i].series, 1u);
    EXPECT_EQ(out.histograms[i].sample, histogram_of(2, i + 1, i + 1).sample);
  }
  ASSERT_EQ(out.exemplars.size(), 2u);
  EXPECT_EQ(out.exemplars[0].series, 0u);
  EXPECT_EQ(out.exemplars[0].exemplar,
            (model::Exemplar{model::Labels::from({{"a", "b"}, {"trace_id", "x"}}), 1.5, 900}));
  EXPECT_EQ(out.exemplars[1].series, 2u);
  EXPECT_EQ(out.series[2].sample_count, 0u);
  ASSERT_EQ(out.metadata.size(), 1u);
  EXPECT_EQ(out.metadata[0].metric_family, "a");
  EXPECT_EQ(out.metadata[0].metadata, (model::Metadata{2, "help", ""}));
  EXPECT_EQ(admission.refusals.count(Refusal::kInvalidLabelName), 1u);
  EXPECT_EQ(admission.refusals.count(ExemplarRefusal::kNotStored), 1u);
}

TEST(Admit, RefusesBadHistogramsAloneInPrometheusWords) {
  auto batch = make_batch({{{{"__name__", "h"}}, {}}});
  batch.histograms = {histogram_of(0, 1, 1), histogram_of(0, 2, 2), histogram_of(0, kNow + 48LL * 3'600'000, 3),
                      histogram_of(0, 4, 4)};
  std::get<model::Histogram>(batch.histograms[1].sample.value).count = 7;
  const auto admission = admit(batch, rules_that_store_all(), kNow);
  EXPECT_EQ(admission.batch.histograms.size(), 2u);
  EXPECT_EQ(admission.refusals.count(Refusal::kInvalidHistogram), 1u);
  EXPECT_EQ(admission.refusals.count(Refusal::kTooFarInFuture), 1u);
  EXPECT_EQ(admission.refusals.first.at(0).reason, "invalid_histogram");
  EXPECT_EQ(admission.refusals.first.at(0).message,
            "2 observations found in buckets, but the Count field is 7: histogram's observation count should equal the "
            "number of observations found in the buckets (in absence of NaN), timestamp: 2, series: {__name__=\"h\"}");
}

TEST(Admit, LeavesOutSeriesOfWhichNothingIsLeft) {
  auto batch = make_batch({{{{"__name__", "h"}}, {}}, {{{"__name__", "i"}}}});
  batch.histograms = {histogram_of(0, 1, 1)};
  std::get<model::Histogram>(batch.histograms[0].sample.value).count = 7;
  batch.exemplar_labels = {{"", "x"}};
  batch.exemplars = {{.series = 0, .label_count = 1, .t_ms = 1}};
  const auto admission = admit(batch, rules_that_store_all(), kNow);
  ASSERT_EQ(admission.batch.series.size(), 1u);
  EXPECT_EQ(admission.batch.series[0].sample_count, 1u);
  EXPECT_EQ(admission.refusals.count(ExemplarRefusal::kInvalidLabel), 1u);
}

TEST(Admit, StampsIdentityLabelsIntoEverySeries) {
  AdmissionRules rules;
  rules.identity =
      identity({{"cluster", "prod-eu", IdentityMode::kOverride}, {"tenant", "t1", IdentityMode::kEnforce}});
  const auto admission = admit_all({{{{"__name__", "a"}}},
                                    {{{"__name__", "b"}, {"cluster", "forged"}, {"zone", "z"}}},
                                    {{{"__name__", "c"}, {"cluster", ""}, {"tenant", "t1"}}},
                                    {{{"__name__", "d"}, {"tenant", "t2"}}}},
                                   rules);
  EXPECT_THAT(texts(admission.batch),
              ElementsAre(R"(a{cluster="prod-eu", tenant="t1"})", R"(b{cluster="prod-eu", tenant="t1", zone="z"})",
                          R"(c{cluster="prod-eu", tenant="t1"})"));
  EXPECT_EQ(admission.refusals.count(Refusal::kIdentityLabelConflict), 1u);
  EXPECT_THAT(admission.refusals.first.at(0).message,
              HasSubstr("label \"tenant\" contradicts the writer's identity: got \"t2\""));
}

TEST(Admit, AsksTheFilterOncePerLabelSetWithIdentityApplied) {
  AdmissionRules rules;
  rules.identity = identity({{"cluster", "c1", IdentityMode::kOverride}});
  std::vector<std::string> asked;
  rules.filter = [&](const model::Labels& labels) {
    asked.push_back(labels.to_string());
    return labels.metric_name() != "secret";
  };
  const SentSeries good{{{"__name__", "good"}}};
  const SentSeries secret{{{"__name__", "secret"}}};
  const auto admission = admit_all({good, secret, good, secret, good}, rules);
  EXPECT_THAT(asked, ElementsAre(R"(good{cluster="c1"})", R"(secret{cluster="c1"})"));
  EXPECT_EQ(admission.batch.series.size(), 3u);
  EXPECT_EQ(admission.refusals.count(Refusal::kNotPermitted), 2u);
  EXPECT_EQ(admission.batch.packed, admission.batch.packed_of(admission.batch.series[0]));
}

TEST(Admit, TakesEverythingThatPrometheus253Sends) {
  if (testing_support::captures_directory().empty()) GTEST_SKIP() << "no conformance data";
  constexpr TimestampMs kRecorded = 1'795'300'000'000;  // November 2026
  for (const auto& path : testing_support::remote_write_captures()) {
    auto batch = wire::decode_remote_write(testing_support::body_of(testing_support::read_whole(path)));
    ASSERT_TRUE(batch.has_value());
    const auto original = *wire::decode_remote_write(testing_support::body_of(testing_support::read_whole(path)));
    const auto admission = admit(*batch, {}, kRecorded);
    EXPECT_TRUE(admission.refusals.empty()) << path;
    ASSERT_EQ(admission.batch.series.size(), original.series.size());
    std::set<uint32_t> offsets;
    std::set<std::string> sets;
    for (size_t i = 0; i < original.series.size(); ++i) {
      const auto labels = model::Labels::from_views(original.labels_of(original.series[i]));
      ASSERT_EQ(admission.batch.packed_of(admission.batch.series[i]), labels.packed());
      offsets.insert(admission.batch.series[i].packed_offset);
      sets.emplace(labels.packed());
    }
    EXPECT_EQ(offsets.size(), sets.size()) << "each set is packed once";
  }
}

// Labels judged once are not judged again; samples always are.
TEST(Admit, TakesKnownSeriesAsTheyAre) {
  const auto labels = model::Labels::from({{"__name__", "up"}, {"job", "x"}});
  int storage = 0;
  auto batch = make_batch({{{{"__name__", "new"}}, {{1, 1}}}});
  const double odd_nan = std::bit_cast<double>(uint64_t{0x7ff4000000000000});
  batch.series.push_back(
      {.first_label = 1, .first_sample = 1, .sample_count = 2, .known = {&storage}, .encoded = labels.packed()});
  batch.samples.insert(batch.samples.end(), {{kNow, odd_nan}, {kNow + 2 * kDay, 1}});
  const Admission admission = admit(batch, {}, kNow);
  ASSERT_EQ(admission.batch.series.size(), 2u);
  const auto& entry = admission.batch.series[1];
  EXPECT_EQ(entry.known.series, &storage);
  EXPECT_FALSE(admission.batch.series[0].known);
  ASSERT_EQ(admission.batch.samples_of(entry).size(), 1u);
  EXPECT_EQ(std::bit_cast<uint64_t>(admission.batch.samples_of(entry)[0].value), model::kNormalNaNBits);
  EXPECT_EQ(admission.refusals.count(Refusal::kTooFarInFuture), 1u);
  EXPECT_THAT(admission.refusals.first[0].message, HasSubstr(R"({__name__="up", job="x"})"));
}

}  // namespace
}  // namespace sluice::ingest

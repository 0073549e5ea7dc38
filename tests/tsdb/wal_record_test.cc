#include "tsdb/wal_record.h"

#include <bit>
#include <cmath>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/encoding.h"
#include "model/labels.h"

namespace sluice::tsdb {
namespace {

using testing::HasSubstr;

model::Labels labels(std::vector<std::pair<std::string, std::string>> pairs) {
  return model::Labels::from(std::move(pairs));
}

Result<AppendRecord> decode(std::string_view bytes) {
  AppendRecord record;
  SLUICE_TRY(decode_append_record(bytes, record));
  return record;
}

TEST(AppendRecord, HasTheDocumentedBytes) {
  AppendRecordWriter writer;
  writer.add_definition(1, labels({{"a", "b"}}).packed());
  writer.add_sample(1, {1000, 7});
  writer.add_sample(2, {1000, 7});
  writer.add_sample(3, {1001, 0.5});
  writer.add_sample(2, {1001, model::stale_nan()});
  EXPECT_EQ(hex_encode(std::move(writer).finish(-5)),
            "09"                        // floor -5
            "01"                        // one definition
            "02"
            "0000"
            "08"
            "0a060a0161120162"  // of series +1, its labels, nothing of them known
            "04"                        // four samples
            "13"
            "d00f"
            "0e"            // series +1, new time +1000, integer 7
            "14"                        // series +1, same time, same value
            "11"
            "02"
            "000000000000e03f"  // series +1, new time +1, raw 0.5
            "0e");                      // series -1, same time, stale
}

TEST(AppendRecord, GivesBackEveryValueBitForBit) {
  const std::vector<double> values = {0,
                                      -0.0,
                                      1,
                                      -1,
                                      0.1,
                                      1e15,
                                      9007199254740991,
                                      9007199254740992,
                                      -9007199254740993.0,
                                      1e300,
                                      -1e300,
                                      5e-324,
                                      INFINITY,
                                      -INFINITY,
                                      model::stale_nan(),
                                      std::bit_cast<double>(model::kNormalNaNBits),
                                      std::bit_cast<double>(uint64_t{0x7ff4000000000000})};
  AppendRecordWriter writer;
  for (const double first : values) {
    for (const double second : values) {
      writer.add_sample(1, {5, first});
      writer.add_sample(1, {6, second});
    }
  }
  const std::string bytes = std::move(writer).finish(INT64_MAX);
  const auto record = decode(bytes);
  ASSERT_TRUE(record) << record.error().message;
  size_t at = 0;
  for (const double first : values) {
    for (const double second : values) {
      EXPECT_EQ(std::bit_cast<uint64_t>(record->samples[at++].sample.value), std::bit_cast<uint64_t>(first));
      EXPECT_EQ(std::bit_cast<uint64_t>(record->samples[at++].sample.value), std::bit_cast<uint64_t>(second));
    }
  }
}

TEST(AppendRecord, GivesBackReferencesAndTimesInAnyOrder) {
  std::mt19937_64 random(3);
  AppendRecordWriter writer;
  std::vector<WalSample> samples;
  for (int i = 0; i < 2000; ++i) {
    const uint64_t ref = 1 + (random() >> (8 + random() % 56));
    samples.push_back({std::min(ref, kSeriesRefMax), {static_cast<TimestampMs>(random()), 1.5}});
    writer.add_sample(samples.back().ref, samples.back().sample);
  }
  const std::string bytes = std::move(writer).finish(INT64_MAX);
  const auto record = decode(bytes);
  ASSERT_TRUE(record) << record.error().message;
  ASSERT_EQ(record->samples.size(), samples.size());
  for (size_t i = 0; i < samples.size(); ++i) {
    EXPECT_EQ(record->samples[i].ref, samples[i].ref);
    EXPECT_EQ(record->samples[i].sample.t_ms, samples[i].sample.t_ms);
  }
}

TEST(AppendRecord, SpendsAFewBytesOnASampleOfAScrape) {
  AppendRecordWriter writer;
  for (uint64_t ref = 1; ref <= 1000; ++ref) writer.add_sample(ref, {1'700'000'000'000, static_cast<double>(ref * 37)});
  EXPECT_LT(std::move(writer).finish(INT64_MAX).size(), 4'100u);
}

TEST(AppendRecord, RefusesWhatItDidNotWrite) {
  struct Case {
    const char* hex;
    const char* message;
  };
  for (const auto& [hex, message] : std::vector<Case>{
           {"", "no floor"},
           {"00", "no count that fits"},
           {"0005", "no count that fits"},
           {"000100", "a series reference out of range"},
           {"000102", "no label set"},
           {"0001020000", "no label set"},
           {"000102000000", "no canonical label set"},
           {"000102010000", "more in common"},
           {"000102000100", "more in common"},
           {"0001020000080a060a0161120162ff", "no count of samples"},
           {"0001020000070a050a0161120000", "no canonical label set"},
           {"0002020000080a060a0161120162"
            "020900"
            "0000",
            "more in common"},
           {"0002020000080a060a0161120162"
            "020702"
            "0000",
            "more in common"},
           {"0000", "no count of samples"},
           {"000001", "no count of samples"},
           {"00000100", "a series reference out of range"},
           {"00000112", "no value"},
           {"00000111", "no timestamp"},
           {"0000011002", "no value"},
           {"000000ff", "bytes after the last sample"},
       }) {
    const std::string bytes = *hex_decode(hex);
    const auto record = decode(bytes);
    ASSERT_FALSE(record) << hex;
    EXPECT_EQ(record.error().code, ErrorCode::kMalformed) << hex;
    EXPECT_THAT(record.error().message, HasSubstr(message)) << hex;
  }
}

TEST(AppendRecord, SurvivesEveryTruncation) {
  AppendRecordWriter writer;
  writer.add_definition(300, labels({{"__name__", "up"}, {"job", "x"}}).packed());
  writer.add_sample(300, {1'700'000'000'000, 0.25});
  writer.add_sample(301, {1'700'000'000'001, 12345});
  const std::string bytes = std::move(writer).finish(INT64_MAX);
  for (size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(decode(bytes.substr(0, size))) << size;
}

TEST(AppendRecord, GivesBackItsFloor) {
  for (const TimestampMs floor_ms : {INT64_MIN, INT64_MAX, int64_t{0}, int64_t{1'700'000'000'000}}) {
    EXPECT_EQ(decode(AppendRecordWriter().finish(floor_ms))->floor_ms, floor_ms);
  }
}

TEST(StartedRecord, HasTheDocumentedBytes) {
  AppendRecordWriter writer;
  for (const uint64_t ref : {1, 2, 3, 4}) writer.add_sample(ref, {1000, 0});
  const std::vector<TimestampMs> start_ms = {0, 900, 900, 899};
  const std::string plain = [&] {
    AppendRecordWriter same;
    for (const uint64_t ref : {1, 2, 3, 4}) same.add_sample(ref, {1000, 0});
    return std::move(same).finish(7);
  }();
  const std::string bytes = std::move(writer).finish(7, start_ms);
  EXPECT_EQ(hex_encode(bytes.substr(plain.size())),
            "00"      // unknown
            "02880e"  // 900 more than 0
            "01"      // the same
            "0201");  // 1 less
  EXPECT_EQ(bytes.substr(0, plain.size()), plain);
  AppendRecord record;
  ASSERT_TRUE(decode_started_record(bytes, record));
  EXPECT_EQ(record.start_ms, start_ms);
  EXPECT_EQ(record.samples.size(), 4u);
  ASSERT_TRUE(decode_append_record(plain, record));
  EXPECT_TRUE(record.start_ms.empty());
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(decode_started_record(bytes.substr(0, size), record).error().code, ErrorCode::kMalformed) << size;
  }
  EXPECT_THAT(decode_started_record(bytes + '\0', record).error().message, HasSubstr("after the last start timestamp"));
}

TEST(StartedRecord, GivesBackTheEndsOfTime) {
  const std::vector<TimestampMs> start_ms = {INT64_MIN, INT64_MAX, INT64_MIN, 0, 1, -1};
  const std::string bytes = encode_start_times(start_ms);
  ByteReader in(bytes);
  EXPECT_EQ(read_start_times(in, start_ms.size()).value(), start_ms);
  for (const char* wrong : {"\x01", "\x03", "\x02"}) {
    ByteReader bad(wrong);
    EXPECT_FALSE(read_start_times(bad, 1)) << "the same as nothing, an unknown form, cut";
  }
}

TEST(ExemplarRecord, GivesBackDefinitionsAndExemplars) {
  AppendRecordWriter definitions;
  const auto up = labels({{"__name__", "up"}});
  definitions.add_definition(5, up.packed());
  WalExemplarWriter exemplars;
  exemplars.add(5, {labels({{"trace_id", "a"}}), 2, 1000});
  exemplars.add(6, {{}, 3, 1001});
  const std::string bytes = std::move(definitions).finish(std::move(exemplars));
  const auto record = decode_exemplar_record(bytes);
  ASSERT_TRUE(record);
  ASSERT_EQ(record->definitions.size(), 1u);
  EXPECT_EQ(record->definitions[0].packed, up.packed());
  ASSERT_EQ(record->exemplars.size(), 2u);
  EXPECT_EQ(record->exemplars[0].exemplar.labels, labels({{"trace_id", "a"}}));
  EXPECT_EQ(record->exemplars[1].ref, 6u);
  for (size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(decode_exemplar_record(bytes.substr(0, size)));
}

TEST(DeleteRecord, GivesBackWhatIsDeleted) {
  for (const model::TimeRange range : {model::TimeRange{}, model::TimeRange{-5, 1'700'000'000'000}}) {
    const DeleteRecord record{range, {7, 3, kSeriesRefMax, 1}};
    const auto read = decode_delete_record(encode_delete_record(record));
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->range, range);
    EXPECT_EQ(read->refs, record.refs);
  }
}

TEST(DeleteRecord, RefusesWhatItDidNotWrite) {
  for (const auto& [hex, message] : std::vector<std::pair<const char*, const char*>>{
           {"", "no range"},
           {"02", "no range"},
           {"0402", "no range"},  // ends before it begins
           {"0204", "no count"},
           {"0204ff7f", "no count"},
           {"020401", "no series reference"},
           {"02040100", "out of range"},
           {"02040102ff", "bytes after the last series"},
       }) {
    const auto read = decode_delete_record(*hex_decode(hex));
    ASSERT_FALSE(read) << hex;
    EXPECT_THAT(read.error().message, HasSubstr(message)) << hex;
  }
}

TEST(FreezeRecord, GivesBackItsTime) {
  for (const TimestampMs t : {INT64_MIN, int64_t{0}, int64_t{1'700'000'000'000}}) {
    EXPECT_EQ(*decode_freeze_record(encode_freeze_record(t)), t);
  }
  EXPECT_FALSE(decode_freeze_record(""));
  EXPECT_FALSE(decode_freeze_record("ab"));
}

}  // namespace
}  // namespace sluice::tsdb

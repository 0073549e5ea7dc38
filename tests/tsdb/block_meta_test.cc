#include "tsdb/block_meta.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::tsdb {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Go's encoder indents by tabs.
std::string with_tabs(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size(); ++at) {
    const bool is_indent = text.substr(at, 2) == "  " && (out.empty() || out.back() == '\n' || out.back() == '\t');
    out += is_indent ? '\t' : text[at];
    at += is_indent ? 1 : 0;
  }
  return out;
}

// With every member that Prometheus, Thanos and Sluice write.
constexpr std::string_view kFull = R"({
  "ulid": "01ARYZ6S410000000000000000",
  "minTime": -5,
  "maxTime": 7200000,
  "stats": {
    "numSamples": 701,
    "numFloatSamples": 700,
    "numHistogramSamples": 1,
    "numSeries": 42,
    "numChunks": 44,
    "numTombstones": 3
  },
  "compaction": {
    "level": 2,
    "sources": [
      "01ARYZ6S410000000000000001",
      "01ARYZ6S410000000000000002"
    ],
    "deletable": true,
    "parents": [
      {
        "ulid": "01ARYZ6S410000000000000001",
        "minTime": -5,
        "maxTime": 10
      }
    ],
    "failed": true,
    "hints": [
      "from-out-of-order"
    ]
  },
  "version": 1,
  "sluice": {
    "freeze": 17
  },
  "thanos": {
    "downsample": {
      "resolution": 0
    },
    "labels": {},
    "files": []
  }
})";

TEST(BlockMeta, IsReadAndWrittenAsItWas) {
  const BlockMeta meta = parse_block_meta(kFull).value();
  EXPECT_EQ(meta.min_ms, -5);
  EXPECT_EQ(meta.max_ms, 7'200'000);
  EXPECT_EQ(meta.stats, (BlockStats{701, 700, 1, 42, 44, 3}));
  EXPECT_EQ(meta.level, 2u);
  EXPECT_EQ(meta.sources.size(), 2u);
  EXPECT_EQ(meta.parents.at(0).max_ms, 10);
  EXPECT_TRUE(meta.is_deletable);
  EXPECT_TRUE(meta.is_failed);
  EXPECT_THAT(meta.hints, ElementsAre("from-out-of-order"));
  EXPECT_EQ(meta.freeze, 17u);
  EXPECT_EQ(format_block_meta(meta), with_tabs(kFull));
}

TEST(BlockMeta, LeavesOutWhatIsNotSet) {
  BlockMeta meta;
  meta.ulid = Ulid::parse("01ARYZ6S410000000000000000").value();
  EXPECT_EQ(format_block_meta(meta), with_tabs(R"({
  "ulid": "01ARYZ6S410000000000000000",
  "minTime": 0,
  "maxTime": 0,
  "stats": {},
  "compaction": {
    "level": 1
  },
  "version": 1
})"));
  EXPECT_EQ(parse_block_meta(format_block_meta(meta)).value().freeze, std::nullopt);
}

TEST(BlockMeta, RefusesWhatItCannotBe) {
  const std::tuple<const char*, ErrorCode, const char*> rows[] = {
      {"", ErrorCode::kMalformed, ""},
      {"[]", ErrorCode::kMalformed, "no JSON object"},
      {R"({"version": 2})", ErrorCode::kUnsupported, "version 2"},
      {R"({"version": 1, "ulid": "nonsense"})", ErrorCode::kMalformed, "ULID"},
      {R"({"version": 1, "ulid": "01ARYZ6S410000000000000000", "minTime": "0"})", ErrorCode::kMalformed, "\"minTime\""},
      {R"({"version": 1, "ulid": "01ARYZ6S410000000000000000", "minTime": 5, "maxTime": 4})", ErrorCode::kMalformed,
       "from minTime 5 to maxTime 4"},
      {R"({"version": 1, "ulid": "01ARYZ6S410000000000000000", "maxTime": 9223372036854775807})", ErrorCode::kMalformed,
       "maxTime 9223372036854775807"},
      {R"({"version": 1, "ulid": "01ARYZ6S410000000000000000", "stats": {"numSeries": -1}})", ErrorCode::kMalformed,
       "numSeries"},
      {R"({"version": 1, "ulid": "01ARYZ6S410000000000000000", "compaction": {"parents": [1]}})", ErrorCode::kMalformed,
       "parents"},
      {R"({"version": 1, "ulid": "01ARYZ6S410000000000000000", "sluice": {"freeze": "x"}})", ErrorCode::kMalformed,
       "freeze"},
  };
  for (const auto& [text, code, message] : rows) {
    const auto parsed = parse_block_meta(text);
    ASSERT_FALSE(parsed.has_value()) << text;
    EXPECT_EQ(parsed.error().code, code) << text;
    EXPECT_THAT(parsed.error().message, HasSubstr(message)) << text;
  }
}

TEST(BlockMeta, ToleratesNullLists) {
  const auto meta = parse_block_meta(
      R"({"version": 1, "ulid": "01ARYZ6S410000000000000000", "compaction": {"level": 1, "sources": null}})");
  EXPECT_THAT(meta.value().sources, IsEmpty());
}

}  // namespace
}  // namespace sluice::tsdb

#include "base/clock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice {
namespace {

constexpr UnixSeconds kAt = 1'789'127'221;  // Fri 2026-09-11 11:47:01 UTC

TEST(Dates, AreWrittenInEveryForm) {
  EXPECT_EQ(format_iso8601(kAt), "2026-09-11T11:47:01Z");
  EXPECT_EQ(format_iso8601_ms(kAt * 1000 + 7), "2026-09-11T11:47:01.007Z");
  EXPECT_EQ(format_amz_date(kAt), "20260911T114701Z");
  EXPECT_EQ(format_http_date(kAt), "Fri, 11 Sep 2026 11:47:01 GMT");
  EXPECT_EQ(format_iso8601(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(format_iso8601_ms(-1), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(format_http_date(951'782'400), "Tue, 29 Feb 2000 00:00:00 GMT");
}

TEST(Dates, RoundTripThroughEveryForm) {
  for (UnixSeconds at = 0; at < 4'102'444'800; at += 12'345'677) {
    EXPECT_EQ(parse_amz_date(format_amz_date(at)).value(), at);
    EXPECT_EQ(parse_http_date(format_http_date(at)).value(), at);
    EXPECT_EQ(parse_rfc3339(format_iso8601(at)).value(), at * 1000);
  }
}

TEST(AmzDate, RefusesEveryOtherForm) {
  for (const auto* text : {"", "20260911T114701", "20260911T114701Z ", "2026-09-11T11:47:01Z", "20260911t114701Z",
                           "20261311T114701Z", "20260931T114701Z", "20260229T000000Z", "20260911T244701Z",
                           "20260911T116001Z", "20260911T114760Z", "2026091xT114701Z", "+0260911T114701Z"}) {
    const auto parsed = parse_amz_date(text);
    ASSERT_FALSE(parsed.has_value()) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::kMalformed);
  }
}

TEST(HttpDate, RefusesObsoleteAndInconsistentForms) {
  for (const auto* text :
       {"", "Thu, 11 Sep 2026 11:47:01 GMT", "Fri, 11 Sep 2026 11:47:01 UTC", "Friday, 11-Sep-26 11:47:01 GMT",
        "Fri Sep 11 11:47:01 2026", "Fri, 11 sep 2026 11:47:01 GMT", "Fri, 31 Sep 2026 11:47:01 GMT",
        "Fri, 11 Xxx 2026 11:47:01 GMT"}) {
    EXPECT_FALSE(parse_http_date(text).has_value()) << text;
  }
}

TEST(Rfc3339, ReadsFractionsOffsetsAndPlainDates) {
  const std::pair<const char*, TimestampMs> rows[] = {
      {"2026-09-11T11:47:01Z", kAt * 1000},
      {"2026-09-11T11:47:01.5Z", kAt * 1000 + 500},
      {"2026-09-11T11:47:01.123456789Z", kAt * 1000 + 123},
      {"2026-09-11T13:47:01+02:00", kAt * 1000},
      {"2026-09-11T06:17:01.05-05:30", kAt * 1000 + 50},
      {"2026-09-11", (kAt - 42'421) * 1000},
      {"1969-12-31T23:59:59.999Z", -1},
  };
  for (const auto& [text, want] : rows) EXPECT_EQ(parse_rfc3339(text).value(), want) << text;
}

TEST(Rfc3339, RefusesTheRest) {
  for (const auto* text :
       {"", "2026", "2026-09", "2026-9-11", "2026-09-11T", "2026-09-11T11:47Z", "2026-09-11T11:47:01",
        "2026-09-11 11:47:01Z", "2026-09-11T11:47:01.Z", "2026-09-11T11:47:01z", "2026-09-11T11:47:01+0200",
        "2026-09-11T11:47:01+24:00", "2026-02-30", "2026-09-11T11:47:01ZZ"}) {
    EXPECT_FALSE(parse_rfc3339(text).has_value()) << text;
  }
}

TEST(FakeClock, MovesOnlyWhenTold) {
  FakeClock clock(kAt * 1000);
  const auto before = clock.steady();
  EXPECT_EQ(clock.now_s(), kAt);
  clock.advance(std::chrono::seconds(3));
  EXPECT_EQ(clock.now_ms(), (kAt + 3) * 1000);
  EXPECT_EQ(clock.steady() - before, std::chrono::seconds(3));
}

TEST(SystemClock, IsInThisCentury) {
  const SystemClock clock;
  EXPECT_GT(clock.now_s(), 1'700'000'000);
  EXPECT_LT(clock.now_s(), 4'102'444'800);
}

}  // namespace
}  // namespace sluice

#include "base/coding.h"

#include <limits>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/encoding.h"

namespace sluice {
namespace {

using namespace std::string_literals;

TEST(FixedIntegers, HaveTheirByteOrder) {
  std::string out;
  append_le<uint16_t>(out, 0x0102);
  append_be<uint16_t>(out, 0x0102);
  append_le<uint32_t>(out, 0x01020304);
  append_be<uint64_t>(out, 0x0102030405060708);
  EXPECT_EQ(hex_encode(out),
            "0201"
            "0102"
            "04030201"
            "0102030405060708");
  ByteReader reader(out);
  EXPECT_EQ(reader.le<uint16_t>(), 0x0102);
  EXPECT_EQ(reader.be<uint16_t>(), 0x0102);
  EXPECT_EQ(reader.le<uint32_t>(), 0x01020304u);
  EXPECT_EQ(reader.be<uint64_t>(), 0x0102030405060708u);
  EXPECT_TRUE(reader.empty());
  EXPECT_EQ(reader.le<uint8_t>(), std::nullopt);
}

TEST(Varint, RoundTripsEveryLength) {
  for (unsigned bit = 0; bit < 64; ++bit) {
    for (const uint64_t value : {(uint64_t{1} << bit) - 1, uint64_t{1} << bit, ~uint64_t{0} >> (63 - bit)}) {
      std::string out;
      append_varint(out, value);
      EXPECT_EQ(out.size(), varint_size(value));
      ByteReader reader(out);
      EXPECT_EQ(reader.varint(), value);
      EXPECT_TRUE(reader.empty());
      for (size_t cut = 0; cut < out.size(); ++cut) {
        ByteReader short_reader(std::string_view(out).substr(0, cut));
        EXPECT_EQ(short_reader.varint(), std::nullopt);
        EXPECT_EQ(short_reader.offset(), 0u);
      }
    }
  }
}

TEST(Varint, SignedOnesRoundTrip) {
  for (const int64_t value : {int64_t{0}, int64_t{-1}, int64_t{1}, int64_t{-64}, int64_t{64},
                              std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()}) {
    std::string out;
    append_signed_varint(out, value);
    EXPECT_EQ(ByteReader(out).signed_varint(), value);
  }
  std::string out;
  append_signed_varint(out, -64);
  EXPECT_EQ(out, "\x7f");
}

TEST(Varint, RefusesOverlongAndOversizedForms) {
  for (const auto& bytes : {"\x80\x00"s, "\xff\x80\x00"s, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"s,
                            "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"s}) {
    EXPECT_EQ(ByteReader(bytes).varint(), std::nullopt) << hex_encode(bytes);
  }
}

TEST(ByteReader, NeverReadsPastTheEnd) {
  std::string out;
  append_prefixed_bytes(out, "abc");
  ByteReader reader(out);
  EXPECT_EQ(reader.prefixed_bytes(), "abc");
  ByteReader cut(std::string_view(out).substr(0, 3));
  EXPECT_EQ(cut.prefixed_bytes(), std::nullopt);
  EXPECT_EQ(cut.offset(), 0u);
  EXPECT_EQ(cut.bytes(4), std::nullopt);
  EXPECT_EQ(cut.bytes(~uint64_t{0}), std::nullopt);
  EXPECT_EQ(cut.bytes(3)->size(), 3u);
  std::string huge;
  append_varint(huge, ~uint64_t{0});
  EXPECT_EQ(ByteReader(huge).prefixed_bytes(), std::nullopt);
}

}  // namespace
}  // namespace sluice

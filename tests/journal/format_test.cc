#include "journal/format.h"

#include <gtest/gtest.h>

#include "base/crc32c.h"
#include "base/encoding.h"

namespace sluice::journal {
namespace {

TEST(SegmentHeader, HasTheDocumentedBytes) {
  const SegmentHeader header{
      .number = 7, .salt = 0x1122334455667788, .first = 101, .valid_through = 100, .durable = 99};
  const std::string head = encode_segment_head(header);
  ASSERT_EQ(head.size(), kRecordsOffset);
  EXPECT_EQ(hex_encode(head.substr(0, 60)),
            "89534c4a0d0a1a0a"  // magic
            "01000000"          // version
            "00040000"          // records begin at 1024
            "0700000000000000"  // number
            "8877665544332211"  // salt
            "6500000000000000"  // first
            "6400000000000000"  // valid through
            "6300000000000000"  // durable
            "00000000");
  EXPECT_EQ(head.substr(kHeaderCopyOffset, kHeaderSize), head.substr(0, kHeaderSize));
}

TEST(SegmentHeader, EveryFlippedBitOfACopyIsNoticed) {
  const std::string head = encode_segment_head({.number = 3, .salt = 42, .first = 1});
  ASSERT_TRUE(decode_header(head));
  for (size_t bit = 0; bit < kHeaderSize * 8; ++bit) {
    std::string flipped = head;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(decode_header(flipped)) << "bit " << bit;
    EXPECT_TRUE(decode_header(std::string_view(flipped).substr(kHeaderCopyOffset)));
  }
}

TEST(SegmentHeader, IsNotReadFromAShortFile) {
  const std::string head = encode_segment_head({.number = 1, .salt = 1, .first = 1});
  ASSERT_TRUE(decode_header(head));
  EXPECT_FALSE(decode_header(std::string_view(head).substr(0, kHeaderSize - 1)));
  EXPECT_FALSE(decode_header({}));
}

TEST(SegmentHeader, IsNotBelievedWhenItContradictsItself) {
  for (const SegmentHeader& header :
       {SegmentHeader{.number = 1, .salt = 0, .first = 1}, SegmentHeader{.number = 1, .salt = 1, .first = 0},
        SegmentHeader{.number = 1, .salt = 1, .first = kSequenceMax + 1},
        SegmentHeader{.number = 1, .salt = 1, .first = 1, .valid_through = UINT64_MAX},
        SegmentHeader{.number = 1, .salt = 1, .first = 1, .durable = 1}}) {
    EXPECT_FALSE(decode_header(encode_segment_head(header)));
  }
}

TEST(RecordHeader, HasTheDocumentedBytes) {
  std::string out;
  const RecordHeader header{
      .payload_size = 5, .salt = 0x99, .sequence = 12, .durable = 11, .payload_crc = crc32c("hello"), .kind = 1};
  append_record(header, "hello", out);
  ASSERT_EQ(out.size(), record_size(5));
  EXPECT_EQ(out.size(), 48u);
  EXPECT_EQ(hex_encode(out.substr(4)),
            "05000000"          // payload size
            "9900000000000000"  // salt
            "0c00000000000000"  // sequence
            "0b00000000000000"  // durable
            "4cbb719a"          // CRC32C of "hello"
            "01000000"          // kind, reserved
            "68656c6c6f000000");
}

TEST(RecordHeader, EveryFlippedBitIsNoticed) {
  std::string out;
  append_record({.payload_size = 2, .salt = 5, .sequence = 1, .payload_crc = crc32c("ab"), .kind = 1}, "ab", out);
  ASSERT_TRUE(decode_record_header(out));
  for (size_t bit = 0; bit < kRecordHeaderSize * 8; ++bit) {
    std::string flipped = out;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(decode_record_header(flipped)) << "bit " << bit;
  }
}

TEST(RecordSize, IsAMultipleOfTheAlignment) {
  EXPECT_EQ(record_size(0), 40u);
  EXPECT_EQ(record_size(1), 48u);
  EXPECT_EQ(record_size(8), 48u);
  EXPECT_EQ(record_size(9), 56u);
}

TEST(SegmentName, TakesOnlyWhatItWrites) {
  EXPECT_EQ(segment_name(1), "00000001");
  EXPECT_EQ(segment_name(123456789), "123456789");
  EXPECT_EQ(parse_segment_name("00000042"), 42u);
  EXPECT_EQ(parse_segment_name("123456789"), 123456789u);
  for (const char* other :
       {"", "1", "00000000", "000000001", "0000000a", "00000001.new", "-0000001", "99999999999999999999"}) {
    EXPECT_FALSE(parse_segment_name(other)) << other;
  }
}

}  // namespace
}  // namespace sluice::journal

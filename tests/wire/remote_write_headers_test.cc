#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wire/remote_write.h"

namespace sluice::wire {
namespace {

using testing::HasSubstr;

TEST(RemoteWriteHeaders, AcceptsTheFormsOfRemoteWrite10) {
  const RemoteWriteHeaders cases[] = {
      {"application/x-protobuf", "snappy", "0.1.0"},
      {"application/x-protobuf", "snappy", ""},
      {"", "", ""},
      {"Application/X-Protobuf ; charset=utf-8", "Snappy", "1.0.0"},
      {"application/x-protobuf;proto=prometheus.WriteRequest", "snappy", "0.1.0"},
      {"application/x-protobuf; Proto=\"prometheus.WriteRequest\"", "snappy", "0.1.0"},
  };
  for (const auto& headers : cases) {
    const auto checked = check_remote_write_headers(headers);
    ASSERT_TRUE(checked.has_value()) << headers.content_type << ": " << checked.error().message;
    EXPECT_EQ(*checked, RemoteWriteMessage::kV1) << headers.content_type;
  }
}

TEST(RemoteWriteHeaders, AcceptsRemoteWrite20ByItsMessage) {
  for (const std::string_view version : {"2.0.0", "", "0.1.0"}) {
    const auto checked =
        check_remote_write_headers({"application/x-protobuf; proto=io.prometheus.write.v2.Request", "snappy", version});
    ASSERT_TRUE(checked.has_value()) << checked.error().message;
    EXPECT_EQ(*checked, RemoteWriteMessage::kV2);
  }
}

TEST(RemoteWriteHeaders, RefusesOthersAndNamesWhatIsWanted) {
  const std::pair<RemoteWriteHeaders, const char*> cases[] = {
      {{"application/json", "snappy", ""}, "\"application/json\" is not accepted"},
      {{"application/x-protobuffer", "snappy", ""}, "is not accepted"},
      {{"application/x-protobuf", "snappy", "2.0.0"}, "remote write 2.0 needs Content-Type"},
      {{"application/x-protobuf;proto=other.Message", "snappy", ""}, "unknown protobuf message \"other.Message\""},
      {{"application/x-protobuf", "gzip", ""}, "Content-Encoding \"gzip\""},
      {{"application/x-protobuf", "zstd", ""}, "only snappy"},
      {{"application/x-protobuf", "identity", ""}, "only snappy"},
  };
  for (const auto& [headers, text] : cases) {
    const auto checked = check_remote_write_headers(headers);
    ASSERT_FALSE(checked.has_value()) << headers.content_type;
    EXPECT_EQ(checked.error().code, ErrorCode::kUnsupported);
    EXPECT_THAT(checked.error().message, HasSubstr(text));
  }
}

}  // namespace
}  // namespace sluice::wire

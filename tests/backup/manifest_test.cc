#include "backup/manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::backup {
namespace {

using testing::HasSubstr;

const std::string kDigest(64, 'a');

Manifest example() {
  return {"0.1.0",
          1'790'000'000'123,
          {{"ws-1", 7}},
          {{"catalog.db", 3, kDigest}, {"workspaces/ws-1/wal/00000001", 1024, kDigest}}};
}

TEST(ManifestTest, ReadsBackAsItWasWritten) {
  const auto read = parse_manifest(to_json(example()));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, example());
  EXPECT_EQ(*parse_manifest(to_json(Manifest())), Manifest());
}

/// The example with one text in it replaced.
std::string with(std::string_view from, std::string_view to) {
  std::string json = to_json(example());
  json.replace(json.find(from), from.size(), to);
  return json;
}

TEST(ManifestTest, TellsWhatItCannotRead) {
  struct Case {
    std::string json;
    ErrorCode code;
    std::string_view message;
  };
  for (const Case& c : std::vector<Case>{
           {"", ErrorCode::kMalformed, ""},
           {"[]", ErrorCode::kMalformed, "a JSON object is wanted"},
           {with("\"format\":1", "\"format\":2"), ErrorCode::kUnsupported, "format 2"},
           {with("\"format\":1", "\"format\":\"1\""), ErrorCode::kMalformed, "\"format\""},
           {with("\"version\":\"0.1.0\"", "\"version\":1"), ErrorCode::kMalformed, "a text \"version\""},
           {with("\"bytes\":3", "\"bytes\":-3"), ErrorCode::kMalformed, "files[0]: a whole number \"bytes\""},
           {with("catalog.db", "../catalog.db"), ErrorCode::kMalformed, "leads out of the backup"},
           {with("catalog.db", "/etc/passwd"), ErrorCode::kMalformed, "leads out of the backup"},
           {with("catalog.db", "a//b"), ErrorCode::kMalformed, "leads out of the backup"},
           {with("catalog.db", "a/./b"), ErrorCode::kMalformed, "leads out of the backup"},
           {with("catalog.db", "zz"), ErrorCode::kMalformed, "not in order"},
           {with("catalog.db", "workspaces/ws-1/wal/00000001"), ErrorCode::kMalformed, "twice"},
           {with(kDigest, "aa"), ErrorCode::kMalformed, "\"sha256\""},
           {with("\"logs\":[{", "\"logs\":[1,{"), ErrorCode::kMalformed, "an object at logs[0]"},
           {with("\"files\"", "\"fils\""), ErrorCode::kMalformed, "a list \"files\""}}) {
    const auto read = parse_manifest(c.json);
    ASSERT_FALSE(read) << c.json;
    EXPECT_EQ(read.error().code, c.code) << c.json;
    EXPECT_THAT(read.error().message, HasSubstr(std::string(c.message))) << c.json;
  }
}

}  // namespace
}  // namespace sluice::backup

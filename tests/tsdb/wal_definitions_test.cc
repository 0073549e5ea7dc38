#include "tsdb/wal_definitions.h"

#include <random>

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "model/labels.h"

namespace sluice::tsdb {
namespace {

using Definitions = std::vector<std::pair<uint64_t, std::string>>;

std::string write(const Definitions& definitions) {
  WalDefinitionWriter writer;
  for (const auto& [ref, packed] : definitions) writer.add(ref, packed);
  std::string bytes;
  writer.finish(bytes);
  return bytes;
}

Result<Definitions> read(std::string_view bytes) {
  ByteReader in(bytes);
  WalDefinitions read;
  SLUICE_TRY(read.read(in));
  EXPECT_TRUE(in.empty());
  Definitions all;
  for (const auto& [ref, packed] : read) all.emplace_back(ref, packed);
  return all;
}

std::string packed(const std::vector<std::pair<std::string, std::string>>& labels) {
  return std::string(model::Labels::from(labels).packed());
}

TEST(WalDefinitions, TellWhatASetHasInCommonWithTheOneBefore) {
  const Definitions bucket = {{7, packed({{"__name__", "m_bucket"}, {"job", "x"}, {"le", "0.1"}, {"pod", "a"}})},
                              {8, packed({{"__name__", "m_bucket"}, {"job", "x"}, {"le", "0.5"}, {"pod", "a"}})}};
  const std::string bytes = write(bucket);
  EXPECT_EQ(hex_encode(std::string_view(bytes).substr(bytes.size() - 5)),
            "02"    // the next reference
            "2a0a"  // 42 bytes in front and 10 behind are the same
            "0135");
  EXPECT_EQ(*read(bytes), bucket);
}

TEST(WalDefinitions, GiveBackWhateverWasWritten) {
  std::mt19937 random(19);
  for (int round = 0; round < 300; ++round) {
    Definitions definitions;
    const size_t count = random() % 30;
    for (size_t i = 0; i < count; ++i) {
      std::vector<std::pair<std::string, std::string>> labels;
      for (char name = 'a'; name <= 'f'; ++name) {
        if (random() % 3 == 0) continue;
        labels.emplace_back(std::string(1 + random() % 3, name), std::string(1 + random() % 20, 'x'));
      }
      labels.emplace_back("z", std::to_string(random() % 3));
      definitions.emplace_back(1 + random() % 1000, packed(labels));
    }
    ASSERT_EQ(*read(write(definitions)), definitions);
  }
}

TEST(WalDefinitions, SpendLittleOnTheSeriesOfATarget) {
  Definitions definitions;
  size_t plain = 0;
  for (uint64_t ref = 1; ref <= 200; ++ref) {
    definitions.emplace_back(ref, packed({{"__name__", "request_duration_seconds_bucket"},
                                          {"cluster", "production-europe-west"},
                                          {"handler", "/api/v1/things"},
                                          {"le", std::to_string(ref)},
                                          {"namespace", "shop"},
                                          {"pod", "shop-7c9d7b6f5-x2x4z"}}));
    plain += definitions.back().second.size();
  }
  EXPECT_LT(write(definitions).size() * 10, plain);
}

}  // namespace
}  // namespace sluice::tsdb

#include "model/encoded_labels.h"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::model {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::string encoding_of(const Labels& labels) {
  std::string encoded;
  append_encoding(labels.packed(), encoded);
  return encoded;
}

Labels example() {
  return Labels::from({{"__name__", "up"}, {"job", "node"}, {"text", std::string(300, 'x')}});
}

TEST(EncodedLabels, AreSpelledAsProtobufDoes) {
  EXPECT_EQ(encoding_of(Labels::from({{"__name__", "up"}, {"job", "a"}})),
            "\x0a\x0e\x0a\x08__name__\x12\x02up"
            "\x0a\x08\x0a\x03job\x12\x01"
            "a");
}

TEST(EncodedLabels, DecodeToWhatWasEncoded) {
  const std::string encoded = encoding_of(example());
  std::vector<LabelView> labels;
  EXPECT_TRUE(decode_labels(encoded, labels));
  EXPECT_THAT(labels, ElementsAre(LabelView{"__name__", "up"}, LabelView{"job", "node"},
                          LabelView{"text", std::string_view(encoded).substr(encoded.size() - 300)}));
}

TEST(EncodedLabels, MatchTheirOwnSet) {
  EXPECT_TRUE(is_encoding_of(encoding_of(example()), example().packed()));
  EXPECT_TRUE(is_encoding_of("", ""));
}

// A byte changed, lost or added anywhere makes another set, another order or no encoding at all.
TEST(EncodedLabels, MatchNothingElse) {
  const Labels labels = Labels::from({{"__name__", "up"}, {"job", "some longer value"}, {"z", "1"}});
  const std::string packed(labels.packed());
  const std::string encoded = encoding_of(labels);
  for (size_t i = 0; i < encoded.size(); ++i) {
    std::string changed = encoded;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(is_encoding_of(changed, packed)) << "byte " << i;
    EXPECT_FALSE(is_encoding_of(encoded.substr(0, i), packed)) << "cut at " << i;
  }
  EXPECT_FALSE(is_encoding_of(encoded + '\x0a', packed));
  EXPECT_FALSE(is_encoding_of(encoded, packed.substr(0, packed.size() - 4)));
  EXPECT_FALSE(is_encoding_of(encoded, ""));
  EXPECT_FALSE(is_encoding_of("", packed));
}

TEST(EncodedLabels, MatchNoLongerSpellingOfTheSameSet) {
  const Labels labels = Labels::from({{"a", "b"}});
  EXPECT_TRUE(is_encoding_of("\x0a\x06\x0a\x01" "a\x12\x01" "b", labels.packed()));
  EXPECT_FALSE(is_encoding_of("\x0a\x86\x01", labels.packed()));
  EXPECT_FALSE(is_encoding_of(std::string("\x0a\x07\x0a\x81\x00" "a\x12\x01" "b", 10), labels.packed()));
  EXPECT_FALSE(is_encoding_of("\x0a\x06\x12\x01" "b\x0a\x01" "a", labels.packed())) << "value before name";
}

TEST(EncodedLabels, OfRandomSetsTellThemApart) {
  std::mt19937 random(7);
  std::vector<Labels> sets;
  for (int i = 0; i < 60; ++i) {
    std::vector<std::pair<std::string, std::string>> labels;
    for (unsigned n = random() % 5; n > 0; --n) {
      labels.emplace_back(std::string(1 + random() % 3, static_cast<char>('a' + random() % 2)),
                          std::string(random() % 200, static_cast<char>('a' + random() % 2)));
    }
    sets.push_back(Labels::from(labels));
  }
  for (const Labels& a : sets) {
    for (const Labels& b : sets) EXPECT_EQ(is_encoding_of(encoding_of(a), b.packed()), a == b);
  }
}

TEST(EncodedLabels, DecodeDamageToNothing) {
  std::vector<LabelView> labels;
  const std::string encoded = encoding_of(Labels::from({{"__name__", "up"}, {"job", "node"}}));
  const size_t first = 2 + static_cast<size_t>(encoded[1]);
  for (size_t size = 1; size < encoded.size(); ++size) {
    EXPECT_EQ(decode_labels(encoded.substr(0, size), labels), size == first) << size;
    EXPECT_EQ(labels.size(), size == first ? 1u : 0u);
  }
  EXPECT_FALSE(decode_labels(std::string_view("\x12\x00", 2), labels));
  EXPECT_FALSE(decode_labels(std::string_view("\x0a\x06\x12\x01" "b\x0a\x01" "a", 8), labels));
  EXPECT_THAT(labels, IsEmpty());
}

}  // namespace
}  // namespace sluice::model

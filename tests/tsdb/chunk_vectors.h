#pragma once

#include <bit>
#include <charconv>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "model/histogram.h"

/// Files of tests/tsdb/data: lines of words, "-" for an empty list, doubles as the hexadecimal number of their bits.
namespace sluice::testing_support {

inline std::vector<std::vector<std::string>> read_vector_lines(const std::string& name) {
  std::ifstream file(std::string(SLUICE_SOURCE_DIR) + "/tests/tsdb/data/" + name);
  EXPECT_TRUE(file) << name;
  std::vector<std::vector<std::string>> lines;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    std::istringstream words(line);
    lines.emplace_back(std::istream_iterator<std::string>(words), std::istream_iterator<std::string>());
  }
  return lines;
}

template <class T>
T parse_number(std::string_view text, int base = 10) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  EXPECT_TRUE(error == std::errc() && end == text.data() + text.size()) << text;
  return value;
}
inline double parse_bits(std::string_view text) { return std::bit_cast<double>(parse_number<uint64_t>(text, 16)); }

template <class T>
std::vector<T> parse_list(std::string_view text, auto&& parse) {
  std::vector<T> out;
  if (text == "-") return out;
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find(',', at), text.size());
    out.push_back(parse(text.substr(at, end - at)));
    at = end + 1;
  }
  return out;
}

inline model::BucketSpan parse_span(std::string_view text) {
  const size_t colon = text.find(':');
  return {parse_number<int32_t>(text.substr(0, colon)), parse_number<uint32_t>(text.substr(colon + 1))};
}

inline std::string bits_text(double value) { return fmt::format("{:x}", std::bit_cast<uint64_t>(value)); }
inline std::string bits_text(uint64_t value) { return fmt::format("{}", value); }
inline std::string bits_text(int64_t value) { return fmt::format("{}", value); }
inline std::string bits_text(const model::BucketSpan& span) { return fmt::format("{}:{}", span.offset, span.length); }

template <class T>
std::string list_text(const std::vector<T>& list) {
  std::vector<std::string> words;
  for (const T& one : list) words.push_back(bits_text(one));
  return words.empty() ? "-" : fmt::format("{}", fmt::join(words, ","));
}

/// A sample as the files have it.
template <class H>
std::string sample_text(int64_t t_ms, int64_t start_ms, const H& h, const auto& positive, const auto& negative) {
  return fmt::format("{} {} {} {} {} {} {} {} {} {} {} {} {}", t_ms, start_ms,
                     static_cast<unsigned>(h.counter_reset_hint), h.schema, bits_text(h.zero_threshold),
                     bits_text(h.zero_count), bits_text(h.count), bits_text(h.sum), list_text(h.positive_spans),
                     list_text(positive), list_text(h.negative_spans), list_text(negative), list_text(h.custom_values));
}
inline std::string sample_text(int64_t t_ms, int64_t start_ms, const model::Histogram& h) {
  return sample_text(t_ms, start_ms, h, h.positive_deltas, h.negative_deltas);
}
inline std::string sample_text(int64_t t_ms, int64_t start_ms, const model::FloatHistogram& h) {
  return sample_text(t_ms, start_ms, h, h.positive_buckets, h.negative_buckets);
}

}  // namespace sluice::testing_support

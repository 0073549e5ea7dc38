#pragma once

#include <string>
#include <utility>
#include <vector>

#include "model/write_batch.h"
#include "wire/remote_write.h"

namespace sluice::testing_support {

/// A request as a sender may write it: labels in any order, repeated, empty or invalid.
struct SentSeries {
  std::vector<std::pair<std::string, std::string>> labels;
  std::vector<model::Sample> samples = {{.t_ms = 1000, .value = 1}};
};

/// The batch that decoding such a request yields, with all bytes in its buffer as there.
inline model::WriteBatch make_batch(const std::vector<SentSeries>& sent) {
  model::WriteBatch batch;
  for (const auto& series : sent) {
    for (const auto& [name, value] : series.labels) batch.buffer += name + '\n' + value + '\n';
  }
  batch.buffer.reserve(batch.buffer.size() + 64);
  size_t at = 0;
  const auto next = [&](const std::string& text) {
    const std::string_view view = std::string_view(batch.buffer).substr(at, text.size());
    at += text.size() + 1;
    return view;
  };
  for (const auto& series : sent) {
    batch.series.push_back({.first_label = static_cast<uint32_t>(batch.labels.size()),
                            .label_count = static_cast<uint32_t>(series.labels.size()),
                            .first_sample = static_cast<uint32_t>(batch.samples.size()),
                            .sample_count = static_cast<uint32_t>(series.samples.size())});
    for (const auto& [name, value] : series.labels) {
      const auto name_view = next(name);
      batch.labels.push_back({.name = name_view, .value = next(value)});
    }
    batch.samples.insert(batch.samples.end(), series.samples.begin(), series.samples.end());
  }
  return batch;
}

}  // namespace sluice::testing_support

#include "model/metadata_queryable.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::model {
namespace {

using testing::ElementsAre;

class FakeMetadata final : public MetadataQueryable {
 public:
  Result<std::vector<MetricFamily>> metadata(std::string_view name) const override {
    std::vector<MetricFamily> all;
    for (const char* family : {"gone", "http_requests", "latency", "secret", "up"}) {
      if (name.empty() || name == family) all.push_back({family, {}});
    }
    return all;
  }
};

/// Its series, and nothing else.
class FakeStorage final : public Queryable {
 public:
  Result<std::vector<std::unique_ptr<Series>>> select(std::span<const Matcher>, TimeRange,
                                                      QueryBudget&) const override {
    return std::vector<std::unique_ptr<Series>>();
  }
  Result<std::vector<Labels>> series(std::span<const std::vector<Matcher>>, TimeRange, size_t) const override {
    std::vector<Labels> all;
    for (const char* name : {"http_requests_total", "latency_bucket", "secret", "up"}) {
      all.push_back(Labels::from({{"__name__", name}}));
    }
    return all;
  }
  Result<std::vector<std::string>> label_names(std::span<const std::vector<Matcher>>, TimeRange,
                                               size_t) const override {
    return std::vector<std::string>();
  }
  Result<std::vector<std::string>> label_values(std::string_view, std::span<const std::vector<Matcher>>, TimeRange,
                                                size_t) const override {
    return std::vector<std::string>();
  }
};

std::vector<std::string> names(const Result<std::vector<MetricFamily>>& families) {
  std::vector<std::string> out;
  for (const auto& family : families.value()) out.push_back(family.name);
  return out;
}

TEST(ScopedMetadata, ShowsFamiliesWithASeriesThatTheFilterAccepts) {
  const auto metadata = std::make_shared<const FakeMetadata>();
  const auto series = std::make_shared<const FakeStorage>();
  const ScopedMetadata scoped(metadata, series, [](const Labels& labels) { return labels.metric_name() != "secret"; });
  EXPECT_THAT(names(scoped.metadata("")), ElementsAre("http_requests", "latency", "up"));
  EXPECT_THAT(names(scoped.metadata("secret")), ElementsAre());
  EXPECT_THAT(names(scoped.metadata("up")), ElementsAre("up"));
  EXPECT_THAT(names(ScopedMetadata(metadata, series, {}).metadata("")),
              ElementsAre("gone", "http_requests", "latency", "secret", "up"));
}

}  // namespace
}  // namespace sluice::model

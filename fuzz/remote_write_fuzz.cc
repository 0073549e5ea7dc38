// uses: wire ingest
// A remote write body, from compressed bytes to what storage would be asked to add. The same input is also
// taken as an uncompressed message of either version, since mutated snappy seldom gets that far.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <variant>

#include "ingest/validate.h"
#include "ingest/write_result.h"
#include "model/histogram_validate.h"
#include "wire/remote_write.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void admit_and_check(sluice::model::WriteBatch batch) {
  const size_t samples_sent = batch.samples.size();
  const size_t others_sent = batch.histograms.size() + batch.exemplars.size();
  sluice::ingest::AdmissionRules rules;
  rules.stores_histograms = rules.stores_exemplars = rules.stores_metadata = rules.stores_start_times = true;
  rules.identity =
      *sluice::ingest::IdentityLabels::make({{"cluster", "c"}, {"zone", "z", sluice::ingest::IdentityMode::kEnforce}});
  const auto admission = sluice::ingest::admit(batch, rules, 1'700'000'000'000);
  size_t samples_kept = 0;
  for (const auto& entry : admission.batch.series) {
    const std::string_view packed = admission.batch.packed_of(entry);
    require(sluice::model::is_packed(packed));
    require(entry.hash == sluice::model::hash_packed(packed));
    const auto labels = sluice::model::Labels::from_packed(std::string(packed));
    require(!labels.metric_name().empty() && labels.get("cluster") == "c" && labels.get("zone") == "z");
    samples_kept += admission.batch.samples_of(entry).size();
  }
  require(samples_kept == admission.batch.samples.size() && samples_kept <= samples_sent);
  require(admission.batch.start_ms.empty() || admission.batch.start_ms.size() == samples_kept);
  require(admission.batch.histograms.size() + admission.batch.exemplars.size() <= others_sent);
  for (const auto& histogram : admission.batch.histograms) {
    require(histogram.series < admission.batch.series.size());
    require(std::visit([](const auto& h) { return sluice::model::validate(h).has_value(); }, histogram.sample.value));
  }
  for (const auto& exemplar : admission.batch.exemplars) require(exemplar.series < admission.batch.series.size());
  const auto answer = sluice::ingest::answer_write(admission.refusals, {});
  require((answer.status == 200) == admission.refusals.empty());
  require(answer.message.find('\n') == std::string::npos);
}

// Knows all label sets of a batch that were sent in packed form.
class Learned final : public sluice::model::SeriesRecognizer {
 public:
  explicit Learned(const sluice::model::WriteBatch& batch) {
    for (const auto& entry : batch.series) {
      if (sluice::model::is_packed(entry.encoded)) known_.emplace(entry.encoded);
    }
  }
  sluice::model::KnownSeries recognize_next(std::string_view entry, size_t& labels_size) override {
    const auto known = known_.upper_bound(entry);
    if (known == known_.begin() || !entry.starts_with(*std::prev(known))) return {};
    labels_size = std::prev(known)->size();
    return {const_cast<std::string*>(&*std::prev(known))};
  }
  sluice::model::KnownSeries recognize(std::string_view encoded) override {
    const auto known = known_.find(encoded);
    if (known == known_.end()) return {};
    return {const_cast<std::string*>(&*known)};
  }
  std::shared_ptr<const void> lease() const override { return nullptr; }

 private:
  std::set<std::string, std::less<>> known_;
};

// Series that are known are read as they are when they are not.
void read_again_as_known(const std::string& message, const sluice::wire::RemoteWriteLimits& limits,
                         const sluice::model::WriteBatch& batch) {
  Learned learned(batch);
  const auto again = sluice::wire::decode_write_request(message, limits, &learned);
  require(again.has_value() && again->series.size() == batch.series.size());
  require(again->exemplars.size() == batch.exemplars.size() && again->histograms.size() == batch.histograms.size());
  for (size_t i = 0; i < batch.series.size(); ++i) {
    const auto& entry = again->series[i];
    const auto labels = sluice::model::Labels::from_packed(std::string(entry.known ? entry.encoded : ""));
    const auto decoded = again->labels_of(entry);
    const auto sent = batch.labels_of(batch.series[i]);
    require(entry.known ? std::ranges::equal(sent, labels) : std::ranges::equal(sent, decoded));
    require(again->samples_of(entry).size() == batch.samples_of(batch.series[i]).size());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const sluice::wire::RemoteWriteLimits limits{.decoded_bytes_max = 1 << 20};
  if (auto batch = sluice::wire::decode_remote_write(bytes, limits)) admit_and_check(*std::move(batch));
  if (auto batch = sluice::wire::decode_write_request(std::string(bytes), limits)) {
    read_again_as_known(std::string(bytes), limits, *batch);
    admit_and_check(*std::move(batch));
  }
  if (auto batch = sluice::wire::decode_write_request_v2(std::string(bytes), limits)) {
    admit_and_check(*std::move(batch));
  }
  return 0;
}

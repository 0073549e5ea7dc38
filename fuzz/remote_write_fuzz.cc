// uses: wire ingest
// A remote write body, from compressed bytes to what storage would be asked to add. The same input is also
// taken as an uncompressed message, since mutated snappy seldom gets that far.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "ingest/validate.h"
#include "ingest/write_result.h"
#include "wire/remote_write.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void admit_and_check(sluice::model::WriteBatch batch) {
  const size_t samples_sent = batch.samples.size();
  sluice::ingest::AdmissionRules rules;
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
  const auto answer = sluice::ingest::answer_write(admission.refusals, {});
  require((answer.status == 200) == admission.refusals.empty());
  require(answer.message.find('\n') == std::string::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const sluice::wire::RemoteWriteLimits limits{.decoded_bytes_max = 1 << 20};
  if (auto batch = sluice::wire::decode_remote_write(bytes, limits)) admit_and_check(*std::move(batch));
  if (auto batch = sluice::wire::decode_write_request(std::string(bytes), limits)) admit_and_check(*std::move(batch));
  return 0;
}

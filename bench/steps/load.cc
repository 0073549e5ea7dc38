#include "bench/steps/load.h"

#include <utility>

#include "bench/batcher.h"
#include "bench/fleet.h"
#include "wire/snappy_block.h"

namespace sluice::bench {
namespace {

constexpr TimestampMs kFirstScrapeMs = 1'700'000'000'000;
constexpr size_t kMessageBytesMax = 16 << 20;

Load make_load() {
  LoadOptions options;
  options.series = 50'000;
  options.scrapes = 6;
  options.shards = 1;
  options.first_scrape_ms = kFirstScrapeMs;
  Load load;
  std::vector<Request>* requests = &load.first;
  Batcher batcher(options, [&](size_t, Batch batch) {
    Request request{std::move(batch.body), {}, batch.samples};
    request.message = wire::snappy_decode(request.body, kMessageBytesMax).value();
    requests->push_back(std::move(request));
  });
  Fleet fleet(options);
  for (uint32_t scrape = 0; scrape < options.scrapes; ++scrape) {
    fleet.scrape(batcher);
    if (scrape == 0) {
      batcher.flush();
      requests = &load.steady;
    }
  }
  batcher.flush();
  for (const Request& request : load.first) load.first_samples += request.samples;
  for (const Request& request : load.steady) {
    load.steady_samples += request.samples;
    load.steady_bytes += request.message.size();
  }
  return load;
}

}  // namespace

const Load& load() {
  static const Load kLoad = make_load();
  return kLoad;
}

}  // namespace sluice::bench

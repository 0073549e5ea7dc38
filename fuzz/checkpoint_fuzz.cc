// uses: tsdb
// A checkpoint as a disk may give it: reading stays inside, ends, and what it hands out can be taken. The input once as
// a whole file, and once as the payload of a frame whose checksums are right, which mutations alone never make.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/coding.h"
#include "base/crc32c.h"
#include "tsdb/checkpoint.h"

namespace {

using namespace sluice;

void check_series(const tsdb::CheckpointSeries& one) {
  SLUICE_CHECK(model::is_packed(one.packed), "labels are in packed form");
  for (const auto* chunks : {&one.chunks.in_order, &one.chunks.late}) {
    for (const auto& chunk : *chunks) {
      SLUICE_CHECK(chunk.min_ms <= chunk.max_ms, "a chunk's times are in order");
      model::SampleColumn column;
      (void)tsdb::read_chunk(chunk, {}, column);
    }
  }
}

void read(std::string_view bytes) {
  tsdb::CheckpointReport report;
  uint64_t series = 0;
  tsdb::Extras extras({.exemplars_max = 10, .exemplar_window_ms = 1000, .families_max = 10});
  const tsdb::CheckpointUse use = {
      .series = [&](const tsdb::CheckpointSeries& one) -> Result<void> {
        check_series(one);
        ++series;
        return {};
      },
      .exemplars = [&](const tsdb::ExemplarRecord& record) { (void)restore_exemplars(record, extras.exemplars); },
      .metadata = [&](const std::vector<tsdb::WalMetadata>& entries) { restore_metadata(entries, extras.metadata); }};
  const auto header = tsdb::read_checkpoint(bytes, "checkpoint", use, report);
  SLUICE_CHECK(!header || report.series <= series, "no series counts that was not handed out");
}

// docs/formats/checkpoint.md. The first byte of the input says how many series the frame claims.
std::string framed(std::string_view input, uint32_t kind) {
  std::string file("\x89SLC\r\n\x1a\n", 8);
  append_le<uint32_t>(file, 2);
  file.append(48, '\0');
  append_le<uint32_t>(file, crc32c(file));
  const size_t frame = file.size();
  const std::string_view payload = input.substr(input.empty() ? 0 : 1);
  file += "SLCF";
  append_le<uint32_t>(file, static_cast<uint32_t>(payload.size()));
  append_le<uint32_t>(file, input.empty() ? 0 : static_cast<unsigned char>(input.front()));
  append_le<uint32_t>(file, kind);
  append_le<uint32_t>(file, crc32c(payload));
  append_le<uint32_t>(file, crc32c(std::string_view(file).substr(frame)));
  return file += payload;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  read(input);
  for (const uint32_t kind : {1u, 3u, 4u}) read(framed(input, kind));  // series, exemplars, metadata
  return 0;
}

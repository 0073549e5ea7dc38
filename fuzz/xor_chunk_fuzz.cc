// uses: tsdb
// A chunk's bytes as a block may hold them: reading stays inside, ends, and what it read survives being written again.
// The same bytes as a record of the log.
#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "tsdb/wal_record.h"
#include "tsdb/xor_chunk.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sluice::tsdb;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  XorChunkReader reader(input);
  XorChunkWriter writer;
  uint32_t samples = 0;
  while (reader.next()) {
    writer.append(reader.t_ms(), reader.value());
    ++samples;
  }
  SLUICE_CHECK(samples <= reader.samples(), "no more samples than the header says");
  SLUICE_CHECK(!reader.status() || samples == reader.samples(), "a walk that ends early says so");
  XorChunkReader first(input);
  const std::string rewritten_chunk = writer.chunk();
  XorChunkReader second(rewritten_chunk);
  while (second.next()) {
    SLUICE_CHECK(first.next() && first.t_ms() == second.t_ms() && first.value_bits() == second.value_bits(),
                 "a sample changed when it was written again");
  }
  SLUICE_CHECK(second.status().has_value(), "a chunk of our own is readable");

  AppendRecord read;
  if (!decode_append_record(input, read)) return 0;
  const AppendRecord* const record = &read;
  AppendRecordWriter rewriter;
  for (const auto& definition : record->definitions) {
    rewriter.add_definition(definition.ref, definition.packed);
  }
  for (const auto& sample : record->samples) rewriter.add_sample(sample.ref, sample.sample);
  const std::string rewritten = std::move(rewriter).finish(record->floor_ms);
  AppendRecord reread;
  const bool is_readable = decode_append_record(rewritten, reread).has_value();
  const AppendRecord* const again = &reread;
  SLUICE_CHECK(is_readable && again->floor_ms == record->floor_ms && again->samples.size() == record->samples.size(),
               "a record of our own is readable");
  SLUICE_CHECK(again->definitions.size() == record->definitions.size(), "a definition for each");
  for (size_t i = 0; i < record->definitions.size(); ++i) {
    const auto& a = record->definitions[i];
    const auto& b = again->definitions[i];
    SLUICE_CHECK(a.ref == b.ref && a.packed == b.packed, "a definition changed when its record was written again");
  }
  for (size_t i = 0; i < record->samples.size(); ++i) {
    const auto& a = record->samples[i];
    const auto& b = again->samples[i];
    SLUICE_CHECK(a.ref == b.ref && a.sample.t_ms == b.sample.t_ms &&
                     std::bit_cast<uint64_t>(a.sample.value) == std::bit_cast<uint64_t>(b.sample.value),
                 "a sample changed when its record was written again");
  }
  return 0;
}

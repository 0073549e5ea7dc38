// uses: journal
// A journal's segments as the disk may give them back: reading never crashes, never invents a record that carries
// no valid checksum, and appending goes on.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/clock.h"
#include "base/crc32c.h"
#include "base/executor.h"
#include "journal/format.h"
#include "journal/journal.h"
#include "journal/segment_reader.h"
#include "support/fault_file_system.h"

namespace {

using namespace sluice;

constexpr size_t kInputBytesMax = 64 << 10;

void put(FileSystem& fs, const std::string& path, std::string_view bytes) {
  auto file = fs.open_writable(path, OpenMode::kTruncate, 0644);
  SLUICE_CHECK(file && (*file)->write_at(0, bytes) && (*file)->sync_data(), "the disk in memory takes writes");
}

// A segment whose checksums are right, its numbers taken from the input: what mutated bytes hardly ever become.
std::string assemble(std::string_view& input, uint64_t number) {
  const auto take = [&]() -> uint64_t {
    if (input.empty()) return 0;
    const auto byte = static_cast<uint8_t>(input.front());
    input.remove_prefix(1);
    return byte;
  };
  const uint64_t salt = 1 + take() % 2;
  std::string segment = journal::encode_segment_head(
      {.number = number, .salt = salt, .first = take(), .valid_through = take(), .durable = take()});
  for (uint64_t records = take() % 16; records > 0 && !input.empty(); --records) {
    const std::string payload(take() % 32, 'p');
    const uint64_t what = take();
    if (what < 32) {
      segment.append(8 * (what % 8), what < 16 ? '\0' : '\x7f');
      continue;
    }
    const uint32_t crc = crc32c(payload) ^ (what < 64 ? 1 : 0);
    const auto kind = what < 96 ? journal::kMarkKind : uint8_t{1};
    journal::append_record({.payload_size = static_cast<uint32_t>(payload.size()),
                            .salt = what < 128 ? 1u : salt,
                            .sequence = take(),
                            .durable = take(),
                            .payload_crc = crc,
                            .kind = kind},
                           payload, segment);
  }
  return segment;
}

// As it is, split in two, or assembled to three segments.
void lay_out(test::FaultFileSystem& fs, std::string_view input, uint8_t choice) {
  SLUICE_CHECK(fs.create_directories("wal", 0755), "the disk in memory takes directories");
  switch (choice % 3) {
    case 0: put(fs, "wal/00000001", input); break;
    case 1:
      put(fs, "wal/00000001", input.substr(0, input.size() / 2));
      put(fs, "wal/00000002", input.substr(input.size() / 2));
      break;
    default:
      for (uint64_t number = 1; number <= 3; ++number) {
        put(fs, "wal/" + journal::segment_name(number), assemble(input, number));
      }
      break;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0 || size > kInputBytesMax) return 0;
  test::FaultFileSystem fs;
  lay_out(fs, std::string_view(reinterpret_cast<const char*>(data) + 1, size - 1), data[0]);
  InlineExecutor executor;
  FakeClock clock(0);
  journal::Options options;
  options.segment_bytes_first = 4096;
  options.salt = [] { return uint64_t{77}; };
  journal::Sequence last = 0;
  const auto replay = [&](const journal::Record& record) {
    SLUICE_CHECK(record.sequence > last, "records come in order, each once");
    last = record.sequence;
    return Result<void>();
  };
  auto opened = journal::Journal::open(fs, "wal", options, executor, clock, replay);
  if (!opened) return 0;
  bool durable = false;
  (*opened)->append(1, "more", [&](Result<journal::Sequence> r) { durable = r.has_value(); });
  (*opened)->close();
  opened->reset();
  last = 0;
  std::string newest;
  auto again = journal::Journal::open(fs, "wal", options, executor, clock, [&](const journal::Record& record) {
    newest = record.payload;
    return replay(record);
  });
  SLUICE_CHECK(!again || !durable || newest == "more", "what was acknowledged is the newest record");
  return 0;
}

// uses: tsdb
// The part of a log record that holds histograms, exemplars, metadata or start timestamps, or a whole record of a
// deletion (the first byte says which): reading ends, and what was read is the same when it is written and read again.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "tsdb/wal_record.h"
#include "tsdb/wal_sections.h"

namespace {

using namespace sluice::tsdb;

template <class Writer>
std::string write(const auto& items, auto&& add) {
  Writer writer;
  for (const auto& item : items) add(writer, item);
  return std::move(writer).finish();
}

void check_again(const std::string& once, const std::string& twice) {
  SLUICE_CHECK(once == twice, "a record changed when it was written again");
}

template <class Writer>
void round_trip(std::string_view bytes, auto&& read, auto&& add) {
  sluice::ByteReader in(bytes);
  const auto items = read(in);
  if (!items) return;
  const std::string once = write<Writer>(*items, add);
  sluice::ByteReader again(once);
  const auto read_again = read(again);
  SLUICE_CHECK(read_again.has_value(), "a record of our own is readable");
  check_again(once, write<Writer>(*read_again, add));
}

// How many there are stands elsewhere in the record: the first byte here.
void start_times(std::string_view bytes) {
  if (bytes.empty()) return;
  sluice::ByteReader in(bytes.substr(1));
  const auto start_ms = read_start_times(in, static_cast<unsigned char>(bytes.front()));
  if (!start_ms) return;
  const std::string once = encode_start_times(*start_ms);
  sluice::ByteReader again(once);
  const auto read_again = read_start_times(again, start_ms->size());
  SLUICE_CHECK(read_again && *read_again == *start_ms, "start timestamps are the same when they are read again");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  switch (data[0] % 5) {
    case 0:
      round_trip<WalHistogramWriter>(bytes, read_wal_histograms,
                                     [](auto& to, const WalHistogram& h) { to.add(h.ref, h.sample); });
      break;
    case 1:
      round_trip<WalExemplarWriter>(bytes, read_wal_exemplars,
                                    [](auto& to, const WalExemplar& e) { to.add(e.ref, e.exemplar); });
      break;
    case 2:
      round_trip<WalMetadataWriter>(bytes, read_wal_metadata,
                                    [](auto& to, const WalMetadata& m) { to.add(m.metric_family, m.metadata); });
      break;
    case 3: start_times(bytes); break;
    default:
      if (const auto deletion = decode_delete_record(bytes)) {
        const std::string once = encode_delete_record(*deletion);
        const auto again = decode_delete_record(once);
        SLUICE_CHECK(again.has_value(), "a record of our own is readable");
        check_again(once, encode_delete_record(*again));
      }
  }
  return 0;
}

#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/exemplar.h"
#include "model/histogram.h"
#include "model/labels.h"
#include "model/metadata.h"
#include "model/sample.h"

namespace sluice::model {

/// Why one series of a request was refused; the rest of the request is still written.
struct SeriesRefusal {
  uint32_t series = 0;     ///< index into the request's series
  std::string_view reason; ///< a stable word for metrics: "duplicate_label", "invalid_label_name", ...
  std::string message;     ///< for the caller; names the series
};

/// A series that storage has already, by the address storage gives it. Only the storage that handed it out can tell
/// what it is; it stays valid while that storage lives and a lease of the recognizer that knew it is held.
struct KnownSeries {
  void* series = nullptr;
  explicit operator bool() const { return series != nullptr; }
};

/// Tells series that storage has from the bytes in which a request spells their labels, so that these need no further
/// look: they were judged when the series was made. Made for one request, and asked for its series in their order; the
/// bytes it is asked about must stay where they are while it lives. Not thread-safe.
class SeriesRecognizer {
 public:
  virtual ~SeriesRecognizer() = default;
  /// The series that is likely to come now, when `entry`, a whole prometheus.TimeSeries, begins with its packed labels;
  /// `labels_size` is then their size. Whether further label fields follow is not looked at.
  virtual KnownSeries recognize_next(std::string_view entry, size_t& labels_size) = 0;
  /// The durably defined series whose packed labels are these bytes, the label fields of a prometheus.TimeSeries. May
  /// be none although the series is known, so that strange bytes or long rows of new series cost little.
  virtual KnownSeries recognize(std::string_view encoded_labels) = 0;
  /// Keeps what was recognized valid.
  virtual std::shared_ptr<const void> lease() const = 0;
};

/// A native histogram of a series of a batch.
struct SeriesHistogram {
  uint32_t series = 0;  ///< index into the batch's series
  HistogramSample sample;
};

/// One write request, decoded: series and their samples, all bytes borrowed from `buffer`, which the batch
/// owns. Nothing is allocated per label or float sample. The same label set may occur in several entries
/// (Prometheus 2.53 sends one sample an entry). Movable, not copyable (the views would point into the original), not
/// thread-safe. `buffer` must be on the heap (capacity over that of a short string) for a move to keep the views.
struct WriteBatch {
  WriteBatch() = default;
  WriteBatch(WriteBatch&&) noexcept = default;
  WriteBatch& operator=(WriteBatch&&) noexcept = default;
  WriteBatch(const WriteBatch&) = delete;
  WriteBatch& operator=(const WriteBatch&) = delete;

  struct SeriesEntry {
    uint32_t first_label = 0;
    uint32_t label_count = 0;  ///< 0 for a known series, whose labels are not decoded
    uint32_t first_sample = 0;
    uint32_t sample_count = 0;
    KnownSeries known = {};
    std::string_view encoded = {};  ///< the label fields, one after the other; "" where they do not stand so
  };
  struct ExemplarEntry {
    uint32_t series = 0;  ///< index into `series`
    uint32_t first_label = 0;  ///< into `exemplar_labels`
    uint32_t label_count = 0;
    double value = 0;
    TimestampMs t_ms = 0;
  };
  struct MetadataEntry {
    uint32_t type = 0;  ///< see model::Metadata
    std::string_view metric_family;
    std::string_view help;
    std::string_view unit;
  };

  /// Empties it, but for the memory.
  void clear();
  size_t memory_bytes() const;  ///< approximately

  std::string buffer;  ///< the decoded protobuf; never changed once views exist
  std::shared_ptr<const void> known_lease;  ///< keeps the known series valid
  std::vector<LabelView> labels;
  std::vector<SeriesEntry> series;
  std::vector<Sample> samples;
  std::vector<TimestampMs> start_ms;  ///< start timestamps of `samples`, 0 where unknown; empty when none has one
  std::vector<SeriesHistogram> histograms;  ///< by ascending series
  std::vector<ExemplarEntry> exemplars;  ///< by ascending series
  std::vector<LabelView> exemplar_labels;
  std::vector<MetadataEntry> metadata;

  std::span<LabelView> labels_of(const SeriesEntry& entry) {
    return std::span(labels).subspan(entry.first_label, entry.label_count);
  }
  std::span<const LabelView> labels_of(const SeriesEntry& entry) const {
    return std::span(labels).subspan(entry.first_label, entry.label_count);
  }
  std::span<const Sample> samples_of(const SeriesEntry& entry) const {
    return std::span(samples).subspan(entry.first_sample, entry.sample_count);
  }
  std::span<const LabelView> labels_of(const ExemplarEntry& entry) const {
    return std::span(exemplar_labels).subspan(entry.first_label, entry.label_count);
  }
};

/// What storage is asked to add: validated series in packed canonical form with their hash, float samples, native
/// histograms, exemplars and metadata. Movable; whoever holds it owns all its bytes.
///
/// An entry without samples and histograms is there for its exemplars: it must not make a series.
struct AppendBatch {
  struct SeriesEntry {
    SeriesHash hash;  ///< not set for a known series
    uint32_t packed_offset = 0;
    uint32_t packed_size = 0;  ///< 0 for a known series
    uint32_t first_sample = 0;
    uint32_t sample_count = 0;
    KnownSeries known = {};  ///< of the storage that the batch goes to
  };
  struct ExemplarEntry {
    uint32_t series = 0;  ///< index into `series`
    Exemplar exemplar;
  };
  struct MetadataEntry {
    std::string metric_family;
    Metadata metadata;
  };
  std::string packed;
  std::vector<SeriesEntry> series;
  std::vector<Sample> samples;
  std::shared_ptr<const void> known_lease;  ///< keeps the known series valid
  std::vector<TimestampMs> start_ms;  ///< start timestamps of `samples`, 0 where unknown; empty when none has one
  std::vector<SeriesHistogram> histograms;  ///< by ascending series; valid (model/histogram_validate.h) or stale
  std::vector<ExemplarEntry> exemplars;  ///< by ascending series
  std::vector<MetadataEntry> metadata;

  std::string_view packed_of(const SeriesEntry& entry) const {
    return std::string_view(packed).substr(entry.packed_offset, entry.packed_size);
  }
  std::span<const Sample> samples_of(const SeriesEntry& entry) const {
    return std::span(samples).subspan(entry.first_sample, entry.sample_count);
  }
};

/// What became of an append, once durable and applied.
struct AppendOutcome {
  uint64_t samples_added = 0;
  uint64_t samples_late = 0;  ///< of those, older than their series' newest sample, within the window
  uint64_t series_created = 0;
  uint64_t duplicates = 0;  ///< same timestamp and value as stored: accepted, nothing added
  uint64_t out_of_order = 0;  ///< older than the series' newest sample and than the window for late ones: refused
  uint64_t conflicting = 0;  ///< same timestamp as stored, another value: refused
  uint64_t histograms_added = 0;  ///< native histograms among samples_added
  uint64_t exemplars_added = 0;  ///< with those that were there already
  uint64_t exemplars_out_of_order = 0;  ///< older than their series' newest one and than the window: not kept
  uint64_t exemplars_without_series = 0;  ///< of a series that the storage has not: not kept
  /// Text about the first refused sample, in Prometheus' words; empty when none was.
  std::string first_refusal;

  /// Puts in what became of another part of the same request, which stood before.
  void add(const AppendOutcome& before) {
    samples_added += before.samples_added;
    samples_late += before.samples_late;
    series_created += before.series_created;
    duplicates += before.duplicates;
    out_of_order += before.out_of_order;
    conflicting += before.conflicting;
    histograms_added += before.histograms_added;
    exemplars_added += before.exemplars_added;
    exemplars_out_of_order += before.exemplars_out_of_order;
    exemplars_without_series += before.exemplars_without_series;
    if (!before.first_refusal.empty()) first_refusal = before.first_refusal;
  }
};

}  // namespace sluice::model

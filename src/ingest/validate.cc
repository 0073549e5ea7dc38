#include "ingest/validate.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <optional>

#include "base/encoding.h"
#include "base/hash.h"
#include "base/utf8.h"
#include "ingest/series_memo.h"
#include "ingest/series_text.h"
#include "ingest/validate_exemplar.h"
#include "ingest/validate_histogram.h"

namespace sluice::ingest {
namespace {

using model::LabelView;

// 0001-01-01T00:00:00Z: nothing real is older, and arithmetic on timestamps stays far from its ends.
constexpr TimestampMs kTimestampMsMin = -62'135'596'800'000;
constexpr uint32_t kNoText = UINT32_MAX;

/// What became of one label set. Kept for the request, since sets recur.
struct Verdict {
  uint32_t first_label = 0;  // where the set stands in the request, to tell equal from colliding
  uint32_t label_count = 0;
  std::optional<Refusal> refusal;
  uint32_t text = kNoText;  // into texts_, for a refused set
  model::SeriesHash hash;
  uint32_t packed_offset = 0;
  uint32_t packed_size = 0;
};

class Admitter {
 public:
  Admitter(model::WriteBatch& batch, const AdmissionRules& rules, TimestampMs now_ms)
      : batch_(batch), rules_(rules),
        future_ms_(now_ms > INT64_MAX - rules.limits.future_ms_max ? INT64_MAX : now_ms + rules.limits.future_ms_max),
        unknown_(static_cast<size_t>(std::ranges::count_if(batch.series, is_unknown))), memo_(unknown_) {}

  Admission run() {
    out_.batch.series.reserve(batch_.series.size());
    out_.batch.samples.reserve(batch_.samples.size());
    verdicts_.reserve(unknown_);
    reserve_packed();
    leave_out_what_is_not_stored();
    for (uint32_t i = 0; i < batch_.series.size(); ++i) {
      histograms_ = next_of(batch_.histograms, histograms_, i);
      exemplars_ = next_of(batch_.exemplars, exemplars_, i);
      if (batch_.series[i].sample_count != 0 || !histograms_.empty() || !exemplars_.empty()) admit_entry(i);
    }
    if (rules_.stores_metadata) add_metadata();
    return std::move(out_);
  }

 private:
  void leave_out_what_is_not_stored() {
    if (!rules_.stores_histograms && !batch_.histograms.empty()) {
      const uint64_t histograms = batch_.histograms.size();
      batch_.histograms.clear();
      count(Refusal::kNativeHistogramsUnsupported, histograms);
      keep_text(0, Refusal::kNativeHistogramsUnsupported, describe_histograms(histograms));
    }
    if (!rules_.stores_exemplars) {
      drop_exemplars(ExemplarRefusal::kNotStored, batch_.exemplars.size());
      batch_.exemplars.clear();
    }
    if (!rules_.stores_start_times) batch_.start_ms.clear();
    histograms_ = std::span(batch_.histograms).first(0);
    exemplars_ = std::span(batch_.exemplars).first(0);
  }

  // Those of series `index`, which stand behind `before`, those of the series before.
  template <class T>
  static std::span<T> next_of(std::vector<T>& all, std::span<T> before, uint32_t index) {
    const auto begin = static_cast<size_t>(before.data() + before.size() - all.data());
    size_t end = begin;
    while (end < all.size() && all[end].series == index) ++end;
    return std::span(all).subspan(begin, end - begin);
  }

  static bool is_unknown(const model::WriteBatch::SeriesEntry& entry) { return !entry.known; }

  void admit_entry(uint32_t index) {
    const auto& entry = batch_.series[index];
    if (entry.known) {
      add_entry(index, {.known = entry.known});
      return;
    }
    const Verdict& verdict = verdicts_[judge(entry)];
    if (!verdict.refusal) {
      add_entry(index,
                {.hash = verdict.hash, .packed_offset = verdict.packed_offset, .packed_size = verdict.packed_size});
      return;
    }
    drop_exemplars(ExemplarRefusal::kNotStored, exemplars_.size());
    const uint64_t samples = entry.sample_count + histograms_.size();
    if (samples == 0) return;
    count(*verdict.refusal, samples);
    if (keeps_texts()) keep_text(index, *verdict.refusal, texts_[verdict.text]);
  }

  // Label sets mostly stay as they were sent, and mostly come once.
  void reserve_packed() {
    size_t bytes = 0;
    for (const auto& entry : batch_.series) bytes += entry.known ? 0 : entry.encoded.size();
    out_.batch.packed.reserve(std::min(bytes, limits::kPackedBytesPerRequestMax));
  }

  // The verdict on an entry's labels, as an index: found among the earlier ones, or made.
  size_t judge(const model::WriteBatch::SeriesEntry& entry) {
    const auto labels = batch_.labels_of(entry);
    // Looked up before sorting: two entries are told equal in the order in which they were sent.
    const bool is_unique = std::ranges::adjacent_find(labels, std::greater_equal(), &LabelView::name) == labels.end();
    const bool is_sorted = is_unique || std::ranges::is_sorted(labels, {}, &LabelView::name);
    const bool has_encoding = is_sorted && !entry.encoded.empty();
    const auto series_hash = has_encoding ? model::hash_packed(entry.encoded) : model::SeriesHash();
    std::optional<uint64_t> hash;
    if (is_sorted) hash = has_encoding ? series_hash.low : hash_of(labels);
    if (hash) {
      const uint32_t known = memo_.find(*hash, [&](uint32_t id) { return has_labels(verdicts_[id], labels); });
      if (known != SeriesMemo::kNone) return known;
    }
    // Over-long lists are refused by their count, whatever their order.
    if (!is_sorted && labels.size() <= rules_.limits.labels_per_series_max) std::ranges::sort(labels);
    const auto id = static_cast<uint32_t>(verdicts_.size());
    verdicts_.push_back({.first_label = entry.first_label, .label_count = entry.label_count, .hash = series_hash});
    // One look at all the bytes, lengths among them, spares nearly always one at each text.
    is_ascii_ = has_encoding && is_ascii(entry.encoded);
    is_unique_ = is_unique;
    decide(labels, has_encoding ? entry.encoded : std::string_view(), verdicts_.back());
    if (hash) memo_.put(*hash, id);
    return id;
  }

  // A hash of the bytes that hold the labels. It is only a hint: nothing when they do not stand in the buffer one
  // after the other, as those of remote write 2.0 do not.
  std::optional<uint64_t> hash_of(std::span<const LabelView> labels) const {
    if (labels.empty()) return std::nullopt;
    const char* begin = labels.front().name.data();
    const char* end = labels.back().value.data() + labels.back().value.size();
    const std::less<const char*> before;
    const char* buffer_end = batch_.buffer.data() + batch_.buffer.size();
    const bool is_inside = !before(begin, batch_.buffer.data()) && before(begin, end) && !before(buffer_end, end);
    if (!is_inside) return std::nullopt;
    constexpr size_t kFramingBytesMax = 16;  // of one label: keys and lengths
    size_t room = 0;
    for (const LabelView& label : labels) room += label.name.size() + label.value.size() + kFramingBytesMax;
    const auto size = static_cast<size_t>(end - begin);
    if (size > room) return std::nullopt;
    return hash64(std::string_view(begin, size));
  }

  bool has_labels(const Verdict& verdict, std::span<const LabelView> labels) const {
    return std::ranges::equal(std::span(batch_.labels).subspan(verdict.first_label, verdict.label_count), labels);
  }

  void decide(std::span<const LabelView> labels, std::string_view encoded, Verdict& verdict) {
    if (!check_labels(labels, verdict)) return;
    if (const IdentityLabel* conflict = rules_.identity.apply(kept_)) {
      const auto sent = std::ranges::find(labels, conflict->name, &LabelView::name);
      refuse(verdict, {.refusal = Refusal::kIdentityLabelConflict, .labels = labels, .culprit = *sent});
      return;
    }
    pack(labels, encoded, verdict);
  }

  // Fills kept_ with the labels that count; false when the set is refused.
  bool check_labels(std::span<const LabelView> labels, Verdict& verdict) {
    kept_.clear();
    const IngestLimits& limits = rules_.limits;
    if (labels.size() > limits.labels_per_series_max) {
      return refuse(verdict, {.refusal = Refusal::kTooManyLabels,
                              .labels = labels,
                              .actual = labels.size(),
                              .limit = limits.labels_per_series_max});
    }
    uint64_t bytes = 0;
    bool has_metric_name = false;
    for (size_t i = 0; i < labels.size(); ++i) {
      const LabelView& label = labels[i];
      if (!is_unique_ && i != 0 && labels[i - 1].name == label.name) {
        return refuse(verdict, {.refusal = Refusal::kDuplicateLabel, .labels = labels, .culprit = label});
      }
      if (!check_label(labels, label, verdict)) return false;
      if (label.value.empty()) continue;
      has_metric_name = has_metric_name || label.name == model::kMetricName;
      bytes += label.name.size() + label.value.size();
      kept_.push_back(label);
    }
    if (!has_metric_name) return refuse(verdict, {.refusal = Refusal::kMissingMetricName, .labels = labels});
    if (bytes > limits.series_label_bytes_max) {
      return refuse(verdict, {.refusal = Refusal::kLabelsTooLarge,
                              .labels = labels,
                              .actual = bytes,
                              .limit = limits.series_label_bytes_max});
    }
    return true;
  }

  bool check_label(std::span<const LabelView> labels, const LabelView& label, Verdict& verdict) {
    const IngestLimits& limits = rules_.limits;
    const bool is_plain = is_ascii_ && !label.name.empty() && label.name.size() <= limits.label_name_bytes_max &&
                          label.value.size() <= limits.label_value_bytes_max;
    if (is_plain) return true;
    RefusalText text{.refusal = Refusal::kInvalidLabelName, .labels = labels, .culprit = label};
    if (label.name.size() > limits.label_name_bytes_max) {
      text.refusal = Refusal::kLabelNameTooLong;
      text.actual = label.name.size();
      text.limit = limits.label_name_bytes_max;
      return refuse(verdict, text);
    }
    if (label.value.size() > limits.label_value_bytes_max) {
      text.refusal = Refusal::kLabelValueTooLong;
      text.actual = label.value.size();
      text.limit = limits.label_value_bytes_max;
      return refuse(verdict, text);
    }
    if (label.name.empty() || !is_valid_utf8(label.name)) return refuse(verdict, text);
    if (!is_valid_utf8(label.value)) {
      const bool is_metric = label.name == model::kMetricName;
      text.refusal = is_metric ? Refusal::kInvalidMetricName : Refusal::kInvalidLabelValue;
      return refuse(verdict, text);
    }
    return true;
  }

  // Packs kept_; by copying, where the labels were sent in packed form, whose hash is known by then.
  void pack(std::span<const LabelView> labels, std::string_view encoded, Verdict& verdict) {
    std::string& packed = out_.batch.packed;
    const size_t offset = packed.size();
    const bool is_sent_packed = rules_.identity.empty() && kept_.size() == labels.size() && !encoded.empty() &&
                                encoded.size() == model::packed_size(kept_);
    if (is_sent_packed) {
      packed.append(encoded);
    } else {
      model::pack_labels(kept_, packed);
    }
    if (packed.size() > limits::kPackedBytesPerRequestMax) {
      refuse(verdict, {.refusal = Refusal::kLabelsTooLarge,
                       .labels = labels,
                       .actual = packed.size(),
                       .limit = limits::kPackedBytesPerRequestMax});
      packed.resize(offset);
      return;
    }
    const std::string_view own = std::string_view(packed).substr(offset);
    if (rules_.filter && !rules_.filter(model::Labels::from_packed(std::string(own)))) {
      refuse(verdict, {.refusal = Refusal::kNotPermitted, .labels = labels});
      packed.resize(offset);
      return;
    }
    if (!is_sent_packed) verdict.hash = model::hash_packed(own);
    verdict.packed_offset = static_cast<uint32_t>(offset);
    verdict.packed_size = static_cast<uint32_t>(own.size());
  }

  // `series` says which; what it has is filled in here.
  void add_entry(uint32_t index, model::AppendBatch::SeriesEntry series) {
    const auto added = static_cast<uint32_t>(out_.batch.series.size());
    add_samples(index, series);
    const size_t others = out_.batch.histograms.size() + out_.batch.exemplars.size();
    if (!histograms_.empty()) add_histograms(index, added);
    if (!exemplars_.empty()) add_exemplars(added);
    const bool has_others = out_.batch.histograms.size() + out_.batch.exemplars.size() != others;
    if (series.sample_count != 0 || has_others) out_.batch.series.push_back(series);
  }

  void add_samples(uint32_t index, model::AppendBatch::SeriesEntry& series) {
    auto& samples = out_.batch.samples;
    series.first_sample = static_cast<uint32_t>(samples.size());
    const auto& entry = batch_.series[index];
    for (uint32_t i = entry.first_sample; i < entry.first_sample + entry.sample_count; ++i) {
      const model::Sample& sample = batch_.samples[i];
      if (!is_time_good(sample.t_ms)) {
        refuse_sample(index, sample.t_ms);
        continue;
      }
      samples.push_back(sample);
      if (std::isnan(sample.value) && !model::is_stale(sample.value)) {
        samples.back().value = std::bit_cast<double>(model::kNormalNaNBits);
      }
      if (!batch_.start_ms.empty()) out_.batch.start_ms.push_back(batch_.start_ms[i]);
    }
    series.sample_count = static_cast<uint32_t>(samples.size()) - series.first_sample;
  }

  void add_histograms(uint32_t index, uint32_t added) {
    for (model::SeriesHistogram& histogram : histograms_) {
      model::HistogramSample& sample = histogram.sample;
      if (!is_time_good(sample.t_ms)) {
        refuse_sample(index, sample.t_ms);
        continue;
      }
      if (const auto refusal = prepare_histogram(sample)) {
        count(refusal->refusal, 1);
        if (keeps_texts()) {
          keep_text(index, refusal->refusal, describe_histogram(refusal->reason, sent_labels(index), sample.t_ms));
        }
        continue;
      }
      if (!rules_.stores_start_times) sample.start_ms = 0;
      out_.batch.histograms.push_back({.series = added, .sample = std::move(sample)});
    }
  }

  void add_exemplars(uint32_t added) {
    for (const auto& exemplar : exemplars_) {
      if (!is_time_good(exemplar.t_ms)) {
        drop_exemplars(ExemplarRefusal::kTimestampInvalid, 1);
        continue;
      }
      auto labels = prepare_exemplar_labels(batch_.labels_of(exemplar));
      if (!labels) {
        drop_exemplars(labels.error(), 1);
        continue;
      }
      out_.batch.exemplars.push_back(
          {.series = added,
           .exemplar = {.labels = *std::move(labels), .value = exemplar.value, .t_ms = exemplar.t_ms}});
    }
  }

  // What is said about a family is no part of what a sender may lose: the odd one is left out, the long one cut.
  void add_metadata() {
    for (const auto& entry : batch_.metadata) {
      const bool is_named = !entry.metric_family.empty() &&
                            entry.metric_family.size() <= rules_.limits.label_value_bytes_max &&
                            is_valid_utf8(entry.metric_family);
      if (!is_named || !is_valid_utf8(entry.help) || !is_valid_utf8(entry.unit)) continue;
      out_.batch.metadata.push_back(
          {.metric_family = std::string(entry.metric_family),
           .metadata = {.type = entry.type,
                        .help = std::string(utf8_prefix(entry.help, limits::kMetadataTextBytesMax)),
                        .unit = std::string(utf8_prefix(entry.unit, limits::kMetadataTextBytesMax))}});
    }
  }

  bool is_time_good(TimestampMs t_ms) const { return t_ms >= kTimestampMsMin && t_ms <= future_ms_; }

  void refuse_sample(uint32_t index, TimestampMs t_ms) {
    const Refusal refusal = t_ms > future_ms_ ? Refusal::kTooFarInFuture : Refusal::kTimestampInvalid;
    count(refusal, 1);
    if (!keeps_texts()) return;
    keep_text(index, refusal, describe_sample(refusal, sent_labels(index), t_ms));
  }

  // For texts; valid until the next call.
  std::span<const LabelView> sent_labels(uint32_t index) {
    const auto& entry = batch_.series[index];
    if (!entry.known) return batch_.labels_of(entry);
    // Of a known series only the bytes are there, which are its packed form.
    known_labels_ = model::Labels::from_packed(std::string(entry.encoded));
    text_labels_.assign(known_labels_.begin(), known_labels_.end());
    return text_labels_;
  }

  // Always false, so that checks can return it. Texts are made only while some are still kept.
  bool refuse(Verdict& verdict, const RefusalText& text) {
    verdict.refusal = text.refusal;
    if (keeps_texts()) {
      verdict.text = static_cast<uint32_t>(texts_.size());
      texts_.push_back(describe(text));
    }
    return false;
  }

  bool keeps_texts() const { return out_.refusals.first.size() < limits::kRefusalsKeptMax; }
  void keep_text(uint32_t index, Refusal refusal, std::string text) {
    out_.refusals.first.push_back({.series = index, .reason = to_string(refusal), .message = std::move(text)});
  }
  void drop_exemplars(ExemplarRefusal refusal, uint64_t exemplars) {
    out_.refusals.exemplars[static_cast<size_t>(refusal)] += exemplars;
  }
  void count(Refusal refusal, uint64_t samples) { out_.refusals.counts[static_cast<size_t>(refusal)] += samples; }

  model::WriteBatch& batch_;
  const AdmissionRules& rules_;
  const TimestampMs future_ms_;
  const size_t unknown_;  // entries
  SeriesMemo memo_;
  std::vector<Verdict> verdicts_;
  std::vector<std::string> texts_;
  std::span<model::SeriesHistogram> histograms_;               // of the entry being admitted
  std::span<model::WriteBatch::ExemplarEntry> exemplars_;  // likewise
  model::Labels known_labels_;           // what sent_labels() shows
  std::vector<LabelView> text_labels_;   // likewise
  // Of the set being judged.
  std::vector<LabelView> kept_;
  bool is_ascii_ = false;   // for sure
  bool is_unique_ = false;  // sorted, and no name twice
  Admission out_;
};

}  // namespace

std::string_view to_string(Refusal refusal) {
  switch (refusal) {
    case Refusal::kMissingMetricName: return "missing_metric_name";
    case Refusal::kInvalidMetricName: return "invalid_metric_name";
    case Refusal::kInvalidLabelName: return "invalid_label_name";
    case Refusal::kInvalidLabelValue: return "invalid_label_value";
    case Refusal::kDuplicateLabel: return "duplicate_label";
    case Refusal::kTooManyLabels: return "too_many_labels";
    case Refusal::kLabelNameTooLong: return "label_name_too_long";
    case Refusal::kLabelValueTooLong: return "label_value_too_long";
    case Refusal::kLabelsTooLarge: return "labels_too_large";
    case Refusal::kIdentityLabelConflict: return "identity_label_conflict";
    case Refusal::kNotPermitted: return "not_permitted";
    case Refusal::kTooFarInFuture: return "too_far_in_future";
    case Refusal::kTimestampInvalid: return "timestamp_invalid";
    case Refusal::kNativeHistogramsUnsupported: return "native_histograms_unsupported";
    case Refusal::kInvalidHistogram: return "invalid_histogram";
    case Refusal::kTooManyHistogramBuckets: return "too_many_histogram_buckets";
  }
  return "unknown";
}

std::string_view to_string(ExemplarRefusal refusal) {
  switch (refusal) {
    case ExemplarRefusal::kNotStored: return "exemplar_not_stored";
    case ExemplarRefusal::kLabelsTooLong: return "exemplar_labels_too_long";
    case ExemplarRefusal::kInvalidLabel: return "exemplar_label_invalid";
    case ExemplarRefusal::kTimestampInvalid: return "exemplar_timestamp_invalid";
  }
  return "unknown";
}

uint64_t RefusalSummary::total() const {
  uint64_t sum = 0;
  for (const uint64_t count : counts) sum += count;
  return sum;
}

uint64_t RefusalSummary::exemplars_dropped() const {
  uint64_t sum = 0;
  for (const uint64_t count : exemplars) sum += count;
  return sum;
}

Admission admit(model::WriteBatch& batch, const AdmissionRules& rules, TimestampMs now_ms) {
  Admission admission = Admitter(batch, rules, now_ms).run();
  admission.batch.known_lease = std::move(batch.known_lease);
  return admission;
}

}  // namespace sluice::ingest

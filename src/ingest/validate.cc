#include "ingest/validate.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <optional>

#include "base/encoding.h"
#include "base/hash.h"
#include "ingest/series_memo.h"
#include "ingest/series_text.h"

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
    for (uint32_t i = 0; i < batch_.series.size(); ++i) {
      if (batch_.series[i].sample_count != 0) admit_entry(i);
    }
    if (batch_.histogram_samples != 0) {
      count(Refusal::kNativeHistogramsUnsupported, batch_.histogram_samples);
      if (keeps_texts())
        keep_text(0, Refusal::kNativeHistogramsUnsupported, describe_histograms(batch_.histogram_samples));
    }
    out_.refusals.exemplars_dropped = batch_.exemplars;
    return std::move(out_);
  }

 private:
  static bool is_unknown(const model::WriteBatch::SeriesEntry& entry) { return !entry.known; }

  void admit_entry(uint32_t index) {
    const auto& entry = batch_.series[index];
    if (entry.known) {
      add_samples(index, {.known = entry.known});
      return;
    }
    const Verdict& verdict = verdicts_[judge(entry)];
    if (!verdict.refusal) {
      add_samples(index,
                  {.hash = verdict.hash, .packed_offset = verdict.packed_offset, .packed_size = verdict.packed_size});
      return;
    }
    count(*verdict.refusal, entry.sample_count);
    if (keeps_texts()) keep_text(index, *verdict.refusal, texts_[verdict.text]);
  }

  // The verdict on an entry's labels, as an index: found among the earlier ones, or made.
  size_t judge(const model::WriteBatch::SeriesEntry& entry) {
    const auto labels = batch_.labels_of(entry);
    // Looked up before sorting: two entries are told equal in the order in which they were sent.
    const bool is_sorted = std::ranges::is_sorted(labels, {}, &LabelView::name);
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
    decide(labels, has_encoding ? entry.encoded : std::string_view(), verdicts_.back());
    if (hash) memo_.put(*hash, id);
    return id;
  }

  // A hash of the bytes that hold the labels. It is only a hint: nothing when they are not in the buffer in
  // the usual order.
  std::optional<uint64_t> hash_of(std::span<const LabelView> labels) const {
    if (labels.empty()) return std::nullopt;
    const char* begin = labels.front().name.data();
    const char* end = labels.back().value.data() + labels.back().value.size();
    const std::less<const char*> before;
    const char* buffer_end = batch_.buffer.data() + batch_.buffer.size();
    const bool is_inside = !before(begin, batch_.buffer.data()) && before(begin, end) && !before(buffer_end, end);
    if (!is_inside) return std::nullopt;
    return hash64(std::string_view(begin, static_cast<size_t>(end - begin)));
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
      if (i != 0 && labels[i - 1].name == label.name) {
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

  // `series` says which; its samples are filled in here.
  void add_samples(uint32_t index, model::AppendBatch::SeriesEntry series) {
    auto& samples = out_.batch.samples;
    series.first_sample = static_cast<uint32_t>(samples.size());
    for (const model::Sample& sample : batch_.samples_of(batch_.series[index])) {
      if (sample.t_ms < kTimestampMsMin || sample.t_ms > future_ms_) {
        refuse_sample(index, sample.t_ms);
        continue;
      }
      samples.push_back(sample);
      if (std::isnan(sample.value) && !model::is_stale(sample.value)) {
        samples.back().value = std::bit_cast<double>(model::kNormalNaNBits);
      }
    }
    series.sample_count = static_cast<uint32_t>(samples.size()) - series.first_sample;
    if (series.sample_count != 0) out_.batch.series.push_back(series);
  }

  void refuse_sample(uint32_t index, TimestampMs t_ms) {
    const Refusal refusal = t_ms > future_ms_ ? Refusal::kTooFarInFuture : Refusal::kTimestampInvalid;
    count(refusal, 1);
    if (!keeps_texts()) return;
    const auto& entry = batch_.series[index];
    const auto sent = batch_.labels_of(entry);
    std::vector<LabelView> labels(sent.begin(), sent.end());
    // Of a known series only the bytes are there, which are its packed form.
    const auto known = model::Labels::from_packed(std::string(entry.known ? entry.encoded : std::string_view()));
    labels.insert(labels.end(), known.begin(), known.end());
    keep_text(index, refusal, describe_sample(refusal, labels, t_ms));
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
  void count(Refusal refusal, uint64_t samples) { out_.refusals.counts[static_cast<size_t>(refusal)] += samples; }

  model::WriteBatch& batch_;
  const AdmissionRules& rules_;
  const TimestampMs future_ms_;
  const size_t unknown_;  // entries
  SeriesMemo memo_;
  std::vector<Verdict> verdicts_;
  std::vector<std::string> texts_;
  std::vector<LabelView> kept_;  // the labels of the set being judged, reused
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
  }
  return "unknown";
}

uint64_t RefusalSummary::total() const {
  uint64_t sum = 0;
  for (const uint64_t count : counts) sum += count;
  return sum;
}

Admission admit(model::WriteBatch& batch, const AdmissionRules& rules, TimestampMs now_ms) {
  return Admitter(batch, rules, now_ms).run();
}

}  // namespace sluice::ingest

#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::model {

inline constexpr std::string_view kMetricName = "__name__";

/// One label, borrowing its bytes. Whoever hands it out says who keeps them alive.
struct LabelView {
  std::string_view name;
  std::string_view value;
  friend bool operator==(const LabelView&, const LabelView&) = default;
  friend auto operator<=>(const LabelView&, const LabelView&) = default;
};

/// 128 bits of a label set. Equal label sets have equal hashes; unequal ones are told apart by comparing
/// the labels themselves (a hash is never trusted alone).
struct SeriesHash {
  uint64_t low = 0;
  uint64_t high = 0;
  friend bool operator==(const SeriesHash&, const SeriesHash&) = default;
};

/// An immutable label set, sorted by name (bytewise), names unique, no empty values: a missing label and
/// an empty one are the same thing in Prometheus.
///
/// Kept as one packed string, the canonical form: the label fields of a prometheus.TimeSeries (prompb/types.proto) as a
/// protobuf writer makes them, for each label `0a` varint(size of the rest) `0a` varint(name size) name `12`
/// varint(value size) value, every varint in its shortest form. Two sets are equal when their packed forms are, and
/// what senders of remote write send of a series is nearly always its packed form, to be compared as it is.
class Labels {
 public:
  Labels() = default;
  /// From any order; empty values are dropped; of duplicate names the last wins (callers that must refuse
  /// duplicates check before). Copies the bytes.
  static Labels from(std::vector<std::pair<std::string, std::string>> labels);
  static Labels from_views(std::span<const LabelView> sorted_unique);
  /// `packed` must be a canonical packed form, e.g. one that pack_labels wrote or that is_packed accepts.
  static Labels from_packed(std::string packed);

  class Iterator {
   public:
    using value_type = LabelView;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::forward_iterator_tag;
    Iterator() = default;
    LabelView operator*() const { return current_; }
    const LabelView* operator->() const { return &current_; }
    Iterator& operator++();
    Iterator operator++(int) {
      auto copy = *this;
      ++*this;
      return copy;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) { return a.at_ == b.at_; }

   private:
    friend class Labels;
    Iterator(const char* at, const char* end);
    void read();
    const char* at_ = nullptr;  // start of the current label
    const char* next_ = nullptr;  // start of the one after
    const char* end_ = nullptr;
    LabelView current_;
  };
  /// Views stay valid while this object lives unchanged.
  Iterator begin() const { return Iterator(packed_.data(), packed_.data() + packed_.size()); }
  Iterator end() const { return Iterator(packed_.data() + packed_.size(), packed_.data() + packed_.size()); }

  /// The value, or "" when the label is absent.
  std::string_view get(std::string_view name) const;
  bool has(std::string_view name) const;
  std::string_view metric_name() const { return get(kMetricName); }
  bool empty() const { return packed_.empty(); }
  size_t size() const;
  std::string_view packed() const { return packed_; }
  SeriesHash hash() const;

  /// Copies with some labels removed, kept or set; names in any order.
  Labels without(std::span<const std::string> names, bool drop_metric_name) const;
  Labels keep_only(std::span<const std::string> names) const;
  Labels with(std::string_view name, std::string_view value) const;  ///< "" removes it
  Labels without_metric_name() const;

  /// `{__name__="up", job="x"}` in Prometheus' notation: `up{job="x"}`, values quoted and escaped.
  std::string to_string() const;

  friend bool operator==(const Labels& a, const Labels& b) { return a.packed_ == b.packed_; }
  /// Prometheus' order: label by label, name then value, a prefix before what extends it.
  friend std::strong_ordering operator<=>(const Labels& a, const Labels& b);

 private:
  std::string packed_;
};

/// Appends the packed form of labels that are sorted by name, unique and without empty values.
void pack_labels(std::span<const LabelView> sorted, std::string& out);
/// Hash of a packed form; equals Labels::hash() of the same set.
SeriesHash hash_packed(std::string_view packed);
/// True when `bytes` is a canonical packed form.
bool is_packed(std::string_view bytes);
/// Takes the first label's bytes off `packed`, which must be a canonical packed form and not empty.
std::string_view take_packed_label(std::string_view& packed);
/// The one label whose packed form is `field`. Views point into it.
LabelView label_of_packed(std::string_view field);
/// Size of the packed form of such labels.
size_t packed_size(std::span<const LabelView> sorted);

/// Appends `text` in double quotes with `\"`, `\\`, `\n`, `\t`, `\r` and other control characters or invalid
/// UTF-8 as `\xNN`: how labels and matchers are shown everywhere.
void append_quoted(std::string& out, std::string_view text);

/// Label names as the classic rule has them: [a-zA-Z_][a-zA-Z0-9_]*.
bool is_classic_label_name(std::string_view name);
/// Metric names as the classic rule has them: [a-zA-Z_:][a-zA-Z0-9_:]*.
bool is_classic_metric_name(std::string_view name);

struct LabelsHasher {
  size_t operator()(const Labels& labels) const { return static_cast<size_t>(labels.hash().low); }
};
struct SeriesHashHasher {
  size_t operator()(const SeriesHash& hash) const { return static_cast<size_t>(hash.low); }
};

}  // namespace sluice::model

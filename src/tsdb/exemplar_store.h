#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/thread_safety.h"
#include "model/exemplar.h"
#include "model/labels.h"
#include "model/sample.h"
#include "model/write_batch.h"

namespace sluice::tsdb {

/// The exemplars of a workspace: the ones added last, so many and no more, whichever series they belong to (a ring, as
/// tsdb/exemplar.go has it). Series are known by their labels, which are kept here: exemplars outlive the time their
/// series is in the head, and join those of the same series when it comes back.
///
/// Within a series they are in time order, several at one time among them (a native histogram has an exemplar for each
/// bucket). Adding the same ones again changes nothing, so a log may be replayed over them.
///
/// Memory grows with what is kept. Thread-safe.
class ExemplarStore {
 public:
  /// `exemplars_max` 0 keeps none. `window_ms`: so much older than its series' newest one an exemplar may be; 0 means
  /// not older at all.
  ExemplarStore(size_t exemplars_max, int64_t window_ms) : exemplars_max_(exemplars_max), window_ms_(window_ms) {}

  enum class Verdict : uint8_t {
    kNew,
    kDuplicate,  ///< there already: nothing to do
    kOutOfOrder,  ///< "out of order exemplar": older than the window, or before others of the same time
    kNotKept,  ///< none are kept
  };
  /// What add() would say now.
  Verdict judge(const model::Labels& series, const model::Exemplar& exemplar) const;
  /// Adds it, when it is kNew, in place of the one added first when the ring is full.
  Verdict add(const model::Labels& series, model::Exemplar exemplar);
  bool keeps_any() const { return exemplars_max_ != 0; }

  using SeriesLabels = std::shared_ptr<const model::Labels>;
  /// Series with exemplars inside `range`, sorted. A caller asks its matchers and its filter about each.
  std::vector<SeriesLabels> series(model::TimeRange range) const;
  /// The exemplars of a series inside `range`, in time order.
  std::vector<model::Exemplar> read(const model::Labels& series, model::TimeRange range) const;
  /// All, in the order in which they were added, for a checkpoint. `visit` must not call back.
  void for_each(const std::function<void(const model::Labels& series, const model::Exemplar&)>& visit) const;

  size_t size() const;
  size_t series_count() const;

 private:
  static constexpr uint32_t kNone = UINT32_MAX;
  struct Slot {
    SeriesLabels series;
    uint32_t older = kNone;  // of the same series
    uint32_t newer = kNone;
    model::Exemplar exemplar;
  };
  struct Ends {
    uint32_t oldest = kNone;
    uint32_t newest = kNone;
  };
  struct HashLabels {
    using is_transparent = void;
    size_t operator()(const model::Labels& labels) const { return static_cast<size_t>(labels.hash().low); }
    size_t operator()(const SeriesLabels& labels) const { return (*this)(*labels); }
  };
  struct SameLabels {
    using is_transparent = void;
    static const model::Labels& of(const model::Labels& labels) { return labels; }
    static const model::Labels& of(const SeriesLabels& labels) { return *labels; }
    bool operator()(const auto& a, const auto& b) const { return of(a) == of(b); }
  };

  Verdict judge_locked(const model::Labels& series, const model::Exemplar& exemplar) const SLUICE_REQUIRES(mutex_);
  uint32_t not_after(const Ends& ends, TimestampMs t_ms) const SLUICE_REQUIRES(mutex_);
  uint32_t take_slot() SLUICE_REQUIRES(mutex_);
  void unlink(uint32_t at) SLUICE_REQUIRES(mutex_);
  void link(uint32_t at, Ends& ends) SLUICE_REQUIRES(mutex_);

  const size_t exemplars_max_;
  const int64_t window_ms_;
  mutable Mutex mutex_;
  std::vector<Slot> slots_ SLUICE_GUARDED_BY(mutex_);
  uint32_t next_ SLUICE_GUARDED_BY(mutex_) = 0;  // the slot written next, once all are there
  std::unordered_map<SeriesLabels, Ends, HashLabels, SameLabels> series_ SLUICE_GUARDED_BY(mutex_);
};

/// Counts what became of an exemplar.
void count_exemplar(ExemplarStore::Verdict verdict, model::AppendOutcome& outcome);

}  // namespace sluice::tsdb

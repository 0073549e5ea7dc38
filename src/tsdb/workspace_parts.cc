#include <algorithm>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/check.h"
#include "tsdb/pending_append.h"
#include "tsdb/workspace_db.h"

/// A request of more than plain floats: a record for each kind of what it holds; and what is no sample.
namespace sluice::tsdb {
namespace {

/// What became of the parts of one request. They are applied, in their order, one at a time; the last one answers.
struct Parts {
  void collect(Result<model::AppendOutcome> part) {
    if (!part) {
      if (!error) error = std::move(part).error();
      return;
    }
    part->add(outcome);
    outcome = *std::move(part);
  }
  Result<model::AppendOutcome> result() {
    if (error) return std::unexpected(*std::move(error));
    return std::move(outcome);
  }

  model::AppendOutcome outcome;
  std::optional<Error> error;
  WorkspaceDb::Done done;
};

struct Part {
  std::string record;
  std::unique_ptr<PendingAppend> pending;
};

}  // namespace

// Samples first, since what is said about a series follows it in the log.
void WorkspaceDb::append_parts(model::AppendBatch batch, Done done) {
  const auto all = std::make_shared<Parts>();
  all->done = std::move(done);
  SLUICE_CHECK(batch.start_ms.empty() || batch.start_ms.size() == batch.samples.size(), "a start for each sample");
  std::vector<Part> parts;
  const auto lease = batch.known_lease ? batch.known_lease : head_->lease();
  const auto prepare_part = [&](uint8_t kind, auto prepare) {
    auto pending = std::make_unique<PendingAppend>();
    pending->kind = kind;
    pending->known_lease = lease;
    std::string record = prepare(*pending);
    parts.push_back({std::move(record), std::move(pending)});
  };
  if (!batch.start_ms.empty()) {
    prepare_part(kStartedRecord, [&](PendingAppend& pending) { return prepare_started(batch, pending); });
  } else if (!batch.samples.empty()) {
    prepare_part(kAppendRecord, [&](PendingAppend& pending) { return prepare(batch, pending); });
  }
  if (!batch.histograms.empty()) {
    prepare_part(kHistogramRecord, [&](PendingAppend& pending) { return prepare_histograms(batch, pending); });
  }
  if (!batch.exemplars.empty()) {
    std::vector<MemorySeries*> made;
    for (const auto& part : parts) std::ranges::copy(part.pending->definitions, std::back_inserter(made));
    std::ranges::sort(made);
    prepare_part(kExemplarRecord, [&](PendingAppend& pending) { return prepare_exemplars(batch, made, pending); });
  }
  if (!batch.metadata.empty()) {
    prepare_part(kMetadataRecord, [&](PendingAppend& pending) { return prepare_metadata(batch, pending); });
  }
  batch = {};
  for (size_t i = 0; i < parts.size(); ++i) {
    PendingAppend& pending = *parts[i].pending;
    if (i + 1 < parts.size()) {
      pending.done = [all](Result<model::AppendOutcome> part) { all->collect(std::move(part)); };
    } else {
      pending.done = [all](Result<model::AppendOutcome> part) {
        all->collect(std::move(part));
        all->done(all->result());
      };
    }
  }
  for (auto& [record, pending] : parts) log_or_wait(std::move(record), std::move(pending));
}

// Only what is news needs to be in the log.
std::string WorkspaceDb::prepare_metadata(model::AppendBatch& batch, PendingAppend& pending) const {
  const TimestampMs now_ms = options_.clock->now_ms();
  for (auto& [family, metadata] : batch.metadata) {
    if (!extras_->metadata.is_news(family, metadata, now_ms)) continue;
    pending.metadata.push_back({std::move(family), std::move(metadata)});
  }
  return encode_metadata_record(pending.metadata);
}

// Typed samples are large: made here, they are there for one request at a time.
void WorkspaceDb::apply_started(PendingAppend& pending) {
  std::vector<HeadTypedSample> typed;
  typed.reserve(pending.samples.size());
  for (size_t i = 0; i < pending.samples.size(); ++i) {
    const auto& [series, sample] = pending.samples[i];
    typed.push_back({series, TypedSample::from(sample, pending.start_ms[i])});
  }
  head_->apply(pending.definitions, typed, pending.floor_ms, pending.outcome);
}

void WorkspaceDb::apply_exemplars(PendingAppend& pending) {
  for (auto& [series, exemplar] : pending.exemplars) {
    count_exemplar(extras_->exemplars.add(series, std::move(exemplar)), pending.outcome);
  }
}

void WorkspaceDb::apply_metadata(PendingAppend& pending) {
  const TimestampMs now_ms = options_.clock->now_ms();
  for (auto& [family, metadata] : pending.metadata) extras_->metadata.set(family, std::move(metadata), now_ms);
}

Result<std::vector<model::SeriesExemplars>> WorkspaceDb::exemplars(
    std::span<const std::vector<model::Matcher>> selectors, model::TimeRange range, model::QueryBudget& budget) const {
  std::vector<model::SeriesExemplars> all;
  for (const auto& series : extras_->exemplars.series(range)) {
    SLUICE_TRY(budget.charge(0));
    const auto matches = [&](const auto& matchers) { return model::matches_all(matchers, *series); };
    if (!std::ranges::any_of(selectors, matches)) continue;
    auto found = extras_->exemplars.read(*series, range);
    SLUICE_TRY(budget.charge(found.size()));
    if (!found.empty()) all.push_back({*series, std::move(found)});
  }
  return all;
}

Result<std::vector<model::MetricFamily>> WorkspaceDb::metadata(std::string_view name) const {
  std::vector<model::MetricFamily> all;
  if (!name.empty()) {
    if (auto family = extras_->metadata.find(name))
      all.push_back({std::move(family->name), std::move(family->metadata)});
    return all;
  }
  for (auto& family : extras_->metadata.families()) {
    all.push_back({std::move(family.name), std::move(family.metadata)});
  }
  return all;
}

}  // namespace sluice::tsdb

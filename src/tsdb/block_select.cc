#include "tsdb/block_select.h"

#include <algorithm>
#include <utility>

namespace sluice::tsdb {
namespace {

using model::Matcher;
using model::MatchType;

// Reading a series to ask for its labels costs about as much as trying a pattern on this many values.
constexpr size_t kValuesPerSeriesRead = 8;

bool is_negative(const Matcher& matcher) {
  return matcher.type() == MatchType::kNotEqual || matcher.type() == MatchType::kNotRegex;
}

/// The lists of the values of one label that a matcher accepts, or of those it does not.
class ValueLists {
 public:
  ValueLists(const BlockIndex& index, const Matcher& matcher, bool accepted)
      : index_(index), matcher_(matcher), accepted_(accepted) {}

  Result<std::vector<StoredPostings>> find() {
    // What is named by the matcher is what it accepts, unless it is a negative one.
    const bool named = accepted_ != is_negative(matcher_);
    const bool is_equality = matcher_.type() == MatchType::kEqual || matcher_.type() == MatchType::kNotEqual;
    if (named && is_equality) {
      SLUICE_TRY(add(matcher_.value()));
    } else if (named && !matcher_.set_matches().empty()) {
      for (const auto& value : matcher_.set_matches()) SLUICE_TRY(add(value));
    } else {
      SLUICE_TRY(try_values(named ? matcher_.prefix() : std::string_view()));
    }
    return std::move(lists_);
  }

 private:
  Result<void> add(std::string_view value) {
    SLUICE_ASSIGN(const StoredPostings list, index_.postings(matcher_.name(), value));
    if (!list.empty()) lists_.push_back(list);
    return {};
  }
  // Only values that begin with `prefix` can be meant.
  Result<void> try_values(std::string_view prefix) {
    auto values = index_.postings_table().values(matcher_.name(), prefix);
    while (values.next() && values.value().starts_with(prefix)) {
      if (matcher_.matches(values.value()) != accepted_) continue;
      SLUICE_ASSIGN(const StoredPostings list, index_.postings_at(values.postings()));
      lists_.push_back(list);
    }
    return {};
  }

  const BlockIndex& index_;
  const Matcher& matcher_;
  bool accepted_;
  std::vector<StoredPostings> lists_;
};

std::vector<uint32_t> to_vector(const StoredPostings& list) {
  std::vector<uint32_t> numbers(list.size());
  for (size_t i = 0; i < list.size(); ++i) numbers[i] = list[i];
  return numbers;
}

// A series has one value of a label, so the lists of a whole block share nothing; a damaged one may be unsorted.
std::vector<uint32_t> unite(const std::vector<StoredPostings>& lists) {
  std::vector<uint32_t> all;
  size_t total = 0;
  for (const auto& list : lists) total += list.size();
  all.reserve(total);
  for (const auto& list : lists) {
    for (size_t i = 0; i < list.size(); ++i) all.push_back(list[i]);
  }
  if (lists.size() > 1) std::ranges::sort(all);
  return all;
}

/// Answers for increasing numbers whether a list has them, by steps that double: far cheaper than a walk when the list
/// is long and the questions are few.
class Galloper {
 public:
  explicit Galloper(const StoredPostings& list) : list_(list) {}

  bool has(uint32_t number) {
    size_t step = 1;
    size_t end = at_;
    while (end < list_.size() && list_[end] < number) {
      at_ = end + 1;
      end += step;
      step *= 2;
    }
    end = std::min(end, list_.size());
    while (at_ < end) {
      const size_t middle = at_ + (end - at_) / 2;
      if (list_[middle] < number) {
        at_ = middle + 1;
      } else {
        end = middle;
      }
    }
    return at_ < list_.size() && list_[at_] == number;
  }

 private:
  const StoredPostings& list_;
  size_t at_ = 0;
};

void keep(std::vector<uint32_t>& numbers, const std::vector<StoredPostings>& lists, bool if_in_lists) {
  if (lists.size() == 1) {
    Galloper list(lists.front());
    std::erase_if(numbers, [&](uint32_t number) { return list.has(number) != if_in_lists; });
    return;
  }
  const auto all = unite(lists);
  auto at = all.begin();
  std::erase_if(numbers, [&](uint32_t number) {
    while (at != all.end() && *at < number) ++at;
    return (at != all.end() && *at == number) != if_in_lists;
  });
}

Result<void> narrow(const BlockIndex& index, const Matcher& matcher, std::vector<uint32_t>& numbers) {
  const size_t values = index.postings_table().value_count(matcher.name());
  if (numbers.size() < values / kValuesPerSeriesRead) {
    std::vector<uint32_t> kept;
    for (const uint32_t number : numbers) {
      SLUICE_ASSIGN(const auto entry, index.series(number));
      SLUICE_ASSIGN(const auto labels, index.labels(entry));
      if (matcher.matches(labels)) kept.push_back(number);
    }
    numbers = std::move(kept);
    return {};
  }
  const bool accepts_absence = matcher.matches_empty();
  SLUICE_ASSIGN(const auto lists, ValueLists(index, matcher, !accepts_absence).find());
  keep(numbers, lists, !accepts_absence);
  return {};
}

}  // namespace

Result<std::vector<uint32_t>> select_series(const BlockIndex& index, std::span<const Matcher> matchers) {
  // The equality with the fewest series is where to begin; the order of the others does not change the result.
  const Matcher* narrowest = nullptr;
  StoredPostings fewest;
  for (const auto& matcher : matchers) {
    if (matcher.type() != MatchType::kEqual || matcher.value().empty()) continue;
    SLUICE_ASSIGN(const StoredPostings list, index.postings(matcher.name(), matcher.value()));
    if (list.empty()) return std::vector<uint32_t>();
    if (narrowest == nullptr || list.size() < fewest.size()) {
      fewest = list;
      narrowest = &matcher;
    }
  }
  if (narrowest == nullptr) {
    SLUICE_ASSIGN(fewest, index.all_series());
  }
  auto numbers = to_vector(fewest);
  for (const auto& matcher : matchers) {
    if (numbers.empty()) break;
    if (&matcher != narrowest) SLUICE_TRY(narrow(index, matcher, numbers));
  }
  return numbers;
}

}  // namespace sluice::tsdb

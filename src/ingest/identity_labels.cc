#include "ingest/identity_labels.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/encoding.h"
#include "base/limits.h"

namespace sluice::ingest {
namespace {

Result<void> check(const IdentityLabel& label) {
  const auto refuse = [&](std::string_view why) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("identity label \"{}\": {}", printable(label.name, 100), why));
  };
  if (label.name.empty()) return refuse("the name is empty");
  if (!is_valid_utf8(label.name) || !is_valid_utf8(label.value)) return refuse("name and value must be valid UTF-8");
  if (label.name == model::kMetricName) return refuse("a metric's name cannot be bound to an identity");
  if (label.value.empty()) return refuse("the value is empty, which in Prometheus means no label");
  if (label.name.size() > limits::kLabelNameBytesMax) {
    return refuse(fmt::format("the name is over {} bytes", limits::kLabelNameBytesMax));
  }
  if (label.value.size() > limits::kLabelNameBytesMax) {
    return refuse(fmt::format("the value is over {} bytes", limits::kLabelNameBytesMax));
  }
  return {};
}

}  // namespace

Result<IdentityLabels> IdentityLabels::make(std::vector<IdentityLabel> labels) {
  for (const IdentityLabel& label : labels) SLUICE_TRY(check(label));
  std::ranges::sort(labels, {}, &IdentityLabel::name);
  const auto twice = std::ranges::adjacent_find(labels, {}, &IdentityLabel::name);
  if (twice != labels.end()) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("identity label \"{}\" is given twice", printable(twice->name, 100)));
  }
  IdentityLabels result;
  result.labels_ = std::move(labels);
  return result;
}

const IdentityLabel* IdentityLabels::apply(std::vector<model::LabelView>& labels) const {
  auto at = labels.begin();
  for (const IdentityLabel& own : labels_) {
    at = std::ranges::lower_bound(at, labels.end(), own.name, {}, &model::LabelView::name);
    if (at == labels.end() || at->name != own.name) {
      at = labels.insert(at, {.name = own.name, .value = own.value});
    } else if (own.mode == IdentityMode::kOverride) {
      at->value = own.value;
    } else if (at->value != own.value) {
      return &own;
    }
  }
  return nullptr;
}

}  // namespace sluice::ingest

#include "base/metrics.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/check.h"

namespace sluice {

HistogramMetric::HistogramMetric(std::vector<double> upper_bounds)
    : upper_bounds_(std::move(upper_bounds)),
      counts_(std::make_unique<std::atomic<uint64_t>[]>(upper_bounds_.size() + 1)) {
  SLUICE_CHECK(std::ranges::is_sorted(upper_bounds_), "histogram bounds must increase");
}

void HistogramMetric::observe(double value) {
  // A NaN is below no bound and lands in +Inf's own bucket.
  const auto at = std::ranges::find_if(upper_bounds_, [value](double bound) { return value <= bound; });
  counts_[static_cast<size_t>(at - upper_bounds_.begin())].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
}

std::vector<uint64_t> HistogramMetric::counts() const {
  std::vector<uint64_t> counts(upper_bounds_.size() + 1);
  for (size_t i = 0; i < counts.size(); ++i) counts[i] = counts_[i].load(std::memory_order_relaxed);
  return counts;
}

struct MetricRegistry::Child {
  MetricLabels labels;
  // One of these, by the family's type and kind.
  std::unique_ptr<Counter> counter;
  std::unique_ptr<Gauge> gauge;
  std::unique_ptr<HistogramMetric> histogram;
  std::function<double()> read;
};

struct MetricRegistry::Family {
  std::string name;
  std::string help;
  std::string type;
  std::vector<std::unique_ptr<Child>> children;
};

namespace {

// Exposition format 0.0.4: HELP escapes backslash and line break, label values the double quote as well.
void append_escaped(std::string& out, std::string_view text, bool quote) {
  for (const char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && quote) {
      out += "\\\"";
    } else {
      out += c;
    }
  }
}

std::string format_value(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return fmt::format("{}", value);
}

/// `le` is the bucket's bound, "" for none.
void append_sample(std::string& out, std::string_view name, std::string_view suffix, const MetricLabels& labels,
                   std::string_view le, std::string_view value) {
  out.append(name).append(suffix);
  char separator = '{';
  for (const auto& [label, text] : labels) {
    out += separator;
    out.append(label).append("=\"");
    append_escaped(out, text, true);
    out += '"';
    separator = ',';
  }
  if (!le.empty()) {
    out += separator;
    out.append("le=\"").append(le).append("\"");
    separator = ',';
  }
  if (separator == ',') out += '}';
  out += ' ';
  out.append(value).append("\n");
}

void append_histogram(std::string& out, std::string_view name, const MetricLabels& labels,
                      const HistogramMetric& histogram) {
  const auto counts = histogram.counts();
  uint64_t cumulative = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    cumulative += counts[i];
    const bool is_last = i == histogram.upper_bounds().size();
    const std::string le = is_last ? "+Inf" : format_value(histogram.upper_bounds()[i]);
    append_sample(out, name, "_bucket", labels, le, std::to_string(cumulative));
  }
  append_sample(out, name, "_sum", labels, "", format_value(histogram.sum()));
  append_sample(out, name, "_count", labels, "", std::to_string(cumulative));
}

}  // namespace

MetricRegistry::MetricRegistry() = default;
MetricRegistry::~MetricRegistry() = default;

MetricRegistry::Child& MetricRegistry::child(std::string_view name, std::string_view help, std::string_view type,
                                             MetricLabels labels) {
  auto at = std::ranges::lower_bound(families_, name, {},
                                     [](const auto& family) -> std::string_view { return family->name; });
  if (at == families_.end() || (*at)->name != name) {
    at = families_.insert(at, std::make_unique<Family>());
    (*at)->name = name;
    (*at)->help = help;
    (*at)->type = type;
  }
  Family& family = **at;
  SLUICE_CHECK(family.type == type, "a metric asked for again with another type");
  for (const auto& existing : family.children) {
    if (existing->labels == labels) return *existing;
  }
  family.children.push_back(std::make_unique<Child>());
  family.children.back()->labels = std::move(labels);
  return *family.children.back();
}

Counter& MetricRegistry::counter(std::string_view name, std::string_view help, MetricLabels labels) {
  const MutexLock lock(mutex_);
  Child& made = child(name, help, "counter", std::move(labels));
  if (!made.counter) made.counter = std::make_unique<Counter>();
  return *made.counter;
}

Gauge& MetricRegistry::gauge(std::string_view name, std::string_view help, MetricLabels labels) {
  const MutexLock lock(mutex_);
  Child& made = child(name, help, "gauge", std::move(labels));
  SLUICE_CHECK(!made.read, "a gauge that is computed when scraped");
  if (!made.gauge) made.gauge = std::make_unique<Gauge>();
  return *made.gauge;
}

HistogramMetric& MetricRegistry::histogram(std::string_view name, std::string_view help,
                                           std::vector<double> upper_bounds, MetricLabels labels) {
  const MutexLock lock(mutex_);
  Child& made = child(name, help, "histogram", std::move(labels));
  if (!made.histogram) made.histogram = std::make_unique<HistogramMetric>(std::move(upper_bounds));
  return *made.histogram;
}

void MetricRegistry::gauge_function(std::string_view name, std::string_view help, MetricLabels labels,
                                    std::function<double()> read) {
  const MutexLock lock(mutex_);
  Child& made = child(name, help, "gauge", std::move(labels));
  SLUICE_CHECK(!made.gauge, "a gauge that is set, not computed");
  made.read = std::move(read);
}

void MetricRegistry::remove_gauge_functions(const MetricLabels& labels) {
  const MutexLock lock(mutex_);
  for (const auto& family : families_) {
    std::erase_if(family->children, [&](const auto& child) { return child->read && child->labels == labels; });
  }
}

std::string MetricRegistry::expose() const {
  const MutexLock lock(mutex_);
  std::string out;
  for (const auto& family : families_) {
    if (family->children.empty()) continue;
    out.append("# HELP ").append(family->name).append(" ");
    append_escaped(out, family->help, false);
    out.append("\n# TYPE ").append(family->name).append(" ").append(family->type).append("\n");
    for (const auto& child : family->children) {
      if (child->counter)
        append_sample(out, family->name, "", child->labels, "", std::to_string(child->counter->value()));
      if (child->gauge) append_sample(out, family->name, "", child->labels, "", format_value(child->gauge->value()));
      if (child->read) append_sample(out, family->name, "", child->labels, "", format_value(child->read()));
      if (child->histogram) append_histogram(out, family->name, child->labels, *child->histogram);
    }
  }
  return out;
}

}  // namespace sluice

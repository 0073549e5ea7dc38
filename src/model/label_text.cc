// How label sets are shown to people, and the classic rules for names.
#include <iterator>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "base/utf8.h"
#include "model/labels.h"

namespace sluice::model {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_name(std::string_view name, bool allows_colon) {
  if (name.empty() || is_digit(name.front())) return false;
  for (const char c : name) {
    if (!is_letter(c) && !is_digit(c) && !(allows_colon && c == ':')) return false;
  }
  return true;
}

}  // namespace

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const Utf8Step step = next_utf8(text);
    const char c = text.front();
    if (!step.is_valid || step.code_point < 0x20 || step.code_point == 0x7f) {
      switch (c) {
        case '\n': out += "\\n"; break;
        case '\t': out += "\\t"; break;
        case '\r': out += "\\r"; break;
        default: fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(c));
      }
    } else {
      if (c == '"' || c == '\\') out += '\\';
      out += text.substr(0, step.length);
    }
    text.remove_prefix(step.length);
  }
  out += '"';
}

std::string Labels::to_string() const {
  const std::string_view metric = metric_name();
  const bool is_name_in_front = is_classic_metric_name(metric);
  std::string out;
  if (is_name_in_front) out += metric;

  bool is_first = true;
  const auto separate = [&] {
    out += is_first ? "{" : ", ";
    is_first = false;
  };
  // A name outside the classic rule stands quoted inside the braces, as PromQL reads it back.
  if (!metric.empty() && !is_name_in_front) {
    separate();
    append_quoted(out, metric);
  }
  for (const LabelView& label : *this) {
    if (label.name == kMetricName) continue;
    separate();
    if (is_classic_label_name(label.name)) {
      out += label.name;
    } else {
      append_quoted(out, label.name);
    }
    out += '=';
    append_quoted(out, label.value);
  }
  if (!is_first) out += '}';
  return out.empty() ? "{}" : out;
}

bool is_classic_label_name(std::string_view name) { return is_name(name, false); }
bool is_classic_metric_name(std::string_view name) { return is_name(name, true); }

}  // namespace sluice::model

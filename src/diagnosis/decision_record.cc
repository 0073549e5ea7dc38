#include "diagnosis/decision_record.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/encoding.h"
#include "base/json.h"
#include "base/limits.h"

namespace sluice::diagnosis {
namespace {

constexpr size_t kLabelWidth = 12;

std::string clean(std::string_view text) { return printable(text, limits::kDecisionFieldBytesMax); }

TimestampMs last_time(const DecisionRecord& record) { return std::max(record.time_ms, record.last_time_ms); }

/// Appends `text` broken at spaces so that lines, `indent` included, stay within `columns`; a word longer
/// than a line stays whole, so that ARNs and URLs can be copied.
void append_wrapped(std::string& out, std::string_view text, size_t indent, size_t columns, size_t at) {
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    if (word.empty()) continue;
    if (at > indent && at + 1 + word.size() > columns) {
      out += '\n';
      out.append(indent, ' ');
      at = indent;
    } else if (at > indent) {
      out += ' ';
      ++at;
    }
    out += word;
    at += word.size();
  }
  out += '\n';
}

class TextForm {
 public:
  explicit TextForm(size_t columns) : columns_(columns) {}

  void heading(std::string_view name) { out_ += fmt::format("{}{}\n", out_.empty() ? "" : "\n", name); }
  void paragraph(std::string_view text) {
    out_ += "  ";
    append_wrapped(out_, text, 2, columns_, 2);
  }
  void field(std::string_view name, std::string_view value) {
    if (value.empty()) return;
    out_ += fmt::format("  {:<{}}", name, kLabelWidth);
    append_wrapped(out_, value, 2 + kLabelWidth, columns_, 2 + kLabelWidth);
  }
  std::string take() { return std::move(out_); }

 private:
  const size_t columns_;
  std::string out_;
};

}  // namespace

std::string to_json(const DecisionRecord& record) {
  const Rule& found = rule(record.first_failure.rule);
  std::string out;
  JsonWriter json(out);
  const auto text = [&json](std::string_view name, std::string_view value) {
    if (!value.empty()) json.member(name, clean(value));
  };
  json.begin_object();
  json.member("kind", "decision");
  json.member("time", format_iso8601_ms(record.time_ms));
  text("request_id", record.request_id);
  json.member("outcome", "refused");
  text("operation", record.operation);
  text("action", record.action);
  text("principal", record.principal);
  text("access_key_id", record.access_key_id);
  text("issuer", record.issuer);
  text("subject", record.subject);
  text("resource", record.resource);
  text("source_ip", record.source_ip);
  json.member("status", record.status);
  text("code", record.code);
  text("message", record.message);
  json.member("rule", found.name);
  json.member("title", found.title);
  text("seen", record.first_failure.seen);
  text("wanted", record.first_failure.wanted);
  text("fix", record.first_failure.fix);
  text("detail", record.first_failure.detail);
  json.member("count", static_cast<int64_t>(record.count));
  if (record.count > 1) json.member("last_time", format_iso8601_ms(last_time(record)));
  json.end_object();
  return out;
}

std::string to_text(const DecisionRecord& record, size_t columns) {
  const Rule& found = rule(record.first_failure.rule);
  const Finding& failure = record.first_failure;
  TextForm form(columns);
  form.heading("Fix");
  form.paragraph(clean(failure.fix));
  form.heading("Why it was refused");
  form.paragraph(found.title);
  form.field("seen", clean(failure.seen));
  form.field("wanted", clean(failure.wanted));
  form.field("detail", clean(failure.detail));
  form.field("rule", found.name);
  form.heading("The request");
  form.field("id", clean(record.request_id));
  form.field("time", format_iso8601_ms(record.time_ms));
  form.field("operation", clean(record.operation));
  form.field("action", clean(record.action));
  form.field("resource", clean(record.resource));
  form.field("principal", clean(record.principal));
  form.field("access key", clean(record.access_key_id));
  form.field("issuer", clean(record.issuer));
  form.field("subject", clean(record.subject));
  form.field("from", clean(record.source_ip));
  if (record.count > 1) {
    form.field("repeated",
               fmt::format("{} such refusals, the last at {}", record.count, format_iso8601_ms(last_time(record))));
  }
  form.heading("What the caller was told");
  form.paragraph(fmt::format("{} {}: {}", record.status, clean(record.code), clean(record.message)));
  return form.take();
}

}  // namespace sluice::diagnosis

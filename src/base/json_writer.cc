#include <cmath>
#include <iterator>

#include <fmt/format.h>

#include "base/check.h"
#include "base/json.h"
#include "base/utf8.h"

namespace sluice {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD

void append_number(std::string& out, double value) {
  SLUICE_CHECK(std::isfinite(value), "JSON has no infinities and no NaN");
  fmt::format_to(std::back_inserter(out), "{}", value);
}

void append_escaped(std::string& out, unsigned char c) {
  switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: fmt::format_to(std::back_inserter(out), "\\u{:04x}", c);
  }
}

bool is_plain(unsigned char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; }

void write(JsonWriter& writer, const JsonValue& value);

void write_double(JsonWriter& writer, double value) {
  std::string text;
  append_number(text, value);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";  // without it, it would read back as an integer
  writer.raw(text);
}

void write_members(JsonWriter& writer, const JsonObject& object) {
  writer.begin_object();
  for (const auto& [name, member] : object.members()) {
    writer.key(name);
    write(writer, member);
  }
  writer.end_object();
}

void write_elements(JsonWriter& writer, const JsonArray& array) {
  writer.begin_array();
  for (const auto& element : array) write(writer, element);
  writer.end_array();
}

void write(JsonWriter& writer, const JsonValue& value) {
  switch (value.kind()) {
    case JsonValue::Kind::kNull: return writer.null();
    case JsonValue::Kind::kBool: return writer.boolean(*value.as_bool());
    case JsonValue::Kind::kInteger: return writer.integer(*value.as_integer());
    case JsonValue::Kind::kDouble: return write_double(writer, *value.as_double());
    case JsonValue::Kind::kString: return writer.string(*value.as_string());
    case JsonValue::Kind::kArray: return write_elements(writer, *value.as_array());
    case JsonValue::Kind::kObject: return write_members(writer, *value.as_object());
  }
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    size_t plain = 0;
    while (plain < text.size() && is_plain(static_cast<unsigned char>(text[plain]))) ++plain;
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    const Utf8Step step = next_utf8(text);
    if (!step.is_valid) {
      out.append(kReplacement);
    } else if (step.length == 1) {
      append_escaped(out, static_cast<unsigned char>(text.front()));
    } else {
      out.append(text.substr(0, step.length));
    }
    text.remove_prefix(step.length);
  }
  out += '"';
}

std::string to_json(const JsonValue& value) {
  std::string out;
  JsonWriter writer(out);
  write(writer, value);
  return out;
}

void JsonWriter::before_value() {
  if (levels_.empty()) {
    SLUICE_CHECK(!complete_, "a second value after the JSON text's end");
    return;
  }
  Level& level = levels_.back();
  if (level.is_object) {
    SLUICE_CHECK(after_key_, "a value in an object without its key");
    after_key_ = false;
    return;
  }
  if (!level.is_first) out_ += ',';
  level.is_first = false;
}

void JsonWriter::open(bool is_object, char bracket) {
  before_value();
  levels_.push_back({.is_object = is_object});
  out_ += bracket;
}

void JsonWriter::close(bool is_object, char bracket) {
  SLUICE_CHECK(!levels_.empty() && levels_.back().is_object == is_object, "closes what is not open");
  SLUICE_CHECK(!after_key_, "a key without its value");
  levels_.pop_back();
  out_ += bracket;
  complete_ = levels_.empty();
}

void JsonWriter::begin_object() { open(true, '{'); }
void JsonWriter::end_object() { close(true, '}'); }
void JsonWriter::begin_array() { open(false, '['); }
void JsonWriter::end_array() { close(false, ']'); }

void JsonWriter::key(std::string_view name) {
  SLUICE_CHECK(!levels_.empty() && levels_.back().is_object && !after_key_, "a key out of place");
  if (!levels_.back().is_first) out_ += ',';
  levels_.back().is_first = false;
  append_json_string(out_, name);
  out_ += ':';
  after_key_ = true;
}

void JsonWriter::string(std::string_view text) {
  before_value();
  append_json_string(out_, text);
  complete_ = levels_.empty();
}

void JsonWriter::integer(int64_t value) {
  before_value();
  fmt::format_to(std::back_inserter(out_), "{}", value);
  complete_ = levels_.empty();
}

void JsonWriter::number(double value) {
  before_value();
  append_number(out_, value);
  complete_ = levels_.empty();
}

void JsonWriter::boolean(bool value) { raw(value ? "true" : "false"); }
void JsonWriter::null() { raw("null"); }

void JsonWriter::raw(std::string_view json) {
  before_value();
  out_.append(json);
  complete_ = levels_.empty();
}

}  // namespace sluice

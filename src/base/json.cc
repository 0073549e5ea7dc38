#include "base/json.h"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "base/check.h"
#include "base/encoding.h"

namespace sluice {

JsonObject::JsonObject() = default;
JsonObject::JsonObject(const JsonObject&) = default;
JsonObject::JsonObject(JsonObject&&) noexcept = default;
JsonObject& JsonObject::operator=(const JsonObject&) = default;
JsonObject& JsonObject::operator=(JsonObject&&) noexcept = default;
JsonObject::~JsonObject() = default;

JsonObject JsonObject::from_unique(std::vector<std::pair<std::string, JsonValue>> members) {
  JsonObject object;
  object.members_ = std::move(members);
  return object;
}

const JsonValue* JsonObject::find(std::string_view name) const {
  const auto at =
      std::ranges::find(members_, name, [](const auto& member) -> std::string_view { return member.first; });
  return at == members_.end() ? nullptr : &at->second;
}

void JsonObject::set(std::string name, JsonValue value) {
  for (auto& [existing, slot] : members_) {
    if (existing == name) {
      slot = std::move(value);
      return;
    }
  }
  members_.emplace_back(std::move(name), std::move(value));
}

size_t JsonObject::size() const { return members_.size(); }

std::string_view to_string(JsonValue::Kind kind) {
  switch (kind) {
    case JsonValue::Kind::kNull: return "null";
    case JsonValue::Kind::kBool: return "boolean";
    case JsonValue::Kind::kInteger: return "integer";
    case JsonValue::Kind::kDouble: return "number";
    case JsonValue::Kind::kString: return "string";
    case JsonValue::Kind::kArray: return "array";
    case JsonValue::Kind::kObject: return "object";
  }
  return "unknown";
}

namespace {

namespace json = boost::json;

/// Builds the tree from the parser's events, and refuses what the parser itself would let pass.
class TreeHandler {
 public:
  // The parser's own bounds, off: JsonLimits bounds the bytes and the values.
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

  explicit TreeHandler(size_t values_max) : values_max_(values_max) {}

  /// Set when an event was refused here rather than by the parser.
  const Error& refusal() const { return refusal_; }
  JsonValue take_root() { return std::move(root_); }

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }

  bool on_object_begin(json::error_code& error) { return open(true, error); }
  bool on_array_begin(json::error_code& error) { return open(false, error); }
  bool on_object_end(std::size_t, json::error_code& error) {
    Frame frame = std::move(frames_.back());
    frames_.pop_back();
    if (!names_are_unique(frame, error)) return false;
    place(JsonObject::from_unique(std::move(frame.members)));
    return true;
  }
  bool on_array_end(std::size_t, json::error_code&) {
    JsonArray elements = std::move(frames_.back().elements);
    frames_.pop_back();
    place(std::move(elements));
    return true;
  }

  bool on_key_part(json::string_view part, std::size_t, json::error_code&) { return append(part); }
  bool on_key(json::string_view part, std::size_t, json::error_code&) {
    append(part);
    frames_.back().name = std::exchange(text_, {});
    return true;
  }
  bool on_string_part(json::string_view part, std::size_t, json::error_code&) { return append(part); }
  bool on_string(json::string_view part, std::size_t, json::error_code& error) {
    append(part);
    return count(error) && place(std::exchange(text_, {}));
  }

  bool on_number_part(json::string_view part, json::error_code&) { return append(part); }
  bool on_int64(std::int64_t value, json::string_view, json::error_code& error) {
    text_.clear();
    return count(error) && place(value);
  }
  bool on_uint64(std::uint64_t value, json::string_view part, json::error_code& error) {
    return on_double(static_cast<double>(value), part, error);
  }
  bool on_double(double approximation, json::string_view part, json::error_code& error);
  bool on_bool(bool value, json::error_code& error) { return count(error) && place(value); }
  bool on_null(json::error_code& error) { return count(error) && place(nullptr); }

 private:
  struct Frame {
    bool is_object;
    std::string name;  // of the member whose value comes next
    JsonArray elements;
    std::vector<std::pair<std::string, JsonValue>> members;
  };

  bool append(json::string_view part) {
    text_.append(part.data(), part.size());
    return true;
  }
  bool open(bool is_object, json::error_code& error) {
    if (!count(error)) return false;
    frames_.push_back({.is_object = is_object, .name = {}, .elements = {}, .members = {}});
    return true;
  }
  bool count(json::error_code& error) {
    if (++values_ <= values_max_) return true;
    return refuse(ErrorCode::kTooLarge, fmt::format("more than {} values", values_max_), error);
  }
  bool place(JsonValue value) {
    if (frames_.empty()) {
      root_ = std::move(value);
    } else if (Frame& top = frames_.back(); top.is_object) {
      top.members.emplace_back(std::move(top.name), std::move(value));
    } else {
      top.elements.push_back(std::move(value));
    }
    return true;
  }
  bool refuse(ErrorCode code, std::string message, json::error_code& error) {
    refusal_ = {code, std::move(message)};
    error = json::error::syntax;  // any value: it only stops the parser
    return false;
  }
  bool names_are_unique(const Frame& frame, json::error_code& error);

  size_t values_max_;
  size_t values_ = 0;
  std::string text_;
  std::vector<Frame> frames_;
  JsonValue root_;
  Error refusal_;
};

// Sorted once at the end of the object: an object of a hundred thousand members must not cost their square.
bool TreeHandler::names_are_unique(const Frame& frame, json::error_code& error) {
  std::vector<std::string_view> names;
  names.reserve(frame.members.size());
  for (const auto& [name, value] : frame.members) names.push_back(name);
  std::ranges::sort(names);
  const auto twice = std::ranges::adjacent_find(names);
  if (twice == names.end()) return true;
  return refuse(ErrorCode::kMalformed, fmt::format("duplicate member name \"{}\"", printable(*twice, 100)), error);
}

// The parser's own doubles may be off in the last place, so the text is converted anew.
bool TreeHandler::on_double(double approximation, json::string_view part, json::error_code& error) {
  append(part);
  const std::string text = std::exchange(text_, {});
  double value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code == std::errc::result_out_of_range) {
    if (!(std::abs(approximation) < 1)) {
      return refuse(ErrorCode::kMalformed, fmt::format("the number {} is too large for a double", printable(text, 40)),
                    error);
    }
    value = std::copysign(0.0, approximation);
  } else if (code != std::errc() || end != text.data() + text.size()) {
    return refuse(ErrorCode::kMalformed, fmt::format("{} is not a number", printable(text, 40)), error);
  }
  return count(error) && place(value);
}

bool is_json_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::unexpected<Error> fail_at(size_t offset, ErrorCode code, std::string_view reason) {
  return fail(code, fmt::format("JSON, byte {}: {}", offset, reason));
}

}  // namespace

Result<JsonValue> parse_json(std::string_view text, const JsonLimits& limits) {
  if (text.size() > limits.bytes_max) {
    return fail(ErrorCode::kTooLarge,
                fmt::format("JSON of {} bytes; at most {} are read", text.size(), limits.bytes_max));
  }
  json::parse_options options;
  options.max_depth = limits.depth_max;
  json::basic_parser<TreeHandler> parser(options, limits.values_max);
  json::error_code error;
  size_t offset = parser.write_some(false, text.data(), text.size(), error);
  if (error) {
    const Error& refusal = parser.handler().refusal();
    if (!refusal.message.empty()) return fail_at(offset, refusal.code, refusal.message);
    if (error == json::error::too_deep) {
      return fail_at(offset, ErrorCode::kTooLarge, fmt::format("nested deeper than {}", limits.depth_max));
    }
    if (error == json::error::incomplete) return fail_at(offset, ErrorCode::kMalformed, "the text ends too early");
    return fail_at(offset, ErrorCode::kMalformed, error.message());
  }
  while (offset < text.size() && is_json_space(text[offset])) ++offset;
  if (offset != text.size()) return fail_at(offset, ErrorCode::kMalformed, "something follows the value");
  return parser.handler().take_root();
}

}  // namespace sluice

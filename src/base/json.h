#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace sluice {

class JsonValue;
using JsonArray = std::vector<JsonValue>;

/// Members in the order of the text; names are unique (the reader refuses duplicates).
class JsonObject {
 public:
  JsonObject();
  JsonObject(const JsonObject&);
  JsonObject(JsonObject&&) noexcept;
  JsonObject& operator=(const JsonObject&);
  JsonObject& operator=(JsonObject&&) noexcept;
  ~JsonObject();

  /// Takes members whose names the caller has found to be unique.
  static JsonObject from_unique(std::vector<std::pair<std::string, JsonValue>> members);

  /// The member's value, or nullptr. Valid until the object changes.
  const JsonValue* find(std::string_view name) const;
  void set(std::string name, JsonValue value);  ///< adds, or replaces in place; linear in size()
  size_t size() const;
  bool empty() const { return size() == 0; }
  const std::vector<std::pair<std::string, JsonValue>>& members() const { return members_; }

 private:
  std::vector<std::pair<std::string, JsonValue>> members_;
};

/// Integers that fit are kept exactly; everything else numeric is a double. `1.0` and `1e0` are doubles.
class JsonValue {
 public:
  enum class Kind : uint8_t { kNull, kBool, kInteger, kDouble, kString, kArray, kObject };

  JsonValue() = default;
  JsonValue(std::nullptr_t) {}
  JsonValue(bool value) : data_(value) {}
  JsonValue(int64_t value) : data_(value) {}
  JsonValue(int value) : data_(int64_t{value}) {}
  JsonValue(double value) : data_(value) {}
  JsonValue(std::string value) : data_(std::move(value)) {}
  JsonValue(const char* value) : data_(std::string(value)) {}
  JsonValue(std::string_view value) : data_(std::string(value)) {}
  JsonValue(JsonArray value) : data_(std::move(value)) {}
  JsonValue(JsonObject value) : data_(std::move(value)) {}

  Kind kind() const { return static_cast<Kind>(data_.index()); }
  bool is_null() const { return kind() == Kind::kNull; }
  /// Null when the value is of another kind.
  const bool* as_bool() const { return std::get_if<bool>(&data_); }
  const int64_t* as_integer() const { return std::get_if<int64_t>(&data_); }
  const double* as_double() const { return std::get_if<double>(&data_); }
  const std::string* as_string() const { return std::get_if<std::string>(&data_); }
  const JsonArray* as_array() const { return std::get_if<JsonArray>(&data_); }
  const JsonObject* as_object() const { return std::get_if<JsonObject>(&data_); }

 private:
  std::variant<std::monostate, bool, int64_t, double, std::string, JsonArray, JsonObject> data_;
};

/// "null", "boolean", "integer", "number", "string", "array", "object": for error texts.
std::string_view to_string(JsonValue::Kind kind);

struct JsonLimits {
  size_t bytes_max = 1 << 20;
  size_t depth_max = 32;
  size_t values_max = 100'000;  ///< values of every kind, together
};

/// Reads one JSON text (RFC 8259), strictly: duplicate member names, comments, trailing commas, NaN, a BOM,
/// invalid UTF-8, a lone surrogate, anything after the value, and anything over `limits` are errors.
/// kMalformed or kTooLarge, the message naming the byte offset and what was found. Thread-safe.
Result<JsonValue> parse_json(std::string_view text, const JsonLimits& limits = {});

/// Compact JSON, members in order. Round-trips parse_json's values (a double keeps its kind: 1 is "1.0").
/// SLUICE_CHECKs that doubles are finite.
std::string to_json(const JsonValue& value);

/// Writes JSON straight into a string, without a tree: answers are large. The caller keeps the structure
/// right (SLUICE_CHECKed); commas and escaping are the writer's. Not thread-safe.
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}  ///< appends; `out` must outlive the writer

  void begin_object();
  void end_object();
  void begin_array();
  void end_array();
  void key(std::string_view name);
  void string(std::string_view text);  ///< invalid UTF-8 becomes U+FFFD
  void integer(int64_t value);
  void number(double value);  ///< shortest round-trip form (1 is "1"); SLUICE_CHECKs that it is finite
  void boolean(bool value);
  void null();
  void raw(std::string_view json);  ///< one value, already JSON

  void member(std::string_view name, std::string_view text) {
    key(name);
    string(text);
  }
  void member(std::string_view name, const char* text) {
    key(name);
    string(text);
  }
  void member(std::string_view name, int64_t value) {
    key(name);
    integer(value);
  }
  void member(std::string_view name, int value) {
    key(name);
    integer(value);
  }
  void member(std::string_view name, double value) {
    key(name);
    number(value);
  }
  void member(std::string_view name, bool value) {
    key(name);
    boolean(value);
  }

 private:
  struct Level {
    bool is_object;
    bool is_first = true;
  };
  /// Checks that a value may stand here and puts the comma before it.
  void before_value();
  void open(bool is_object, char bracket);
  void close(bool is_object, char bracket);

  std::string& out_;
  std::vector<Level> levels_;
  bool after_key_ = false;
  bool complete_ = false;
};

/// Appends `text` as a quoted JSON string; invalid UTF-8 becomes U+FFFD.
void append_json_string(std::string& out, std::string_view text);

}  // namespace sluice

#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/labels.h"

namespace sluice::model {

enum class MatchType : uint8_t { kEqual, kNotEqual, kRegex, kNotRegex };

/// `name <op> "value"`. An absent label matches as "". Regexes are RE2, fully anchored, dot matches line
/// breaks (as Prometheus since 3.0). Copies share the compiled regex. Thread-safe.
class Matcher {
 public:
  /// kInvalidArgument with RE2's reason for a regex that does not compile or is over-large.
  static Result<Matcher> make(MatchType type, std::string name, std::string value);

  bool matches(std::string_view label_value) const;
  bool matches(const Labels& labels) const { return matches(labels.get(name_)); }
  bool matches_empty() const { return matches(std::string_view()); }

  MatchType type() const { return type_; }
  const std::string& name() const { return name_; }
  const std::string& value() const { return value_; }
  /// For kRegex and kNotRegex whose pattern is a literal or an alternation of literals: those literals,
  /// sorted, unique; else empty. An index can look them up instead of trying the pattern on every value.
  std::span<const std::string> set_matches() const;
  /// Bytes that every value the pattern (kRegex, kNotRegex) matches begins with; "" when unknown.
  std::string_view prefix() const;

  /// `job=~"a|b"`, value quoted.
  std::string to_string() const;

 private:
  struct Regex;
  Matcher(MatchType type, std::string name, std::string value, std::shared_ptr<const Regex> regex);

  MatchType type_;
  std::string name_;
  std::string value_;
  std::shared_ptr<const Regex> regex_;
};

bool matches_all(std::span<const Matcher> matchers, const Labels& labels);

}  // namespace sluice::model

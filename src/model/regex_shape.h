#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::model {

/// What a fully anchored pattern amounts to, where that can be told without running it. Most patterns that
/// people and dashboards write are one of these, and string comparisons are far cheaper than an automaton.
struct RegexShape {
  enum class Kind {
    kOther,       ///< needs the engine; `literal` is then a prefix of every match, "" when unknown
    kSet,         ///< one of `literals` (sorted, unique), `a|b|c` or `a`
    kAnything,    ///< `.*`
    kNonEmpty,    ///< `.+`
    kPrefix,      ///< `literal.*`, with `rest_required` `literal.+`
    kSuffix,      ///< `.*literal`, likewise
    kContains,    ///< `.*literal.*`
  };
  Kind kind = Kind::kOther;
  std::string literal;
  bool rest_required = false;
  std::vector<std::string> literals;
};

/// `pattern` must be valid UTF-8 and is one that the engine accepts. Never wrong: what is not surely one of
/// the shapes is kOther.
RegexShape shape_of(std::string_view pattern);

}  // namespace sluice::model

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cli/config_problems.h"
#include "cli/environment.h"

namespace sluice::cli {

/// One value of a configuration file, read from YAML, its environment variables put in.
///
/// Invariants: no map has a key twice; texts are valid UTF-8 without control characters; a plain (unquoted) scalar that
/// is empty, or expands to nothing, is kNull.
struct ConfigNode {
  enum class Kind : uint8_t { kNull, kScalar, kList, kMap };
  struct Member;

  Kind kind = Kind::kNull;
  int line = 0;  ///< in the file, from 1; 0 when it does not come from one
  std::string text;  ///< of a scalar
  std::vector<ConfigNode> items;  ///< of a list
  std::vector<Member> members;  ///< of a map, in the order of the file
};

struct ConfigNode::Member {
  std::string key;
  int line = 0;  ///< of the key
  ConfigNode value;
};

/// A value that comes from a flag.
ConfigNode scalar_node(std::string text);

/// Reads one YAML document, a map or nothing; `name` stands for the file in messages. What is wrong is added to
/// `problems`, and the nodes concerned are left out, so that the rest can be checked as well. Bounded in size, depth
/// and number of values (aliases count as often as they are used). Variables in keys are left as they are.
ConfigNode parse_config_yaml(std::string_view text, const std::string& name, const Environment& environment,
                             ConfigProblems& problems);

/// "web" + "tls" -> "web.tls"; "" + "web" -> "web".
std::string config_key(std::string_view path, std::string_view key);

}  // namespace sluice::cli

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sluice::cli {

/// Where a setting's value comes from.
struct ConfigOrigin {
  std::string source;  ///< the file, or the flag: "sluice.yaml", "--storage.path"; "" for a built-in default
  int line = 0;        ///< of a file, from 1; 0 when there is none

  std::string to_string() const;  ///< "sluice.yaml:12", "--storage.path", ""
};

/// All that is wrong with a configuration, so that an operator mends it in one go. Texts are whole lines:
/// "file:line: key: what was wrong, what is accepted". Not thread-safe.
class ConfigProblems {
 public:
  /// `key` is the full path, "web.tls.key_file"; "" for what concerns the whole file.
  void error(const ConfigOrigin& origin, std::string_view key, std::string_view message);
  /// Something to know about that stops nothing.
  void warn(const ConfigOrigin& origin, std::string_view key, std::string_view message);

  bool has_errors() const { return !errors_.empty(); }
  std::vector<std::string> errors() const { return lines(errors_); }  ///< in the order of the file's lines
  std::vector<std::string> warnings() const { return lines(warnings_); }
  /// Success, or all errors as one kInvalidArgument, one a line.
  Result<void> to_result() const;

 private:
  struct Entry {
    int line;
    size_t place;  ///< among those told
    std::string text;
  };
  static std::vector<std::string> lines(std::vector<Entry> entries);

  std::vector<Entry> errors_;
  std::vector<Entry> warnings_;
};

}  // namespace sluice::cli

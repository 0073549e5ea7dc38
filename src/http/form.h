#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace sluice::http {

/// Decoded parameters of a query string or of an application/x-www-form-urlencoded body, in order.
class Form {
 public:
  /// Splits on '&', decodes %XX and '+'. kMalformed on a bad escape, kTooLarge over kFormParametersMax;
  /// the message names the parameter's position.
  static Result<Form> parse(std::string_view text);

  /// The first value of that name (AWS and Prometheus both let the first win), or nullptr.
  const std::string* find(std::string_view name) const;
  std::vector<std::string> all(std::string_view name) const;
  void append(const Form& other);
  const std::vector<std::pair<std::string, std::string>>& parameters() const { return parameters_; }

 private:
  std::vector<std::pair<std::string, std::string>> parameters_;
};

}  // namespace sluice::http

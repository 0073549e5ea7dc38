#include "http/form.h"

#include <fmt/format.h>

#include "base/encoding.h"
#include "base/limits.h"

namespace sluice::http {
namespace {

Result<std::string> decode(std::string_view text, size_t position, std::string_view part) {
  auto decoded = percent_decode(text, /*plus_is_space=*/true);
  if (!decoded) {
    return fail(ErrorCode::kMalformed,
                fmt::format("the {} of parameter {} has a '%' that is not followed by two hex digits", part, position));
  }
  return *std::move(decoded);
}

}  // namespace

Result<Form> Form::parse(std::string_view text) {
  Form form;
  while (!text.empty()) {
    const size_t end = text.find('&');
    const std::string_view pair = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (pair.empty()) continue;  // "a=1&&b=2", as Go's and Python's parsers read it

    const size_t position = form.parameters_.size() + 1;
    if (position > limits::kFormParametersMax) {
      return fail(ErrorCode::kTooLarge, fmt::format("more than {} parameters", limits::kFormParametersMax));
    }
    const size_t equals = pair.find('=');
    SLUICE_ASSIGN(auto name, decode(pair.substr(0, equals), position, "name"));
    std::string value;
    if (equals != std::string_view::npos) {
      SLUICE_ASSIGN(value, decode(pair.substr(equals + 1), position, "value"));
    }
    form.parameters_.emplace_back(std::move(name), std::move(value));
  }
  return form;
}

const std::string* Form::find(std::string_view name) const {
  for (const auto& [key, value] : parameters_) {
    if (key == name) return &value;
  }
  return nullptr;
}

std::vector<std::string> Form::all(std::string_view name) const {
  std::vector<std::string> values;
  for (const auto& [key, value] : parameters_) {
    if (key == name) values.push_back(value);
  }
  return values;
}

void Form::append(const Form& other) {
  parameters_.insert(parameters_.end(), other.parameters_.begin(), other.parameters_.end());
}

}  // namespace sluice::http

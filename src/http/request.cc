#include "http/request.h"

#include <algorithm>

#include "base/encoding.h"

namespace sluice::http {

void Headers::set(std::string_view name, std::string value) {
  const auto same_name = [name](const auto& field) { return ascii_iequals(field.first, name); };
  const auto first = std::ranges::find_if(fields_, same_name);
  if (first == fields_.end()) {
    fields_.emplace_back(std::string(name), std::move(value));
    return;
  }
  first->second = std::move(value);
  fields_.erase(std::remove_if(first + 1, fields_.end(), same_name), fields_.end());
}

const std::string* Headers::find(std::string_view name) const {
  for (const auto& [key, value] : fields_) {
    if (ascii_iequals(key, name)) return &value;
  }
  return nullptr;
}

std::string_view Headers::get(std::string_view name) const {
  const std::string* value = find(name);
  return value ? std::string_view(*value) : std::string_view();
}

size_t Headers::count(std::string_view name) const {
  return static_cast<size_t>(
      std::ranges::count_if(fields_, [name](const auto& field) { return ascii_iequals(field.first, name); }));
}

std::string_view Request::path() const {
  const std::string_view whole = target;
  const std::string_view path = whole.substr(0, whole.find('?'));
  return path.empty() ? std::string_view("/") : path;
}

std::string_view Request::query() const {
  const size_t mark = target.find('?');
  return mark == std::string::npos ? std::string_view() : std::string_view(target).substr(mark + 1);
}

Response Response::text(int status, std::string body, std::string_view content_type) {
  Response response;
  response.status = status;
  response.headers.add("Content-Type", std::string(content_type));
  response.body = std::move(body);
  return response;
}

}  // namespace sluice::http

#include "iam/policy_text.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/encoding.h"
#include "iam/request_context.h"
#include "iam/wildcard.h"

namespace sluice::iam {
namespace {

constexpr size_t kArnColons = 5;

std::unexpected<Error> bad_variable(std::string_view whole, std::string_view why) {
  return fail(ErrorCode::kMalformed, fmt::format("the policy variable in '{}' {}", printable(whole, 256), why));
}

/// Where the '}' of a variable stands, quotes of its default respected.
size_t find_end(std::string_view text, size_t from) {
  bool is_quoted = false;
  for (size_t i = from; i < text.size(); ++i) {
    if (text[i] == '\'') is_quoted = !is_quoted;
    if (text[i] == '}' && !is_quoted) return i;
  }
  return std::string_view::npos;
}

bool is_escape(std::string_view inside) { return inside == "*" || inside == "?" || inside == "$"; }

bool could_pass_for_wildcard(std::string_view value) {
  return value.find(kAnyRun) != std::string_view::npos || value.find(kAnyOne) != std::string_view::npos;
}

}  // namespace

Result<PolicyText::Part> PolicyText::compile_variable(std::string_view inside, std::string_view whole) {
  Part part{.is_variable = true};
  const size_t comma = inside.find(',');
  part.text = ascii_lower(trim(inside.substr(0, comma)));
  if (part.text.empty()) return bad_variable(whole, "has no name");
  if (comma != std::string_view::npos) {
    const std::string_view quoted = trim(inside.substr(comma + 1));
    if (quoted.size() < 2 || quoted.front() != '\'' || quoted.back() != '\'') {
      return bad_variable(whole, "has a default that is not in single quotes");
    }
    part.default_text = std::string(quoted.substr(1, quoted.size() - 2));
  }
  return part;
}

Result<PolicyText> PolicyText::compile(std::string_view text, Use use, Variables variables) {
  PolicyText compiled;
  compiled.use_ = use;
  compiled.source_ = text;
  std::string literal;
  const auto add_literal = [&](std::string_view piece) {
    literal.append(use == Use::kLiteral ? std::string(piece) : compile_wildcards(piece));
  };
  size_t at = 0;
  while (variables == Variables::kActive) {
    const size_t start = text.find("${", at);
    if (start == std::string_view::npos) break;
    add_literal(text.substr(at, start - at));
    const size_t end = find_end(text, start + 2);
    if (end == std::string_view::npos) return bad_variable(text, "is not closed by '}'");
    const std::string_view inside = text.substr(start + 2, end - start - 2);
    at = end + 1;
    if (is_escape(inside)) {
      literal.append(inside);
      continue;
    }
    SLUICE_ASSIGN(Part variable, compile_variable(inside, text));
    compiled.parts_.push_back(Part{.text = std::exchange(literal, {})});
    compiled.parts_.push_back(std::move(variable));
  }
  add_literal(text.substr(at));
  if (compiled.parts_.empty()) {
    compiled.constant_ = std::move(literal);
  } else {
    compiled.parts_.push_back(Part{.text = std::move(literal)});
  }
  return compiled;
}

std::optional<std::string_view> PolicyText::resolve(const RequestContext& context, std::string& buffer) const {
  if (parts_.empty()) return constant_;
  buffer.clear();
  for (const auto& part : parts_) {
    if (!part.is_variable) {
      buffer.append(part.text);
      continue;
    }
    const ContextValue* found = context.find(part.text);
    const std::string* value = nullptr;
    if (found != nullptr) {
      if (!found->is_multivalued && found->values.size() == 1) value = &found->values.front();
    } else if (part.default_text) {
      value = &*part.default_text;
    }
    if (value == nullptr || could_pass_for_wildcard(*value)) return std::nullopt;
    // A colon out of a tag would shift the ARN's components: "111122223333:role/x" standing where an account belongs.
    const bool is_before_resource = std::ranges::count(buffer, ':') < static_cast<std::ptrdiff_t>(kArnColons);
    if (use_ == Use::kArn && is_before_resource && value->find(':') != std::string::npos) return std::nullopt;
    buffer.append(*value);
  }
  return buffer;
}

}  // namespace sluice::iam

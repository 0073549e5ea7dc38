#include "iam/decision.h"

#include <fmt/format.h>

#include "base/encoding.h"

namespace sluice::iam {

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::kAllow: return "allow";
    case Outcome::kExplicitDeny: return "explicit deny";
    case Outcome::kImplicitDeny: return "implicit deny";
  }
  return "implicit deny";
}

std::string_view to_string(PolicySource source) {
  switch (source) {
    case PolicySource::kIdentityInline: return "inline policy";
    case PolicySource::kIdentityManaged: return "managed policy";
    case PolicySource::kResource: return "resource policy";
    case PolicySource::kTrust: return "trust policy";
    case PolicySource::kBoundary: return "permissions boundary";
    case PolicySource::kSession: return "session policy";
  }
  return "policy";
}

std::string_view to_string(StatementElement element) {
  switch (element) {
    case StatementElement::kPrincipal: return "principal";
    case StatementElement::kAction: return "action";
    case StatementElement::kResource: return "resource";
    case StatementElement::kCondition: return "condition";
  }
  return "element";
}

std::string StatementRef::describe() const {
  std::string out = fmt::format("{} \"{}\", statement {}", to_string(source), printable(policy, 512), index);
  if (!sid.empty()) out += fmt::format(" (Sid \"{}\")", printable(sid, 128));
  return out;
}

std::string NearMiss::describe() const {
  std::string out = statement.describe() + ": ";
  if (element == StatementElement::kCondition) {
    out += fmt::format("condition {} on key '{}' saw \"{}\", wanted \"{}\"", condition_operator, key, seen, wanted);
  } else {
    out += fmt::format("{} is \"{}\", the statement names \"{}\"", to_string(element), seen, wanted);
  }
  if (!hint.empty()) out += fmt::format(" ({})", hint);
  return out;
}

}  // namespace sluice::iam

#include "cli/setting_types.h"

#include "net/address_policy.h"

namespace sluice::cli {

namespace {

/// Plain in block and flow style alike: letters, digits and what addresses and paths are made of.
bool is_plain(std::string_view text) {
  const auto is_safe = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("/._-").find(c) != std::string_view::npos;
  };
  // A number would lose leading zeros to other readers, and words such as "null" and "on" mean something.
  const bool looks_typed = text.find_first_not_of("0123456789.eE-_") == std::string_view::npos || text.size() <= 5;
  return !text.empty() && std::ranges::all_of(text, is_safe) && text.front() != '-' && !looks_typed;
}

}  // namespace

std::unexpected<Error> not_accepted(const ConfigNode& node, std::string_view wanted) {
  const std::string seen = node.kind == ConfigNode::Kind::kScalar
                               ? "'" + printable(node.text, kQuotedValueBytesMax) + "'"
                           : node.kind == ConfigNode::Kind::kList ? "a list"
                           : node.kind == ConfigNode::Kind::kMap  ? "a mapping"
                                                                  : "nothing";
  return fail(ErrorCode::kInvalidArgument, fmt::format("{} is not accepted; wanted {}", seen, wanted));
}

Result<std::string> scalar_text(const ConfigNode& node, std::string_view wanted) {
  if (node.kind != ConfigNode::Kind::kScalar) return not_accepted(node, wanted);
  return node.text;
}

std::string yaml_scalar(std::string_view text) {
  if (is_plain(text)) return std::string(text);
  std::string quoted = "\"";
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"' || text[i] == '\\') quoted += '\\';
    if (text.substr(i).starts_with("${")) quoted += '$';
    quoted += text[i];
  }
  return quoted + '"';
}

std::string yaml_list(const std::vector<std::string>& texts) {
  std::string list = "[";
  for (const auto& text : texts) list += (list.size() == 1 ? "" : ", ") + yaml_scalar(text);
  return list + "]";
}

Result<void> check_network(const std::string& text) {
  SLUICE_TRY(net::IpNetwork::parse(text));
  return {};
}

}  // namespace sluice::cli

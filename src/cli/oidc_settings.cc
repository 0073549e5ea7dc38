#include "cli/setting_types.h"

#include <fmt/format.h>

namespace sluice::cli {

namespace {

constexpr int64_t kClockSkewSecondsMax = 300;

Setting ports() {
  const std::string wanted = "a list of ports, 1 to 65535";
  auto read = [wanted](const ConfigNode& node, ServeConfig& config) -> Result<void> {
    if (node.kind != ConfigNode::Kind::kList) return not_accepted(node, wanted);
    std::vector<uint16_t> ports;
    for (const ConfigNode& item : node.items) {
      SLUICE_ASSIGN(const uint16_t port, read_integer<uint16_t>(item, {1, 65535}, wanted));
      ports.push_back(port);
    }
    config.oidc_ports = std::move(ports);
    return {};
  };
  auto show = [](const ServeConfig& c) { return fmt::format("[{}]", fmt::join(c.oidc_ports, ", ")); };
  return {"oidc.allow.ports", wanted,          Applies::kOnReload,
          std::move(read),    std::move(show), copy_of([](auto& c) -> auto& { return c.oidc_ports; })};
}

constexpr std::string_view kPinnedWanted = "a list of {issuer: https://..., file: a JWKS file's path}";

Result<PinnedJwks> read_pinned(const ConfigNode& node) {
  if (node.kind != ConfigNode::Kind::kMap) return not_accepted(node, kPinnedWanted);
  PinnedJwks pinned;
  pinned.line = node.line;
  for (const auto& member : node.members) {
    std::string* target = member.key == "issuer" ? &pinned.issuer : member.key == "file" ? &pinned.file : nullptr;
    if (target == nullptr) {
      return fail(ErrorCode::kInvalidArgument, fmt::format("{}: unknown key; accepted here: file, issuer", member.key));
    }
    SLUICE_ASSIGN(*target, scalar_text(member.value, kPinnedWanted));
  }
  if (pinned.issuer.empty() || pinned.file.empty())
    return fail(ErrorCode::kInvalidArgument, "needs both issuer and file");
  if (!pinned.issuer.starts_with("https://")) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("the issuer '{}' must begin with https://, as the tokens' iss does",
                            printable(pinned.issuer, kQuotedValueBytesMax)));
  }
  return pinned;
}

Result<void> read_all_pinned(const ConfigNode& node, ServeConfig& config) {
  if (node.kind != ConfigNode::Kind::kList) return not_accepted(node, kPinnedWanted);
  std::vector<PinnedJwks> all;
  for (size_t i = 0; i < node.items.size(); ++i) {
    auto pinned = read_pinned(node.items[i]);
    if (!pinned) return fail_in(fmt::format("[{}]", i), pinned.error());
    if (std::ranges::find(all, pinned->issuer, &PinnedJwks::issuer) != all.end()) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("[{}]: the issuer '{}' is there twice; put all its keys into one file", i,
                              printable(pinned->issuer, kQuotedValueBytesMax)));
    }
    all.push_back(*std::move(pinned));
  }
  config.pinned_jwks = std::move(all);
  return {};
}

std::string show_pinned(const ServeConfig& config) {
  std::string list = "[";
  for (const PinnedJwks& pinned : config.pinned_jwks) {
    list += fmt::format("{}{{issuer: {}, file: {}}}", list.size() == 1 ? "" : ", ", yaml_scalar(pinned.issuer),
                        yaml_scalar(pinned.file));
  }
  return list + "]";
}

}  // namespace

std::vector<Setting> oidc_settings() {
  return {
      list_setting(
          "oidc.allow.networks", Applies::kOnReload, [](auto& c) -> auto& { return c.oidc_networks; },
          "a list of CIDR networks", check_network),
      ports(),
      text_setting(
          "oidc.allow.ca_file", Applies::kOnReload, [](auto& c) -> auto& { return c.oidc_ca_file; },
          "a PEM file's path"),
      {"oidc.pinned_jwks", std::string(kPinnedWanted), Applies::kOnReload, read_all_pinned, show_pinned,
       copy_of([](auto& c) -> auto& { return c.pinned_jwks; })},
      integer_setting(
          "oidc.clock_skew_seconds", Applies::kOnReload, [](auto& c) -> auto& { return c.clock_skew_seconds; },
          "seconds", Range<int64_t>{0, kClockSkewSecondsMax}),
  };
}

}  // namespace sluice::cli

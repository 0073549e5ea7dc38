#include "crypto/signature_algorithm.h"

#include <array>
#include <utility>

namespace sluice::crypto {
namespace {

constexpr std::array<std::pair<SignatureAlgorithm, std::string_view>, 6> kAlgorithms = {{
    {SignatureAlgorithm::kRs256, "RS256"},
    {SignatureAlgorithm::kRs384, "RS384"},
    {SignatureAlgorithm::kRs512, "RS512"},
    {SignatureAlgorithm::kEs256, "ES256"},
    {SignatureAlgorithm::kEs384, "ES384"},
    {SignatureAlgorithm::kEs512, "ES512"},
}};

constexpr std::array<std::pair<Curve, std::string_view>, 3> kCurves = {{
    {Curve::kP256, "P-256"},
    {Curve::kP384, "P-384"},
    {Curve::kP521, "P-521"},
}};

template <class Table>
auto by_name(const Table& table, std::string_view name) -> std::optional<typename Table::value_type::first_type> {
  for (const auto& [value, text] : table) {
    if (text == name) return value;
  }
  return std::nullopt;
}

template <class Table, class Value>
std::string_view name_of(const Table& table, Value wanted) {
  for (const auto& [value, text] : table) {
    if (value == wanted) return text;
  }
  return "unknown";
}

}  // namespace

std::optional<SignatureAlgorithm> parse_signature_algorithm(std::string_view name) {
  return by_name(kAlgorithms, name);
}
std::string_view to_string(SignatureAlgorithm algorithm) { return name_of(kAlgorithms, algorithm); }
std::optional<Curve> parse_curve(std::string_view name) { return by_name(kCurves, name); }
std::string_view to_string(Curve curve) { return name_of(kCurves, curve); }

size_t coordinate_bytes(Curve curve) {
  switch (curve) {
    case Curve::kP256: return 32;
    case Curve::kP384: return 48;
    case Curve::kP521: return 66;
  }
  return 0;
}

}  // namespace sluice::crypto

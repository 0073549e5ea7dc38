#pragma once

#include <cstdint>
#include <string_view>

namespace sluice::promql {

/// The types of PromQL expressions (promql/parser/value.go).
enum class ValueType : uint8_t { kNone, kScalar, kVector, kMatrix, kString };

/// The word used in error texts: "scalar", "instant vector", "range vector", "string".
constexpr std::string_view documented_type(ValueType type) {
  switch (type) {
    case ValueType::kScalar: return "scalar";
    case ValueType::kVector: return "instant vector";
    case ValueType::kMatrix: return "range vector";
    case ValueType::kString: return "string";
    case ValueType::kNone: break;
  }
  return "none";
}

/// The word used in query answers' `resultType`: "scalar", "vector", "matrix", "string".
constexpr std::string_view result_type(ValueType type) {
  switch (type) {
    case ValueType::kScalar: return "scalar";
    case ValueType::kVector: return "vector";
    case ValueType::kMatrix: return "matrix";
    case ValueType::kString: return "string";
    case ValueType::kNone: break;
  }
  return "none";
}

/// A part of the query text: bytes [start, end), counted from 0.
struct PositionRange {
  int32_t start = 0;
  int32_t end = 0;
  friend bool operator==(const PositionRange&, const PositionRange&) = default;
};

}  // namespace sluice::promql

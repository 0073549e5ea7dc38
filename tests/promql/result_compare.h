#pragma once

#include <optional>
#include <string>

#include "promql/engine.h"
#include "promql/test_script.h"

namespace sluice::promql::test {

/// What makes a result differ from the expected one; nothing when they agree to 1e-6 (relative).
std::optional<std::string> compare_matrix(const EvalCommand& expected, const MatrixResult& actual);
std::optional<std::string> compare_vector(const EvalCommand& expected, const VectorResult& actual);
std::optional<std::string> compare_scalar(const EvalCommand& expected, double actual);

/// Both compacted; the reset hint only where the expected one says what it is.
bool same_histogram(const SequenceValue& expected, const model::FloatHistogram& actual);
bool same_number(double expected, double actual);

}  // namespace sluice::promql::test

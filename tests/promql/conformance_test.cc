#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "promql/parser.h"
#include "promql/script_runner.h"

// Runs Prometheus' own acceptance tests of PromQL, one test a file.
namespace sluice::promql::test {
namespace {

std::filesystem::path conformance_directory() {
  if (const char* set = std::getenv("SLUICE_CONFORMANCE_DIR")) return std::filesystem::path(set) / "promql";
  return std::filesystem::path(SLUICE_SOURCE_DIR) / ".." / "shared" / "conformance" / "promql";
}

std::vector<std::string> conformance_files() {
  std::vector<std::string> names;
  std::error_code missing;
  for (const auto& entry : std::filesystem::directory_iterator(conformance_directory(), missing))
    if (entry.path().extension() == ".test") names.push_back(entry.path().stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// As Prometheus' own runner sets its engine.
EngineOptions conformance_options() {
  EngineOptions options;
  options.parser = ParserOptions::everything();
  options.delayed_name_removal = true;
  options.start_timestamps = true;
  return options;
}

class Conformance : public testing::TestWithParam<std::string> {};

TEST_P(Conformance, GivesNoWrongAnswer) {
  const auto script = parse_script(read_file(conformance_directory() / (GetParam() + ".test")));
  ASSERT_TRUE(script) << script.error().message;
  const Engine engine(conformance_options());
  const std::vector<EvalOutcome> outcomes = ScriptRunner(engine).run(*script);
  size_t counts[3] = {};
  for (const EvalOutcome& outcome : outcomes) {
    ++counts[static_cast<size_t>(outcome.verdict)];
    EXPECT_NE(outcome.verdict, Verdict::kFail)
        << GetParam() << ".test:" << outcome.line << ": " << outcome.expr << "\n  " << outcome.detail;
  }
  fmt::print("{:<24} {:>5} evals {:>5} pass {:>5} unsupported {:>5} fail\n", GetParam(), outcomes.size(), counts[0],
             counts[1], counts[2]);
}

TEST_P(Conformance, ParsesEveryExpression) {
  const auto script = parse_script(read_file(conformance_directory() / (GetParam() + ".test")));
  ASSERT_TRUE(script) << script.error().message;
  for (const Command& command : *script) {
    const auto* eval = std::get_if<EvalCommand>(&command);
    if (eval == nullptr || eval->failure) continue;
    const auto parsed = parse_expr(eval->expr, ParserOptions::everything());
    EXPECT_TRUE(parsed) << eval->expr << ": " << parsed.error().message;
  }
}

INSTANTIATE_TEST_SUITE_P(Files, Conformance, testing::ValuesIn(conformance_files()), [](const auto& info) {
  std::string name = info.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Conformance);

TEST(ConformanceData, IsThere) {
  if (conformance_files().empty()) GTEST_SKIP() << "no conformance data in " << conformance_directory();
}

}  // namespace
}  // namespace sluice::promql::test

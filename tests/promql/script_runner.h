#pragma once

#include <string>
#include <vector>

#include "promql/engine.h"
#include "promql/memory_storage.h"
#include "promql/test_script.h"

namespace sluice::promql::test {

/// What became of one eval statement.
enum class Verdict : uint8_t { kPass, kUnsupported, kFail };

struct EvalOutcome {
  Verdict verdict = Verdict::kPass;
  size_t line = 0;
  std::string expr;
  std::string detail;  ///< what differs, or what is not evaluated
};

/// Runs the commands of a script against an engine and its own storage, as promptest does: an instant query is also
/// evaluated with its moment pinned by @ at other times, and inside a range query.
class ScriptRunner {
 public:
  explicit ScriptRunner(const Engine& engine) : engine_(engine) {}
  std::vector<EvalOutcome> run(const std::vector<Command>& commands);

 private:
  struct Difference {
    Verdict verdict;
    std::string detail;
  };
  using Check = std::optional<Difference>;

  void load(const LoadCommand& command);
  void load_nhcb(const LoadCommand& command);
  EvalOutcome evaluate(const EvalCommand& command);
  Check check_range(const EvalCommand& command);
  Check check_instant(const EvalCommand& command, const std::string& expr, TimestampMs at);
  Check check_failure(const EvalCommand& command, const Error& error) const;
  Check check_remarks(const EvalCommand& command, const QueryResult& result) const;
  Check check_inside_range(const EvalCommand& command, const std::string& expr, TimestampMs at, bool scalar);

  const Engine& engine_;
  MemoryStorage storage_;
};

}  // namespace sluice::promql::test

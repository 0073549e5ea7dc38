#include "base/task.h"

#include <deque>
#include <string>

#include <gtest/gtest.h>

#include "base/result.h"

namespace sluice {
namespace {

class QueueExecutor final : public Executor {
 public:
  void post(std::move_only_function<void()> work) override { queue_.push_back(std::move(work)); }
  size_t run() {
    size_t ran = 0;
    for (; !queue_.empty(); ++ran) {
      auto work = std::move(queue_.front());
      queue_.pop_front();
      work();
    }
    return ran;
  }

 private:
  std::deque<std::move_only_function<void()>> queue_;
};

Task<Result<int>> parse(std::string text) {
  if (text.empty()) co_return fail(ErrorCode::kMalformed, "empty");
  co_return static_cast<int>(text.size());
}

Task<Result<int>> sum(std::string a, std::string b) {
  SLUICE_CO_ASSIGN(const int first, co_await parse(std::move(a)));
  SLUICE_CO_ASSIGN(const int second, co_await parse(std::move(b)));
  co_return first + second;
}

Task<Result<void>> check(Executor& executor) {
  co_await switch_to(executor);
  SLUICE_CO_TRY(co_await parse("x"));
  co_return {};
}

Task<int> wait_for(Executor& executor, std::move_only_function<void(int)>& done) {
  co_return co_await callback_result<int>(executor, [&](std::move_only_function<void(int)> d) {
    done = std::move(d);
  }) + 1;
}

TEST(Task, CarriesValuesAndErrorsUp) {
  Result<int> good = 0;
  start<Result<int>>(sum("ab", "cde"), [&](Result<int> value) { good = std::move(value); });
  EXPECT_EQ(good.value(), 5);
  Result<int> bad = 0;
  start<Result<int>>(sum("ab", ""), [&](Result<int> value) { bad = std::move(value); });
  EXPECT_EQ(bad.error().message, "empty");
}

TEST(Task, ContinuesOnTheExecutorItSwitchedTo) {
  QueueExecutor executor;
  bool done = false;
  start<Result<void>>(check(executor), [&](Result<void> result) { done = result.has_value(); });
  EXPECT_FALSE(done);
  EXPECT_EQ(executor.run(), 1u);
  EXPECT_TRUE(done);
}

TEST(Task, SuspendsUntilTheCallbackIsCalled) {
  QueueExecutor executor;
  std::move_only_function<void(int)> callback;
  int value = 0;
  start<int>(wait_for(executor, callback), [&](int v) { value = v; });
  EXPECT_EQ(executor.run(), 0u);
  callback(41);
  EXPECT_EQ(value, 0);
  executor.run();
  EXPECT_EQ(value, 42);
}

}  // namespace
}  // namespace sluice

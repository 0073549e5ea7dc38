// uses: api
// The input is a whole call of the control plane: "IAM <form>" or "<METHOD> <target>\n<body>". Whatever it says, it
// is answered or refused with a code and a text, and what it stored can be read back.
#include <cstdint>
#include <optional>
#include <string_view>

#include "api/amp_service.h"
#include "api/iam_service.h"
#include "base/check.h"
#include "base/json.h"
#include "catalog/sqlite_catalog.h"

namespace {

using namespace sluice;

constexpr std::string_view kAccount = "111122223333";

class NoStorage final : public api::WorkspaceStorage {
 public:
  Result<void> create(std::string_view) override { return {}; }
  Result<void> set_aside(std::string_view) override { return {}; }
  Result<void> restore(std::string_view) override { return {}; }
  Result<void> purge(std::string_view) override { return {}; }
  Result<std::vector<api::KeptStorage>> kept() override { return std::vector<api::KeptStorage>(); }
};

void check_refusal(const aws::AwsError& error) {
  SLUICE_CHECK(error.status >= 400 && error.status < 500, "the server is the cause of nothing here");
  SLUICE_CHECK(!error.code.empty() && !error.message.empty(), "a refusal says what it is");
}

/// A control plane in memory; its workspaces and roles stay between inputs, so that calls build on one another.
struct ControlPlane {
  FakeClock clock{1'795'300'000'000};
  std::unique_ptr<Logger> logger = make_null_logger();
  NoStorage storage;
  std::unique_ptr<catalog::Catalog> catalog = make_catalog(clock);
  api::IamService iam{*catalog, *logger};
  api::DeletedWorkspaces deleted{*catalog, storage, clock, *logger, std::chrono::hours(24)};
  api::AmpService amp{*catalog, storage, deleted, clock, *logger, {"http://h"}};

  static std::unique_ptr<catalog::Catalog> make_catalog(const Clock& clock) {
    auto opened = catalog::open_sqlite_catalog(":memory:", clock);
    SLUICE_CHECK(opened, "a catalog in memory opens");
    SLUICE_CHECK((*opened)->create_account({std::string(kAccount), "", 0}), "an empty catalog takes an account");
    return std::move(*opened);
  }
};

void call_iam(ControlPlane& plane, std::string_view text) {
  const auto form = http::Form::parse(text);
  if (!form) return;
  const std::string* action = form->find("Action");
  const auto plan = plane.iam.plan(action == nullptr ? "" : *action, *form, kAccount);
  if (!plan) return check_refusal(plan.error());
  SLUICE_CHECK(!plan->permissions.empty(), "every call needs a permission");
  const auto answer = plane.iam.execute(*plan, *form, kAccount);
  if (!answer) check_refusal(answer.error());
}

void call_amp(ControlPlane& plane, std::string_view text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  const std::string_view body = line.size() == text.size() ? std::string_view() : text.substr(line.size() + 1);
  const std::string_view method = line.substr(0, line.find(' '));
  const std::string_view target = method.size() == line.size() ? std::string_view("/") : line.substr(method.size() + 1);
  const std::string_view path = target.substr(0, target.find('?'));
  const std::string_view query = path.size() == target.size() ? std::string_view() : target.substr(path.size() + 1);
  const auto match = plane.amp.match(method, path);
  if (match.kind != http::RouteTable::Match::Kind::kFound) return;
  const auto call = plane.amp.plan(match.route, match.parameters, query, body, kAccount, "us-west-2");
  if (!call) return check_refusal(call.error());
  SLUICE_CHECK(!call->plan.permissions.empty(), "every call needs a permission");
  const auto answer = plane.amp.execute(*call);
  if (!answer) return check_refusal(answer.error());
  SLUICE_CHECK(answer->body.empty() || parse_json(answer->body), "an answer is JSON");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static ControlPlane plane;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  constexpr std::string_view kIam = "IAM ";
  if (text.starts_with(kIam)) {
    call_iam(plane, text.substr(kIam.size()));
  } else {
    call_amp(plane, text);
  }
  return 0;
}

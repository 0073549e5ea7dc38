#include <charconv>
#include <memory>
#include <string_view>
#include <utility>

#include <fmt/core.h>

#include "awsclient/credentials.h"
#include "awsclient/signed_client.h"
#include "base/encoding.h"
#include "base/json.h"
#include "base/log.h"
#include "bench/commands.h"
#include "cli/wait.h"
#include "net/http_client.h"
#include "net/runtime.h"

namespace sluice::bench {
namespace {

constexpr std::chrono::milliseconds kQueryTimeout{180'000};
constexpr std::string_view kCountQuery = R"(count({__name__!=""}))";

/// One request, signed when the key has a region; its answer, when that is a 2xx of valid JSON.
Result<JsonValue> exchange(http::ClientRequest request, const KeySource& key, const std::string& ca_file) {
  const auto logger = make_null_logger();
  const SystemClock clock;
  if (!key.region.empty()) {
    SLUICE_ASSIGN(const aws::Credentials credentials, read_key(key));
    SLUICE_TRY(awsclient::sign(request, credentials, {key.region, "aps"}, clock.now_s()));
  }
  net::Runtime runtime({.io_threads = 1, .compute_threads = 1, .lookup_threads = 1}, *logger);
  net::ClientOptions options;
  options.use_system_cas = request.url.starts_with("https:");
  options.ca_file = ca_file;
  SLUICE_ASSIGN(const auto client, net::make_http_client(runtime, options));
  auto response = cli::run_and_wait(client->send(std::move(request)));
  runtime.shutdown();
  if (!response) return std::unexpected(response.error());
  const awsclient::Answer answer = awsclient::to_answer(*std::move(response));
  if (!answer.ok()) return std::unexpected(answer.to_error());
  return parse_json(answer.body);
}

/// Walks down objects by name and arrays by their first element ("0"); null where there is no such way.
const JsonValue* find(const JsonValue& value, std::initializer_list<std::string_view> path) {
  const JsonValue* at = &value;
  for (const std::string_view step : path) {
    const JsonArray* array = at->as_array();
    const JsonObject* object = at->as_object();
    size_t index = 0;
    std::from_chars(step.data(), step.data() + step.size(), index);
    if (array != nullptr) {
      at = index < array->size() ? &(*array)[index] : nullptr;
    } else {
      at = object == nullptr ? nullptr : object->find(step);
    }
    if (at == nullptr) return nullptr;
  }
  return at;
}

std::unexpected<Error> unexpected_answer(std::string_view wanted, const JsonValue& answer) {
  return fail(ErrorCode::kMalformed, fmt::format("the answer has no {}: {}", wanted, printable(to_json(answer))));
}

}  // namespace

Result<int> run_workspace(const WorkspaceCommand& command) {
  http::ClientRequest request;
  request.method = "POST";
  request.url = command.endpoint + "/workspaces";
  request.headers.add("Content-Type", "application/json");
  JsonObject body;
  body.set("alias", command.alias);
  request.body = to_json(JsonValue(std::move(body)));
  SLUICE_ASSIGN(const JsonValue answer, exchange(std::move(request), command.key, command.ca_file));
  const JsonValue* id = find(answer, {"workspaceId"});
  if (id == nullptr || id->as_string() == nullptr) return unexpected_answer("workspaceId", answer);
  fmt::print("{}\n", *id->as_string());
  return 0;
}

Result<int> run_count(const CountCommand& command) {
  http::ClientRequest request;
  request.url = fmt::format("{}?query={}", command.url, percent_encode(kCountQuery));
  if (command.at_ms != 0) request.url += fmt::format("&time={}.{:03}", command.at_ms / 1000, command.at_ms % 1000);
  request.timeout = kQueryTimeout;
  SLUICE_ASSIGN(const JsonValue answer, exchange(std::move(request), command.key, command.ca_file));
  const JsonValue* result = find(answer, {"data", "result"});
  if (result == nullptr || result->as_array() == nullptr) return unexpected_answer("data.result", answer);
  const JsonValue* value = find(*result, {"0", "value", "1"});
  fmt::print("{}\n", value != nullptr && value->as_string() != nullptr ? *value->as_string() : "0");
  return 0;
}

}  // namespace sluice::bench

#include <algorithm>

#include <fmt/format.h>

#include "aws/query_protocol.h"
#include "awsclient/credentials.h"
#include "awsclient/signed_client.h"
#include "base/encoding.h"
#include "base/limits.h"
#include "base/thread_safety.h"

namespace sluice::awsclient {
namespace {

constexpr UnixSeconds kRefreshBefore_s = 300;
constexpr UnixSeconds kRetryAfter_s = 10;

}  // namespace

struct WebIdentityCredentials::Session {
  aws::Credentials credentials;
  UnixSeconds expires_at = 0;

  static Result<Session> read(const Answer& answer);
};

Result<WebIdentityCredentials::Session> WebIdentityCredentials::Session::read(const Answer& answer) {
  const auto field = [&](std::string_view name) {
    return xml_text(answer.body, fmt::format("AssumeRoleWithWebIdentityResult/Credentials/{}", name));
  };
  Session session;
  SLUICE_ASSIGN(session.credentials.access_key_id, field("AccessKeyId"));
  SLUICE_ASSIGN(std::string secret, field("SecretAccessKey"));
  session.credentials.secret_access_key = Secret(std::move(secret));
  SLUICE_ASSIGN(std::string token, field("SessionToken"));
  session.credentials.session_token = Secret(std::move(token));
  SLUICE_ASSIGN(const std::string expiration, field("Expiration"));
  SLUICE_ASSIGN(const TimestampMs expires_at_ms, parse_rfc3339(expiration));
  session.expires_at = expires_at_ms / 1000;
  return session;
}

struct WebIdentityCredentials::State {
  using Waiter = std::move_only_function<void(Result<aws::Credentials>)>;

  State(WebIdentityOptions given, http::Client& http_client, FileSystem& file_system, const Clock& time,
        Executor& waiters_executor)
      : options(std::move(given)), client(http_client), fs(file_system), clock(time), executor(waiters_executor) {}

  /// The session at hand when it needs no refresh. Otherwise nullopt, and `is_mine` says whether the caller is
  /// the one to refresh it; the rest wait_for_refresh().
  std::optional<aws::Credentials> current(bool& is_mine) SLUICE_EXCLUDES(mutex) {
    MutexLock lock(mutex);
    const UnixSeconds now = clock.now_s();
    const bool is_fresh = session && now < session->expires_at - kRefreshBefore_s;
    const bool may_wait = session && now < session->expires_at && now < retry_at;
    if (is_fresh || may_wait) return session->credentials;
    is_mine = !std::exchange(is_refreshing, true);
    return std::nullopt;
  }

  /// Calls `waiter` when the refresh under way ends, or at once when it just has.
  void wait_for_refresh(Waiter waiter) SLUICE_EXCLUDES(mutex) {
    {
      MutexLock lock(mutex);
      if (is_refreshing) {
        waiters.push_back(std::move(waiter));
        return;
      }
    }
    waiter(last_result());
  }

  Result<aws::Credentials> last_result() SLUICE_EXCLUDES(mutex) {
    MutexLock lock(mutex);
    return last;
  }

  /// Keeps the outcome and hands it to everyone; the old session still serves when it is valid.
  Result<aws::Credentials> finish(Result<Session> result) SLUICE_EXCLUDES(mutex) {
    std::vector<Waiter> waiting;
    Result<aws::Credentials> outcome;
    {
      MutexLock lock(mutex);
      is_refreshing = false;
      waiting.swap(waiters);
      const UnixSeconds now = clock.now_s();
      if (result) {
        session = *std::move(result);
        last = session->credentials;
      } else if (session && now < session->expires_at) {
        retry_at = now + kRetryAfter_s;
        last = session->credentials;
      } else {
        last = std::unexpected(result.error());
      }
      outcome = last;
    }
    for (auto& waiter : waiting) waiter(outcome);
    return outcome;
  }

  /// The token as the file has it now. kubelet replaces the file, so it is read at each exchange.
  Result<Secret> read_token() {
    SLUICE_ASSIGN(std::string text, read_file(fs, options.token_file, limits::kJwtBytesMax + 64));
    const Secret whole(std::move(text));
    std::string_view token = whole.reveal();
    while (!token.empty() && (token.back() == '\n' || token.back() == '\r' || token.back() == ' ')) {
      token.remove_suffix(1);
    }
    if (token.empty()) {
      return fail(ErrorCode::kInvalidArgument, fmt::format("the token file '{}' is empty", options.token_file));
    }
    return Secret(std::string(token));
  }

  std::string session_name() const {
    return options.session_name.empty() ? fmt::format("sluice-{}", clock.now_ms()) : options.session_name;
  }

  const WebIdentityOptions options;
  http::Client& client;
  FileSystem& fs;
  const Clock& clock;
  Executor& executor;

  Mutex mutex;
  std::optional<Session> session SLUICE_GUARDED_BY(mutex);
  UnixSeconds retry_at SLUICE_GUARDED_BY(mutex) = 0;
  bool is_refreshing SLUICE_GUARDED_BY(mutex) = false;
  Result<aws::Credentials> last SLUICE_GUARDED_BY(mutex) = fail(ErrorCode::kUnavailable, "not asked yet");
  std::vector<Waiter> waiters SLUICE_GUARDED_BY(mutex);
};

WebIdentityCredentials::WebIdentityCredentials(WebIdentityOptions options, http::Client& client, FileSystem& fs,
                                               const Clock& clock, Executor& executor)
    : state_(std::make_shared<State>(std::move(options), client, fs, clock, executor)) {}

WebIdentityCredentials::~WebIdentityCredentials() = default;

Task<Result<WebIdentityCredentials::Session>> WebIdentityCredentials::exchange(std::shared_ptr<State> state) {
  SLUICE_CO_ASSIGN(const Secret token, state->read_token());
  aws::Parameters parameters = {{"RoleArn", state->options.role_arn},
                                {"RoleSessionName", state->session_name()},
                                {"WebIdentityToken", std::string(token.reveal())}};
  if (state->options.duration_s != 0) {
    parameters.emplace_back("DurationSeconds", std::to_string(state->options.duration_s));
  }
  SLUICE_CO_ASSIGN(Answer answer,
                   co_await query_unsigned(state->client, state->options.sts_url, std::string(aws::kStsVersion),
                                           "AssumeRoleWithWebIdentity", std::move(parameters)));
  if (!answer.ok()) co_return std::unexpected(answer.to_error());
  auto session = Session::read(answer);
  wipe(answer.body.data(), answer.body.size());
  co_return session;
}

Task<Result<aws::Credentials>> WebIdentityCredentials::get() {
  const std::shared_ptr<State> state = state_;
  bool is_mine = false;
  if (auto at_hand = state->current(is_mine)) co_return *std::move(at_hand);
  if (!is_mine) {
    co_return co_await callback_result<Result<aws::Credentials>>(
        state->executor, [state](State::Waiter waiter) { state->wait_for_refresh(std::move(waiter)); });
  }
  auto session = co_await exchange(state);
  co_return state->finish(std::move(session));
}

}  // namespace sluice::awsclient

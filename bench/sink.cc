#include "bench/sink.h"

#include <algorithm>
#include <utility>

#include "aws/request_view.h"
#include "aws/sigv4_verify.h"
#include "base/limits.h"
#include "http/status.h"
#include "wire/snappy_block.h"

namespace sluice::bench {
namespace {

aws::RequestView view_of(const http::Request& request) {
  aws::RequestView view;
  view.method = request.method;
  view.path = request.path();
  view.query = request.query();
  for (const auto& [name, value] : request.headers.fields()) view.headers.push_back({name, value});
  view.body = request.body;
  return view;
}

std::unexpected<Error> unauthenticated(std::string message) {
  return fail(ErrorCode::kUnauthenticated, std::move(message));
}

http::Response to_response(const Error& error) {
  return http::Response::text(http::status_of(error.code), error.message + "\n");
}

}  // namespace

Sink::Sink(FileSystem& fs, const Clock& clock, std::string directory, std::optional<Signing> signing)
    : clock_(clock), signing_(std::move(signing)), files_(fs, std::move(directory)) {}

Result<void> Sink::authenticate(const http::Request& request) {
  if (!signing_) return {};
  const aws::RequestView view = view_of(request);
  aws::VerificationPolicy policy;
  policy.now = clock_.now_s();
  policy.service = "aps";
  policy.regions = {signing_->region};
  const auto parsed = aws::parse_authorization(view);
  if (!parsed) return unauthenticated("the Authorization header is missing or malformed");
  const auto checked = aws::check_claims(*parsed, view, policy);
  if (!checked) return unauthenticated("the signature's time, region or service is not this sink's");
  if (checked->access_key_id() != signing_->credentials.access_key_id)
    return unauthenticated("the access key is unknown");
  if (!aws::verify_signature(*checked, signing_->credentials.secret_access_key, view, policy, signing_keys_)) {
    return unauthenticated("the signature does not match");
  }
  return {};
}

void Sink::look_up(const std::vector<ScannedEntry>& entries) {
  // Slots lie anywhere in memory: waiting for one after the other would be most of the work.
  constexpr size_t kAhead = 12;
  MutexLock lock(mutex_);
  for (size_t i = 0; i < entries.size(); ++i) {
    if (i + kAhead < entries.size()) table_.prefetch(entries[i + kAhead].labels);
    TimestampMs& newest = table_.at(entries[i].labels);
    newest = std::max(newest, entries[i].newest_ms);
  }
}

size_t Sink::series() const {
  MutexLock lock(mutex_);
  return table_.size();
}

http::Response Sink::write(const http::Request& request) {
  if (const auto proven = authenticate(request); !proven) return to_response(proven.error());
  const auto message = wire::snappy_decode(request.body, limits::kRemoteWriteDecodedBytesMax);
  if (!message) return to_response(message.error());
  const auto entries = scan_write_request(*message);
  if (!entries) return to_response(entries.error());
  look_up(*entries);
  if (const auto durable = files_.append(request.body); !durable) {
    return http::Response::text(503, durable.error().message + "\n");
  }
  return http::Response::text(200, "");
}

Task<http::Response> Sink::handle(const http::Request& request) {
  if (request.method == "POST") co_return write(request);
  if (request.path() == "/-/ready") co_return http::Response::text(200, "ready\n");
  if (request.path() == "/-/series") co_return http::Response::text(200, std::to_string(series()) + "\n");
  co_return http::Response::text(404, "POST is a remote write; GET knows /-/ready and /-/series\n");
}

size_t Sink::body_bytes_max(std::string_view, std::string_view, const http::Headers&) const {
  return limits::kRemoteWriteBodyBytesMax;
}

http::Response Sink::refuse(const http::Request&, int status, std::string_view reason) {
  return http::Response::text(status, std::string(reason) + "\n");
}

}  // namespace sluice::bench

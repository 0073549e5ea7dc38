// Content negotiation of remote write.
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "base/encoding.h"
#include "wire/remote_write.h"

namespace sluice::wire {
namespace {

constexpr std::string_view kMessage10 = "prometheus.WriteRequest";
constexpr std::string_view kMessage20 = "io.prometheus.write.v2.Request";
std::unexpected<Error> refuse(std::string message) { return fail(ErrorCode::kUnsupported, std::move(message)); }

// Takes what stands before the next ';' off the front.
std::string_view next_part(std::string_view& rest) {
  const size_t end = rest.find(';');
  const std::string_view part = trim(rest.substr(0, end));
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return part;
}

std::string_view unquote(std::string_view value) {
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"') return value.substr(1, value.size() - 2);
  return value;
}

Result<RemoteWriteMessage> read_message(std::string_view message) {
  if (message == kMessage10) return RemoteWriteMessage::kV1;
  if (message == kMessage20) return RemoteWriteMessage::kV2;
  return refuse(fmt::format("unknown protobuf message \"{}\" in Content-Type; {} and {} are accepted",
                            printable(message, 100), kMessage10, kMessage20));
}

Result<RemoteWriteMessage> read_content_type(std::string_view content_type) {
  RemoteWriteMessage found = RemoteWriteMessage::kV1;
  if (content_type.empty()) return found;
  std::string_view rest = content_type;
  if (!ascii_iequals(next_part(rest), kRemoteWriteContentType)) {
    return refuse(fmt::format("Content-Type \"{}\" is not accepted; remote write is {}", printable(content_type, 100),
                              kRemoteWriteContentType));
  }
  // Parameters other than `proto` say nothing about the message and are passed over, as upstream does.
  while (!rest.empty()) {
    const std::string_view parameter = next_part(rest);
    const size_t equals = parameter.find('=');
    if (equals == std::string_view::npos || !ascii_iequals(trim(parameter.substr(0, equals)), "proto")) continue;
    SLUICE_ASSIGN(found, read_message(unquote(trim(parameter.substr(equals + 1)))));
  }
  return found;
}

}  // namespace

Result<RemoteWriteMessage> check_remote_write_headers(const RemoteWriteHeaders& headers) {
  SLUICE_ASSIGN(const RemoteWriteMessage message, read_content_type(trim(headers.content_type)));
  const std::string_view encoding = trim(headers.content_encoding);
  if (!encoding.empty() && !ascii_iequals(encoding, kRemoteWriteContentEncoding)) {
    return refuse(fmt::format("Content-Encoding \"{}\" is not accepted; only {} (block format) is",
                              printable(encoding, 100), kRemoteWriteContentEncoding));
  }
  // Informational: real senders say 0.1.0, 0.1 or 1.0. But who says 2.0 and not which message would lose all of it:
  // read as the other message, it is empty.
  if (message == RemoteWriteMessage::kV1 && trim(headers.version).starts_with("2.")) {
    return refuse(fmt::format("remote write 2.0 needs Content-Type {};proto={}", kRemoteWriteContentType, kMessage20));
  }
  return message;
}

}  // namespace sluice::wire

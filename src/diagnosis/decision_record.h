#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "diagnosis/finding.h"

namespace sluice::diagnosis {

inline constexpr std::string_view kAnonymous = "anonymous";

/// Why one request was refused, for the operator. The caller was told `code` and `message`, as AWS would;
/// the rest never leaves this side. Holds no token, secret or signature.
struct DecisionRecord {
  std::string request_id;
  TimestampMs time_ms = 0;
  std::string operation;  ///< "AssumeRoleWithWebIdentity", "RemoteWrite"
  std::string action;     ///< the permission asked for: "aps:RemoteWrite"; may be empty
  std::string principal = std::string(kAnonymous);  ///< an ARN once proven; never a mere claim
  std::string access_key_id;  ///< as claimed by the signature; public; may be empty
  std::string issuer;     ///< of the web identity, as claimed; may be empty
  std::string subject;    ///< as claimed; may be empty
  std::string resource;   ///< an ARN; may be empty
  std::string source_ip;
  int status = 0;         ///< HTTP status answered
  std::string code;       ///< AWS error code answered
  std::string message;    ///< text answered
  Finding first_failure;

  /// Refusals this record stands for: more than 1 when a flood of equal ones was aggregated.
  uint64_t count = 1;
  TimestampMs last_time_ms = 0;  ///< of the last of them; 0 counts as time_ms

  bool is_anonymous() const { return principal == kAnonymous; }
};

/// One JSON object on one line, the form of the log line and of the admin API. Texts are made printable.
std::string to_json(const DecisionRecord& record);

/// The same for people (`sluice explain`): the fix first, at most `columns` wide as far as words allow,
/// lines ended by a line feed, no control characters otherwise.
std::string to_text(const DecisionRecord& record, size_t columns = 100);

}  // namespace sluice::diagnosis

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/result.h"
#include "http/client.h"

namespace sluice::awsclient {

/// What a service answered: a success, whose body is in the protocol's form, or a failure with a code. A call that
/// got no answer at all is a Result's error instead.
struct Answer {
  int status = 0;
  http::Headers headers;
  std::string body;
  std::string error_code;     ///< "" when the call succeeded; "InvalidIdentityToken", "ResourceNotFoundException"
  std::string error_message;  ///< the service's words, made printable
  std::string request_id;     ///< of the answer's header, else of its body; "" without either

  bool ok() const { return error_code.empty(); }
  /// The failure as an Error: kUnauthenticated, kPermissionDenied, kNotFound, kAlreadyExists, kConflict,
  /// kQuotaExceeded, kUnavailable (5xx) or kInvalidArgument, by code and status; the message is
  /// "<code>: <message> (request id <id>)".
  Error to_error() const;
};

/// Reads a failure in whichever form it comes: the Query protocol's XML, restJson's header and members, or neither
/// (a proxy's page), whose code is then "HTTP <status>". Statuses other than 2xx are failures.
Answer to_answer(http::ClientResponse response);

/// The text of an element of an XML answer, by its path below the root: xml_text(body,
/// "GetCallerIdentityResult/Arn"). Namespaces are ignored. kMalformed when the body is no XML, kNotFound
/// without the element.
Result<std::string> xml_text(std::string_view body, std::string_view path);
/// The texts of every element of that path: "ListRolesResult/Roles/member/RoleName". Empty when there is none.
Result<std::vector<std::string>> xml_texts(std::string_view body, std::string_view path);

}  // namespace sluice::awsclient

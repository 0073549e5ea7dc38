#include "awsclient/answer.h"

#include <algorithm>

#include <fmt/format.h>
#include <pugixml.hpp>

#include "base/encoding.h"
#include "base/json.h"

namespace sluice::awsclient {
namespace {

/// pugixml expands no entity of a document's own and fetches nothing; the body's size is the client's bound.
Result<void> load(pugi::xml_document& document, std::string_view body) {
  const auto loaded = document.load_buffer(body.data(), body.size(), pugi::parse_default, pugi::encoding_utf8);
  if (!loaded) {
    return fail(ErrorCode::kMalformed,
                fmt::format("the answer is no XML: {} at byte {}", loaded.description(), loaded.offset));
  }
  if (!document.document_element()) return fail(ErrorCode::kMalformed, "the answer is no XML: it has no element");
  return {};
}

void collect(const pugi::xml_node& node, std::string_view path, std::vector<std::string>& out) {
  const size_t slash = path.find('/');
  const std::string name(path.substr(0, slash));
  for (const auto& child : node.children(name.c_str())) {
    if (slash == std::string_view::npos) {
      out.emplace_back(child.child_value());
    } else {
      collect(child, path.substr(slash + 1), out);
    }
  }
}

void read_xml_failure(Answer& answer) {
  pugi::xml_document document;
  if (!load(document, answer.body)) return;
  const auto root = document.document_element();
  const auto error = root.child("Error") ? root.child("Error") : root.child("Errors").child("Error");
  answer.error_code = error.child_value("Code");
  answer.error_message = error.child_value("Message");
  if (answer.request_id.empty()) answer.request_id = root.child_value("RequestId");
}

/// "ResourceNotFoundException:http://..." and "com.amazonaws.aps#ResourceNotFoundException" are seen in the field.
std::string_view bare_code(std::string_view text) {
  text = text.substr(0, text.find(':'));
  const size_t hash = text.rfind('#');
  return hash == std::string_view::npos ? text : text.substr(hash + 1);
}

void read_json_failure(Answer& answer) {
  answer.error_code = bare_code(answer.headers.get("x-amzn-errortype"));
  const auto document = parse_json(answer.body);
  const JsonObject* object = document ? document->as_object() : nullptr;
  if (!object) return;
  const auto text = [&](std::initializer_list<std::string_view> names) -> std::string {
    for (const auto name : names) {
      const JsonValue* value = object->find(name);
      if (value && value->as_string()) return *value->as_string();
    }
    return "";
  };
  if (answer.error_code.empty()) answer.error_code = bare_code(text({"code", "__type"}));
  answer.error_message = text({"message", "Message", "error"});
}

bool is_one_of(std::string_view code, std::initializer_list<std::string_view> codes) {
  return std::ranges::find(codes, code) != codes.end();
}

ErrorCode code_of(const Answer& answer) {
  const std::string_view code = answer.error_code;
  if (is_one_of(code, {"InvalidIdentityToken", "ExpiredTokenException", "ExpiredToken", "InvalidClientTokenId",
                       "UnrecognizedClientException", "SignatureDoesNotMatch", "InvalidSignatureException",
                       "IncompleteSignature", "IncompleteSignatureException", "MissingAuthenticationToken",
                       "MissingAuthenticationTokenException", "IDPRejectedClaim"})) {
    return ErrorCode::kUnauthenticated;
  }
  if (is_one_of(code, {"Throttling", "ThrottlingException", "LimitExceeded", "ServiceQuotaExceededException"}) ||
      answer.status == 429) {
    return ErrorCode::kQuotaExceeded;
  }
  if (code == "IDPCommunicationError" || answer.status >= 500) return ErrorCode::kUnavailable;
  if (code == "EntityAlreadyExists") return ErrorCode::kAlreadyExists;
  if (answer.status == 401) return ErrorCode::kUnauthenticated;
  if (answer.status == 403) return ErrorCode::kPermissionDenied;
  if (answer.status == 404) return ErrorCode::kNotFound;
  if (answer.status == 409) return ErrorCode::kConflict;
  return ErrorCode::kInvalidArgument;
}

}  // namespace

Error Answer::to_error() const {
  std::string message = fmt::format("{}: {}", error_code, error_message);
  if (!request_id.empty()) message += fmt::format(" (request id {})", request_id);
  return {code_of(*this), std::move(message)};
}

Answer to_answer(http::ClientResponse response) {
  Answer answer;
  answer.status = response.status;
  answer.headers = std::move(response.headers);
  answer.body = std::move(response.body);
  answer.request_id = printable(answer.headers.get("x-amzn-requestid"), 64);
  if (answer.status >= 200 && answer.status < 300) return answer;
  const std::string_view body = trim(answer.body);
  if (body.starts_with('<')) {
    read_xml_failure(answer);
  } else {
    read_json_failure(answer);
  }
  answer.error_code = printable(answer.error_code, 128);
  answer.error_message = printable(answer.error_message);
  answer.request_id = printable(answer.request_id, 64);
  if (answer.error_code.empty()) answer.error_code = fmt::format("HTTP {}", answer.status);
  return answer;
}

Result<std::vector<std::string>> xml_texts(std::string_view body, std::string_view path) {
  pugi::xml_document document;
  SLUICE_TRY(load(document, body));
  std::vector<std::string> texts;
  collect(document.document_element(), path, texts);
  return texts;
}

Result<std::string> xml_text(std::string_view body, std::string_view path) {
  SLUICE_ASSIGN(auto texts, xml_texts(body, path));
  if (texts.empty()) return fail(ErrorCode::kNotFound, fmt::format("the answer has no element {}", path));
  return std::move(texts.front());
}

}  // namespace sluice::awsclient

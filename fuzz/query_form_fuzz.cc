// uses: aws http
// A Query-protocol body: decoded, validated, its lists read, and echoed in answers.
#include <cstdint>
#include <string_view>

#include "aws/query_protocol.h"
#include "aws/validation.h"
#include "aws/xml_writer.h"
#include "base/check.h"
#include "base/encoding.h"
#include "http/form.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sluice;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto form = http::Form::parse(text);
  if (!form) return 0;
  static const aws::ParameterRule kRules[] = {
      {.name = "RoleArn", .required = true, .length_min = 20, .length_max = 2048, .pattern = &aws::patterns::kArn},
      {.name = "RoleSessionName",
       .required = true,
       .length_min = 2,
       .length_max = 64,
       .pattern = &aws::patterns::kSessionName},
      {.name = "Path", .length_max = 512, .pattern = &aws::patterns::kPath},
      {.name = "TagKey", .length_max = 128, .pattern = &aws::patterns::kTagKey},
      {.name = "DurationSeconds", .type = aws::ParameterRule::Type::kInteger, .value_min = 900, .value_max = 43200},
      {.name = "WebIdentityToken", .length_max = 20000, .sensitive = true},
  };
  if (const auto error = aws::validate(kRules, form->parameters())) {
    const aws::WireAnswer answer = aws::query_error(*error, aws::kStsNamespace, "id");
    SLUICE_CHECK(answer.status == 400 && is_valid_utf8(answer.body), "answers are well-formed");
  }
  std::string fragment;
  aws::XmlWriter xml(fragment, aws::kResultDepth);
  if (const auto list = aws::string_list(form->parameters(), "ClientIDList")) xml.string_list("ClientIDList", *list);
  if (const auto tags = aws::structure_list(form->parameters(), "Tags")) {
    for (const auto& tag : *tags) {
      for (const auto& [name, value] : tag.fields) xml.element("member", std::string_view(value));
    }
  }
  SLUICE_CHECK(is_valid_utf8(aws::query_success("X", aws::kIamNamespace, fragment, "id").body),
               "answers are well-formed");
  return 0;
}

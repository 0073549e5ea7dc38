// uses: aws
// The input is an Authorization header, a line feed, and the rest of a request: "date\ntoken\npath\nquery\nbody".
#include <cstdint>
#include <string_view>

#include "aws/sigv4_verify.h"
#include "base/check.h"

namespace {

std::string_view take_line(std::string_view& rest) {
  const size_t end = rest.find('\n');
  const std::string_view line = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return line;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sluice;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const std::string_view authorization = take_line(rest);
  const std::string_view date = take_line(rest);
  const std::string_view token = take_line(rest);
  const std::string_view path = take_line(rest);
  const std::string_view query = take_line(rest);
  const aws::RequestView request{
      "POST",
      path,
      query,
      {{"Host", "h"}, {"Authorization", authorization}, {"X-Amz-Date", date}, {"X-Amz-Security-Token", token}},
      rest};
  const aws::VerificationPolicy policy{.now = 1'440'938'160, .service = "aps", .regions = {"us-east-1"}};
  const auto refused = [](const aws::SigV4Failure& failure) {
    for (const auto dialect :
         {aws::ErrorDialect::kQuery, aws::ErrorDialect::kRestJson, aws::ErrorDialect::kDataPlane}) {
      const aws::AwsError error = aws::to_aws_error(failure, dialect);
      SLUICE_CHECK(error.status >= 400 && !error.code.empty() && !error.message.empty(), "a refusal says what it is");
    }
    return 0;
  };
  const auto parsed = aws::parse_authorization(request);
  if (!parsed) return refused(parsed.error());
  const auto checked = aws::check_claims(*parsed, request, policy);
  if (!checked) return refused(checked.error());
  aws::SigningKeyCache cache(4);
  const auto verified = aws::verify_signature(*checked, Secret("a secret nobody has"), request, policy, cache);
  SLUICE_CHECK(!verified, "nothing verifies against a secret nobody has");
  return refused(verified.error());
}

#include "aws/arn.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"

namespace sluice::aws {
namespace {

using ::testing::HasSubstr;

TEST(Arn, RoundTripsWhatItAccepts) {
  for (const std::string text : {
           "arn:aws:iam::111122223333:root",
           "arn:aws:iam::111122223333:role/path/to/name",
           "arn:aws:iam::aws:policy/AmazonPrometheusRemoteWriteAccess",
           "arn:aws:sts::111122223333:assumed-role/role/session@x.y",
           "arn:aws-us-gov:aps:us-gov-west-1:111122223333:workspace/ws-1",
           "arn:aws:iam::111122223333:oidc-provider/eastus.oic.prod-aks.azure.com/tenant/guid/",
           "arn:aws:s3:::bucket/key:with:colons",
       }) {
    const auto arn = Arn::parse(text);
    ASSERT_TRUE(arn) << text;
    EXPECT_EQ(arn->format(), text);
  }
}

TEST(Arn, NamesPartsOfItsResource) {
  const auto role = Arn::parse("arn:aws:iam::111122223333:role/path/to/name");
  EXPECT_EQ(role->resource_type(), "role");
  EXPECT_EQ(role->resource_name(), "name");
  EXPECT_EQ(role->resource_path(), "path/to/name");
  const auto root = Arn::parse("arn:aws:iam::111122223333:root");
  EXPECT_EQ(root->resource_type(), "");
  EXPECT_EQ(root->resource_name(), "root");
}

TEST(Arn, RefusesWhatIsNone) {
  struct Row {
    std::string text, why;
  };
  const Row rows[] = {
      {"", "fewer than six parts"},
      {"arn:aws:iam::111122223333", "fewer than six parts"},
      {"urn:aws:iam::111122223333:root", "does not begin with 'arn:'"},
      {"arn::iam::111122223333:root", "partition"},
      {"arn:AWS:iam::111122223333:root", "partition"},
      {"arn:aws:::111122223333:root", "service"},
      {"arn:aws:iam:US-EAST-1:111122223333:root", "region"},
      {"arn:aws:iam::1111222233334:root", "account '1111222233334' is not 12 digits"},
      {"arn:aws:iam::11112222333x:root", "account"},
      {"arn:aws:iam::111122223333:", "resource"},
      {"arn:aws:iam::111122223333:role/a b", "resource"},
      {std::string("arn:aws:iam::111122223333:role/a\n"), "resource"},
      {"arn:aws:iam::*:role/x", "account"},
      {"arn:aws:iam::111122223333:role/" + std::string(limits::kArnBytesMax, 'x'), "at most 2048"},
  };
  for (const auto& row : rows) {
    const auto arn = Arn::parse(row.text);
    ASSERT_FALSE(arn) << row.text;
    EXPECT_EQ(arn.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(arn.error().message, HasSubstr(row.why));
  }
}

}  // namespace
}  // namespace sluice::aws

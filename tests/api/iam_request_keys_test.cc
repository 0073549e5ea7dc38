#include <gmock/gmock.h>

#include "api/iam_service.h"
#include "control_plane_fixture.h"

namespace sluice::api {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

using IamRequestKeysTest = ControlPlaneTest;

TEST_F(IamRequestKeysTest, ParametersThatAnOperationDoesNotTakeAreNothingToIt) {
  for (const char* action : {"ListRoles", "ListPolicies", "GetRole"}) {
    SCOPED_TRACE(action);
    // A tag without its value, a tag key that is no text, somebody's policy: none of it was asked for.
    auto plan = plan_iam(action, {{"RoleName", "r"},
                                  {"Tags.member.1.Key", "k"},
                                  {"Tags.member.2.Value", "v"},
                                  {"TagKeys.member.1", "\xff"},
                                  {"PolicyArn", "arn:aws:iam::111122223333:policy/write"}});
    ASSERT_TRUE(plan);
    EXPECT_THAT(plan->context_keys.values(), IsEmpty());
    EXPECT_THAT(plan->permissions, SizeIs(1));
  }
}

}  // namespace
}  // namespace sluice::api

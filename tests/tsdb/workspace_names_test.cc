#include "tsdb/workspace_names.h"

#include <gtest/gtest.h>

namespace sluice::tsdb {
namespace {

constexpr const char* kA = "ws-aaaaaaaa-0000-4000-8000-000000000001";

TEST(WorkspaceId, IsWsAndALowerCaseUuid) {
  EXPECT_TRUE(is_workspace_id(kA));
  for (const char* other : {"", "ws-", "aaaaaaaa-0000-4000-8000-000000000001",
                            "ws-AAAAAAAA-0000-4000-8000-000000000001", "ws-aaaaaaaa-0000-4000-8000-00000000000",
                            "ws-aaaaaaaa-0000-4000-8000-0000000000011", "ws-aaaaaaaa00000-4000-8000-000000000001",
                            "ws-../../../../../../etc/passwd/aaaaaaaaa", "ws-gaaaaaaa-0000-4000-8000-000000000001"}) {
    EXPECT_FALSE(is_workspace_id(other)) << other;
  }
}

TEST(DeletedWorkspace, HasANameThatReadsBack) {
  const DeletedWorkspace deleted{kA, 1'700'000'000'123};
  EXPECT_EQ(deleted.directory_name(), std::string(kA) + ".deleted-1700000000123");
  EXPECT_EQ(parse_deleted_name(deleted.directory_name()), deleted);
}

TEST(DeletedWorkspace, IsNoOtherName) {
  const std::string id(kA);
  for (const std::string& other :
       {std::string(), id, id + ".deleted", id + ".deleted-", id + ".deleted-x", id + ".deleted--1", id + ".deleted-1x",
        id + ".deleted-99999999999999999999", std::string("ws-1.deleted-1")}) {
    EXPECT_FALSE(parse_deleted_name(other)) << other;
  }
}

TEST(WorkspacePath, IsToldByItsLastName) {
  EXPECT_TRUE(is_workspace_path(std::string("data/workspaces/") + std::string(kA)));
  EXPECT_TRUE(is_workspace_path(std::string(kA) + ".deleted-1700000000000"));
  EXPECT_FALSE(is_workspace_path(std::string(kA) + "/wal"));
  EXPECT_FALSE(is_workspace_path("data/workspaces"));
}

}  // namespace
}  // namespace sluice::tsdb

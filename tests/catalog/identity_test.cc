#include <gmock/gmock.h>

#include "base/limits.h"
#include "catalog/builtin_policies.h"
#include "catalog_fixture.h"

namespace sluice::catalog {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST_F(CatalogTest, FindsAProviderByItsIssuerByteForByte) {
  auto created = catalog_->create_provider(provider_at("Issuer.example/Path/"));
  ASSERT_TRUE(created) << created.error().message;
  EXPECT_EQ(created->arn, "arn:aws:iam::111122223333:oidc-provider/Issuer.example/Path/");
  auto found = catalog_->provider_by_issuer(kAccount, "https://Issuer.example/Path/");
  ASSERT_TRUE(found);
  EXPECT_EQ((*found)->id, created->id);
  EXPECT_EQ((*found)->created_at, kStartMs / 1000);
  for (const char* other : {"https://Issuer.example/Path", "https://issuer.example/Path/",
                            "http://Issuer.example/Path/", "Issuer.example/Path/", "https://Issuer.example/path/", ""})
    EXPECT_EQ(code_of(catalog_->provider_by_issuer(kAccount, other)), ErrorCode::kNotFound) << other;
  EXPECT_EQ(code_of(catalog_->provider_by_issuer(kOtherAccount, "https://Issuer.example/Path/")), ErrorCode::kNotFound);
}

TEST_F(CatalogTest, KeepsProvidersThatDifferByASlashApart) {
  auto with = catalog_->create_provider(provider_at("h.example/p/"));
  auto without = catalog_->create_provider(provider_at("h.example/p"));
  ASSERT_TRUE(with && without);
  EXPECT_NE(with->id, without->id);
  EXPECT_EQ(code_of(catalog_->create_provider(provider_at("h.example/p"))), ErrorCode::kAlreadyExists);
}

TEST_F(CatalogTest, ARecreatedProviderHasAnotherId) {
  auto first = catalog_->create_provider(provider_at("h.example"));
  ASSERT_TRUE(first);
  ASSERT_TRUE(catalog_->provider_by_id(first->id));
  ASSERT_TRUE(catalog_->delete_provider(first->arn));
  EXPECT_EQ(code_of(catalog_->provider_by_id(first->id)), ErrorCode::kNotFound);
  EXPECT_EQ(code_of(catalog_->delete_provider(first->arn)), ErrorCode::kNotFound);
  auto second = catalog_->create_provider(provider_at("h.example"));
  ASSERT_TRUE(second);
  EXPECT_NE(first->id, second->id);
}

TEST_F(CatalogTest, StoresNothingOfAChangeThatFails) {
  auto provider = catalog_->create_provider(provider_at("h.example"));
  ASSERT_TRUE(provider);
  const uint64_t before = catalog_->revision();
  auto changed = catalog_->update_provider(provider->arn, [](iam::OidcProvider& p) -> Result<void> {
    p.client_ids.clear();
    return fail(ErrorCode::kQuotaExceeded, "no");
  });
  EXPECT_EQ(code_of(changed), ErrorCode::kQuotaExceeded);
  auto found = catalog_->provider_by_arn(provider->arn);
  ASSERT_TRUE(found);
  EXPECT_THAT((*found)->client_ids, ElementsAre("sts.amazonaws.com"));
  EXPECT_EQ(catalog_->revision(), before);
}

TEST_F(CatalogTest, RefusesMoreProvidersThanTheQuota) {
  for (size_t i = 0; i < limits::kProvidersPerAccountMax; ++i)
    ASSERT_TRUE(catalog_->create_provider(provider_at(fmt::format("h{}.example", i))));
  auto over = catalog_->create_provider(provider_at("over.example"));
  EXPECT_EQ(code_of(over), ErrorCode::kQuotaExceeded);
  EXPECT_THAT(over.error().message, HasSubstr("100"));
  auto listed = catalog_->providers(kAccount);
  ASSERT_TRUE(listed);
  EXPECT_EQ(listed->size(), limits::kProvidersPerAccountMax);
  EXPECT_EQ(listed->front().url, "h0.example");
}

TEST_F(CatalogTest, RoleNamesAreUniqueWithoutRegardToCase) {
  auto role = catalog_->create_role(role_named("Writer", "/team/"));
  ASSERT_TRUE(role);
  EXPECT_TRUE(role->id.starts_with("AROA"));
  EXPECT_EQ(role->id.size(), 21u);
  EXPECT_EQ(code_of(catalog_->create_role(role_named("writer"))), ErrorCode::kAlreadyExists);
  auto found = catalog_->role_by_name(kAccount, "WRITER");
  ASSERT_TRUE(found);
  EXPECT_EQ((*found)->role.name, "Writer");
  EXPECT_EQ(code_of(catalog_->role_by_arn("arn:aws:iam::111122223333:role/team/writer")), ErrorCode::kNotFound);
  auto elsewhere = role_named("writer");
  elsewhere.account_id = kOtherAccount;
  EXPECT_TRUE(catalog_->create_role(elsewhere));
}

TEST_F(CatalogTest, ARecreatedRoleHasAnotherIdAndNoneOfItsPolicies) {
  auto first = catalog_->create_role(role_named("r"));
  ASSERT_TRUE(first);
  ASSERT_TRUE(catalog_->put_inline_policy(first->id, {"p", "{}"}));
  ASSERT_TRUE(catalog_->role_by_id(first->id));
  EXPECT_EQ(code_of(catalog_->delete_role(first->id)), ErrorCode::kConflict);
  ASSERT_TRUE(catalog_->delete_inline_policy(first->id, "p"));
  ASSERT_TRUE(catalog_->delete_role(first->id));
  EXPECT_EQ(code_of(catalog_->role_by_id(first->id)), ErrorCode::kNotFound);
  auto second = catalog_->create_role(role_named("r"));
  ASSERT_TRUE(second);
  EXPECT_NE(first->id, second->id);
  auto snapshot = catalog_->role_by_arn(second->arn);
  ASSERT_TRUE(snapshot);
  EXPECT_TRUE((*snapshot)->inline_policies.empty());
}

TEST_F(CatalogTest, ARoleSnapshotHoldsEveryPolicyThatCounts) {
  auto role = catalog_->create_role(role_named("r"));
  auto policy = catalog_->create_policy(policy_named("own"));
  ASSERT_TRUE(role && policy);
  ASSERT_TRUE(catalog_->put_inline_policy(role->id, {"b", "2"}));
  ASSERT_TRUE(catalog_->put_inline_policy(role->id, {"a", "1"}));
  ASSERT_TRUE(catalog_->put_inline_policy(role->id, {"b", "3"}));
  ASSERT_TRUE(catalog_->attach_policy(role->id, policy->arn));
  ASSERT_TRUE(catalog_->attach_policy(role->id, "arn:aws:iam::aws:policy/AmazonPrometheusRemoteWriteAccess"));
  ASSERT_TRUE(catalog_->attach_policy(role->id, policy->arn));
  auto snapshot = catalog_->role_by_id(role->id);
  ASSERT_TRUE(snapshot);
  ASSERT_EQ((*snapshot)->inline_policies.size(), 2u);
  EXPECT_EQ((*snapshot)->inline_policies[0].name, "a");
  EXPECT_EQ((*snapshot)->inline_policies[1].document, "3");
  ASSERT_EQ((*snapshot)->attached_policies.size(), 2u);
  EXPECT_EQ((*snapshot)->attached_policies[0].document, policy->versions[0].document);
  EXPECT_EQ((*snapshot)->attached_policies[1].name, "AmazonPrometheusRemoteWriteAccess");
  EXPECT_THAT((*snapshot)->attached_policies[1].document, HasSubstr("aps:RemoteWrite"));
  EXPECT_EQ((*snapshot)->revision, catalog_->revision());
}

TEST_F(CatalogTest, AReadAgainIsTheSameSnapshotUntilSomethingChanges) {
  auto role = catalog_->create_role(role_named("r"));
  ASSERT_TRUE(role);
  auto first = catalog_->role_by_id(role->id);
  ASSERT_TRUE(first);
  ASSERT_TRUE(catalog_->append_audit({}));
  auto again = catalog_->role_by_id(role->id);
  ASSERT_TRUE(again);
  EXPECT_EQ(first->get(), again->get());
  const uint64_t before = catalog_->revision();
  ASSERT_TRUE(catalog_->put_inline_policy(role->id, {"p", "{}"}));
  EXPECT_GT(catalog_->revision(), before);
  auto changed = catalog_->role_by_id(role->id);
  ASSERT_TRUE(changed);
  EXPECT_EQ((*changed)->inline_policies.size(), 1u);
  EXPECT_EQ((*first)->inline_policies.size(), 0u);
}

TEST_F(CatalogTest, InlinePoliciesOfARoleShareOneSizeThatIgnoresWhiteSpace) {
  auto role = catalog_->create_role(role_named("r"));
  ASSERT_TRUE(role);
  ASSERT_TRUE(catalog_->put_inline_policy(role->id, {"a", std::string(10'000, 'x') + std::string(5'000, ' ')}));
  EXPECT_TRUE(catalog_->put_inline_policy(role->id, {"b", std::string(240, 'x')}));
  auto over = catalog_->put_inline_policy(role->id, {"b", std::string(241, 'x')});
  EXPECT_EQ(code_of(over), ErrorCode::kQuotaExceeded);
  EXPECT_EQ(over.error().message, "Maximum policy size of 10240 bytes exceeded for role r");
  EXPECT_TRUE(catalog_->put_inline_policy(role->id, {"a", std::string(10'000, 'y')}));
}

TEST_F(CatalogTest, AttachmentsAreBoundedAndHoldTheirPolicy) {
  auto role = catalog_->create_role(role_named("r"));
  ASSERT_TRUE(role);
  std::vector<std::string> arns;
  for (size_t i = 0; i <= limits::kAttachedPoliciesPerRoleMax; ++i) {
    auto policy = catalog_->create_policy(policy_named(fmt::format("p{}", i)));
    ASSERT_TRUE(policy);
    arns.push_back(policy->arn);
  }
  for (size_t i = 0; i < limits::kAttachedPoliciesPerRoleMax; ++i)
    ASSERT_TRUE(catalog_->attach_policy(role->id, arns[i]));
  auto over = catalog_->attach_policy(role->id, arns.back());
  EXPECT_EQ(code_of(over), ErrorCode::kQuotaExceeded);
  EXPECT_THAT(over.error().message, HasSubstr("PoliciesPerRole"));
  EXPECT_EQ(code_of(catalog_->delete_policy(arns[0])), ErrorCode::kConflict);
  EXPECT_EQ(code_of(catalog_->delete_role(role->id)), ErrorCode::kConflict);
  ASSERT_TRUE(catalog_->detach_policy(role->id, arns[0]));
  EXPECT_EQ(code_of(catalog_->detach_policy(role->id, arns[0])), ErrorCode::kNotFound);
  EXPECT_TRUE(catalog_->delete_policy(arns[0]));
  EXPECT_EQ(code_of(catalog_->delete_policy(arns[0])), ErrorCode::kNotFound);
}

TEST_F(CatalogTest, APolicyOfAnotherAccountCannotBeAttached) {
  auto role = catalog_->create_role(role_named("r"));
  auto foreign = policy_named("p");
  foreign.account_id = kOtherAccount;
  auto policy = catalog_->create_policy(foreign);
  ASSERT_TRUE(role && policy);
  EXPECT_EQ(code_of(catalog_->attach_policy(role->id, policy->arn)), ErrorCode::kNotFound);
  EXPECT_EQ(code_of(catalog_->policy_by_arn(kAccount, policy->arn)), ErrorCode::kNotFound);
  EXPECT_EQ(code_of(catalog_->attach_policy("AROANONE", policy->arn)), ErrorCode::kNotFound);
}

TEST_F(CatalogTest, CountsTheAttachmentsOfItsOwnAccount) {
  auto role = catalog_->create_role(role_named("r"));
  auto policy = catalog_->create_policy(policy_named("p"));
  ASSERT_TRUE(role && policy);
  const std::string builtin = builtin_policies().front().arn;
  for (const std::string& arn : {policy->arn, builtin}) {
    ASSERT_TRUE(catalog_->attach_policy(role->id, arn));
    auto found = catalog_->policy_by_arn(kAccount, arn);
    ASSERT_TRUE(found);
    EXPECT_EQ((*found)->attachment_count, 1) << arn;
    ASSERT_EQ((*found)->versions.size(), 1u);
    EXPECT_EQ((*found)->default_version_id, "v1");
  }
  auto elsewhere = catalog_->policy_by_arn(kOtherAccount, builtin);
  ASSERT_TRUE(elsewhere);
  EXPECT_EQ((*elsewhere)->attachment_count, 0);
}

TEST_F(CatalogTest, EntitiesNeedAnAccount) {
  auto role = role_named("r");
  role.account_id = "999999999999";
  EXPECT_EQ(code_of(catalog_->create_role(role)), ErrorCode::kNotFound);
  EXPECT_EQ(code_of(catalog_->create_account({std::string(kAccount), "", 0})), ErrorCode::kAlreadyExists);
}

TEST_F(CatalogTest, AccessKeysComeBackAsTheyWereSealed) {
  const iam::AccessKey key{
      "AKIAX", std::string(kAccount), "arn:aws:iam::111122223333:root", std::string("\x01\0z", 3), true, 9};
  ASSERT_TRUE(catalog_->create_access_key(key));
  EXPECT_EQ(code_of(catalog_->create_access_key(key)), ErrorCode::kAlreadyExists);
  auto found = catalog_->access_key("AKIAX");
  ASSERT_TRUE(found);
  EXPECT_EQ((*found)->sealed_secret, key.sealed_secret);
  EXPECT_EQ((*found)->principal_arn, key.principal_arn);
  auto listed = catalog_->access_keys(kAccount);
  ASSERT_TRUE(listed);
  EXPECT_EQ(listed->size(), 1u);
  ASSERT_TRUE(catalog_->delete_access_key("AKIAX"));
  EXPECT_EQ(code_of(catalog_->access_key("AKIAX")), ErrorCode::kNotFound);
}

}  // namespace
}  // namespace sluice::catalog

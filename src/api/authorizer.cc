#include "api/authorizer.h"

#include <utility>

#include "base/limits.h"

namespace sluice::api {

namespace {

class SeriesLabels final : public iam::LabelLookup {
 public:
  explicit SeriesLabels(const model::Labels& labels) : labels_(labels) {}
  std::string_view value_of(std::string_view name) const override { return labels_.get(name); }

 private:
  const model::Labels& labels_;
};

}  // namespace

Result<iam::Decision> Authorizer::decide(const iam::Principal& caller, std::string_view action,
                                         std::string_view resource, const iam::RequestContext& context) {
  const iam::AccessRequest request{action, resource, context};
  if (caller.kind != iam::PrincipalKind::kAssumedRole) return iam::evaluate(caller, {}, request);
  SLUICE_ASSIGN(const auto role, compiled(caller.role_id));
  return iam::evaluate(caller, role->policies, request);
}

Result<std::shared_ptr<const Authorizer::Compiled>> Authorizer::compiled(const std::string& role_id) {
  const uint64_t revision = catalog_.revision();
  {
    MutexLock lock(mutex_);
    const auto found = roles_.find(role_id);
    if (found != roles_.end() && found->second->revision == revision) return found->second;
  }
  SLUICE_ASSIGN(const auto role, catalog_.role_by_id(role_id));
  auto fresh = compile(*role, revision);
  if (!fresh) {
    logger_.error("a stored policy cannot be compiled; its role is refused everything",
                  {{"role", role->role.arn}, {"reason", fresh.error().message}});
    return std::unexpected(std::move(fresh).error());
  }
  MutexLock lock(mutex_);
  if (roles_.size() >= limits::kCompiledRolesMax) roles_.clear();
  roles_[role_id] = *fresh;
  return fresh;
}

Result<std::shared_ptr<const Authorizer::Compiled>> Authorizer::compile(const catalog::RoleSnapshot& role,
                                                                        uint64_t revision) const {
  auto compiled = std::make_shared<Compiled>();
  compiled->revision = revision;
  const auto add = [&](iam::PolicySource source, const std::string& name, const std::string& document) -> Result<void> {
    auto policy = iam::parse_policy(iam::PolicyKind::kIdentity, document);
    if (!policy) return fail(ErrorCode::kInternal, "policy " + name + ": " + policy.error().message);
    compiled->policies.identity.push_back({source, name, *std::move(policy)});
    return {};
  };
  for (const auto& policy : role.inline_policies) {
    SLUICE_TRY(add(iam::PolicySource::kIdentityInline, policy.name, policy.document));
  }
  for (const auto& policy : role.attached_policies) {
    SLUICE_TRY(add(iam::PolicySource::kIdentityManaged, policy.arn, policy.document));
  }
  return std::shared_ptr<const Compiled>(std::move(compiled));
}

Result<std::shared_ptr<const iam::CompiledPolicy>> Authorizer::trust_policy(const catalog::RoleSnapshot& role) {
  return iam::parse_policy(iam::PolicyKind::kTrust, role.role.trust_policy);
}

model::SeriesFilter series_filter(const iam::Decision& decision) {
  if (!decision.residual) return {};
  return [residual = decision.residual](const model::Labels& labels) { return residual->allows(SeriesLabels(labels)); };
}

}  // namespace sluice::api

#include "cli/root_key.h"

#include <fmt/core.h>

#include "api/authenticator.h"
#include "awsclient/credentials.h"
#include "crypto/compare.h"

namespace sluice::cli {

namespace {

std::string root_arn(const std::string& account_id) { return "arn:aws:iam::" + account_id + ":root"; }

bool has_secret(const AccountParts& parts, const iam::AccessKey& record, const Secret& secret) {
  const auto opened = sts::open_secret(parts.keys, api::kAccessKeyPurpose, record.id, record.sealed_secret);
  return opened && crypto::equal_constant_time(opened->reveal(), secret.reveal());
}

/// Audited as the calls that do the same, by the configuration instead of a caller.
Result<void> audit(const AccountParts& parts, const std::string& account_id, const std::string& action,
                   const std::string& key_id) {
  catalog::AuditRecord record;
  record.at_ms = parts.clock.now_ms();
  record.request_id = "configuration:aws.root_access_key_id";
  record.account_id = account_id;
  record.principal_arn = root_arn(account_id);
  record.action = action;
  record.resource = fmt::format("{}/{}", root_arn(account_id), key_id);
  record.outcome = "Success";
  return parts.catalog.append_audit(record);
}

Result<void> delete_key(const AccountParts& parts, const std::string& account_id, const std::string& key_id,
                        std::string_view why) {
  SLUICE_TRY(parts.catalog.delete_access_key(key_id));
  SLUICE_TRY(audit(parts, account_id, "iam:DeleteAccessKey", key_id));
  parts.logger.warn("a root key no longer works: the configuration brings another",
                    {{"account", account_id}, {"key", key_id}, {"reason", why}});
  return {};
}

/// A credentials file with a key that opens nothing would only mislead; one that cannot be read is left alone.
Result<void> remove_stale_file(const AccountParts& parts, const std::string& path, const std::string& key_id) {
  SLUICE_ASSIGN(const bool exists, parts.fs.exists(path));
  if (!exists) return {};
  const auto found = awsclient::read_shared_credentials(parts.fs, path);
  if (!found || found->access_key_id == key_id) return {};
  SLUICE_TRY(parts.fs.remove_file(path));
  parts.logger.warn("the credentials file is gone: its key no longer works",
                    {{"file", path}, {"key", found->access_key_id}});
  return {};
}

}  // namespace

Result<void> register_root_key(const AccountParts& parts, const std::string& account_id, const aws::Credentials& key) {
  iam::AccessKey record;
  record.id = key.access_key_id;
  record.account_id = account_id;
  record.principal_arn = root_arn(account_id);
  record.sealed_secret = sts::seal_secret(parts.keys, api::kAccessKeyPurpose, key.access_key_id, key.secret_access_key);
  record.created_at = parts.clock.now_s();
  return parts.catalog.create_access_key(record);
}

Result<void> use_brought_root_key(const AccountParts& parts, const std::string& account_id, const aws::Credentials& key,
                                  const std::string& credentials_path) {
  SLUICE_ASSIGN(const auto existing, parts.catalog.access_keys(account_id));
  bool is_there = false;
  for (const auto& record : existing) {
    if (record.id != key.access_key_id) continue;
    is_there = has_secret(parts, record, key.secret_access_key);
    if (!is_there) SLUICE_TRY(delete_key(parts, account_id, record.id, "same id, another secret"));
  }
  if (!is_there) {
    SLUICE_TRY(register_root_key(parts, account_id, key));
    SLUICE_TRY(audit(parts, account_id, "iam:CreateAccessKey", key.access_key_id));
    parts.logger.info("the root key of the default account is the configuration's",
                      {{"account", account_id}, {"key", key.access_key_id}});
  }
  for (const auto& record : existing) {
    if (record.id == key.access_key_id || record.principal_arn != root_arn(account_id)) continue;
    SLUICE_TRY(delete_key(parts, account_id, record.id, "replaced"));
  }
  return remove_stale_file(parts, credentials_path, key.access_key_id);
}

}  // namespace sluice::cli

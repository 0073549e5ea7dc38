#include "cli/first_start.h"

#include <fmt/core.h>

#include "api/authenticator.h"
#include "awsclient/credentials.h"
#include "cli/root_key.h"
#include "crypto/random.h"
#include "sts/access_key_id.h"

namespace sluice::cli {

namespace {

/// 12 digits, the first not 0, as Amazon's are.
std::string random_account_id() { return crypto::random_text(1, "123456789") + crypto::random_text(11, "0123456789"); }

Result<void> write_credentials(FileSystem& fs, const std::string& path, const aws::Credentials& key) {
  const std::string text = fmt::format(
      "# Root key of this collector's default account. Keep it; it is written once.\n"
      "[default]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
      key.access_key_id, key.secret_access_key.reveal());
  return write_file_atomically(fs, path, text, 0600);
}

/// The key of a credentials file that an interrupted first start left, or a fresh one written there.
Result<aws::Credentials> root_key(FileSystem& fs, const std::string& path) {
  SLUICE_ASSIGN(const bool exists, fs.exists(path));
  if (exists) {
    SLUICE_ASSIGN(const std::string text, read_file(fs, path, 64 << 10));
    SLUICE_ASSIGN(aws::Credentials found, awsclient::parse_shared_credentials(text, "default", path));
    if (sts::classify_access_key_id(found.access_key_id) != sts::AccessKeyKind::kLongLived) {
      return fail(
          ErrorCode::kConflict,
          fmt::format("{} holds a key that no Sluice made ({}): move the file away, or use another storage.path", path,
                      found.access_key_id));
    }
    return found;
  }
  aws::Credentials key;
  key.access_key_id = sts::make_long_lived_access_key_id();
  key.secret_access_key = Secret(sts::make_secret_access_key());
  SLUICE_TRY(write_credentials(fs, path, key));
  return key;
}

Result<std::string> default_account(catalog::Catalog& catalog, const std::string& wanted_id, const Clock& clock) {
  SLUICE_ASSIGN(const auto accounts, catalog.accounts());
  for (const auto& account : accounts) {
    if (wanted_id.empty() || account.id == wanted_id) return account.id;
  }
  if (!accounts.empty()) {
    return fail(
        ErrorCode::kConflict,
        fmt::format("aws.account_id is {}, but this data directory belongs to account {}: set that id, or leave the "
                    "key out, or start with another storage.path",
                    wanted_id, accounts.front().id));
  }
  const std::string id = wanted_id.empty() ? random_account_id() : wanted_id;
  SLUICE_TRY(catalog.create_account({id, "", clock.now_s()}));
  return id;
}

Result<void> check_sealing_keys(const AccountParts& parts, const std::vector<iam::AccessKey>& existing) {
  for (const auto& key : existing) {
    if (sts::open_secret(parts.keys, api::kAccessKeyPurpose, key.id, key.sealed_secret)) return {};
  }
  return fail(
      ErrorCode::kDataLoss,
      "the sealing keys in the data directory's keys/ do not open the access keys in its catalog: they were lost or "
      "replaced. Restore keys/ from a backup of the same time as catalog.db");
}

}  // namespace

Result<std::string> ensure_account(const AccountParts& parts, const AccountWish& wish,
                                   const std::string& credentials_path) {
  SLUICE_ASSIGN(const std::string account_id, default_account(parts.catalog, wish.account_id, parts.clock));
  SLUICE_ASSIGN(const auto existing, parts.catalog.access_keys(account_id));
  if (!existing.empty()) SLUICE_TRY(check_sealing_keys(parts, existing));
  if (wish.root_key) {
    SLUICE_TRY(use_brought_root_key(parts, account_id, *wish.root_key, credentials_path));
    return account_id;
  }
  if (!existing.empty()) return account_id;
  SLUICE_ASSIGN(const aws::Credentials key, root_key(parts.fs, credentials_path));
  SLUICE_TRY(register_root_key(parts, account_id, key));
  parts.logger.info("first start: the root key of the default account is in the credentials file",
                    {{"account", account_id}, {"file", credentials_path}});
  return account_id;
}

}  // namespace sluice::cli

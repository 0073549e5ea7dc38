#include "aws/signing_key_cache.h"

#include <fmt/format.h>

#include "crypto/compare.h"
#include "crypto/digest.h"

namespace sluice::aws {

SigningKeyCache::SigningKeyCache(size_t entries_max) : entries_max_(entries_max == 0 ? 1 : entries_max) {}

Secret SigningKeyCache::get(std::string_view access_key_id, const Secret& secret, const CredentialScope& scope) {
  // Key ids and scopes hold no line feed: check_claims let them through as parts between slashes of one header line.
  std::string id = fmt::format("{}\n{}\n{}\n{}", access_key_id, scope.date, scope.region, scope.service);
  std::string digest = crypto::sha256(secret.reveal());
  {
    MutexLock lock(mutex_);
    const auto found = index_.find(id);
    if (found != index_.end() && crypto::equal_constant_time(found->second->secret_digest, digest)) {
      entries_.splice(entries_.begin(), entries_, found->second);
      return entries_.front().key;
    }
  }
  Secret key = derive_signing_key(secret.reveal(), scope);
  MutexLock lock(mutex_);
  if (const auto found = index_.find(id); found != index_.end()) {
    const auto stale = found->second;
    index_.erase(found);
    entries_.erase(stale);
  }
  while (entries_.size() >= entries_max_) {
    index_.erase(entries_.back().id);
    entries_.pop_back();  // Secret wipes itself
  }
  entries_.push_front(Entry{std::move(id), std::move(digest), key});
  index_.emplace(entries_.front().id, entries_.begin());
  return key;
}

size_t SigningKeyCache::size() const {
  MutexLock lock(mutex_);
  return entries_.size();
}

}  // namespace sluice::aws

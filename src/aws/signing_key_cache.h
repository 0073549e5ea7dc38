#pragma once

#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "aws/sigv4_canonical.h"
#include "base/secret.h"
#include "base/thread_safety.h"

namespace sluice::aws {

/// Remembers derived signing keys by (key id, date, region, service): four HMACs less for each request. Holds the
/// `entries_max` used last; evicted keys are wiped.
///
/// Invariant: a key is returned only for the very secret it was derived from (an entry remembers the secret's digest),
/// so a caller that looks up a wrong secret gets a wrong key, never somebody else's right one.
/// Thread-safe: one mutex, held for a look-up or an insertion, not for the derivation.
class SigningKeyCache {
 public:
  explicit SigningKeyCache(size_t entries_max = 4096);

  Secret get(std::string_view access_key_id, const Secret& secret, const CredentialScope& scope);
  size_t size() const;

 private:
  struct Entry {
    std::string id;
    std::string secret_digest;
    Secret key;
  };

  const size_t entries_max_;
  mutable Mutex mutex_;
  std::list<Entry> entries_ SLUICE_GUARDED_BY(mutex_);  ///< most recently used first
  std::unordered_map<std::string_view, std::list<Entry>::iterator> index_ SLUICE_GUARDED_BY(mutex_);  ///< by Entry::id
};

}  // namespace sluice::aws

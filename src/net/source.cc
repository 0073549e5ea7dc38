#include "net/source.h"

#include <algorithm>

#include "base/check.h"

namespace sluice::net {

SourceKey source_of(const IpAddress& address) {
  SourceKey key{};
  key[0] = address.is_v6 ? 1 : 0;
  std::copy_n(address.bytes.begin(), address.is_v6 ? 8 : 4, key.begin() + 1);
  return key;
}

void SourceCounts::remove(const SourceKey& source) {
  const auto found = counts_.find(source);
  SLUICE_CHECK(found != counts_.end(), "what is removed was added");
  if (--found->second == 0) counts_.erase(found);
}

size_t SourceCounts::of(const SourceKey& source) const {
  const auto found = counts_.find(source);
  return found == counts_.end() ? 0 : found->second;
}

}  // namespace sluice::net

#include "base/secret.h"

#include <cstring>

namespace sluice {

void wipe(void* data, size_t size) { explicit_bzero(data, size); }

}  // namespace sluice

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace sluice {

/// Overwrites memory in a way the compiler may not drop.
void wipe(void* data, size_t size);

/// A byte string that wipes itself when destroyed or assigned over. It has no conversion to std::string,
/// no formatter and no comparison, so it cannot end in a log by accident; reveal() marks each use.
class Secret {
 public:
  Secret() = default;
  /// Moving a short string copies it, so what is left in the parameter is wiped too.
  explicit Secret(std::string bytes) : bytes_(std::move(bytes)) {
    wipe(bytes.data(), bytes.capacity());  // NOLINT(bugprone-use-after-move)
  }
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept : bytes_(std::move(other.bytes_)) { other.clear(); }
  Secret& operator=(const Secret& other) {
    if (this != &other) {
      clear();
      bytes_ = other.bytes_;
    }
    return *this;
  }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      clear();
      bytes_ = std::move(other.bytes_);
      other.clear();
    }
    return *this;
  }
  ~Secret() { clear(); }

  std::string_view reveal() const { return bytes_; }
  size_t size() const { return bytes_.size(); }
  bool empty() const { return bytes_.empty(); }
  void clear() {
    wipe(bytes_.data(), bytes_.capacity());
    bytes_.clear();
  }

 private:
  std::string bytes_;
};

}  // namespace sluice

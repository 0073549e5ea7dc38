#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

/// Numbers that look random and are the same in every run: the load is a pure function of its seed, so that servers
/// measured one after the other get the same bytes.
namespace sluice::bench {

/// A bijection of 64 bits in which each input bit stirs every output bit (splitmix64's finaliser).
constexpr uint64_t mix64(uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}
constexpr uint64_t mix64(uint64_t a, uint64_t b) { return mix64(mix64(a) ^ b); }
constexpr uint64_t mix64(uint64_t a, uint64_t b, uint64_t c) { return mix64(mix64(a, b) ^ c); }

/// [0, 1), from the upper 53 bits.
constexpr double to_unit(uint64_t bits) { return static_cast<double>(bits >> 11) * 0x1p-53; }

/// A stream of such numbers. Not thread-safe.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(mix64(seed)) {}

  uint64_t next() { return mix64(state_++); }
  /// [0, bound); `bound` over 0 and far below 2^64, so that the bias of the remainder is nothing.
  uint64_t below(uint64_t bound) { return next() % bound; }
  /// [low, high], both ends included.
  uint64_t between(uint64_t low, uint64_t high) { return low + below(high - low + 1); }
  double unit() { return to_unit(next()); }
  bool chance(double probability) { return unit() < probability; }
  template <class T>
  const T& pick(std::span<const T> from) {
    return from[below(from.size())];
  }

 private:
  uint64_t state_;
};

}  // namespace sluice::bench

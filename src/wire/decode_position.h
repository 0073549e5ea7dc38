#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <protozero/pbf_reader.hpp>

#include "base/result.h"

namespace sluice::wire {

inline constexpr auto kBytesField = protozero::pbf_wire_type::length_delimited;
inline constexpr auto kVarintField = protozero::pbf_wire_type::varint;
inline constexpr auto kFixed64Field = protozero::pbf_wire_type::fixed64;

/// A field's number and wire type as one number, to switch over.
constexpr uint32_t field_key(protozero::pbf_tag_type tag, protozero::pbf_wire_type type) {
  return protozero::tag_and_type(tag, type);
}
inline std::string_view to_string_view(protozero::data_view bytes) { return {bytes.data(), bytes.size()}; }

/// Where in a request the decoding is, so that errors can say it. Borrows the request's bytes. Not thread-safe.
class DecodePosition {
 public:
  /// `request` names the outermost message: "prometheus.WriteRequest".
  DecodePosition(const char* request, std::string_view buffer) : request_(request), buffer_(buffer) {}

  /// Like reader.next(), remembering where the field begins. `message` names what the reader is in.
  bool next(protozero::pbf_reader& reader, const char* message) {
    message_ = message;
    at_ = reader.data().data();
    field_ = 0;
    const bool has_field = reader.next();
    if (has_field) field_ = reader.tag();
    return has_field;
  }
  void enter(size_t entry) { entry_ = entry; }  ///< the index of the series or metadata entry that is read now

  /// For a field that the caller has no case for. A number it knows, bit by bit in `known_fields_mask`, and another
  /// wire type is damage; a number it does not know is the future, and skipped.
  bool pass_over(protozero::pbf_reader& reader, uint32_t known_fields_mask);

  /// Both keep the error and return false, for callers to return.
  bool refuse(std::string_view what);
  bool refuse_count(std::string_view what, size_t count_max);

  /// Runs `read`, which returns false once something was refused; what protozero throws on damage is refused as well.
  template <class Read>
  Result<void> run(Read read) {
    try {
      if (read()) return {};
    } catch (const protozero::exception& damage) {
      refuse_damage(damage);
    }
    return std::unexpected(std::move(error_));
  }

 private:
  void refuse_damage(const protozero::exception& damage);

  const char* const request_;
  const std::string_view buffer_;
  Error error_;
  const char* message_ = "";
  const char* at_ = nullptr;
  uint32_t field_ = 0;  // 0 while its key is being read
  size_t entry_ = 0;
};

}  // namespace sluice::wire

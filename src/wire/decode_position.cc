#include "wire/decode_position.h"

#include <fmt/format.h>
#include <protozero/exception.hpp>

namespace sluice::wire {

bool DecodePosition::pass_over(protozero::pbf_reader& reader, uint32_t known_fields_mask) {
  if (reader.tag() < 32 && ((known_fields_mask >> reader.tag()) & 1) != 0) {
    return refuse(fmt::format("wrong wire type {} for field {}", static_cast<int>(reader.wire_type()), reader.tag()));
  }
  reader.skip();
  return true;
}

bool DecodePosition::refuse(std::string_view what) {
  const auto offset = at_ == nullptr ? 0 : at_ - buffer_.data();
  const std::string where = field_ == 0 ? std::string("a field key") : fmt::format("field {}", field_);
  error_ = {ErrorCode::kMalformed, fmt::format("malformed {}: {}, in {} of {} at byte {} of {} (entry {})", request_,
                                               what, where, message_, offset, buffer_.size(), entry_)};
  return false;
}

bool DecodePosition::refuse_count(std::string_view what, size_t count_max) {
  error_ = {ErrorCode::kTooLarge,
            fmt::format("{}: more than {} {} in one request; split it", request_, count_max, what)};
  return false;
}

void DecodePosition::refuse_damage(const protozero::exception& damage) {
  const bool is_cut_off = dynamic_cast<const protozero::end_of_buffer_exception*>(&damage) != nullptr;
  refuse(is_cut_off ? "cut off: a value or a length goes past the end" : damage.what());
}

}  // namespace sluice::wire

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::sts {

/// Access key ids that say where they come from: four letters of the kind as AWS has them, then "SLU0", then
/// 12 of A-Z and 2-7. AWS draws from A-Z and 2-7 only, so the digit 0 marks a key as this server's kind, and
/// credentials from another STS are recognised before anything is looked up.
enum class AccessKeyKind : uint8_t {
  kSession,         ///< ASIA, ours: temporary, needs its session token
  kLongLived,       ///< AKIA, ours
  kForeignSession,  ///< ASIA of another STS, such as Amazon's
  kForeign,         ///< anything else
};

/// From the form alone: whether the key exists is another question. Thread-safe.
AccessKeyKind classify_access_key_id(std::string_view id);

/// The id that belongs to a session token with this salt (session_token.h). The id is a function of the salt,
/// so a token tells by itself which id it goes with; it reveals nothing, both are public.
std::string session_access_key_id(std::string_view salt);

/// A random long-lived id, "AKIASLU0...", for an account's root.
std::string make_long_lived_access_key_id();

/// A random secret of AWS's form: 40 characters of the base64 alphabet.
std::string make_secret_access_key();

}  // namespace sluice::sts

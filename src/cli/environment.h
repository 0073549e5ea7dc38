#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice::cli {

/// The value of an environment variable; nullopt when it is not set. Called on one thread.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

/// This process' environment, as it was when each variable is asked for.
Environment process_environment();

/// Puts environment variables into one value of the configuration file:
///
///   ${NAME}            the variable; kNotFound naming it when it is not set
///   ${NAME:-default}   the default when the variable is not set or empty, up to the first '}'
///   $${                a literal "${"
///
/// A '$' in front of anything else is itself. What comes in is not expanded again, and stays one value whatever it
/// holds. NAME is a letter or '_', then letters, digits and '_'. kMalformed for any other "${"; kTooLarge beyond
/// limits::kConfigValueBytesMax. Messages name variables and never quote their values.
Result<std::string> expand_environment(std::string_view text, const Environment& environment);

}  // namespace sluice::cli

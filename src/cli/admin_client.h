#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice::cli {

/// Asks a running collector's admin listener at `address` (HOST:PORT) and yields the answer's body. Every status but
/// 200 and 202 is kNotFound with the body's first line; no answer at all is an error that says where was asked.
Result<std::string> ask_admin(const std::string& address, std::string_view method, std::string_view target,
                              std::chrono::milliseconds timeout = std::chrono::seconds(30));
/// For what the collector has to wait for its disk for.
inline constexpr std::chrono::minutes kLongAnswer{10};

/// Prints `text` with a line feed at its end.
void print_answer(std::string_view text);

}  // namespace sluice::cli

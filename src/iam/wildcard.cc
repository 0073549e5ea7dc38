#include "iam/wildcard.h"

#include <array>
#include <cstring>
#include <optional>

namespace sluice::iam {
namespace {

constexpr size_t kArnComponents = 6;

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

/// Bytes of the character at `at`.
size_t character_size(std::string_view text, size_t at) {
  size_t end = at + 1;
  while (end < text.size() && is_continuation(text[end])) ++end;
  return end - at;
}

/// Matches a piece without kAnyRun at the start of `text`; the number of bytes it takes.
std::optional<size_t> match_at_start(std::string_view piece, std::string_view text) {
  size_t at = 0;
  for (const char c : piece) {
    if (at == text.size()) return std::nullopt;
    if (c == kAnyOne) {
      at += character_size(text, at);
    } else if (c == text[at]) {
      ++at;
    } else {
      return std::nullopt;
    }
  }
  return at;
}

/// Likewise at the end.
std::optional<size_t> match_at_end(std::string_view piece, std::string_view text) {
  size_t at = text.size();
  for (size_t i = piece.size(); i-- > 0;) {
    if (at == 0) return std::nullopt;
    --at;
    if (piece[i] == kAnyOne) {
      while (at > 0 && is_continuation(text[at])) --at;
    } else if (piece[i] != text[at]) {
      return std::nullopt;
    }
  }
  return text.size() - at;
}

/// The end of the leftmost match of a piece anywhere in `text`.
std::optional<size_t> find_piece(std::string_view piece, std::string_view text) {
  if (piece.empty()) return 0;
  if (piece.find(kAnyOne) == std::string_view::npos) {
    // memmem is linear in both lengths; string_view::find is not.
    const void* found = memmem(text.data(), text.size(), piece.data(), piece.size());
    if (found == nullptr) return std::nullopt;
    return static_cast<size_t>(static_cast<const char*>(found) - text.data()) + piece.size();
  }
  for (size_t from = 0; from < text.size(); ++from) {
    if (is_continuation(text[from])) continue;
    if (const auto taken = match_at_start(piece, text.substr(from))) return from + *taken;
  }
  return std::nullopt;
}

struct ArnComponents {
  std::array<std::string_view, kArnComponents> parts;
};
std::optional<ArnComponents> split_arn(std::string_view text) {
  ArnComponents components;
  for (size_t i = 0; i + 1 < kArnComponents; ++i) {
    const size_t colon = text.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    components.parts[i] = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  components.parts[kArnComponents - 1] = text;
  return components;
}

bool all_components_match(const ArnComponents& pattern, const ArnComponents& text) {
  for (size_t i = 0; i < kArnComponents; ++i) {
    if (!glob_match(pattern.parts[i], text.parts[i])) return false;
  }
  return true;
}

bool is_lone_star(std::string_view pattern) { return pattern.size() == 1 && pattern[0] == kAnyRun; }

}  // namespace

bool glob_match(std::string_view pattern, std::string_view text) {
  size_t star = pattern.find(kAnyRun);
  const auto head = match_at_start(pattern.substr(0, star), text);
  if (!head) return false;
  if (star == std::string_view::npos) return *head == text.size();
  text.remove_prefix(*head);

  const size_t last_star = pattern.rfind(kAnyRun);
  const auto tail = match_at_end(pattern.substr(last_star + 1), text);
  if (!tail) return false;
  text.remove_suffix(*tail);

  // What stands between stars is taken leftmost: that leaves the most for what follows, so nothing needs retrying.
  while (star < last_star) {
    const size_t next = pattern.find(kAnyRun, star + 1);
    const auto end = find_piece(pattern.substr(star + 1, next - star - 1), text);
    if (!end) return false;
    text.remove_prefix(*end);
    star = next;
  }
  return true;
}

std::string compile_wildcards(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c == '*') c = kAnyRun;
    if (c == '?') c = kAnyOne;
  }
  return out;
}

bool arn_like(std::string_view pattern, std::string_view text) {
  const auto components = split_arn(text);
  if (!components) return false;
  if (is_lone_star(pattern)) return true;
  const auto wanted = split_arn(pattern);
  return wanted && all_components_match(*wanted, *components);
}

bool resource_match(std::string_view pattern, std::string_view resource) {
  const auto wanted = split_arn(pattern);
  if (!wanted) return glob_match(pattern, resource);
  const auto components = split_arn(resource);
  return components && all_components_match(*wanted, *components);
}

}  // namespace sluice::iam

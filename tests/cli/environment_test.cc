#include "cli/environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"

namespace sluice::cli {
namespace {

std::optional<std::string> look_up(const std::string& name) {
  if (name == "A") return "one";
  if (name == "_B2") return "${A}";
  if (name == "EMPTY") return "";
  if (name == "LONG") return std::string(limits::kConfigValueBytesMax, 'x');
  return std::nullopt;
}

TEST(Environment, Expands) {
  const struct {
    std::string_view text;
    std::string_view expanded;
  } cases[] = {
      {"", ""},
      {"plain", "plain"},
      {"${A}", "one"},
      {"a${A}b${A}c", "aonebonec"},
      {"${A:-two}", "one"},
      {"${NONE:-two}", "two"},
      {"${NONE:-}", ""},
      {"${EMPTY}", ""},
      {"${EMPTY:-two}", "two"},
      {"${NONE:-a:-b $ c}", "a:-b $ c"},
      {"${_B2}", "${A}"},  // what comes in is not expanded again
      {"$${A}", "${A}"},
      {"$$${A}", "$${A}"},
      {"$", "$"},
      {"$A $$ 5$", "$A $$ 5$"},
      {"}{", "}{"},
  };
  for (const auto& c : cases) {
    const auto expanded = expand_environment(c.text, look_up);
    ASSERT_TRUE(expanded) << c.text << ": " << expanded.error().message;
    EXPECT_EQ(*expanded, c.expanded) << c.text;
  }
}

TEST(Environment, RefusesWhatIsNoReference) {
  for (const std::string_view text :
       {"${}", "${", "a ${A", "${1A}", "${A-b}", "${A:b}", "${ A}", "${A:-${B}}", "${A.B}", "${Ä}"}) {
    const auto expanded = expand_environment(text, look_up);
    ASSERT_FALSE(expanded) << text;
    EXPECT_EQ(expanded.error().code, ErrorCode::kMalformed);
    EXPECT_THAT(expanded.error().message,
                testing::HasSubstr("wanted ${NAME}, ${NAME:-default}, or $${ for a literal ${"));
  }
}

TEST(Environment, NamesAVariableThatIsNotSet) {
  const auto expanded = expand_environment("x${NONE}", look_up);
  ASSERT_FALSE(expanded);
  EXPECT_EQ(expanded.error().message,
            "the environment variable NONE is not set; set it, or give a default: ${NONE:-...}");
}

TEST(Environment, BoundsTheResult) {
  EXPECT_TRUE(expand_environment("${LONG}", look_up));
  const auto expanded = expand_environment("${LONG}${LONG}", look_up);
  ASSERT_FALSE(expanded);
  EXPECT_EQ(expanded.error().code, ErrorCode::kTooLarge);
}

TEST(Environment, OfTheProcess) {
  ::setenv("SLUICE_TEST_VARIABLE", "value", 1);
  EXPECT_EQ(process_environment()("SLUICE_TEST_VARIABLE"), "value");
  ::unsetenv("SLUICE_TEST_VARIABLE");
  EXPECT_EQ(process_environment()("SLUICE_TEST_VARIABLE"), std::nullopt);
}

}  // namespace
}  // namespace sluice::cli

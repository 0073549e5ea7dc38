#include "base/clock.h"

#include <array>
#include <optional>

#include <fmt/format.h>

#include "base/encoding.h"

namespace sluice {
namespace {

constexpr std::array<std::string_view, 7> kWeekdays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr UnixSeconds kSecondsPerDay = 86'400;

struct Civil {
  int year;
  unsigned month;
  unsigned day;
  unsigned weekday;  // 0 is Sunday
  unsigned hour;
  unsigned minute;
  unsigned second;
};

Civil to_civil(UnixSeconds at) {
  const UnixSeconds days = at / kSecondsPerDay - (at % kSecondsPerDay < 0 ? 1 : 0);
  const auto of_day = static_cast<unsigned>(at - days * kSecondsPerDay);
  const std::chrono::sys_days date{std::chrono::days(days)};
  const std::chrono::year_month_day ymd(date);
  return {.year = static_cast<int>(ymd.year()),
          .month = static_cast<unsigned>(ymd.month()),
          .day = static_cast<unsigned>(ymd.day()),
          .weekday = std::chrono::weekday(date).c_encoding(),
          .hour = of_day / 3600,
          .minute = of_day / 60 % 60,
          .second = of_day % 60};
}

// Nothing when the date does not exist or a field is out of range (a 60th second is, as in Go).
std::optional<UnixSeconds> from_civil(const Civil& c) {
  const std::chrono::year_month_day ymd{std::chrono::year(c.year), std::chrono::month(c.month),
                                        std::chrono::day(c.day)};
  if (!ymd.ok() || c.hour > 23 || c.minute > 59 || c.second > 59) return std::nullopt;
  const auto days = std::chrono::sys_days(ymd).time_since_epoch().count();
  return days * kSecondsPerDay + c.hour * 3600 + c.minute * 60 + c.second;
}

/// Walks a date's text; every step says whether it found what it wanted.
class DateScanner {
 public:
  explicit DateScanner(std::string_view text) : text_(text) {}
  bool at_end() const { return text_.empty(); }

  bool digits(size_t count, unsigned& value) {
    if (text_.size() < count) return false;
    value = 0;
    for (const char c : text_.substr(0, count)) {
      if (c < '0' || c > '9') return false;
      value = value * 10 + static_cast<unsigned>(c - '0');
    }
    text_.remove_prefix(count);
    return true;
  }
  bool literal(char c) {
    if (!text_.starts_with(c)) return false;
    text_.remove_prefix(1);
    return true;
  }
  /// Digits after a '.', of which the first three count.
  bool fraction_ms(unsigned& ms) {
    ms = 0;
    size_t count = 0;
    for (; count < text_.size() && text_[count] >= '0' && text_[count] <= '9'; ++count) {
      if (count < 3) ms = ms * 10 + static_cast<unsigned>(text_[count] - '0');
    }
    for (size_t i = count; i < 3; ++i) ms *= 10;
    text_.remove_prefix(count);
    return count > 0;
  }
  /// "Z", "+hh:mm" or "-hh:mm", in seconds east of UTC.
  bool offset(int& seconds) {
    seconds = 0;
    if (literal('Z')) return true;
    const int sign = text_.starts_with('-') ? -1 : 1;
    unsigned hours = 0;
    unsigned minutes = 0;
    if (!(literal('+') || literal('-')) || !digits(2, hours) || !literal(':') || !digits(2, minutes)) return false;
    seconds = sign * static_cast<int>(hours * 3600 + minutes * 60);
    return hours <= 23 && minutes <= 59;
  }

 private:
  std::string_view text_;
};

bool scan_date(DateScanner& scan, Civil& c) {
  unsigned year = 0;
  if (!scan.digits(4, year) || !scan.literal('-') || !scan.digits(2, c.month) || !scan.literal('-') ||
      !scan.digits(2, c.day)) {
    return false;
  }
  c.year = static_cast<int>(year);
  return true;
}

bool scan_time(DateScanner& scan, Civil& c) {
  return scan.digits(2, c.hour) && scan.literal(':') && scan.digits(2, c.minute) && scan.literal(':') &&
         scan.digits(2, c.second);
}

std::unexpected<Error> bad_date(std::string_view text, std::string_view wanted) {
  return fail(ErrorCode::kMalformed, fmt::format("\"{}\" is not a date of the form {}", printable(text, 64), wanted));
}

}  // namespace

TimestampMs SystemClock::now_ms() const {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

std::chrono::steady_clock::time_point SystemClock::steady() const { return std::chrono::steady_clock::now(); }

std::string format_iso8601(UnixSeconds at) {
  const Civil c = to_civil(at);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", c.year, c.month, c.day, c.hour, c.minute, c.second);
}

std::string format_iso8601_ms(TimestampMs at) {
  const TimestampMs seconds = at / 1000 - (at % 1000 < 0 ? 1 : 0);
  std::string text = format_iso8601(seconds);
  text.insert(text.size() - 1, fmt::format(".{:03}", at - seconds * 1000));
  return text;
}

std::string format_amz_date(UnixSeconds at) {
  const Civil c = to_civil(at);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", c.year, c.month, c.day, c.hour, c.minute, c.second);
}

std::string format_http_date(UnixSeconds at) {
  const Civil c = to_civil(at);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kWeekdays[c.weekday], c.day, kMonths[c.month - 1],
                     c.year, c.hour, c.minute, c.second);
}

Result<UnixSeconds> parse_amz_date(std::string_view text) {
  constexpr std::string_view kForm = "20260911T114701Z";
  DateScanner scan(text);
  Civil c{};
  unsigned year = 0;
  const bool shaped = scan.digits(4, year) && scan.digits(2, c.month) && scan.digits(2, c.day) && scan.literal('T') &&
                      scan.digits(2, c.hour) && scan.digits(2, c.minute) && scan.digits(2, c.second) &&
                      scan.literal('Z') && scan.at_end();
  c.year = static_cast<int>(year);
  const auto at = shaped ? from_civil(c) : std::nullopt;
  if (!at) return bad_date(text, kForm);
  return *at;
}

Result<UnixSeconds> parse_http_date(std::string_view text) {
  constexpr std::string_view kForm = "Fri, 11 Sep 2026 11:47:01 GMT";
  if (text.size() != kForm.size()) return bad_date(text, kForm);
  Civil c{};
  unsigned year = 0;
  DateScanner day(text.substr(5, 2));
  DateScanner year_and_time(text.substr(12));
  if (!day.digits(2, c.day) || !year_and_time.digits(4, year) || !year_and_time.literal(' ') ||
      !scan_time(year_and_time, c)) {
    return bad_date(text, kForm);
  }
  c.year = static_cast<int>(year);
  for (unsigned month = 0; month < kMonths.size(); ++month) {
    if (text.substr(8, 3) == kMonths[month]) c.month = month + 1;
  }
  const auto at = from_civil(c);
  // Writing it back checks all the rest: weekday, blanks, commas, GMT.
  if (!at || format_http_date(*at) != text) return bad_date(text, kForm);
  return *at;
}

Result<TimestampMs> parse_rfc3339(std::string_view text) {
  constexpr std::string_view kForm = "2026-09-11T11:47:01.123Z";
  DateScanner scan(text);
  Civil c{};
  unsigned ms = 0;
  int offset_s = 0;
  if (text.size() > 64 || !scan_date(scan, c)) return bad_date(text, kForm);
  if (!scan.at_end()) {
    if (!scan.literal('T') || !scan_time(scan, c) || (scan.literal('.') && !scan.fraction_ms(ms)) ||
        !scan.offset(offset_s) || !scan.at_end()) {
      return bad_date(text, kForm);
    }
  }
  const auto at = from_civil(c);
  if (!at) return bad_date(text, kForm);
  return (*at - offset_s) * 1000 + ms;
}

}  // namespace sluice

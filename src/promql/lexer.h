#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "promql/text.h"
#include "promql/token.h"

namespace sluice::promql {

/// Cuts a query into tokens; comments and white space are dropped. `text` must outlive the object.
///
/// As in Prometheus (promql/parser/lex.go) what a character means depends on where it stands: inside braces
/// every word is an identifier, inside brackets words are only those of duration expressions. The last token is
/// kEnd, or kError with the reason at the place where lexing stopped: whatever comes before it is good, so the
/// parser tells whichever error comes first.
class Lexer {
 public:
  explicit Lexer(std::string_view text);
  Lexer(const Lexer&) = delete;  // tokens point into message_
  Lexer& operator=(const Lexer&) = delete;
  const std::vector<Token>& tokens() const { return tokens_; }

 private:
  enum class Mode : uint8_t { kStatement, kBraces, kDuration };

  void run();
  bool lex_statement();
  bool lex_operator(int32_t c);
  bool lex_bracketed_word(int32_t c);
  bool lex_word();
  bool lex_in_braces();
  bool lex_in_duration();
  bool lex_number_or_duration();
  bool lex_string(int32_t mark);
  bool lex_escape(int32_t mark);
  bool scan_number();
  bool scan_duration_rest();
  bool scan_duration_word();
  void skip_comment();

  Character peek() const;
  int32_t next();
  bool accept(std::string_view set);
  void accept_run(std::string_view set);
  bool looking_at(std::string_view set) const;
  bool followed_by_paren() const;
  bool open_paren();
  bool close_paren();
  bool emit(TokenKind kind);
  bool error(std::string message);

  std::string_view text_;
  std::vector<Token> tokens_;
  std::string message_;  // what the kError token's text points to
  size_t start_ = 0;     // of the token being read
  size_t at_ = 0;
  Mode mode_ = Mode::kStatement;
  int paren_depth_ = 0;
  bool in_bracket_ = false;
  bool got_colon_ = false;
  bool got_duration_ = false;
};

}  // namespace sluice::promql

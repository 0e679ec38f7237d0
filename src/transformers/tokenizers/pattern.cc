#include "transformers/tokenizers/pattern.h"

#include "transformers/tokenizers/unicode.h"

namespace embrace::transformers {

Result<Pattern> Pattern::of_regex(std::string_view expression) {
  Pattern made;
  if (expression.empty()) return made;  // matches where an empty string does
  EMB_TRY(made.regex_, Regex::compile(expression));
  made.expression_ = expression;
  return made;
}

Result<Pattern> Pattern::parse(json::View view) {
  if (const auto literal = view["String"].text()) {
    Pattern made;
    made.literal_ = *literal;
    return made;
  }
  if (const auto expression = view["Regex"].text()) return of_regex(*expression);
  return fail(Code::InvalidArgument, "a pattern is {\"String\": ...} or {\"Regex\": ...}");
}

Status Pattern::find_all(std::string_view text, std::vector<Match>& matches) const {
  if (regex_) return regex_->find_all(text, matches);
  if (literal_.empty()) {
    for (std::size_t at = 0; at <= text.size();) {
      matches.push_back({at, at});
      at += at < text.size() ? utf8_length_from_lead(static_cast<unsigned char>(text[at])) : 1;
    }
    return Done{};
  }
  for (std::size_t at = 0; (at = text.find(literal_, at)) != std::string_view::npos;) {
    matches.push_back({at, at + literal_.size()});
    at += literal_.size();
  }
  return Done{};
}

}  // namespace embrace::transformers

#include "transformers/models/ctc_tokenizer.h"

#include <algorithm>
#include <string>

#include "base/strings.h"

namespace embrace::transformers {

namespace {

// A token stands there as text or as {"content": text}.
std::string token_or(json::View config, std::string_view key, std::string_view otherwise) {
  const json::View value = config[key];
  if (value.is_object()) return value.text_or("content", otherwise);
  return std::string(value.text().value_or(otherwise));
}

std::string quoted(std::string_view text) {
  std::string out;
  append_json_quoted(out, text);
  return out;
}

}  // namespace

Result<Tokenizer> make_ctc_tokenizer(json::View vocabulary, json::View config) {
  const auto members = vocabulary.members();
  if (members.empty()) return fail(Code::InvalidArgument, "vocab.json holds no tokens");
  if (std::ranges::any_of(members, [](const auto& member) { return member.second.is_object(); }))
    return fail(Code::NotBuilt, "a vocab.json with the letters of several languages");
  if (config["do_lower_case"].boolean().value_or(false))
    return fail(Code::NotBuilt, "letters with do_lower_case");
  if (token_or(config, "replace_word_delimiter_char", " ") != " ")
    return fail(Code::NotBuilt, "letters with a replace_word_delimiter_char that is no space");
  const std::string nothing = token_or(config, "pad_token", "<pad>");
  const std::string unknown = token_or(config, "unk_token", "<unk>");
  const std::string parting = token_or(config, "word_delimiter_token", "|");
  if (!vocabulary[nothing].exists())
    return fail(Code::InvalidArgument, cat("vocab.json lacks the token ", nothing));
  return Tokenizer::parse(
      cat(R"({"version":"1.0","added_tokens":[],"normalizer":{"type":"Replace","pattern":)",
          R"({"String":" "},"content":)", quoted(parting),
          R"(},"pre_tokenizer":{"type":"Split","pattern":{"Regex":""},"behavior":"Isolated",)",
          R"("invert":false},"post_processor":null,"decoder":{"type":"CTC","pad_token":)",
          quoted(nothing), R"(,"word_delimiter_token":)", quoted(parting),
          R"(,"cleanup":true},"model":{"type":"WordLevel","vocab":)", vocabulary.render(),
          R"(,"unk_token":)", quoted(unknown), "}}"));
}

}  // namespace embrace::transformers

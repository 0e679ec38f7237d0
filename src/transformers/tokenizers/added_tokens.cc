#include "transformers/tokenizers/added_tokens.h"

#include <algorithm>

#include "base/strings.h"

namespace embrace::transformers {
namespace {

constexpr std::size_t kTokensMax = 1 << 20;

Result<AddedToken> parse_token(json::View view) {
  const auto content = view["content"].text();
  if (!content) return fail(Code::InvalidArgument, "added_tokens: a token has no content");
  if (content->size() > Trie::kTextBytesMax) {
    return fail(Code::TooLarge,
                cat("added_tokens: a token has more than ", Trie::kTextBytesMax, " bytes"));
  }
  AddedToken token;
  token.content = *content;
  token.special = view["special"].boolean().value_or(false);
  token.single_word = view["single_word"].boolean().value_or(false);
  token.left_strip = view["lstrip"].boolean().value_or(false);
  token.right_strip = view["rstrip"].boolean().value_or(false);
  token.normalized = view["normalized"].boolean().value_or(!token.special);
  return token;
}

std::size_t white_space_begin(std::string_view text, std::size_t end) {
  while (end > 0) {
    std::size_t before = end;
    if (!is_white_space(previous_code_point(text, before))) break;
    end = before;
  }
  return end;
}

std::size_t white_space_end(std::string_view text, std::size_t at) {
  while (at < text.size()) {
    std::size_t after = at;
    if (!is_white_space(next_code_point(text, after))) break;
    at = after;
  }
  return at;
}

bool word_before(std::string_view text, std::size_t at) {
  return at > 0 && is_word(previous_code_point(text, at));
}
bool word_at(std::string_view text, std::size_t at) {
  return at < text.size() && is_word(next_code_point(text, at));
}

}  // namespace

void AddedTokens::Set::add(std::string_view text, std::uint32_t id) {
  if (text.empty()) return;
  empty = false;
  first[static_cast<unsigned char>(text[0])] = true;
  // Of two tokens with the same text the first one counts.
  if (const Trie::Longest found = trie.longest_at(text, 0); found.end == text.size()) return;
  trie.add(text, static_cast<std::uint32_t>(ids.size()));
  ids.push_back(id);
}

Status AddedTokens::add(const std::vector<AddedToken>& tokens, const Model& model) {
  const auto model_size = static_cast<std::uint32_t>(model.vocabulary().size());
  std::optional<std::uint32_t> largest;
  for (const AddedToken& token : tokens) {
    if (token.content.empty()) continue;
    if (token.special) specials_.insert(token.content);
    std::optional<std::uint32_t> id = find(token.content);
    if (id && token_of_.contains(*id) && token_of_.at(*id) == token) continue;
    if (!id) id = model.vocabulary().find(token.content);
    if (!id)
      id = largest && (*largest >= model_size || model_size == 0) ? *largest + 1 : model_size;
    id_of_.insert_or_assign(token.content, *id);
    token_of_.insert_or_assign(*id, token);
    largest = std::max(largest.value_or(0), *id);
    id_end_ = std::max(id_end_, *id + 1);
    given_.push_back(token);
  }
  return Done{};
}

Result<AddedTokens> AddedTokens::parse(json::View view, const Model& model,
                                       const Normalizer* normalizer) {
  AddedTokens made;
  std::vector<AddedToken> tokens;
  for (const json::View item : view.items()) {
    if (tokens.size() == kTokensMax) return fail(Code::TooLarge, "too many added tokens");
    EMB_TRY(AddedToken token, parse_token(item));
    tokens.push_back(std::move(token));
  }
  EMB_DO(made.add(tokens, model));
  AlignedText text;
  AlignedText spare;
  // Of two tokens with the same text a special one counts, so those come first.
  std::vector<AddedToken> ordered;
  for (const bool special : {true, false}) {
    for (const AddedToken& token : made.given_) {
      if (token.special == special) ordered.push_back(token);
    }
  }
  for (const AddedToken& token : ordered) {
    const std::uint32_t id = *made.find(token.content);
    if (!token.normalized) {
      made.texts_.insert_or_assign(id, token.content);
      made.plain_.add(token.content, id);
      continue;
    }
    text.assign_verbatim(token.content, 0);
    if (normalizer != nullptr) EMB_DO(normalizer->normalize(text, spare));
    if (text.text().size() > Trie::kTextBytesMax) {
      return fail(Code::TooLarge, "added_tokens: a normalized token is too long");
    }
    made.texts_.insert_or_assign(id, std::string(text.text()));
    made.normalized_.add(text.text(), id);
  }
  return made;
}

const AddedToken* AddedTokens::find(std::uint32_t id) const {
  if (id >= id_end_) return nullptr;
  const auto found = token_of_.find(id);
  return found == token_of_.end() ? nullptr : &found->second;
}

const std::string* AddedTokens::text_of(std::uint32_t id) const {
  if (id >= id_end_) return nullptr;
  const auto found = texts_.find(id);
  return found == texts_.end() ? nullptr : &found->second;
}

std::optional<std::uint32_t> AddedTokens::find(std::string_view content) const {
  const auto found = id_of_.find(std::string(content));
  if (found == id_of_.end()) return std::nullopt;
  return found->second;
}

void AddedTokens::find_in(const Piece& piece, const Set& set, std::vector<Piece>& out) const {
  const std::string_view text = piece.view();
  const auto push = [&](std::size_t begin, std::size_t end, std::uint32_t id) {
    if (begin >= end) return;
    out.push_back({piece.text, piece.begin + static_cast<std::uint32_t>(begin),
                   piece.begin + static_cast<std::uint32_t>(end), id});
  };
  std::size_t from = 0;
  for (std::size_t at = 0; !set.empty && at < text.size();) {
    if (!set.first[static_cast<unsigned char>(text[at])]) {
      ++at;
      continue;
    }
    const Trie::Longest found = set.trie.longest_at(text, at);
    if (found.value == Trie::kNone) {
      ++at;
      continue;
    }
    std::size_t begin = at;
    std::size_t end = found.end;
    at = end;
    const std::uint32_t id = set.ids[found.value];
    const AddedToken& token = token_of_.at(id);
    if (token.single_word && (word_before(text, begin) || word_at(text, end))) continue;
    if (token.left_strip) begin = std::max(white_space_begin(text, begin), from);
    if (token.right_strip) end = white_space_end(text, end);
    push(from, begin, kNoToken);
    push(begin, end, id);
    from = end;
  }
  push(from, text.size(), kNoToken);
}

Status AddedTokens::cut(PieceList& list, const Normalizer* normalizer) const {
  if (!plain_.empty) {
    EMB_DO(list.cut_each([&](const Piece& piece, std::vector<Piece>& out) -> Status {
      find_in(piece, plain_, out);
      return Done{};
    }));
  }
  if (normalizer == nullptr && normalized_.empty) return Done{};
  return list.cut_each([&](const Piece& given, std::vector<Piece>& out) -> Status {
    Piece piece = given;
    if (normalizer != nullptr) {
      AlignedText& text = list.new_text();
      text.assign_slice(*piece.text, piece.begin, piece.end);
      EMB_DO(normalizer->normalize(text, list.spare()));
      piece = {&text, 0, static_cast<std::uint32_t>(text.text().size()), kNoToken};
    }
    find_in(piece, normalized_, out);
    return Done{};
  });
}

}  // namespace embrace::transformers

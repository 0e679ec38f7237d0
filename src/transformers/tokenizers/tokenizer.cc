#include "transformers/tokenizers/tokenizer.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>
#include <utility>

#include "base/strings.h"
#include "json/view.h"
#include "transformers/tokenizers/added_tokens.h"
#include "transformers/tokenizers/decoder.h"
#include "transformers/tokenizers/model.h"
#include "transformers/tokenizers/normalizer.h"
#include "transformers/tokenizers/post_processor.h"
#include "transformers/tokenizers/pre_tokenizer.h"

namespace embrace::transformers {
namespace {

// What one thread needs while it encodes. Kept for the next text.
struct Workspace {
  std::unique_ptr<ModelState> state;
  PieceList list;
  std::vector<Token> tokens;
  std::string repaired;
  std::size_t largest_bytes = 0;  // of the texts it has seen
};

// Turns places in bytes into places in code points. Questions come nearly in order, so it walks
// from the last answer; for a far one it starts at the nearest of the places that it knows.
class CodePoints {
 public:
  CodePoints(std::string_view text, bool ascii) : text_(text), ascii_(ascii) {
    if (ascii_) return;
    known_.reserve(text.size() / kStride + 1);
    std::uint32_t count = 0;
    for (std::uint32_t at = 0; at < size_bytes(); ++at) {
      count += starts(at);
      if (at % kStride == 0) known_.push_back(count - 1);
    }
  }

  // The index of the code point that byte `at` belongs to; `at` < size of the text.
  std::uint32_t index(std::uint32_t at) {
    if (ascii_) return at;
    if (at > at_ + kStride || at + kStride < at_) {
      at_ = at / kStride * kStride;
      index_ = known_[at / kStride];
    }
    while (at_ < at) index_ += starts(++at_);
    while (at_ > at) index_ -= starts(at_--);
    return index_;
  }
  std::uint32_t size_bytes() const { return static_cast<std::uint32_t>(text_.size()); }

  Offsets offsets(Span span) {
    if (ascii_ || span.begin >= size_bytes()) return {span.begin, span.end};
    const std::uint32_t begin = index(span.begin);
    if (span.end < size_bytes()) return {begin, index(span.end)};
    return {begin, index(size_bytes() - 1) + 1};
  }

 private:
  static constexpr std::uint32_t kStride = 64;  // bytes

  std::uint32_t starts(std::uint32_t at) const {
    return (static_cast<unsigned char>(text_[at]) & 0xC0) != 0x80 ? 1 : 0;
  }

  std::string_view text_;
  bool ascii_;
  std::vector<std::uint32_t> known_;  // index of byte 0, 64, 128 ...
  std::uint32_t at_ = 0;
  std::uint32_t index_ = 0;
};

bool is_margin(char32_t c) { return c == 0x120 || is_white_space(c); }

Margins margins_of(std::string_view token) {
  Margins made;
  for (std::size_t at = 0; at < token.size() && made.left < 0xFFFF; ++made.left) {
    if (!is_margin(next_code_point(token, at))) break;
  }
  for (std::size_t at = token.size(); at > 0 && made.right < 0xFFFF; ++made.right) {
    if (!is_margin(previous_code_point(token, at))) break;
  }
  return made;
}

Result<std::optional<Truncation>> parse_truncation(json::View view) {
  if (!view.exists() || view.is_null()) return std::nullopt;
  Truncation made;
  const auto length = view["max_length"].integer();
  const auto stride = view["stride"].integer().value_or(0);
  if (!length || *length < 0 || stride < 0) {
    return fail(Code::InvalidArgument, "truncation has a max_length and a stride from 0");
  }
  made.length_max = static_cast<std::size_t>(*length);
  made.stride = static_cast<std::size_t>(stride);
  const std::string strategy = view.text_or("strategy", "LongestFirst");
  if (strategy == "LongestFirst") {
    made.strategy = TruncationStrategy::LongestFirst;
  } else if (strategy == "OnlyFirst") {
    made.strategy = TruncationStrategy::OnlyFirst;
  } else if (strategy == "OnlySecond") {
    made.strategy = TruncationStrategy::OnlySecond;
  } else {
    return fail(Code::InvalidArgument,
                "truncation's strategy is LongestFirst, OnlyFirst or OnlySecond");
  }
  made.side = view.text_or("direction", "Right") == "Left" ? Side::Left : Side::Right;
  return made;
}

constexpr std::int64_t kPaddingMax = 1 << 24;

Result<std::optional<Padding>> parse_padding(json::View view) {
  if (!view.exists() || view.is_null()) return std::nullopt;
  Padding made;
  if (const auto fixed = view["strategy"]["Fixed"].integer()) {
    if (*fixed < 0 || *fixed > kPaddingMax)
      return fail(Code::InvalidArgument, "padding to an absurd length");
    made.length = static_cast<std::size_t>(*fixed);
  }
  const auto multiple = view["pad_to_multiple_of"].integer().value_or(0);
  const auto id = view["pad_id"].integer().value_or(0);
  const auto type_id = view["pad_type_id"].integer().value_or(0);
  if (multiple < 0 || multiple > kPaddingMax || id < 0 || id > 0xFFFFFFFFLL || type_id < 0 ||
      type_id > 0xFFFFFFFFLL) {
    return fail(Code::InvalidArgument, "padding's numbers are out of range");
  }
  made.multiple_of = static_cast<std::size_t>(multiple);
  made.id = static_cast<std::uint32_t>(id);
  made.type_id = static_cast<std::uint32_t>(type_id);
  made.side = view.text_or("direction", "Right") == "Left" ? Side::Left : Side::Right;
  return made;
}

}  // namespace

namespace {
constexpr std::size_t kKeptTextBytesMax = 1 << 20;
}  // namespace

struct Tokenizer::Impl {
  std::unique_ptr<Normalizer> normalizer;
  std::unique_ptr<PreTokenizer> pre_tokenizer;
  std::unique_ptr<Model> model;
  std::unique_ptr<PostProcessor> post_processor;
  std::unique_ptr<Decoder> decoder;
  AddedTokens added;
  std::optional<Truncation> truncation;
  std::optional<Padding> padding;
  std::vector<Margins> margins;  // by id; only when the post-processor trims offsets

  mutable std::mutex pool_lock;
  mutable std::vector<std::unique_ptr<Workspace>> pool;  // guarded by pool_lock

  std::unique_ptr<Workspace> borrow() const {
    {
      const std::lock_guard held(pool_lock);
      if (!pool.empty()) {
        auto found = std::move(pool.back());
        pool.pop_back();
        return found;
      }
    }
    auto made = std::make_unique<Workspace>();
    made->state = model->make_state();
    return made;
  }
  void give_back(std::unique_ptr<Workspace> workspace) const {
    if (workspace->largest_bytes > kKeptTextBytesMax) return;  // and its memory with it
    const std::lock_guard held(pool_lock);
    pool.push_back(std::move(workspace));
  }

  std::optional<std::string_view> token_of(std::uint32_t id) const {
    if (const std::string* text = added.text_of(id)) return *text;
    return model->vocabulary().text_of(id);
  }

  Result<Encoding> encode_text(std::string_view given, std::uint8_t sequence,
                               const EncodeOptions& options, Workspace& work) const;
  void append_tokens(const Piece& piece, std::size_t word, std::size_t first,
                     CodePoints& code_points, const EncodeOptions& options, const Workspace& work,
                     Encoding& out) const;
  Result<Encoding> encode(const TextPair& text, const EncodeOptions& options,
                          Workspace& work) const;
};

void Tokenizer::Impl::append_tokens(const Piece& piece, std::size_t word, std::size_t first,
                                    CodePoints& code_points, const EncodeOptions& options,
                                    const Workspace& work, Encoding& out) const {
  const std::size_t count = work.tokens.size() - first;
  for (std::size_t i = first; i < first + count; ++i) out.ids.push_back(work.tokens[i].id);
  if (!options.offsets) return;
  out.word_ids.insert(out.word_ids.end(), count, static_cast<std::uint32_t>(word));
  const std::uint32_t bytes = piece.end - piece.begin;
  for (std::size_t i = first; i < first + count; ++i) {
    const Token& token = work.tokens[i];
    if (token.end > bytes) {
      // A model that dropped or spelled out characters counts otherwise than the text; its numbers
      // are all there is.
      out.offsets.push_back(code_points.offsets({token.begin, token.end}));
    } else {
      out.offsets.push_back(code_points.offsets(
          piece.text->span_of(piece.begin + token.begin, piece.begin + token.end)));
    }
  }
  if (margins.empty()) return;
  for (std::size_t i = first; i < first + count; ++i) {
    const std::uint32_t id = work.tokens[i].id;
    out.margins.push_back(piece.added != kNoToken ? margins_of(piece.view())
                          : id < margins.size()   ? margins[id]
                                                  : Margins{});
  }
}

Result<Encoding> Tokenizer::Impl::encode_text(std::string_view given, std::uint8_t sequence,
                                              const EncodeOptions& options, Workspace& work) const {
  if (given.size() > kTextBytesMax) {
    return fail(Code::TooLarge, cat("a text of ", given.size(), " bytes; at most ", kTextBytesMax));
  }
  work.largest_bytes = std::max(work.largest_bytes, given.size());
  const std::string_view text = utf8_or_repaired(given, work.repaired);
  work.list.clear();
  AlignedText& whole = work.list.new_text();
  whole.assign_verbatim(text, 0);
  if (!text.empty()) {
    work.list.pieces.push_back({&whole, 0, static_cast<std::uint32_t>(text.size()), kNoToken});
  }
  EMB_DO(added.cut(work.list, normalizer.get()));
  if (pre_tokenizer) EMB_DO(pre_tokenizer->cut(work.list));

  Encoding out;
  out.reserve(std::max(text.size() / 3 + 8, work.list.pieces.size()));
  CodePoints code_points(text, is_ascii(text));
  work.tokens.clear();
  const std::vector<Piece>& pieces = work.list.pieces;
  for (std::size_t word = 0; word < pieces.size(); ++word) {
    const Piece& piece = pieces[word];
    work.tokens.clear();
    if (piece.added != kNoToken) {
      work.tokens.push_back({piece.added, 0, piece.end - piece.begin});
    } else {
      EMB_DO(model->encode(piece.view(), *work.state, work.tokens));
    }
    append_tokens(piece, word, 0, code_points, options, work, out);
  }
  const std::size_t count = out.ids.size();
  if (!options.offsets) {
    out.word_ids.assign(count, kNoWord);
    out.offsets.assign(count, Offsets{});
  }
  out.type_ids.assign(count, sequence);
  out.sequence_ids.assign(count, sequence);
  out.special_mask.assign(count, 0);
  out.attention_mask.assign(count, 1);
  return out;
}

Result<Encoding> Tokenizer::Impl::encode(const TextPair& text, const EncodeOptions& options,
                                         Workspace& work) const {
  std::vector<Encoding> parts;
  EMB_TRY(Encoding first, encode_text(text.first, 0, options, work));
  parts.push_back(std::move(first));
  if (text.second) {
    EMB_TRY(Encoding second, encode_text(*text.second, 1, options, work));
    parts.push_back(std::move(second));
  }
  if (const auto& cut = options.truncation ? options.truncation : truncation) {
    const std::size_t specials = options.add_special_tokens && post_processor
                                     ? post_processor->added(text.second.has_value())
                                     : 0;
    const std::size_t length = cut->length_max - std::min(cut->length_max, specials);
    EMB_DO(truncate_pair(parts[0], text.second ? &parts[1] : nullptr, *cut, length));
  }
  return post_process(post_processor.get(), std::move(parts), options.add_special_tokens);
}

Tokenizer::Tokenizer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

namespace {

// Adds the noun to an error of a part.
template <class Part>
Result<Part> named(Result<Part> made, std::string_view noun) {
  if (!made) return fail(std::move(made).error().while_doing(noun));
  return made;
}

}  // namespace

Result<Tokenizer> Tokenizer::parse(std::string_view json) {
  if (json.size() > kFileBytesMax) {
    return fail(Code::TooLarge,
                cat("a tokenizer of ", json.size(), " bytes; at most ", kFileBytesMax));
  }
  EMB_TRY(const json::Document document, json::Document::parse(json));
  const json::View root = document.root();
  if (!root.is_object()) return fail(Code::InvalidArgument, "a tokenizer.json is an object");
  auto impl = std::make_unique<Impl>();
  EMB_TRY(impl->normalizer, named(parse_normalizer(root["normalizer"]), "normalizer"));
  EMB_TRY(impl->pre_tokenizer, named(parse_pre_tokenizer(root["pre_tokenizer"]), "pre_tokenizer"));
  EMB_TRY(impl->model, named(parse_model(root["model"]), "model"));
  EMB_TRY(impl->post_processor,
          named(parse_post_processor(root["post_processor"]), "post_processor"));
  EMB_TRY(impl->decoder, named(parse_decoder(root["decoder"]), "decoder"));
  EMB_TRY(impl->added,
          AddedTokens::parse(root["added_tokens"], *impl->model, impl->normalizer.get()));
  EMB_TRY(impl->truncation, parse_truncation(root["truncation"]));
  EMB_TRY(impl->padding, parse_padding(root["padding"]));
  if (impl->pre_tokenizer && impl->pre_tokenizer->ends_in_byte_alphabet() &&
      impl->model->can_use_bytes()) {
    impl->pre_tokenizer->leave_bytes();
    impl->model->use_bytes();
  }
  if (impl->post_processor && impl->post_processor->trims_offsets()) {
    impl->margins.resize(impl->model->vocabulary().id_end());
    for (std::uint32_t id = 0; id < impl->margins.size(); ++id) {
      if (const auto text = impl->model->vocabulary().text_of(id))
        impl->margins[id] = margins_of(*text);
    }
  }
  return Tokenizer(std::move(impl));
}

Result<Encoding> Tokenizer::encode(TextPair text, EncodeOptions options) const {
  auto work = impl_->borrow();
  auto made = impl_->encode(text, options, *work);
  impl_->give_back(std::move(work));
  if (!made || !impl_->padding) return made;
  std::vector<Encoding> alone;
  alone.push_back(*std::move(made));
  pad_all(alone, *impl_->padding);
  return std::move(alone[0]);
}

Result<std::vector<Encoding>> Tokenizer::encode_batch(std::span<const TextPair> texts,
                                                      EncodeOptions options,
                                                      unsigned threads) const {
  std::vector<Encoding> made(texts.size());
  std::vector<std::optional<Error>> errors(texts.size());
  std::atomic<std::size_t> next = 0;
  std::atomic<bool> failed = false;
  const auto run = [&] {
    auto work = impl_->borrow();
    for (std::size_t i = next++; i < texts.size() && !failed; i = next++) {
      auto one = impl_->encode(texts[i], options, *work);
      if (one) {
        made[i] = *std::move(one);
      } else {
        errors[i] = std::move(one).error();
        failed = true;
      }
    }
    impl_->give_back(std::move(work));
  };
  {
    std::vector<std::jthread> helpers;
    const std::size_t wanted =
        std::min<std::size_t>(std::max(threads, 1U), std::max<std::size_t>(texts.size(), 1));
    for (std::size_t i = 1; i < wanted; ++i) helpers.emplace_back(run);
    run();
  }
  for (std::size_t i = 0; i < errors.size(); ++i) {
    if (errors[i]) return fail(std::move(*errors[i]).while_doing(cat("text ", i)));
  }
  if (impl_->padding) pad_all(made, *impl_->padding);
  return made;
}

Result<std::string> Tokenizer::decode(std::span<const std::uint32_t> ids,
                                      bool skip_special_tokens) const {
  std::vector<std::string> tokens;
  tokens.reserve(ids.size());
  for (const std::uint32_t id : ids) {
    const auto token = impl_->token_of(id);
    if (!token || (skip_special_tokens && impl_->added.is_special(*token))) continue;
    tokens.emplace_back(*token);
  }
  std::string separator;
  if (impl_->decoder) {
    EMB_DO(impl_->decoder->decode(tokens));
  } else {
    separator = " ";
  }
  std::string text;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (i > 0) text += separator;
    text += tokens[i];
  }
  return text;
}

std::optional<std::uint32_t> Tokenizer::id_of(std::string_view token) const {
  if (const auto id = impl_->added.find(token)) return id;
  return impl_->model->vocabulary().find(token);
}

std::optional<std::string> Tokenizer::token_of(std::uint32_t id) const {
  const auto found = impl_->token_of(id);
  if (!found) return std::nullopt;
  return std::string(*found);
}

std::uint32_t Tokenizer::id_end() const {
  return std::max(impl_->added.id_end(), impl_->model->vocabulary().id_end());
}

const std::optional<Truncation>& Tokenizer::truncation() const { return impl_->truncation; }
const std::optional<Padding>& Tokenizer::padding() const { return impl_->padding; }
void Tokenizer::set_truncation(std::optional<Truncation> truncation) {
  impl_->truncation = truncation;
}
void Tokenizer::set_padding(std::optional<Padding> padding) { impl_->padding = padding; }

namespace {
// More tokens than this never belong to one character: what has not become whole by then is broken.
constexpr std::size_t kUnsaidMax = 16;
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
}  // namespace

Result<std::string> DecodeStream::step(std::uint32_t id) {
  ids_.push_back(id);
  EMB_TRY(const std::string text, tokenizer_->decode(ids_, skip_special_tokens_));
  const bool unfinished = text.ends_with(kReplacement) && ids_.size() - said_ <= kUnsaidMax;
  if (text.size() <= said_text_.size()) {
    // Silent ones (special tokens, unknown ids) must not pile up.
    if (!unfinished && ids_.size() - said_ > kUnsaidMax) return flush();
    return std::string();
  }
  if (unfinished) return std::string();
  return flush();
}

Result<std::string> DecodeStream::finish() {
  if (said_ == ids_.size()) return std::string();
  return flush();
}

Result<std::string> DecodeStream::flush() {
  EMB_TRY(const std::string text, tokenizer_->decode(ids_, skip_special_tokens_));
  // The tokens said last stay in front: a decoder may treat the first token of a text differently.
  std::string added =
      text.size() > said_text_.size() ? text.substr(said_text_.size()) : std::string();
  ids_.erase(ids_.begin(), ids_.begin() + static_cast<std::ptrdiff_t>(said_));
  said_ = ids_.size();
  EMB_TRY(said_text_, tokenizer_->decode(ids_, skip_special_tokens_));
  return added;
}

}  // namespace embrace::transformers

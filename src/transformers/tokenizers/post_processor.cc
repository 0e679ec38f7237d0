#include "transformers/tokenizers/post_processor.h"

#include <algorithm>
#include <map>
#include <string>

#include "base/strings.h"

namespace embrace::transformers {
namespace {

// Takes the white space that belongs to a byte-level token off its offsets. One leading space of
// the first token may be the one that the pre-tokenizer put there, and is in no text.
void trim(Encoding& encoding, bool prefix_space) {
  for (std::size_t i = 0; i < encoding.margins.size(); ++i) {
    std::uint32_t left = encoding.margins[i].left;
    const std::uint32_t right = encoding.margins[i].right;
    Offsets& offsets = encoding.offsets[i];
    if (left > 0) {
      if ((i == 0 || offsets.begin == 0) && prefix_space && left == 1) left = 0;
      offsets.begin = std::min(offsets.begin + left, offsets.end);
    }
    if (right > 0 && offsets.end >= right) {
      offsets.end = std::max(offsets.end - right, offsets.begin);
    }
  }
}

void trim_all(std::vector<Encoding>& parts, bool prefix_space) {
  for (Encoding& part : parts) {
    trim(part, prefix_space);
    for (Encoding& window : part.overflowing) trim(window, prefix_space);
  }
}

Encoding special(const std::vector<std::uint32_t>& ids, std::uint32_t type_id) {
  Encoding made;
  made.ids = ids;
  made.type_ids.assign(ids.size(), type_id);
  made.offsets.assign(ids.size(), Offsets{});
  made.word_ids.assign(ids.size(), kNoWord);
  made.sequence_ids.assign(ids.size(), kNoSequence);
  made.special_mask.assign(ids.size(), 1);
  made.attention_mask.assign(ids.size(), 1);
  return made;
}

class ByteLevel final : public PostProcessor {
 public:
  ByteLevel(bool trim_offsets, bool prefix_space)
      : trim_(trim_offsets), prefix_space_(prefix_space) {}

  std::size_t added(bool) const override { return 0; }
  Status process(std::vector<Encoding>& parts, bool) const override {
    if (trim_) trim_all(parts, prefix_space_);
    return Done{};
  }
  bool trims_offsets() const override { return trim_; }

 private:
  bool trim_;
  bool prefix_space_;
};

// BERT: [CLS] A [SEP] B [SEP], with types 0 and 1. RoBERTa: <s> A </s></s> B </s>, all of type 0.
class Classic final : public PostProcessor {
 public:
  Classic(std::uint32_t cls, std::uint32_t sep, bool roberta, bool trim_offsets, bool prefix_space)
      : cls_(cls), sep_(sep), roberta_(roberta), trim_(trim_offsets), prefix_space_(prefix_space) {}

  std::size_t added(bool pair) const override { return pair ? (roberta_ ? 4 : 3) : 2; }
  bool trims_offsets() const override { return trim_; }

  Status process(std::vector<Encoding>& parts, bool add_special_tokens) const override {
    if (trim_) trim_all(parts, prefix_space_);
    if (roberta_) {
      for (Encoding& part : parts) part.set_type(0);
    }
    if (!add_special_tokens) return Done{};
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const std::uint32_t type = roberta_ || i == 0 ? 0 : 1;
      surround(parts[i], i, type);
      for (Encoding& window : parts[i].overflowing) {
        window.set_type(type);
        window.set_sequence(static_cast<std::uint8_t>(i));
        surround(window, i, type);
      }
    }
    return Done{};
  }

 private:
  void surround(Encoding& part, std::size_t index, std::uint32_t type) const {
    const auto put = [&](bool front, std::uint32_t id) {
      const auto insert = [front](auto& list, auto value) {
        list.insert(front ? list.begin() : list.end(), value);
      };
      insert(part.ids, id);
      insert(part.type_ids, type);
      insert(part.offsets, Offsets{});
      insert(part.word_ids, kNoWord);
      insert(part.sequence_ids, kNoSequence);
      insert(part.special_mask, std::uint8_t{1});
      insert(part.attention_mask, std::uint8_t{1});
    };
    part.margins.clear();
    if (index == 0) {
      put(true, cls_);
    } else if (roberta_) {
      put(true, sep_);
    }
    put(false, sep_);
  }

  std::uint32_t cls_;
  std::uint32_t sep_;
  bool roberta_;
  bool trim_;
  bool prefix_space_;
};

class Template final : public PostProcessor {
 public:
  struct Piece {
    int text = -1;                   // 0 or 1; -1: special tokens
    std::vector<std::uint32_t> ids;  // of the special tokens
    std::uint32_t type_id = 0;
  };

  Template(std::vector<Piece> single, std::vector<Piece> pair)
      : single_(std::move(single)), pair_(std::move(pair)) {}

  std::size_t added(bool pair) const override {
    std::size_t count = 0;
    for (const Piece& piece : pair ? pair_ : single_) count += piece.ids.size();
    return count;
  }

  Status process(std::vector<Encoding>& parts, bool add_special_tokens) const override {
    if (parts.size() > 2) return fail(Code::InvalidArgument, "a template behind another one");
    std::vector<Encoding> made;
    for (const Piece& piece : parts.size() == 2 ? pair_ : single_) {
      if (piece.text >= 0) {
        const auto index = static_cast<std::size_t>(piece.text);
        if (index >= parts.size()) {
          return fail(Code::InvalidArgument, "the template for one text speaks of a second one");
        }
        parts[index].set_type(piece.type_id);
        parts[index].set_sequence(static_cast<std::uint8_t>(index));
        made.push_back(parts[index]);
      } else if (add_special_tokens) {
        made.push_back(special(piece.ids, piece.type_id));
      }
    }
    parts = std::move(made);
    return Done{};
  }

 private:
  std::vector<Piece> single_;
  std::vector<Piece> pair_;
};

class Sequence final : public PostProcessor {
 public:
  explicit Sequence(std::vector<std::unique_ptr<PostProcessor>> steps) : steps_(std::move(steps)) {}

  std::size_t added(bool pair) const override {
    std::size_t count = 0;
    for (const auto& step : steps_) count += step->added(pair);
    return count;
  }
  Status process(std::vector<Encoding>& parts, bool add_special_tokens) const override {
    for (const auto& step : steps_) EMB_DO(step->process(parts, add_special_tokens));
    return Done{};
  }
  bool trims_offsets() const override {
    return std::any_of(steps_.begin(), steps_.end(),
                       [](const auto& step) { return step->trims_offsets(); });
  }

 private:
  std::vector<std::unique_ptr<PostProcessor>> steps_;
};

Result<std::uint32_t> parse_id(json::View view) {
  const auto id = view.integer();
  if (!id || *id < 0 || *id > 0xFFFFFFFFLL)
    return fail(Code::InvalidArgument, "a token's id is missing");
  return static_cast<std::uint32_t>(*id);
}

Result<std::unique_ptr<PostProcessor>> parse_classic(json::View view, bool roberta) {
  const std::vector<json::View> cls = view["cls"].items();
  const std::vector<json::View> sep = view["sep"].items();
  if (cls.size() != 2 || sep.size() != 2) {
    return fail(Code::InvalidArgument, "cls and sep are each a text and an id");
  }
  EMB_TRY(const std::uint32_t cls_id, parse_id(cls[1]));
  EMB_TRY(const std::uint32_t sep_id, parse_id(sep[1]));
  return std::make_unique<Classic>(cls_id, sep_id, roberta,
                                   roberta && view["trim_offsets"].boolean().value_or(true),
                                   view["add_prefix_space"].boolean().value_or(true));
}

constexpr std::size_t kPiecesMax = 256;           // of a template
constexpr std::size_t kTemplateTokensMax = 4096;  // ids in one special token

using SpecialTokens = std::map<std::string, std::vector<std::uint32_t>, std::less<>>;

Result<std::vector<Template::Piece>> parse_pieces(json::View view, const SpecialTokens& tokens) {
  std::vector<Template::Piece> pieces;
  for (const json::View item : view.items()) {
    if (pieces.size() == kPiecesMax) return fail(Code::TooLarge, "a template has too many pieces");
    Template::Piece piece;
    const json::View text = item["Sequence"];
    const json::View token = item["SpecialToken"];
    const json::View chosen = text.exists() ? text : token;
    const auto type_id = chosen["type_id"].integer();
    const auto id = chosen["id"].text();
    if (!id || !type_id || *type_id < 0 || *type_id > 0xFFFFFFFFLL) {
      return fail(Code::InvalidArgument,
                  "a template's piece is a Sequence or a SpecialToken with id and type_id");
    }
    piece.type_id = static_cast<std::uint32_t>(*type_id);
    if (text.exists()) {
      if (*id != "A" && *id != "B")
        return fail(Code::InvalidArgument, "a template's Sequence is A or B");
      piece.text = *id == "A" ? 0 : 1;
    } else {
      const auto found = tokens.find(*id);
      if (found == tokens.end()) {
        return fail(Code::InvalidArgument,
                    cat("the template does not define \"", id->substr(0, 64), "\""));
      }
      piece.ids = found->second;
    }
    pieces.push_back(std::move(piece));
  }
  return pieces;
}

Result<std::unique_ptr<PostProcessor>> parse_template(json::View view) {
  SpecialTokens tokens;
  for (const auto& [name, token] : view["special_tokens"].members()) {
    std::vector<std::uint32_t> ids;
    for (const json::View item : token["ids"].items()) {
      if (ids.size() == kTemplateTokensMax)
        return fail(Code::TooLarge, "a special token has too many ids");
      EMB_TRY(const std::uint32_t id, parse_id(item));
      ids.push_back(id);
    }
    tokens.emplace(name, std::move(ids));
  }
  EMB_TRY(auto single, parse_pieces(view["single"], tokens));
  EMB_TRY(auto pair, parse_pieces(view["pair"], tokens));
  return std::make_unique<Template>(std::move(single), std::move(pair));
}

constexpr std::size_t kStepsMax = 16;  // sequences and what is in them

Result<std::unique_ptr<PostProcessor>> parse_one(json::View view, unsigned depth,
                                                 std::size_t& steps_left) {
  if (steps_left-- == 0) return fail(Code::InvalidArgument, "too many steps");
  if (depth > 8) return fail(Code::InvalidArgument, "sequences are nested too deeply");
  const std::string type = view.text_or("type", "");
  if (type == "Sequence") {
    std::vector<std::unique_ptr<PostProcessor>> steps;
    for (const json::View step : view["processors"].items()) {
      if (steps.size() >= kStepsMax)
        return fail(Code::InvalidArgument, "a sequence has too many steps");
      EMB_TRY(auto made, parse_one(step, depth + 1, steps_left));
      steps.push_back(std::move(made));
    }
    return std::make_unique<Sequence>(std::move(steps));
  }
  if (type == "ByteLevel") {
    return std::make_unique<ByteLevel>(view["trim_offsets"].boolean().value_or(true),
                                       view["add_prefix_space"].boolean().value_or(true));
  }
  if (type == "BertProcessing") return parse_classic(view, false);
  if (type == "RobertaProcessing") return parse_classic(view, true);
  if (type == "TemplateProcessing") return parse_template(view);
  return fail(Code::InvalidArgument,
              cat("no post-processor is named \"", type.substr(0, 64), "\""));
}

}  // namespace

Result<std::unique_ptr<PostProcessor>> parse_post_processor(json::View view) {
  if (!view.exists() || view.is_null()) return std::unique_ptr<PostProcessor>();
  std::size_t steps_left = kStepsMax;
  return parse_one(view, 0, steps_left);
}

Result<Encoding> post_process(const PostProcessor* processor, std::vector<Encoding> texts,
                              bool add_special_tokens) {
  for (std::size_t i = 0; i < texts.size(); ++i) {
    texts[i].set_sequence(static_cast<std::uint8_t>(i));
    for (Encoding& window : texts[i].overflowing) window.set_sequence(static_cast<std::uint8_t>(i));
  }
  if (processor != nullptr) EMB_DO(processor->process(texts, add_special_tokens));
  if (texts.empty()) return Encoding();
  Encoding whole = std::move(texts[0]);
  for (std::size_t i = 1; i < texts.size(); ++i) EMB_DO(append(whole, texts[i]));
  whole.margins.clear();
  for (Encoding& window : whole.overflowing) window.margins.clear();
  return whole;
}

}  // namespace embrace::transformers

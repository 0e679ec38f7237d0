#pragma once
// TextModel: all that a repository of a decoder holds, ready to write text: the decoder, its
// tokenizer, how its makers would sample, and its chat template.
//
// Threads: as its parts, each of which is constant once loaded.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "rt/blocking.h"
#include "transformers/generation/generator.h"
#include "transformers/models/causal_lm.h"
#include "transformers/templates/chat_template.h"
#include "transformers/tokenizers/tokenizer.h"

namespace embrace::transformers {

struct TextModel {
  std::unique_ptr<CausalLm> lm;
  Tokenizer tokenizer;
  GenerationOptions defaults;  // generation_config.json
  std::optional<ChatTemplate> chat;

  // A folder with config.json, tokenizer.json and weights, or a GGUF file. Errors name the file
  // that is missing or wrong.
  static Result<TextModel> open(rt::Blocking, const std::filesystem::path& path,
                                Precision precision);

  // The text as ids, with the special tokens that the model wants around it unless the text has
  // them already (chat templates write their own).
  Result<std::vector<std::int32_t>> encode(std::string_view text, bool add_special_tokens) const;
  // The prompt that a chat makes. NotBuilt for models without a chat template.
  Result<std::vector<std::int32_t>> encode_chat(const ChatInput& input) const;
};

// "auto" (as stored), "f32", "bf16", "q8_0", "q4_0".
Result<Precision> parse_precision(std::string_view name);

}  // namespace embrace::transformers

#pragma once
// A GGUF file as the Hub would hold the same model: a config.json, tensors under the Hub's names, a
// tokenizer.json, a chat template. So the files of the families need not know GGUF.
//
// What llama.cpp's converter changed is changed back: rows of queries and keys of the architecture
// llama, which it orders for another way to turn pairs, and the norms of Gemma, to which it adds
// one. Those tensors are copies; all others are views into the mapped file.
//
// Architectures: llama (and Mistral in its name), qwen2, qwen3, gemma, gemma2, gemma3, phi3.
// docs/formats/gguf.md has the table of names.

#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "base/result.h"
#include "rt/blocking.h"
#include "transformers/tensor/gguf.h"
#include "transformers/tensor/weights.h"

namespace embrace::transformers {

struct GgufModel {
  std::string config_json;
  Weights weights;
  std::string tokenizer_json;  // for Tokenizer::parse; empty when the file has no tokenizer
  std::string chat_template;   // empty when it has none
};

// NotFound, Corrupt or InvalidArgument with the reason; NotBuilt for other architectures, for
// mixtures of experts, for one part of a model that is split over files, and for tokenizers that
// gguf_tokenizer.h does not know.
Result<GgufModel> open_gguf_model(rt::Blocking, const std::filesystem::path& path);

// The same from all bytes of a file, which `keeper` keeps alive.
Result<GgufModel> read_gguf_model(std::span<const std::byte> file,
                                  std::shared_ptr<const void> keeper);

}  // namespace embrace::transformers

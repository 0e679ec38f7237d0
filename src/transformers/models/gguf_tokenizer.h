#pragma once
// The tokenizer in a GGUF file, as a tokenizer.json. Kinds: "gpt2" (BPE of bytes, with the splits
// that tokenizer.ggml.pre names) and "llama" (SentencePiece's BPE, whose merges follow from the
// scores of its pieces).

#include <string>

#include "base/result.h"
#include "transformers/tensor/gguf.h"

namespace embrace::transformers {

// Empty when the file has no tokenizer. Corrupt when its lists do not fit together; NotBuilt, with
// the name, for other kinds and splits.
Result<std::string> render_gguf_tokenizer(const Gguf& gguf);

}  // namespace embrace::transformers

#pragma once
// The tokenizer of a speech model that has but a vocab.json: letters, one of which says nothing and
// one of which parts words (Wav2Vec2CTCTokenizer). It reads letters out of a model's rows; texts
// are cut into letters with spaces for what parts words.
//
// Threads: any.

#include <string_view>

#include "base/result.h"
#include "json/view.h"
#include "transformers/tokenizers/tokenizer.h"

namespace embrace::transformers {

// `vocabulary` is vocab.json: {"<pad>": 0, "|": 4, "E": 5, ...}. `config` is tokenizer_config.json,
// which may be absent: pad_token, unk_token, word_delimiter_token. InvalidArgument for what is no
// vocabulary or lacks the token that says nothing; NotBuilt for vocabularies of several languages,
// other replacements of what parts words, and do_lower_case.
Result<Tokenizer> make_ctc_tokenizer(json::View vocabulary, json::View config);

}  // namespace embrace::transformers

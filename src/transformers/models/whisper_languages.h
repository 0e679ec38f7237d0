#pragma once
// The languages that Whisper was trained on (Radford et al. 2022, appendix E), by their codes and
// by their English names.
//
// Threads: any.

#include <optional>
#include <string_view>

namespace embrace::transformers {

// The code of a language called "en", "English" or "<|en|>", in any case; nullopt for others. Some
// languages have several names ("castilian", "mandarin").
std::optional<std::string_view> whisper_language_code(std::string_view name);
// "english" of "en"; empty for others.
std::string_view whisper_language_name(std::string_view code);

}  // namespace embrace::transformers

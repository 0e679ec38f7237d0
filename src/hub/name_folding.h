#pragma once
// Names that a file system may take for one: "README.md" and "readme.md" on Windows and macOS, "é"
// in one code or in two on macOS. A repository that held both could not be checked out there, so
// commits refuse the second.

#include <string>
#include <string_view>

namespace embrace::hub {

// The same text for names that differ only by case or by Unicode normalization form, as far as the
// alphabets go that have case or marks in daily use (Latin, Greek, Cyrillic, kana, Hangul). Bytes
// that are not UTF-8 stay as they are.
std::string fold_name(std::string_view name);

}  // namespace embrace::hub

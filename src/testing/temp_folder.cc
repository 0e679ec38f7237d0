#include "testing/temp_folder.h"

#include <stdlib.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

namespace testing {

TempFolder::TempFolder() {
  path_ = (std::filesystem::temp_directory_path() / "embrace-test-XXXXXX").string();
  if (::mkdtemp(path_.data()) == nullptr) {
    throw std::system_error(errno, std::generic_category(), "make a folder for a test");
  }
}

TempFolder::~TempFolder() {
  std::error_code ignored;  // a leftover in the temporary folder hurts nobody
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace testing

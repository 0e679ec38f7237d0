#pragma once
// TempFolder: a fresh folder that is removed with all it holds when the test ends.

#include <string>
#include <string_view>

namespace testing {

class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  const std::string& path() const { return path_; }
  std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }

 private:
  std::string path_;
};

}  // namespace testing

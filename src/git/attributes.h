#pragma once
// .gitattributes (only what decides whether a path goes to LFS) and .gitignore, matched as git
// matches them (wildmatch; later lines win; '!' and trailing '/' in .gitignore). Root-level files
// only, as on the Hub. Input is untrusted: lines and patterns beyond the limits are ignored.

#include <string>
#include <string_view>
#include <vector>

namespace embrace::git {

class LfsAttributes {
 public:
  static LfsAttributes parse(std::string_view text);
  bool is_lfs(std::string_view path) const;

 private:
  struct Rule {
    std::string pattern;
    int lfs = 0;  // 1 filter=lfs, -1 -filter or another filter
  };
  std::vector<Rule> rules_;
};

class IgnoreRules {
 public:
  static IgnoreRules parse(std::string_view text);
  bool is_ignored(std::string_view path) const;

 private:
  struct Rule {
    std::string pattern;
    bool negated = false;
    bool folders_only = false;
  };
  std::vector<Rule> rules_;
};

// git's wildmatch with WM_PATHNAME: '*' and '?' stop at '/', "**" does not. Linear in practice;
// gives up (no match) after a bounded number of steps.
bool wildmatch(std::string_view pattern, std::string_view text);

// "path filter=lfs diff=lfs merge=lfs -text", with the path quoted as git wants it.
std::string lfs_attribute_line(std::string_view path);
// The Hub's default .gitattributes (hub-api appendix A).
std::string default_attributes(bool for_dataset);

}  // namespace embrace::git

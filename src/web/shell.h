#pragma once
// Shell: the HTML text that answers every page's address, cut once where each answer differs: the
// title and the facts that spare the page its first questions.
//
// Threads: any; constant after construction.

#include <string>
#include <string_view>

namespace embrace::web {

// What search engines and chats show of a page, as plain text.
struct Card {
  std::string title;        // empty: the site's own
  std::string description;  // empty: none
  std::string url;
};

class Shell {
 public:
  Shell() = default;
  // `script_sources`: see assets.h.
  Shell(std::string_view html, std::string_view script_sources);

  bool is_there() const { return !before_.empty(); }
  // `boot`: JSON that the page finds under the id "boot". It may hold anything, it can't end its
  // element.
  std::string render(const Card& card, std::string_view boot) const;
  const std::string& policy() const { return policy_; }  // Content-Security-Policy

 private:
  std::string before_;
  std::string after_;
  std::string policy_;
};

}  // namespace embrace::web

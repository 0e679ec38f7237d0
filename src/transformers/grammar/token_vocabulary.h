#pragma once
// TokenVocabulary: the bytes that every token of a model stands for, as trees of their beginnings.
//
// Threads: constant, and shared by everybody who generates with the model.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace embrace::transformers {

// Texts of tokens as a tree, laid out depth first: what begins as a node does stands behind it, up
// to its end.
class TokenTree {
 public:
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;
  struct Node {
    std::uint32_t end = 0;        // the first node that does not begin as this one
    std::uint32_t token = kNone;  // the first token that is exactly this text
    std::uint16_t depth = 0;      // bytes of its text
    std::uint8_t byte = 0;        // the last of them
  };

  TokenTree() = default;
  // Empty texts, and absurdly long ones, are left out. Borrows nothing.
  explicit TokenTree(std::span<const std::string> texts);

  std::span<const Node> nodes() const { return nodes_; }
  // Another token of the same text, or kNone.
  std::uint32_t same(std::uint32_t token) const { return same_[token]; }

 private:
  std::vector<Node> nodes_;
  std::vector<std::uint32_t> same_;
};

class TokenVocabulary {
 public:
  // `bytes[id]` is the token's text; empty for tokens that a grammar never allows (special and
  // unused ones). `end_tokens` may come when the text is complete, and nowhere else. `first[id]` is
  // what a token stands for when the text begins with it, where that differs (decoders that take a
  // space off); an empty list otherwise.
  TokenVocabulary(std::vector<std::string> bytes, std::vector<std::uint32_t> end_tokens,
                  std::vector<std::string> first = {});

  std::size_t size() const { return bytes_.size(); }
  std::string_view bytes_of(std::uint32_t id, bool at_first = false) const {
    return at_first && !first_.empty() ? first_[id] : bytes_[id];
  }
  const std::vector<std::uint32_t>& end_tokens() const { return end_tokens_; }
  bool first_differs() const { return !first_.empty(); }
  const TokenTree& tree(bool at_first = false) const {
    return at_first && !first_.empty() ? first_tree_ : tree_;
  }

 private:
  std::vector<std::string> bytes_;
  std::vector<std::uint32_t> end_tokens_;
  std::vector<std::string> first_;
  TokenTree tree_;
  TokenTree first_tree_;
};

}  // namespace embrace::transformers

#include "transformers/grammar/token_vocabulary.h"

#include <algorithm>
#include <utility>

namespace embrace::transformers {

TokenTree::TokenTree(std::span<const std::string> texts) : same_(texts.size(), kNone) {
  constexpr std::size_t kTextBytesMax = 4096;
  std::vector<std::uint32_t> sorted;
  for (std::uint32_t id = 0; id < texts.size(); ++id) {
    if (!texts[id].empty() && texts[id].size() <= kTextBytesMax) sorted.push_back(id);
  }
  std::sort(sorted.begin(), sorted.end(), [&](std::uint32_t a, std::uint32_t b) {
    return texts[a] != texts[b] ? texts[a] < texts[b] : a < b;
  });
  std::vector<std::uint32_t> path;  // the nodes that the last text went through
  std::string_view last;
  for (const std::uint32_t id : sorted) {
    const std::string_view text = texts[id];
    const auto shared = static_cast<std::size_t>(
        std::mismatch(last.begin(), last.end(), text.begin(), text.end()).second - text.begin());
    for (; path.size() > shared; path.pop_back())
      nodes_[path.back()].end = static_cast<std::uint32_t>(nodes_.size());
    for (std::size_t i = shared; i < text.size(); ++i) {
      path.push_back(static_cast<std::uint32_t>(nodes_.size()));
      nodes_.push_back(
          {.depth = static_cast<std::uint16_t>(i + 1), .byte = static_cast<std::uint8_t>(text[i])});
    }
    same_[id] = std::exchange(nodes_[path.back()].token, id);
    last = text;
  }
  for (; !path.empty(); path.pop_back())
    nodes_[path.back()].end = static_cast<std::uint32_t>(nodes_.size());
}

TokenVocabulary::TokenVocabulary(std::vector<std::string> bytes,
                                 std::vector<std::uint32_t> end_tokens,
                                 std::vector<std::string> first)
    : bytes_(std::move(bytes)), end_tokens_(std::move(end_tokens)), first_(std::move(first)) {
  first_.resize(first_.empty() ? 0 : bytes_.size());
  std::erase_if(end_tokens_, [&](std::uint32_t id) { return id >= bytes_.size(); });
  for (const std::uint32_t id : end_tokens_) {
    bytes_[id].clear();
    if (!first_.empty()) first_[id].clear();
  }
  tree_ = TokenTree(bytes_);
  if (!first_.empty()) first_tree_ = TokenTree(first_);
}

}  // namespace embrace::transformers

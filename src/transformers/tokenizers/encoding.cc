#include "transformers/tokenizers/encoding.h"

#include <algorithm>

#include "base/strings.h"

namespace embrace::transformers {
namespace {

constexpr std::size_t kWindowsMax = 1 << 16;       // of one encoding
constexpr std::size_t kWindowTokensMax = 1 << 24;  // in all of them

// Calls `act` with the same list of each, margins included.
template <class Act>
void for_each_list(Encoding& a, const Encoding& b, Act act) {
  act(a.ids, b.ids);
  act(a.type_ids, b.type_ids);
  act(a.offsets, b.offsets);
  act(a.word_ids, b.word_ids);
  act(a.sequence_ids, b.sequence_ids);
  act(a.special_mask, b.special_mask);
  act(a.attention_mask, b.attention_mask);
}

void append_tokens(Encoding& to, const Encoding& other) {
  for_each_list(to, other, [](auto& a, const auto& b) { a.insert(a.end(), b.begin(), b.end()); });
  to.margins.clear();
}

}  // namespace

void Encoding::reserve(std::size_t tokens) {
  for_each_list(*this, *this, [&](auto& a, const auto&) { a.reserve(tokens); });
}

void Encoding::set_sequence(std::uint8_t sequence) {
  std::fill(sequence_ids.begin(), sequence_ids.end(), sequence);
}

void Encoding::set_type(std::uint32_t type) { std::fill(type_ids.begin(), type_ids.end(), type); }

Encoding Encoding::slice(std::size_t begin, std::size_t end) const {
  Encoding made;
  const auto from = static_cast<std::ptrdiff_t>(begin);
  const auto to = static_cast<std::ptrdiff_t>(end);
  for_each_list(made, *this,
                [&](auto& a, const auto& b) { a.assign(b.begin() + from, b.begin() + to); });
  if (!margins.empty()) made.margins.assign(margins.begin() + from, margins.begin() + to);
  return made;
}

Status truncate(Encoding& encoding, std::size_t length_max, std::size_t stride, Side side) {
  const std::size_t size = encoding.size();
  if (length_max >= size) return Done{};
  if (length_max == 0) {
    Encoding all = std::move(encoding);
    encoding = Encoding();
    all.overflowing.clear();
    encoding.overflowing.push_back(std::move(all));
    return Done{};
  }
  if (stride >= length_max) {
    return fail(Code::InvalidArgument, cat("the stride, ", stride, ", must be less than the ",
                                           length_max, " tokens that fit"));
  }
  const std::size_t step = length_max - stride;
  if (size / step > kWindowsMax || size / step * length_max > kWindowTokensMax) {
    return fail(Code::TooLarge, "truncation makes too many windows");
  }
  std::vector<std::pair<std::size_t, std::size_t>> windows;
  if (side == Side::Right) {
    for (std::size_t begin = 0; begin < size; begin += step) {
      const std::size_t end = std::min(begin + length_max, size);
      windows.emplace_back(begin, end);
      if (end == size) break;
    }
  } else {
    for (std::size_t end = size; end > 0; end = end > step ? end - step : 0) {
      const std::size_t begin = end > length_max ? end - length_max : 0;
      windows.emplace_back(begin, end);
      if (begin == 0) break;
    }
  }
  Encoding kept = encoding.slice(windows[0].first, windows[0].second);
  for (std::size_t i = 1; i < windows.size(); ++i) {
    kept.overflowing.push_back(encoding.slice(windows[i].first, windows[i].second));
  }
  encoding = std::move(kept);
  return Done{};
}

Status truncate_pair(Encoding& first, Encoding* second, const Truncation& truncation,
                     std::size_t length_max) {
  if (length_max == 0) {
    EMB_DO(truncate(first, 0, truncation.stride, truncation.side));
    if (second != nullptr) EMB_DO(truncate(*second, 0, truncation.stride, truncation.side));
    return Done{};
  }
  const std::size_t total = first.size() + (second != nullptr ? second->size() : 0);
  if (total <= length_max) return Done{};
  if (truncation.strategy == TruncationStrategy::LongestFirst) {
    if (second == nullptr) return truncate(first, length_max, truncation.stride, truncation.side);
    std::size_t shorter = std::min(first.size(), second->size());
    std::size_t longer = shorter > length_max ? shorter : std::max(shorter, length_max - shorter);
    if (shorter + longer > length_max) {
      shorter = length_max / 2;
      longer = shorter + length_max % 2;
    }
    const bool swapped = first.size() > second->size();
    EMB_DO(truncate(first, swapped ? longer : shorter, truncation.stride, truncation.side));
    return truncate(*second, swapped ? shorter : longer, truncation.stride, truncation.side);
  }
  Encoding* const target = truncation.strategy == TruncationStrategy::OnlyFirst ? &first : second;
  if (target == nullptr) {
    return fail(Code::InvalidArgument, "truncation of the second text, but there is none");
  }
  const std::size_t surplus = total - length_max;
  if (target->size() <= surplus) {
    return fail(Code::InvalidArgument, "the text to cut is too short for what must be cut off");
  }
  return truncate(*target, target->size() - surplus, truncation.stride, truncation.side);
}

Status append(Encoding& to, const Encoding& other) {
  const std::size_t windows = (to.overflowing.size() + 1) * (other.overflowing.size() + 1) - 1;
  if (windows > kWindowsMax || windows * (to.size() + other.size()) > kWindowTokensMax) {
    return fail(Code::TooLarge, "truncation makes too many windows");
  }
  std::vector<Encoding> overflowing;
  overflowing.reserve(windows);
  const auto combine = [&](const Encoding& a, const Encoding& b) {
    Encoding both = a.slice(0, a.size());
    append_tokens(both, b);
    overflowing.push_back(std::move(both));
  };
  for (const Encoding& window : to.overflowing) {
    combine(window, other);
    for (const Encoding& second : other.overflowing) combine(window, second);
  }
  for (const Encoding& second : other.overflowing) combine(to, second);
  append_tokens(to, other);
  to.overflowing = std::move(overflowing);
  return Done{};
}

void pad(Encoding& encoding, std::size_t length, const Padding& padding) {
  for (Encoding& window : encoding.overflowing) pad(window, length, padding);
  if (encoding.size() >= length) return;
  const std::size_t count = length - encoding.size();
  const auto fill = [&](auto& list, auto value) {
    list.insert(padding.side == Side::Left ? list.begin() : list.end(), count, value);
  };
  fill(encoding.ids, padding.id);
  fill(encoding.type_ids, padding.type_id);
  fill(encoding.offsets, Offsets{});
  fill(encoding.word_ids, kNoWord);
  fill(encoding.sequence_ids, kNoSequence);
  fill(encoding.special_mask, std::uint8_t{1});
  fill(encoding.attention_mask, std::uint8_t{0});
}

void pad_all(std::vector<Encoding>& batch, const Padding& padding) {
  std::size_t length = padding.length;
  if (length == 0) {
    for (const Encoding& encoding : batch) length = std::max(length, encoding.size());
  }
  if (padding.multiple_of > 1 && length % padding.multiple_of != 0) {
    length += padding.multiple_of - length % padding.multiple_of;
  }
  for (Encoding& encoding : batch) pad(encoding, length, padding);
}

}  // namespace embrace::transformers

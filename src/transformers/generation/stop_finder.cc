#include "transformers/generation/stop_finder.h"

#include <algorithm>
#include <utility>

namespace embrace::transformers {

StopFinder::StopFinder(std::vector<std::string> stops) : stops_(std::move(stops)) {
  std::erase_if(stops_, [](const std::string& stop) { return stop.empty(); });
}

std::string StopFinder::push(std::string_view piece, std::string_view shown) {
  if (found_) return {};
  held_ += piece;
  pieces_.push_back({piece.size(), std::string(shown)});
  std::size_t first = std::string::npos;
  for (const std::string& stop : stops_) first = std::min(first, held_.find(stop));
  if (first != std::string::npos) {
    found_ = true;
    std::string out = release(first);
    held_.clear();
    pieces_.clear();
    return out;
  }
  // The longest end of what is held that is the beginning of a stop.
  std::size_t keep = 0;
  for (const std::string& stop : stops_) {
    for (std::size_t n = std::min(stop.size() - 1, held_.size()); n > keep; --n) {
      if (held_.ends_with(std::string_view(stop).substr(0, n))) keep = n;
    }
  }
  return release(held_.size() - keep);
}

std::string StopFinder::finish() { return found_ ? std::string() : release(held_.size()); }

std::string StopFinder::release(std::size_t bytes) {
  held_.erase(0, bytes);
  std::string out;
  while (!pieces_.empty() && pieces_.front().bytes <= bytes) {
    bytes -= pieces_.front().bytes;
    out += pieces_.front().shown;
    pieces_.pop_front();
  }
  if (bytes > 0) {
    Held& cut = pieces_.front();
    const std::size_t part = std::min(bytes, cut.shown.size());
    out += std::string_view(cut.shown).substr(0, part);
    cut.shown.erase(0, part);
    cut.bytes -= bytes;
  }
  return out;
}

}  // namespace embrace::transformers

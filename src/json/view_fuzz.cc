// Any bytes either parse, and then render to text that parses to the same text, or are refused.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "json/view.h"

namespace {

// Asks every question of every value.
void visit(embrace::json::View view) {
  (void)view.text();
  (void)view.integer();
  (void)view.number();
  (void)view.boolean();
  for (auto item : view.items()) visit(item);
  for (auto& [key, member] : view.members()) {
    EMB_CHECK_OR_DIE(view[key].exists(), "a member is found by its key");
    visit(member);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using embrace::json::Document;
  const auto document = Document::parse({reinterpret_cast<const char*>(data), size});
  if (!document) return 0;
  visit(document->root());
  const std::string once = document->root().render();
  const auto again = Document::parse(once);
  EMB_CHECK_OR_DIE(again.has_value(), "what was rendered parses");
  EMB_CHECK_OR_DIE(again->root().render() == once, "rendering is stable");
  return 0;
}

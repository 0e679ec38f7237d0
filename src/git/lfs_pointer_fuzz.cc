// Pointers, trees, commits and tags on any bytes: what is read must be sane, and a pointer must
// survive being written and read again.

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "base/strings.h"
#include "git/object_text.h"
#include "git/types.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace embrace;       // NOLINT: a harness
  using namespace embrace::git;  // NOLINT
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (auto pointer = LfsPointer::parse(bytes)) {
    if (LfsPointer::parse(pointer->render()) != pointer) std::abort();
  }
  TreeReader tree(bytes);
  for (TreeItem item; tree.next(item);) {
    if (item.name.empty()) std::abort();
  }
  if (auto commit = parse_commit(Oid(), bytes)) {
    if (!is_valid_utf8(commit->title) || !is_valid_utf8(commit->message)) std::abort();
    if (!is_valid_utf8(commit->author.name) || !is_valid_utf8(commit->author.email)) std::abort();
  }
  (void)parse_commit_links(Oid(), bytes);
  (void)parse_tag(Oid(), bytes);
  if (check_path(bytes) && (bytes.contains("..") && bytes.contains("/../"))) std::abort();
  return 0;
}

#pragma once
// Young packs: the objects of a small commit, whose truth is a row in SQL until they are joined
// into a pack (docs/design/0012, docs/formats/git-folder.md). The folder shows them as files that
// nobody has synced, so that git and libgit2 read them like any other pack.
//
// Threads: any that may block. Whoever changes the young files of a folder holds its lock
// (hub/young_packs.h); the functions here take none.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "git/pack_files.h"
#include "git/types.h"
#include "rt/blocking.h"

namespace embrace::git {

struct YoungPack {
  struct Item {
    Oid oid;
    std::uint64_t offset = 0;  // in `bytes`; it ends where the next begins, or the checksum
  };
  std::string name;         // "young-<40 hex>", after the checksum at the end of `bytes`
  std::string bytes;        // of the .pack file
  std::vector<Item> items;  // in order of offset
};

// For keeping: a line "<oid> <offset>" for each item.
std::string render_items(const YoungPack& pack);
// Corrupt when the checksum is not that of the bytes or of the name, or the items do not fit.
Result<YoungPack> parse_young_pack(std::string name, std::string bytes, std::string_view items);

// Its two files under temporary names, not synced: place(pack.name) shows them.
Result<PackFiles> write_young_files(rt::Blocking, const std::string& folder, const YoungPack& pack);
// The names in the folder, sorted: those that readers see, or also those of which only one file is
// there.
enum class YoungFiles : std::uint8_t { Seen, Any };
Result<std::vector<std::string>> list_young_packs(rt::Blocking, const std::string& folder,
                                                  YoungFiles which = YoungFiles::Seen);
// Are both files there, with exactly these bytes?
Result<bool> are_young_files_whole(rt::Blocking, const std::string& folder, const YoungPack& pack);
Status remove_young_files(rt::Blocking, const std::string& folder, const std::string& name);

// Every object of `packs` once, in one pack whose bytes are durable; place(pack.name) shows it.
struct JoinedPack {
  Pack pack;
  PackFiles files;
};
Result<JoinedPack> join_young_packs(rt::Blocking, const std::string& folder,
                                    const std::vector<YoungPack>& packs);
// Makes names that came and went in the folder durable.
Status sync_pack_folder(rt::Blocking, const std::string& folder);

}  // namespace embrace::git

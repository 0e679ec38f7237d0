#include "git/young_pack.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <unordered_set>

#include "base/file.h"
#include "base/strings.h"
#include "crypto/sha1.h"
#include "git/pack_stream.h"
#include "git/repository_impl.h"

namespace embrace::git {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "young-";
constexpr std::size_t kHeadBytes = 12;  // "PACK", version, number of objects
constexpr std::size_t kSumBytes = 20;

std::string pack_folder_of(const std::string& folder) { return folder + "/objects/pack"; }

// The bytes of the item at `at` and nothing else.
std::string_view bytes_of(const YoungPack& pack, std::size_t at) {
  const std::size_t begin = pack.items[at].offset;
  const std::size_t end =
      at + 1 < pack.items.size() ? pack.items[at + 1].offset : pack.bytes.size() - kSumBytes;
  return std::string_view(pack.bytes).substr(begin, end - begin);
}

Oid checksum_in(const YoungPack& pack) {
  std::array<std::uint8_t, kSumBytes> sum;
  std::copy_n(pack.bytes.end() - kSumBytes, kSumBytes, sum.begin());
  return Oid(sum);
}

std::string index_of(const YoungPack& pack) {
  std::vector<Placed> placed;
  placed.reserve(pack.items.size());
  for (std::size_t i = 0; i < pack.items.size(); ++i) {
    placed.push_back({.oid = pack.items[i].oid,
                      .crc = pack_crc(bytes_of(pack, i)),
                      .offset = pack.items[i].offset});
  }
  return render_index(std::move(placed), checksum_in(pack));
}

Result<std::vector<YoungPack::Item>> parse_items(std::string_view text) {
  std::vector<YoungPack::Item> items;
  for (const std::string_view line : split(text, '\n')) {
    if (line.empty()) continue;
    EMB_TRY(const Oid oid, Oid::parse(line.substr(0, 40)));
    const auto offset = parse_uint(line.size() > 41 ? line.substr(41) : std::string_view());
    if (!offset) return fail(Code::Corrupt, "an object has no offset");
    items.push_back({oid, *offset});
  }
  return items;
}

// One after the other, from the head to the checksum.
bool do_items_fit(const YoungPack& pack) {
  std::uint64_t least = kHeadBytes;
  for (const auto& item : pack.items) {
    if (item.offset < least || (least == kHeadBytes && item.offset != least)) return false;
    least = item.offset + 1;
  }
  return !pack.items.empty() && least <= pack.bytes.size() - kSumBytes;
}

Result<bool> holds(const std::string& path, std::string_view bytes) {
  auto found = read_file(path, bytes.size());
  if (found) return *found == bytes;
  const auto code = found.error().code();  // TooLarge: other bytes
  if (code == Code::NotFound || code == Code::TooLarge) return false;
  return fail(std::move(found).error());
}

}  // namespace

Result<std::optional<YoungPack>> Repository::young_pack(rt::Blocking, std::uint64_t bytes_max) {
  const Odb& odb = *impl_->odb;
  // Text shrinks to a fourth and less, so what is larger need not be tried.
  constexpr std::uint64_t shrinking_max = 8;
  if (odb.staged_order().empty() || odb.staged_bytes() > bytes_max * shrinking_max)
    return std::optional<YoungPack>();
  PackStream stream(nullptr);
  stream.begin(static_cast<std::uint32_t>(odb.staged_order().size()));
  for (const Oid& oid : odb.staged_order()) {
    EMB_TRY(const Object object, odb.read_staged(oid));
    EMB_DO(stream.add(oid, object));
    if (stream.size_bytes() > bytes_max) return std::optional<YoungPack>();
  }
  EMB_TRY(const Oid sum, stream.finish());
  YoungPack pack;
  pack.name = cat(kPrefix, sum.hex());
  for (const Placed& object : stream.placed()) pack.items.push_back({object.oid, object.offset});
  pack.bytes = stream.take_bytes();
  return std::optional(std::move(pack));
}

std::string render_items(const YoungPack& pack) {
  std::string text;
  for (const auto& item : pack.items) text += cat(item.oid.hex(), " ", item.offset, "\n");
  return text;
}

Result<YoungPack> parse_young_pack(std::string name, std::string bytes, std::string_view items) {
  YoungPack pack{.name = std::move(name), .bytes = std::move(bytes), .items = {}};
  const auto corrupt = [&pack](std::string_view why) {
    return fail(Code::Corrupt, cat(pack.name, " is damaged: ", why));
  };
  if (pack.bytes.size() < kHeadBytes + kSumBytes) return corrupt("it is too short");
  crypto::Sha1 sha;
  sha.update(std::string_view(pack.bytes).substr(0, pack.bytes.size() - kSumBytes));
  const Oid sum(sha.finish());
  if (sum != checksum_in(pack)) return corrupt("its checksum is not that of its bytes");
  if (pack.name != cat(kPrefix, sum.hex())) return corrupt("it has the name of another");
  auto parsed = parse_items(items);
  if (!parsed) return corrupt(parsed.error().message());
  pack.items = *std::move(parsed);
  if (!do_items_fit(pack)) return corrupt("its objects do not fit into it");
  return pack;
}

Result<PackFiles> write_young_files(rt::Blocking, const std::string& folder,
                                    const YoungPack& pack) {
  EMB_TRY(PackFiles files, PackFiles::create(pack_folder_of(folder)));
  EMB_DO(files.pack().write_all(pack.bytes));
  EMB_DO(files.write_index(index_of(pack)));
  return files;
}

Result<std::vector<std::string>> list_young_packs(rt::Blocking, const std::string& folder,
                                                  YoungFiles which) {
  const std::string pack_folder = pack_folder_of(folder);
  std::set<std::string> names;
  std::error_code error;
  for (fs::directory_iterator at(pack_folder, error), end; !error && at != end;
       at.increment(error)) {
    const fs::path& path = at->path();
    if (!path.filename().string().starts_with(kPrefix)) continue;
    if (which == YoungFiles::Any || path.extension() == ".idx") names.insert(path.stem().string());
  }
  if (error) return fail(errno_error(error.value(), cat("read ", pack_folder)));
  return std::vector<std::string>(names.begin(), names.end());
}

Result<bool> are_young_files_whole(rt::Blocking, const std::string& folder, const YoungPack& pack) {
  const std::string path = cat(pack_folder_of(folder), "/", pack.name);
  EMB_TRY(const bool has_pack, holds(path + ".pack", pack.bytes));
  if (!has_pack) return false;
  return holds(path + ".idx", index_of(pack));
}

// The index first: a pack without one is seen by nobody.
Status remove_young_files(rt::Blocking, const std::string& folder, const std::string& name) {
  const std::string path = cat(pack_folder_of(folder), "/", name);
  EMB_DO(remove_file(path + ".idx"));
  return remove_file(path + ".pack");
}

Result<JoinedPack> join_young_packs(rt::Blocking, const std::string& folder,
                                    const std::vector<YoungPack>& packs) {
  std::vector<std::pair<Oid, std::string_view>> objects;
  std::unordered_set<Oid> seen;
  for (const auto& pack : packs) {
    for (std::size_t i = 0; i < pack.items.size(); ++i) {
      if (seen.insert(pack.items[i].oid).second)
        objects.emplace_back(pack.items[i].oid, bytes_of(pack, i));
    }
  }
  EMB_TRY(PackFiles files, PackFiles::create(pack_folder_of(folder)));
  PackStream stream(&files.pack());
  stream.begin(static_cast<std::uint32_t>(objects.size()));
  for (const auto& [oid, bytes] : objects) EMB_DO(stream.add_packed(oid, bytes));
  EMB_TRY(const Oid sum, stream.finish());
  EMB_DO(files.write_index(render_index(stream.placed(), sum)));
  EMB_DO(files.sync());
  return JoinedPack{.pack = {.name = cat("pack-", sum.hex()),
                             .size_bytes = stream.size_bytes(),
                             .objects = static_cast<std::uint32_t>(objects.size())},
                    .files = std::move(files)};
}

Status sync_pack_folder(rt::Blocking, const std::string& folder) {
  return sync_folder(pack_folder_of(folder));
}

}  // namespace embrace::git

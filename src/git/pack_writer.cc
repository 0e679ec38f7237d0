#include "git/pack_writer.h"

#include "base/file.h"
#include "base/strings.h"
#include "git/pack_files.h"
#include "git/pack_stream.h"

namespace embrace::git {

Result<Pack> write_pack(const Odb& odb, const std::string& pack_folder) {
  const auto& order = odb.staged_order();
  EMB_TRY(PackFiles files, PackFiles::create(pack_folder));
  PackStream stream(&files.pack());
  stream.begin(static_cast<std::uint32_t>(order.size()));
  for (const Oid& oid : order) {
    EMB_TRY(const Object object, odb.read_staged(oid));
    EMB_DO(stream.add(oid, object));
  }
  EMB_TRY(const Oid sum, stream.finish());
  EMB_DO(files.write_index(render_index(stream.placed(), sum)));
  EMB_DO(files.sync());
  const std::string name = cat("pack-", sum.hex());
  EMB_DO(files.place(name));
  EMB_DO(sync_folder(pack_folder));
  return Pack{.name = name,
              .size_bytes = stream.size_bytes(),
              .objects = static_cast<std::uint32_t>(order.size())};
}

Result<Pack> describe_pack(const std::string& pack_folder, std::string name) {
  const std::string path = cat(pack_folder, "/", name, ".pack");
  EMB_TRY(File file, File::open_for_read(path));
  EMB_TRY(std::uint64_t size, file.size_bytes());
  unsigned char head[12];
  EMB_TRY(std::size_t got, file.read_at({reinterpret_cast<char*>(head), sizeof head}, 0));
  if (got != sizeof head || std::string_view(reinterpret_cast<char*>(head), 4) != "PACK") {
    return fail(Code::Corrupt, cat(path, " is not a pack"));
  }
  const std::uint32_t objects = (std::uint32_t{head[8]} << 24) | (std::uint32_t{head[9]} << 16) |
                                (std::uint32_t{head[10]} << 8) | std::uint32_t{head[11]};
  return Pack{.name = std::move(name), .size_bytes = size, .objects = objects};
}

}  // namespace embrace::git

#include "hub/folders.h"

#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "base/file.h"
#include "base/log.h"
#include "base/strings.h"
#include "crypto/secrets.h"
#include "hub/services.h"

namespace embrace::hub {
namespace {

namespace fs = std::filesystem;

Millis modified_ms(const std::string& path) {
  struct ::stat facts{};
  if (::stat(path.c_str(), &facts) != 0) return 0;
  return static_cast<Millis>(facts.st_mtim.tv_sec) * 1000 + facts.st_mtim.tv_nsec / 1'000'000;
}

// "17.git" in the folder where 17 belongs: 17; "tmp-x.git": 0; nullopt for what is not ours.
std::optional<std::int64_t> parse_folder_name(std::string_view name) {
  if (!name.ends_with(".git")) return std::nullopt;
  name.remove_suffix(4);
  if (name.starts_with("tmp-")) return 0;
  auto id = parse_uint(name);
  if (!id || *id == 0 || *id > INT64_MAX) return std::nullopt;
  return static_cast<std::int64_t>(*id);
}

Status add_folders(const std::string& parent, std::vector<RepositoryFolder>& found) {
  std::error_code error;
  for (fs::directory_iterator item(parent, error), end; !error && item != end;
       item.increment(error)) {
    const auto path = item->path().string();
    if (auto id = parse_folder_name(item->path().filename().string())) {
      found.push_back({path, *id, modified_ms(path)});
    }
  }
  if (error) return fail(errno_error(error.value(), "list " + parent));
  return Done{};
}

// Links what `target` has not yet. true when there was nothing new, and nothing had vanished.
Result<bool> link_new_packs(const fs::path& source, const fs::path& target) {
  bool is_complete = true;
  std::error_code error;
  for (fs::directory_iterator item(source, error), end; !error && item != end;
       item.increment(error)) {
    const auto name = item->path().filename();
    const auto linked = target / name;
    if (!name.string().starts_with("pack-") || fs::exists(linked, error)) continue;
    is_complete = false;
    fs::create_hard_link(item->path(), linked, error);
    if (error == std::errc::operation_not_permitted || error == std::errc::function_not_supported ||
        error == std::errc::too_many_links) {
      error.clear();  // a file system without links
      fs::copy_file(item->path(), linked, error);
    }
    if (error == std::errc::no_such_file_or_directory) error.clear();  // folded away meanwhile
    if (error) break;
  }
  if (error) return fail(errno_error(error.value(), "link the packs of " + source.string()));
  return is_complete;
}

// Of a pack that was folded away between its files.
Status drop_half_packs(const fs::path& target) {
  std::error_code error;
  for (fs::directory_iterator item(target, error), end; !error && item != end;
       item.increment(error)) {
    auto pack = item->path(), index = item->path();
    if (fs::exists(pack.replace_extension(".pack"), error) &&
        fs::exists(index.replace_extension(".idx"), error))
      continue;
    if (!error) fs::remove(item->path(), error);
  }
  if (error) return fail(errno_error(error.value(), "link packs into " + target.string()));
  return Done{};
}

}  // namespace

void remove_folder(const std::string& folder) {
  // Out of everybody's sight first: who works below the name would make new files while the old
  // ones go. The new name is that of a temporary folder, so housekeeping knows it.
  const std::string aside = cat(fs::path(folder).parent_path().string(), "/tmp-",
                                to_hex(crypto::random_bytes(8)), ".git");
  std::error_code error;
  fs::rename(folder, aside, error);
  if (error == std::errc::no_such_file_or_directory) return;
  fs::remove_all(error ? folder : aside, error);
  if (error)
    log::warn("a repository's folder could not be removed",
              {{"folder", folder}, {"why", error.message()}});
}

Status link_pack_files(const std::string& from, const std::string& to) {
  const auto source = from + "/objects/pack";
  const auto target = to + "/objects/pack";
  EMB_DO(make_folders(target));
  // Folding puts the joined pack there before it takes the small ones away. So a look that finds
  // every pack linked already proves that nothing was missed: what had gone before it came to this
  // pack is in one that was there by then.
  constexpr int looks_max = 100;
  for (int look = 0; look < looks_max; ++look) {
    EMB_TRY(const bool is_complete, link_new_packs(source, target));
    if (!is_complete) continue;
    EMB_DO(drop_half_packs(target));
    return sync_folder(target);
  }
  return fail(Code::Unavailable, "the repository changes too fast to be copied: try again shortly");
}

Result<std::vector<RepositoryFolder>> list_repository_folders(const Settings& settings) {
  const auto root = settings.data_folder + "/git";
  std::vector<RepositoryFolder> found;
  std::error_code error;
  if (!fs::exists(root, error)) return found;
  EMB_DO(add_folders(root, found));
  for (fs::directory_iterator item(root, error), end; !error && item != end;
       item.increment(error)) {
    if (item->path().filename().string().size() == 2 && item->is_directory(error)) {
      EMB_DO(add_folders(item->path().string(), found));
    }
  }
  if (error) return fail(errno_error(error.value(), "list " + root));
  return found;
}

}  // namespace embrace::hub

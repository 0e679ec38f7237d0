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
  std::error_code error;
  for (fs::directory_iterator item(source, error), end; !error && item != end;
       item.increment(error)) {
    const auto name = item->path().filename().string();
    if (!name.starts_with("pack-")) continue;
    const auto linked = target + "/" + name;
    fs::create_hard_link(item->path(), linked, error);
    if (error == std::errc::operation_not_permitted || error == std::errc::function_not_supported ||
        error == std::errc::too_many_links) {
      error.clear();  // a file system without links
      fs::copy_file(item->path(), linked, error);
    }
    if (error) break;
  }
  if (error) return fail(errno_error(error.value(), "link the packs of " + from));
  return sync_folder(target);
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

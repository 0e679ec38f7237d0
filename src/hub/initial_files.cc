// What a new repository begins with.

#include <algorithm>

#include "base/strings.h"
#include "git/attributes.h"
#include "hub/new_repo.h"

namespace embrace::hub {
namespace {

// A word as YAML text; quoted unless it is plainly a word.
std::string yaml_word(std::string_view text) {
  const bool is_plain = !text.empty() && text.find_first_not_of(
                                             "abcdefghijklmnopqrstuvwxyz"
                                             "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == text.npos;
  if (is_plain && text != "true" && text != "false" && text != "null" && text != "yes" &&
      text != "no") {
    return std::string(text);
  }
  std::string quoted;
  append_json_quoted(quoted, text);  // JSON's strings are YAML's double-quoted ones
  return quoted;
}

std::string_view app_file(std::string_view sdk) {
  if (sdk == "static") return "index.html";
  return sdk == "docker" ? "" : "app.py";
}

std::string license_lines(const NewRepo& repo) {
  std::string lines;
  if (!repo.license.empty()) lines += cat("license: ", yaml_word(repo.license), "\n");
  if (!repo.license_name.empty())
    lines += cat("license_name: ", yaml_word(repo.license_name), "\n");
  if (!repo.license_link.empty())
    lines += cat("license_link: ", yaml_word(repo.license_link), "\n");
  return lines;
}

std::string space_readme(const NewRepo& repo) {
  // The colours and emoji are chosen by the name, so that spaces differ and tests don't.
  constexpr std::string_view kColors[] = {"red",    "yellow", "green", "blue",
                                          "indigo", "purple", "pink",  "gray"};
  constexpr std::string_view kEmojis[] = {"🚀", "🌍", "🐢", "🔥", "🌖", "📚", "⚡", "🏢"};
  std::size_t seed = 0;
  for (unsigned char c : repo.name.name) seed = seed * 31 + c;
  auto text = cat("---\ntitle: ", yaml_word(repo.name.name), "\nemoji: ", kEmojis[seed % 8],
                  "\ncolorFrom: ", kColors[seed / 8 % 8], "\ncolorTo: ", kColors[seed / 64 % 8],
                  "\nsdk: ", repo.sdk, "\n");
  if (auto file = app_file(repo.sdk); !file.empty()) text += cat("app_file: ", file, "\n");
  text += "pinned: false\n" + license_lines(repo);
  return text + "---\n";
}

}  // namespace

std::vector<InitialFile> initial_files(const NewRepo& repo) {
  auto files = repo.files;
  const auto add = [&](std::string_view path, std::string bytes) {
    if (std::ranges::find(files, path, &InitialFile::path) == files.end()) {
      files.push_back({std::string(path), std::move(bytes)});
    }
  };
  add(".gitattributes", git::default_attributes(repo.name.type == RepoType::Dataset));
  if (repo.name.type == RepoType::Space) {
    add("README.md", space_readme(repo));
  } else if (const auto lines = license_lines(repo); !lines.empty()) {
    add("README.md", cat("---\n", lines, "---\n"));
  }
  return files;
}

}  // namespace embrace::hub

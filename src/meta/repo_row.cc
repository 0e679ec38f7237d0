#include "meta/repo_row.h"

#include "base/strings.h"

namespace embrace::meta::detail {

const std::string_view kNarrowRepoColumns =
    "r.id, r.type, r.ns, r.name, r.namespace_id, r.creator_id, r.is_private, r.gating, "
    "r.is_disabled, "
    "r.discussions_disabled, r.default_branch, r.head_oid, r.created_ms, r.modified_ms, "
    "r.refs_version, r.downloads, "
    "r.downloads_all, r.likes, r.trending, r.num_parameters, r.used_bytes, r.pipeline_tag, "
    "r.library_name, r.license, "
    "r.sdk, r.tags, r.description, r.safetensors_json";

const std::vector<db::Type>& narrow_repo_column_types() {
  using enum db::Type;
  static const std::vector<db::Type> types = {
      Integer, Integer, Text,    Text,    Integer, Integer, Integer, Integer, Integer, Integer,
      Text,    Text,    Integer, Integer, Integer, Integer, Integer, Integer, Real,    Integer,
      Integer, Text,    Text,    Text,    Text,    Text,    Text,    Text};
  return types;
}

const std::string& repo_columns() {
  static const std::string columns =
      cat(kNarrowRepoColumns, ", r.config_json, r.card_json, r.gguf_json");
  return columns;
}

const std::vector<db::Type>& repo_column_types() {
  static const std::vector<db::Type> types = [] {
    auto all = narrow_repo_column_types();
    all.insert(all.end(), 3, db::Type::Text);
    return all;
  }();
  return types;
}

namespace {

// Takes the values of a row one after another.
class Reader {
 public:
  explicit Reader(std::vector<db::Value>& values) : values_(values) {}
  template <class T>
  void into(T& field) {
    if constexpr (std::is_enum_v<T>) {
      field = static_cast<T>(db::detail::from_value<std::int64_t>(std::move(values_[next_++])));
    } else {
      field = db::detail::from_value<T>(std::move(values_[next_++]));
    }
  }
  bool at_end() const { return next_ == values_.size(); }

 private:
  std::vector<db::Value>& values_;
  std::size_t next_ = 0;
};

}  // namespace

Repo take_repo(std::vector<db::Value>& values) {
  Repo repo;
  std::string tags;
  Reader take(values);
  take.into(repo.id);
  take.into(repo.name.type);
  take.into(repo.name.ns);
  take.into(repo.name.name);
  take.into(repo.namespace_id);
  take.into(repo.creator_id);
  take.into(repo.is_private);
  take.into(repo.gating);
  take.into(repo.is_disabled);
  take.into(repo.discussions_disabled);
  take.into(repo.default_branch);
  take.into(repo.head_oid);
  take.into(repo.created_ms);
  take.into(repo.modified_ms);
  take.into(repo.refs_version);
  take.into(repo.downloads);
  take.into(repo.downloads_all);
  take.into(repo.likes);
  take.into(repo.trending);
  take.into(repo.card.num_parameters);
  take.into(repo.card.used_bytes);
  take.into(repo.card.pipeline_tag);
  take.into(repo.card.library_name);
  take.into(repo.card.license);
  take.into(repo.card.sdk);
  take.into(tags);
  take.into(repo.card.description);
  take.into(repo.card.safetensors_json);
  if (!take.at_end()) {
    take.into(repo.card.config_json);
    take.into(repo.card.card_json);
    take.into(repo.card.gguf_json);
  }
  repo.card.tags = split_tags(tags);
  return repo;
}

std::string join_tags(const std::vector<std::string>& tags) {
  std::string out;
  for (const auto& tag : tags) {
    if (!out.empty()) out += '\n';
    out += tag;
  }
  return out;
}

std::vector<std::string> split_tags(std::string_view lines) {
  std::vector<std::string> out;
  if (lines.empty()) return out;
  for (auto tag : split(lines, '\n')) out.emplace_back(tag);
  return out;
}

std::string lookup_id(const RepoName& name) { return to_lower(name.id()); }

bool is_storable(std::string_view text) {
  return text.find('\0') == text.npos && is_valid_utf8(text);
}

Status count_tag_uses(db::Session& session, RepoType type, const std::vector<std::string>& tags,
                      std::int64_t delta) {
  for (const auto& tag : tags) {
    EMB_DO(
        session.run("INSERT INTO tag_uses (type, tag, uses) VALUES (:type, :tag, :delta) "
                    "ON CONFLICT (type, tag) DO UPDATE SET uses = tag_uses.uses + excluded.uses",
                    static_cast<std::int64_t>(type), tag, delta));
  }
  return Done{};
}

}  // namespace embrace::meta::detail

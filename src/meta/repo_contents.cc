// Of meta/repos.h: what a publish changes. Refs, packs, and the card index.

#include <algorithm>
#include <unordered_set>

#include "base/strings.h"
#include "meta/repo_row.h"
#include "meta/repos.h"

namespace embrace::meta::repos {

Result<std::vector<RefRow>> refs(db::Session& session, std::int64_t repo_id) {
  EMB_TRY(auto rows,
          session.rows<std::string, std::string>(
              "SELECT name, oid FROM refs WHERE repo_id = :repo ORDER BY name", repo_id));
  std::vector<RefRow> out;
  out.reserve(rows.size());
  for (auto& [name, oid] : rows) out.push_back({std::move(name), std::move(oid)});
  return out;
}

Result<std::optional<RefRow>> find_ref(db::Session& session, std::int64_t repo_id,
                                       std::string_view name) {
  EMB_TRY(auto row,
          session.row<std::string, std::string>(
              "SELECT name, oid FROM refs WHERE repo_id = :repo AND name = :name", repo_id, name));
  if (!row) return std::nullopt;
  return RefRow{std::move(std::get<0>(*row)), std::move(std::get<1>(*row))};
}

Status change_ref(db::Session& session, std::int64_t repo_id, std::string_view name,
                  std::optional<std::string_view> expected, std::optional<std::string_view> next) {
  std::int64_t changed = 0;
  if (expected && next) {
    EMB_TRY(changed,
            session.run(
                "UPDATE refs SET oid = :next WHERE repo_id = :repo AND name = :name AND oid = :old",
                *next, repo_id, name, *expected));
  } else if (next) {
    EMB_TRY(changed,
            session.run("INSERT INTO refs (repo_id, name, oid) VALUES (:repo, :name, :next) "
                        "ON CONFLICT (repo_id, name) DO NOTHING",
                        repo_id, name, *next));
  } else if (expected) {
    EMB_TRY(changed,
            session.run("DELETE FROM refs WHERE repo_id = :repo AND name = :name AND oid = :old",
                        repo_id, name, *expected));
  } else {
    EMB_TRY(auto present, find_ref(session, repo_id, name));
    changed = present ? 0 : 1;
  }
  if (changed == 0) {
    return fail(Code::Conflict,
                cat("Reference ", name, " was changed by someone else: read it again and retry."));
  }
  return Done{};
}

Status touch(db::Session& session, std::int64_t repo_id, std::optional<std::string_view> head_oid,
             std::optional<Millis> modified_ms) {
  EMB_TRY(auto changed,
          session.run("UPDATE repos SET refs_version = refs_version + 1, "
                      "head_oid = COALESCE(:head_oid, head_oid), "
                      "modified_ms = COALESCE(:modified_ms, modified_ms) WHERE id = :id",
                      head_oid, modified_ms, repo_id));
  if (changed == 0) return fail(Code::NotFound, cat("There is no repository ", repo_id, "."));
  return Done{};
}

Status add_pack(db::Session& session, std::int64_t repo_id, const PackRow& pack) {
  // A pack is named after its contents, so the same pack twice is the same pack.
  EMB_DO(
      session.run("INSERT INTO packs (repo_id, name, size_bytes, objects) VALUES (:repo, :name, "
                  ":size, :objects) "
                  "ON CONFLICT (repo_id, name) DO NOTHING",
                  repo_id, pack.name, pack.size_bytes, pack.objects));
  return Done{};
}

Result<std::vector<PackRow>> packs(db::Session& session, std::int64_t repo_id) {
  EMB_TRY(auto rows,
          session.rows<std::string, std::uint64_t, std::uint32_t>(
              "SELECT name, size_bytes, objects FROM packs WHERE repo_id = :repo ORDER BY name",
              repo_id));
  std::vector<PackRow> out;
  out.reserve(rows.size());
  for (auto& [name, size_bytes, objects] : rows)
    out.push_back({std::move(name), size_bytes, objects});
  return out;
}

Status replace_packs(db::Session& session, std::int64_t repo_id, const std::vector<PackRow>& gone,
                     const std::vector<PackRow>& come) {
  for (const auto& pack : gone) {
    EMB_TRY(auto changed, session.run("DELETE FROM packs WHERE repo_id = :repo AND name = :name",
                                      repo_id, pack.name));
    // Another node folded the same packs first. Its result has them; ours must not be added beside
    // it.
    if (changed == 0)
      return fail(Code::Conflict, cat("The pack ", pack.name, " was replaced by someone else."));
  }
  for (const auto& pack : come) EMB_DO(add_pack(session, repo_id, pack));
  return Done{};
}

namespace {

// Tags come from READMEs: what cannot be stored, would break the lines, or is said twice is left
// out.
std::vector<std::string> clean_tags(const std::vector<std::string>& tags) {
  std::vector<std::string> out;
  std::unordered_set<std::string_view> seen;
  for (const auto& tag : tags) {
    if (tag.empty() || tag.find('\n') != tag.npos || !detail::is_storable(tag)) continue;
    if (seen.insert(tag).second) out.push_back(tag);
  }
  return out;
}

std::vector<std::string> missing_from(const std::vector<std::string>& all,
                                      const std::vector<std::string>& some) {
  const std::unordered_set<std::string_view> present(some.begin(), some.end());
  std::vector<std::string> out;
  std::ranges::copy_if(all, std::back_inserter(out),
                       [&present](const auto& tag) { return !present.contains(tag); });
  return out;
}

Status change_tag_rows(db::Session& session, std::int64_t repo_id, RepoType type,
                       const std::vector<std::string>& gone, const std::vector<std::string>& come) {
  const auto type_number = static_cast<std::int64_t>(type);
  for (const auto& tag : gone) {
    EMB_DO(
        session.run("DELETE FROM repo_tags WHERE type = :type AND tag = :tag AND repo_id = :repo",
                    type_number, tag, repo_id));
  }
  for (const auto& tag : come) {
    EMB_DO(
        session.run("INSERT INTO repo_tags (type, tag, repo_id) VALUES (:type, :tag, :repo) "
                    "ON CONFLICT (type, tag, repo_id) DO NOTHING",
                    type_number, tag, repo_id));
  }
  return Done{};
}

}  // namespace

Status set_card(db::Session& session, std::int64_t repo_id, const CardIndex& card) {
  EMB_TRY(auto row, session.row<std::int64_t, bool, std::string>(
                        "SELECT type, is_private, tags FROM repos WHERE id = :id", repo_id));
  if (!row) return fail(Code::NotFound, cat("There is no repository ", repo_id, "."));
  for (const auto* text :
       {&card.card_json, &card.pipeline_tag, &card.library_name, &card.license, &card.sdk,
        &card.description, &card.config_json, &card.safetensors_json, &card.gguf_json}) {
    if (!detail::is_storable(*text))
      return fail(Code::InvalidArgument, "The card has text that is not UTF-8.");
  }
  const auto type = static_cast<RepoType>(std::get<0>(*row));
  const auto before = detail::split_tags(std::get<2>(*row));
  const auto after = clean_tags(card.tags);
  EMB_DO(session.run(
      "UPDATE repos SET num_parameters = :num_parameters, used_bytes = :used_bytes, "
      "pipeline_tag = :pipeline_tag, library_name = :library_name, license = :license, sdk = :sdk, "
      "tags = :tags, description = :description, safetensors_json = :safetensors_json, "
      "config_json = :config_json, card_json = :card_json, gguf_json = :gguf_json WHERE id = :id",
      card.num_parameters, card.used_bytes, card.pipeline_tag, card.library_name, card.license,
      card.sdk, detail::join_tags(after), card.description, card.safetensors_json, card.config_json,
      card.card_json, card.gguf_json, repo_id));
  // Most commits change no tag; then no row of repo_tags is touched.
  const auto gone = missing_from(before, after);
  const auto come = missing_from(after, before);
  EMB_DO(change_tag_rows(session, repo_id, type, gone, come));
  const bool is_private = std::get<1>(*row);
  if (is_private) return Done{};
  EMB_DO(detail::count_tag_uses(session, type, gone, -1));
  return detail::count_tag_uses(session, type, come, 1);
}

}  // namespace embrace::meta::repos

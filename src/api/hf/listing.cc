// GET /api/models, /api/datasets, /api/spaces, and the lists beside them (hub-api 6).
#include "meta/listing.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "api/endpoints.h"
#include "api/hf/repo_json.h"
#include "base/strings.h"
#include "hub/accounts.h"
#include "hub/files.h"
#include "hub/search.h"
#include "hub/tag_kinds.h"

namespace embrace::api {
namespace {

using meta::listing::Filter;
using meta::listing::Page;
using meta::listing::Sort;
using meta::listing::Total;

Result<Sort> parse_sort(std::string_view word) {
  if (word.empty() || word == "trendingScore" || word == "trending") return Sort::Trending;
  if (word == "createdAt" || word == "created_at") return Sort::CreatedAt;
  if (word == "lastModified" || word == "last_modified" || word == "updatedAt")
    return Sort::LastModified;
  if (word == "downloads") return Sort::Downloads;
  if (word == "likes" || word == "likes30d") return Sort::Likes;
  if (word == "num_parameters" || word == "mainSize") return Sort::NumParameters;
  if (word == "id") return Sort::Id;
  return fail(Code::InvalidArgument,
              "\"sort\" must be one of [createdAt, downloads, id, lastModified, likes, likes30d, "
              "mainSize, num_parameters, trendingScore]");
}

// "6B", "128M", "500": a number of parameters.
std::optional<std::int64_t> parse_count(std::string_view text) {
  text = trim(text);
  if (text.empty()) return std::nullopt;
  double scale = 1;
  switch (text.back()) {
    case 'K':
    case 'k':
      scale = 1e3;
      break;
    case 'M':
    case 'm':
      scale = 1e6;
      break;
    case 'B':
    case 'b':
    case 'G':
      scale = 1e9;
      break;
    case 'T':
    case 't':
      scale = 1e12;
      break;
    default:
      break;
  }
  if (scale != 1) text.remove_suffix(1);
  double number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || !(number >= 0) ||
      number * scale > 9e18)
    return std::nullopt;
  return static_cast<std::int64_t>(number * scale);
}

// "min:6B,max:128B", either side optional.
Status parse_parameters(std::string_view text, Filter& filter) {
  for (std::string_view piece : split(text, ',')) {
    piece = trim(piece);
    if (piece.empty()) continue;
    auto count = parse_count(piece.size() > 4 ? piece.substr(4) : std::string_view());
    if (!count || !(piece.starts_with("min:") || piece.starts_with("max:"))) {
      return fail(Code::InvalidArgument, "\"num_parameters\" must look like min:6B,max:128B");
    }
    (piece.starts_with("min:") ? filter.num_parameters_min : filter.num_parameters_max) = *count;
  }
  return Done{};
}

// A tag is asked for by what it says ("transformers") or with its kind before it
// ("library:transformers"); which of the two is stored depends on kind and repository.
void add_tags_of_every_kind(Filter& filter, const std::vector<std::string>& values, RepoType type) {
  for (std::string_view value : values) {
    for (std::string_view kind : hub::bare_tag_kinds(type)) {
      if (value.size() > kind.size() + 1 && value.starts_with(kind) && value[kind.size()] == ':') {
        value.remove_prefix(kind.size() + 1);
        break;
      }
    }
    if (!value.empty()) filter.tags.emplace_back(value);
  }
}

void add_tags(Filter& filter, const std::vector<std::string>& values,
              std::string_view prefix = {}) {
  for (const std::string& value : values) {
    if (!value.empty())
      filter.tags.push_back(prefix.empty() || value.starts_with(prefix) ? value
                                                                        : cat(prefix, value));
  }
}

std::optional<bool> optional_flag(const http::Query& query, std::string_view name) {
  auto text = query.find(name);
  if (!text) return std::nullopt;
  return query.flag(name);
}

Result<Filter> parse_filter(const Call& call, RepoType type) {
  const http::Query& query = call.request.query;
  Filter filter;
  filter.type = type;
  filter.search = query.repeated("search");
  filter.author = query.find("author").value_or("");
  add_tags_of_every_kind(filter, query.list("filter"), type);
  add_tags_of_every_kind(filter, query.list("tags"), type);
  filter.gated = optional_flag(query, "gated");
  filter.cursor = query.find("cursor").value_or("");
  if (type == RepoType::Model) {
    filter.pipeline_tag = query.find("pipeline_tag").value_or("");
    add_tags(filter, query.list("library"));
    add_tags(filter, query.list("language"));
    add_tags(filter, query.list("dataset"), "dataset:");
    add_tags(filter, query.list("trained_dataset"), "dataset:");
    add_tags(filter, query.list("apps"));
    EMB_DO(parse_parameters(query.find("num_parameters").value_or(""), filter));
  } else if (type == RepoType::Dataset) {
    add_tags(filter, query.list("language"), "language:");
  } else if (type == RepoType::Space) {
    add_tags(filter, query.list("models"), "model:");
    add_tags(filter, query.list("datasets"), "dataset:");
    filter.is_linked = query.flag("linked");
  }
  EMB_TRY(filter.sort, parse_sort(query.find("sort").value_or("")));
  filter.ascending = query.find("direction") == "1" && filter.sort != Sort::Trending &&
                     query.find("sort").has_value();
  EMB_TRY(filter.limit, query_number(call, "limit", call.settings().list_page_max, 1,
                                     call.settings().list_page_max));
  hub::show_visible(filter, call.caller);
  return filter;
}

// No model is served by an inference provider here yet, so these filters match nothing.
bool asks_for_inference(const http::Query& query) {
  return query.find("inference") || !query.list("inference_provider").empty();
}

struct Shape {
  std::vector<std::string_view> properties;
  std::vector<std::string> expand;  // owns what properties may point to
  bool with_files = false;

  bool has(std::string_view property) const {
    return std::ranges::find(properties, property) != properties.end();
  }
  bool has_any(std::initializer_list<std::string_view> names) const {
    return std::ranges::any_of(names, [this](std::string_view name) { return has(name); });
  }
};

Result<Shape> parse_shape(const Call& call, RepoType type) {
  Shape shape;
  shape.expand = call.request.query.list("expand");
  EMB_DO(check_expand(type, shape.expand));
  if (!shape.expand.empty()) {
    shape.properties.assign(shape.expand.begin(), shape.expand.end());
  } else {
    const auto names =
        call.request.query.flag("full") ? full_list_properties(type) : list_properties(type);
    shape.properties.assign(names.begin(), names.end());
    if (call.request.query.flag("cardData") && std::ranges::find(names, "cardData") == names.end())
      shape.properties.push_back("cardData");
    if (call.request.query.flag("config")) shape.properties.push_back("config");
  }
  shape.with_files = shape.has("siblings");
  return shape;
}

// The files of each repository of a page. One that cannot be read (deleted meanwhile, damaged)
// lists none rather than failing the page.
std::map<std::int64_t, std::vector<git::Entry>> files_of(Call& call, rt::Blocking blocking,
                                                         const Page& page) {
  std::map<std::int64_t, std::vector<git::Entry>> out;
  for (const meta::Repo& repo : page.repos) {
    auto info = hub::repo_info(call.services(), blocking, call.caller, repo.name, "HEAD", {});
    if (info) out[repo.id] = std::move(info->files);
  }
  return out;
}

}  // namespace

Task<Result<http::Response>> list_repos(Call& call) {
  EMB_CO_TRY(RepoType type, parse_api_segment(call.target.segments.at(1)));
  EMB_CO_TRY(Filter filter, parse_filter(call, type));
  EMB_CO_TRY(Shape shape, parse_shape(call, type));
  const bool with_children = shape.has("childrenModelCount");
  if (shape.with_files || with_children) filter.limit = std::min<std::size_t>(filter.limit, 100);
  filter.with_card =
      shape.has_any({"cardData", "citation", "model-index", "paperswithcode_id", "widgetData"});
  filter.with_config = shape.has_any({"config", "mask_token", "transformersInfo"});
  filter.with_gguf = shape.has("gguf");

  const bool with_count = call.request.query.flag("withCount");
  const auto most = static_cast<std::int64_t>(call.settings().list_count_max);
  Page page;
  Total total;
  std::map<std::int64_t, std::vector<git::Entry>> files;
  std::map<std::int64_t, std::int64_t> children;
  if (!asks_for_inference(call.request.query)) {
    EMB_CO_TRY(page, co_await on_pool(call, [&](rt::Blocking blocking) -> Result<Page> {
                 EMB_TRY(Page found,
                         call.services().database.read(
                             blocking, [&](db::Session& session) -> Result<Page> {
                               if (with_count) {
                                 EMB_TRY(total, meta::listing::count(session, filter, most));
                               }
                               EMB_TRY(Page rows, meta::listing::list(session, filter));
                               if (with_children) {
                                 for (const meta::Repo& repo : rows.repos) {
                                   EMB_TRY(children[repo.id],
                                           hub::count_children(session, call.caller, repo, most));
                                 }
                               }
                               return rows;
                             }));
                 if (shape.with_files) files = files_of(call, blocking, found);
                 return found;
               }));
  }
  json::Writer w;
  w.begin_array();
  for (const meta::Repo& repo : page.repos) {
    RepoFacts facts{repo, repo.head_oid, shape.with_files ? &files[repo.id] : nullptr, false,
                    call.base};
    if (with_children) facts.children = children[repo.id];
    render_repo(w, facts, shape.properties);
  }
  w.end_array();
  http::Response response = json_reply(w);
  if (page.next) add_next_link(call, response, "cursor", *page.next);
  if (with_count) response.fields.add("X-Total-Count", cat(total.count));
  if (total.is_capped) response.fields.add("X-Total-Count-Capped", "true");
  co_return response;
}

// Tags in use, grouped by what they say. Only tags that some public repository carries are listed.
Task<Result<http::Response>> tags_by_type(Call& call) {
  std::string_view word = call.target.segments.at(1);
  word.remove_suffix(std::string_view("-tags-by-type").size());
  EMB_CO_TRY(const RepoType type, parse_api_segment(word));
  EMB_CO_TRY(auto counts, co_await on_pool(call, [&](rt::Blocking blocking) {
               return call.services().database.read(blocking, [&](db::Session& session) {
                 return meta::listing::tag_counts(session, type, 5000);
               });
             }));
  std::map<std::string_view, std::vector<const meta::listing::TagCount*>> groups;
  for (const auto& row : counts) groups[hub::tag_kind(type, row.tag)].push_back(&row);
  const std::string wanted(call.request.query.find("type").value_or(""));
  json::Writer w;
  w.begin_object();
  for (std::string_view kind : hub::tag_kinds()) {
    if (!wanted.empty() && wanted != kind) continue;
    w.key(kind).begin_array();
    for (const auto* row : groups[kind]) {
      w.begin_object()
          .field("id", row->tag)
          .field("label", hub::tag_label(kind, row->tag))
          .field("type", kind)
          .field("count", row->count)
          .end_object();
    }
    w.end_array();
  }
  w.end_object();
  co_return json_reply(w);
}

// GET /api/settings/repositories and /api/organizations/{ns}/settings/repositories: own repos with
// their storage.
Task<Result<http::Response>> own_repositories(Call& call) {
  EMB_CO_DO(require_user(call));
  const bool of_org = call.target.segments.at(1) == "organizations";
  const std::string ns = of_org ? call.target.segments.at(2) : call.caller.name();
  EMB_CO_TRY(auto limit, query_number(call, "limit", 1000, 1, 1000));
  const std::string only(call.request.query.find("type").value_or(""));
  const std::vector<std::string> search = call.request.query.repeated("search");

  EMB_CO_TRY(
      auto repos,
      co_await on_pool(call, [&](rt::Blocking blocking) -> Result<std::vector<meta::Repo>> {
        EMB_TRY(auto account, hub::find_account(call.services(), blocking, ns));
        if (call.caller.role_in(account.id) < meta::Role::Write && !call.caller.is_site_admin()) {
          return fail(Code::Denied,
                      cat("You don't have the required permissions to see the storage of ", ns));
        }
        return call.services().database.read(
            blocking, [&](db::Session& session) -> Result<std::vector<meta::Repo>> {
              std::vector<meta::Repo> out;
              for (RepoType type :
                   {RepoType::Model, RepoType::Dataset, RepoType::Space, RepoType::Kernel}) {
                if (!only.empty() && only != to_string(type)) continue;
                Filter filter;
                filter.type = type;
                filter.sees_all = true;
                filter.author = ns;
                filter.search = search;
                filter.sort = Sort::LastModified;
                filter.limit = limit;
                EMB_TRY(auto page, meta::listing::list(session, filter));
                out.insert(out.end(), page.repos.begin(), page.repos.end());
              }
              return out;
            });
      }));
  if (call.request.query.find("sort") == "storage") {
    std::ranges::sort(repos, std::greater{},
                      [](const meta::Repo& repo) { return repo.card.used_bytes; });
  } else {
    std::ranges::sort(repos, std::greater{},
                      [](const meta::Repo& repo) { return repo.modified_ms; });
  }
  if (repos.size() > limit) repos.resize(limit);
  json::Writer w;
  w.begin_array();
  for (const meta::Repo& repo : repos) {
    w.begin_object()
        .field("id", repo.name.id())
        .field("type", to_string(repo.name.type))
        .field("updatedAt", to_iso8601(repo.modified_ms))
        .field("visibility", repo.is_private ? "private" : "public")
        .field("storage", repo.card.used_bytes)
        .end_object();
  }
  w.end_array();
  co_return json_reply(w);
}

}  // namespace embrace::api

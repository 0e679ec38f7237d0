#include "api/target.h"

#include <algorithm>
#include <array>

#include "base/strings.h"

namespace embrace::api {
namespace {

constexpr auto kWebVerbs = std::to_array<std::string_view>({"resolve", "raw"});
constexpr auto kGitVerbs = std::to_array<std::string_view>(
    {"info", "git-upload-pack", "git-receive-pack", "HEAD", "objects"});

bool contains(const auto& words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

struct Segment {
  std::string_view raw;
  std::string text;
};

std::string raw_join(const std::vector<Segment>& segments, std::size_t from) {
  std::string out;
  for (std::size_t i = from; i < segments.size(); ++i) out.append("/").append(segments[i].raw);
  return out;
}

// Takes the id out of segments[at...]. Returns the index after it, or 0 when there is none.
std::size_t take_id(const std::vector<Segment>& segments, std::size_t at, bool second_is_verb,
                    Target& target) {
  if (at >= segments.size() || segments[at].text.empty()) return 0;
  const std::string& first = segments[at].text;
  if (auto slash = first.find('/'); slash != std::string::npos) {  // "ns%2Fname"
    target.repo.ns = first.substr(0, slash);
    target.repo.name = first.substr(slash + 1);
    return at + 1;
  }
  if (at + 1 >= segments.size() || second_is_verb || segments[at + 1].text.empty()) {
    target.repo.name = first;
    return at + 1;
  }
  target.repo.ns = first;
  target.repo.name = segments[at + 1].text;
  return at + 2;
}

void set_rest(const std::vector<Segment>& segments, std::size_t from, Target& target) {
  for (std::size_t i = from; i < segments.size(); ++i) target.rest.push_back(segments[i].text);
  // A trailing slash is tolerated, not an empty path segment.
  while (!target.rest.empty() && target.rest.back().empty()) target.rest.pop_back();
}

void parse_api(const std::vector<Segment>& segments, std::string_view query, Target& target) {
  auto type = parse_api_segment(segments[1].text);
  if (!type || segments.size() < 3 || segments[2].text.empty()) return;
  target.repo.type = *type;
  const bool legacy = segments.size() > 3 && contains(sub_resources(), segments[3].text);
  const std::size_t after = take_id(segments, 2, legacy, target);
  if (after == 0) return;
  target.scope = Scope::RepoApi;
  if (after < segments.size()) target.verb = segments[after].text;
  set_rest(segments, std::min(after + 1, segments.size()), target);
  target.raw_before = cat("/api/", segments[1].raw, "/");
  target.raw_after = cat(raw_join(segments, after), query.empty() ? "" : "?", query);
}

// "name.git" anywhere an id may end marks git; without it git's own words do.
void parse_web(const std::vector<Segment>& segments, std::string_view query, Target& target) {
  std::size_t at = 0;
  for (RepoType type : {RepoType::Dataset, RepoType::Space, RepoType::Kernel}) {
    if (segments[0].text == api_segment(type)) {
      target.repo.type = type;
      at = 1;
    }
  }
  if (at >= segments.size()) return;
  const auto is_verb = [&](std::size_t i) {
    if (i >= segments.size()) return false;
    const std::string& word = segments[i].text;
    if (contains(kWebVerbs, word)) return i + 1 < segments.size();
    if (word == "info")
      return i + 1 < segments.size() &&
             (segments[i + 1].text == "refs" || segments[i + 1].text == "lfs");
    return contains(kGitVerbs, word);
  };
  const bool legacy = segments[at].text.ends_with(".git") || (is_verb(at + 1) && !is_verb(at + 2));
  const std::size_t after = take_id(segments, at, legacy, target);
  if (after == 0 || after >= segments.size() || !is_verb(after)) return;

  std::string git_suffix;
  if (target.repo.name.ends_with(".git")) {
    target.repo.name.resize(target.repo.name.size() - 4);
    git_suffix = ".git";
  }
  if (at == 1)
    target.raw_before = cat("/", segments[0].raw, "/");
  else
    target.raw_before = "/";
  target.raw_after = cat(git_suffix, raw_join(segments, after), query.empty() ? "" : "?", query);
  target.verb = segments[after].text;
  if (contains(kWebVerbs, target.verb)) {
    target.scope = Scope::RepoWeb;
    set_rest(segments, after + 1, target);
    return;
  }
  target.scope = Scope::RepoGit;
  std::size_t next = after + 1;
  if (target.verb == "info") {  // info/refs; info/lfs/objects/batch; info/lfs/locks[/...]
    const std::size_t words = segments[next].text == "refs" ? 1 : 3;
    for (std::size_t i = 0; i < words && next < segments.size(); ++i)
      target.verb.append("/").append(segments[next++].text);
  }
  set_rest(segments, std::min(next, segments.size()), target);
}

}  // namespace

Result<Target> parse_target(std::string_view raw_path, std::string_view raw_query) {
  if (!raw_path.starts_with('/'))
    return fail(Code::InvalidArgument, "the path must begin with '/'");
  std::vector<Segment> segments;
  for (std::string_view raw : split(raw_path.substr(1), '/')) {
    auto text = percent_decode(raw);
    if (!text || text->find('\0') != std::string::npos) {
      return fail(Code::InvalidArgument, "the path has a bad percent escape");
    }
    segments.push_back({raw, std::move(*text)});
  }
  Target target;
  for (const Segment& segment : segments) target.segments.push_back(segment.text);
  if (segments[0].text == "api") {
    if (segments.size() > 2) parse_api(segments, raw_query, target);
  } else if (segments.size() > 1) {
    parse_web(segments, raw_query, target);
  }
  return target;
}

}  // namespace embrace::api

#include "transformers/download/hub_calls.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <functional>
#include <optional>
#include <set>
#include <utility>

#include "base/strings.h"
#include "json/view.h"
#include "transformers/download/cache_folder.h"
#include "transformers/download/content_check.h"

namespace embrace::transformers {

namespace {

constexpr unsigned kRedirectsMax = 5;
constexpr unsigned kCutsMax = 5;  // in a row, without a byte in between
constexpr std::size_t kPieceBytes = 256 << 10;
constexpr std::uint64_t kListBytesMax = 64 << 20;
constexpr std::size_t kPagesMax = 10'000;
constexpr std::size_t kEmptyPagesMax = 10;  // in a row

bool is_redirect(unsigned status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// "https://host:port" of a URL.
std::string_view origin_of(std::string_view url) {
  const std::size_t host = url.find("://");
  if (host == std::string_view::npos) return {};
  return url.substr(0, url.find_first_of("/?#", host + 3));
}

std::string plain_etag(std::string_view field) {
  if (field.starts_with("W/")) field.remove_prefix(2);
  if (field.size() >= 2 && field.front() == '"' && field.back() == '"')
    field = field.substr(1, field.size() - 2);
  return std::string(field);
}

std::string text_of(const http::Fields& fields, std::string_view name) {
  return std::string(fields.find(name).value_or(""));
}

// <URL>; rel="next"
std::optional<std::string> next_page(const http::Fields& fields) {
  for (const std::string_view field : fields.find_all("Link")) {
    for (const std::string_view link : split(field, ',')) {
      const std::size_t begin = link.find('<');
      const std::size_t end = link.find('>');
      if (begin == std::string_view::npos || end == std::string_view::npos || end < begin) continue;
      if (link.find("rel=\"next\"", end) == std::string_view::npos) continue;
      return std::string(link.substr(begin + 1, end - begin - 1));
    }
  }
  return std::nullopt;
}

// "bytes 5-9/10" that begins at `first` and is of a file of `size` bytes.
bool continues_at(std::string_view range, std::uint64_t first, std::uint64_t size) {
  return range == cat("bytes ", first, "-", size - 1, "/", size);
}

}  // namespace

HubCalls::HubCalls(HubSettings settings)
    : settings_(std::move(settings)), hasty_client_([] {
        http::ClientSettings hasty;
        hasty.stall_timeout = std::chrono::seconds(10);
        hasty.tries_max = 1;
        return hasty;
      }()) {}

http::ClientRequest HubCalls::request(std::string method, const Place& place) const {
  http::ClientRequest made;
  made.method = std::move(method);
  made.url = place.url;
  made.fields.add("User-Agent", "embrace-transformers");
  made.fields.add("Accept-Encoding", "identity");
  if (place.ours && !settings_.token.empty())
    made.fields.add("Authorization", "Bearer " + settings_.token);
  return made;
}

std::string HubCalls::file_url(const RepoName& repo, std::string_view revision,
                               std::string_view path) const {
  return cat(settings_.endpoint, "/", repo.path(), "/resolve/", percent_encode(revision), "/",
             percent_encode_path(path));
}

Error HubCalls::refusal(unsigned status, const http::Fields& fields, const RepoName& repo,
                        std::string_view revision, std::string_view path) const {
  const std::string tag = text_of(fields, "X-Error-Code");
  const std::string page = cat(settings_.endpoint, "/", repo.path());
  const std::string said = text_of(fields, "X-Error-Message");
  const bool known = !settings_.token.empty();
  if (tag == "EntryNotFound") {
    return Error(Code::NotFound, cat(repo.id(), " has no file ", path, " at ", revision),
                 Tag::EntryNotFound)
        .with("commit", text_of(fields, "X-Repo-Commit"));
  }
  if (tag == "RevisionNotFound") {
    return Error(Code::NotFound,
                 cat(repo.id(), " has no branch, tag or commit ", revision, "; see ", page),
                 Tag::RevisionNotFound);
  }
  if (tag == "GatedRepo") {
    return Error(
        Code::Denied,
        cat(repo.id(), " is gated: ask for access at ", page,
            known ? "" : ", then set HF_TOKEN to a token of yours, or run `hf auth login`"),
        Tag::GatedRepo);
  }
  if (status == 401 && tag != "RepoNotFound" && known) {
    return Error(Code::Unauthenticated,
                 cat(settings_.endpoint,
                     " refuses the token: set HF_TOKEN to one that is valid, or "
                     "run `hf auth login`"),
                 Tag::InvalidCredentials);
  }
  if (status == 404 || status == 401 || tag == "RepoNotFound") {
    return Error(
        Code::NotFound,
        cat("there is no ", to_string(repo.type), " ", repo.id(), " at ", settings_.endpoint,
            known ? ", or the token may not read it: check the name and the token's rights"
                  : ", or it is private: check the name, and set HF_TOKEN to a token that "
                    "may read it, or run `hf auth login`"),
        Tag::RepoNotFound);
  }
  const std::string words =
      cat(page, " answers ", status, said.empty() ? "" : ": ", said.substr(0, 500));
  if (status == 403) return Error(Code::Denied, words);
  return Error(status >= 500 ? Code::Unavailable : Code::Internal, words);
}

Result<RemoteFile> HubCalls::ask(rt::Blocking blocking, const RepoName& repo,
                                 std::string_view revision, std::string_view path,
                                 Patience patience) {
  Place place{file_url(repo, revision, path)};
  for (unsigned hops = 0; hops <= kRedirectsMax; ++hops) {
    EMB_TRY(const auto head, client_for(patience).send(blocking, request("HEAD", place)));
    const std::string to = text_of(head.fields, "Location");
    if (is_redirect(head.status) && to.starts_with('/') && !to.starts_with("//")) {
      // The repository has another name now. What lies elsewhere is asked for no more: this answer
      // says all of it.
      place.url = cat(origin_of(settings_.endpoint), to);
      continue;
    }
    if (head.status != 200 && !is_redirect(head.status))
      return fail(refusal(head.status, head.fields, repo, revision, path));
    RemoteFile file{std::string(path), text_of(head.fields, "X-Repo-Commit"), {}, 0};
    file.etag = plain_etag(
        head.fields.find("X-Linked-Etag").value_or(head.fields.find("ETag").value_or("")));
    auto size = parse_uint(text_of(head.fields, "X-Linked-Size"));
    if (!size && head.status == 200) size = parse_uint(text_of(head.fields, "Content-Length"));
    if (!is_commit(file.commit) || !check_etag(file.etag) || !size) {
      return fail(Code::Unusable, cat(place.url,
                                      " is not answered as a Hub does, with commit, "
                                      "content and size; is HF_ENDPOINT right?"));
    }
    if (is_commit(revision) && file.commit != revision)
      return fail(Code::Unusable,
                  cat(place.url, " is answered with another commit, ", file.commit));
    file.size_bytes = *size;
    return file;
  }
  return fail(Code::Unusable, cat(place.url, " leads from one place to the next without an end"));
}

Result<http::ClientResponse> HubCalls::get_json(rt::Blocking blocking, const RepoName& repo,
                                                std::string_view revision, std::string url,
                                                Patience patience) {
  for (unsigned hops = 0; hops <= kRedirectsMax; ++hops) {
    EMB_TRY(auto reply, client_for(patience).send(blocking, request("GET", {url}), kListBytesMax));
    if (reply.status == 200) return reply;
    if (!is_redirect(reply.status))
      return fail(refusal(reply.status, reply.fields, repo, revision, ""));
    const std::string to = text_of(reply.fields, "Location");
    url = to.starts_with('/') ? cat(origin_of(settings_.endpoint), to) : to;
    if (origin_of(url) != origin_of(settings_.endpoint)) break;
  }
  return fail(Code::Unusable, cat(url, " is not where the Hub's answers are looked for"));
}

Result<std::string> HubCalls::find_commit(rt::Blocking blocking, const RepoName& repo,
                                          std::string_view revision, Patience patience) {
  const std::string url = cat(settings_.endpoint, "/api/", api_segment(repo.type), "/", repo.id(),
                              "/revision/", percent_encode(revision));
  EMB_TRY(const auto reply, get_json(blocking, repo, revision, url, patience));
  const auto document = json::Document::parse(reply.body);
  const std::string commit = document ? document->root().text_or("sha", "") : "";
  if (!is_commit(commit)) return fail(Code::Unusable, cat(url, " names no commit"));
  return commit;
}

Result<std::vector<RemoteFile>> HubCalls::list(rt::Blocking blocking, const RepoName& repo,
                                               std::string_view commit, std::size_t files_max,
                                               Patience patience) {
  std::vector<RemoteFile> files;
  std::optional<std::string> url = cat(settings_.endpoint, "/api/", api_segment(repo.type), "/",
                                       repo.id(), "/tree/", commit, "?recursive=true&expand=false");
  std::set<std::string, std::less<>> seen;  // a page that names one before it begins a circle
  std::size_t empty_pages = 0;
  while (url) {
    if (origin_of(*url) != origin_of(settings_.endpoint))
      return fail(Code::Unusable, cat(*url, " is no next page of the Hub's list"));
    if (!seen.insert(*url).second || seen.size() > kPagesMax || empty_pages > kEmptyPagesMax)
      return fail(Code::Unusable, cat("the list of ", repo.id(), "'s files has no end"));
    EMB_TRY(const auto reply, get_json(blocking, repo, commit, *url, patience));
    const auto document = json::Document::parse(reply.body);
    if (!document || !document->root().is_array())
      return fail(Code::Unusable, cat(*url, " is no list of files"));
    const auto entries = document->root().items();
    empty_pages = entries.empty() ? empty_pages + 1 : 0;
    for (const json::View entry : entries) {
      if (entry.text_or("type", "") != "file") continue;
      const json::View large = entry["lfs"];
      const auto size = (large.is_object() ? large : entry)["size"].integer();
      RemoteFile file{entry.text_or("path", ""), std::string(commit), {}, 0};
      file.etag = large.is_object() ? large.text_or("oid", large.text_or("sha256", ""))
                                    : entry.text_or("oid", "");
      EMB_DO(check_relative_path(file.path));
      EMB_DO(check_etag(file.etag));
      if (!size || *size < 0)
        return fail(Code::Unusable, cat(file.path, " is listed without size"));
      file.size_bytes = static_cast<std::uint64_t>(*size);
      files.push_back(std::move(file));
      if (files.size() > files_max)
        return fail(Code::TooLarge, cat(repo.id(), " has more than ", files_max, " files"));
    }
    url = next_page(reply.fields);
  }
  return files;
}

Status HubCalls::fetch(rt::Blocking blocking, const RepoName& repo, const RemoteFile& file,
                       const File& into, const std::function<void(std::uint64_t)>& on_progress) {
  const Place source{file_url(repo, file.commit, file.path)};
  std::string piece(kPieceBytes, '\0');
  ContentCheck check(file.etag, file.size_bytes);
  std::uint64_t have = 0;
  const auto empty = [&]() -> Status {
    if (::ftruncate(into.fd(), 0) != 0) return fail(errno_error(errno, "cut a file"));
    check = ContentCheck(file.etag, file.size_bytes);
    have = 0;
    return Done{};
  };
  EMB_TRY(const std::uint64_t before, into.size_bytes());
  if (before > file.size_bytes) {
    EMB_DO(empty());
  } else {
    while (have < before) {
      EMB_TRY(const std::size_t count, into.read_at(piece, have));
      if (count == 0) break;
      check.add({piece.data(), count});
      have += count;
    }
  }

  unsigned cuts = 0;
  unsigned hops = 0;
  Place place = source;
  std::optional<Error> broken;
  while (have < file.size_bytes) {
    if (cuts > kCutsMax) return fail(*std::move(broken));
    auto get = request("GET", place);
    if (have != 0) {
      get.fields.add("Range", cat("bytes=", have, "-"));
      // Elsewhere the content goes by another name; its size and digest are checked all the same.
      if (place.ours) get.fields.add("If-Range", cat("\"", file.etag, "\""));
    }
    EMB_TRY(auto download, client_.open(blocking, get));
    const unsigned status = download->status();
    if (is_redirect(status)) {
      const std::string to = text_of(download->fields(), "Location");
      place.url = to.starts_with('/') && !to.starts_with("//") ? cat(origin_of(place.url), to) : to;
      place.ours = place.ours && origin_of(place.url) == origin_of(settings_.endpoint);
      if (++hops > kRedirectsMax || origin_of(place.url).empty())
        return fail(Code::Unusable, cat(file.path, " leads from one place to the next"));
      continue;
    }
    if (status == 416 && have != 0) {
      EMB_DO(empty());
      ++cuts;
      broken = Error(Code::Unusable, cat(file.path, ": the Hub has no bytes where there are some"));
      continue;
    }
    if (status != 200 && status != 206)
      return fail(refusal(status, download->fields(), repo, file.commit, file.path));
    if (have != 0 && (status != 206 || !continues_at(text_of(download->fields(), "Content-Range"),
                                                     have, file.size_bytes))) {
      EMB_DO(empty());
      if (status == 206) {
        ++cuts;
        broken =
            Error(Code::Unusable, cat(file.path, ": the Hub sends another part than asked for"));
        continue;
      }
    }
    const std::uint64_t began = have;
    for (;;) {
      auto count = download->read(blocking, piece);
      if (!count) {
        // Cut off. What is here stays, and the rest is asked for.
        if (count.error().code() != Code::Unavailable) return fail(std::move(count).error());
        broken = std::move(count).error();
        break;
      }
      if (*count == 0) {
        broken = Error(Code::Unavailable, cat(file.path, " ended early"));
        break;
      }
      if (*count > file.size_bytes - have) {
        EMB_DO(empty());
        return fail(Code::Corrupt, cat(file.path, ": more than its ", file.size_bytes,
                                       " bytes arrive; try again"));
      }
      EMB_DO(into.write_all_at({piece.data(), *count}, have));
      check.add({piece.data(), *count});
      have += *count;
      on_progress(have);
      if (have == file.size_bytes) break;
    }
    cuts = have > began ? 0 : cuts + 1;
    hops = 0;
    if (!place.ours) place = source;  // such places are lent for a while
  }
  if (auto good = check.finish(); !good) {
    EMB_DO(empty());
    return fail(Error(Code::Corrupt, cat(good.error().message(), "; try again"))
                    .while_doing(cat(repo.id(), "/", file.path)));
  }
  return Done{};
}

}  // namespace embrace::transformers

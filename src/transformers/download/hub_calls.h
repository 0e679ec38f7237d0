#pragma once
// HubCalls: the requests behind Hub, without a cache. Redirects are followed by hand: the token
// goes to the Hub itself, never to where it sends us.
//
// Threads: any.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/repo_name.h"
#include "base/result.h"
#include "http/client.h"
#include "transformers/download/hub_settings.h"

namespace embrace::transformers {

// What the Hub says of a file before it is fetched.
struct RemoteFile {
  std::string path;
  std::string commit;  // of 40 digits
  std::string etag;    // checked by check_etag
  std::uint64_t size_bytes = 0;
};

// How long a Hub that does not answer is waited for. Short: asked once, for ten seconds at most,
// since the cache has an answer, too.
enum class Patience : std::uint8_t { Short, Long };

class HubCalls {
 public:
  explicit HubCalls(HubSettings settings);

  const HubSettings& settings() const { return settings_; }

  // A file that is not there is NotFound with Tag::EntryNotFound, and the fact "commit" when the
  // Hub said which.
  Result<RemoteFile> ask(rt::Blocking, const RepoName& repo, std::string_view revision,
                         std::string_view path, Patience patience);
  Result<std::string> find_commit(rt::Blocking, const RepoName& repo, std::string_view revision,
                                  Patience patience);
  // All files of a commit; TooLarge above `files_max`, Unusable when the list has no end.
  Result<std::vector<RemoteFile>> list(rt::Blocking, const RepoName& repo, std::string_view commit,
                                       std::size_t files_max, Patience patience);
  // The file's bytes behind those that `into` has already, which are checked, too. `into` is whole
  // and true afterwards, or what has arrived of it, or empty when that was not true.
  Status fetch(rt::Blocking, const RepoName& repo, const RemoteFile& file, const File& into,
               const std::function<void(std::uint64_t done_bytes)>& on_progress);

 private:
  struct Place {
    std::string url;
    bool ours = true;  // of the Hub itself: it gets the token
  };

  http::ClientRequest request(std::string method, const Place& place) const;
  std::string file_url(const RepoName& repo, std::string_view revision,
                       std::string_view path) const;
  Result<http::ClientResponse> get_json(rt::Blocking, const RepoName& repo,
                                        std::string_view revision, std::string url,
                                        Patience patience);
  Error refusal(unsigned status, const http::Fields& fields, const RepoName& repo,
                std::string_view revision, std::string_view path) const;

  http::Client& client_for(Patience patience) {
    return patience == Patience::Short ? hasty_client_ : client_;
  }

  const HubSettings settings_;
  http::Client client_;
  http::Client hasty_client_;
};

}  // namespace embrace::transformers

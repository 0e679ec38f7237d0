#include "hub/services.h"

#include "base/strings.h"
#include "crypto/secrets.h"
#include "meta/accounts.h"

namespace embrace::hub {

std::string repository_folder(const Settings& settings, std::int64_t repo_id) {
  // Fanned out by the low byte: ids are handed out in order, so it spreads them evenly.
  const char low[] = {static_cast<char>(repo_id & 0xff), '\0'};
  return cat(settings.data_folder, "/git/", to_hex(std::string_view(low, 1)), "/", repo_id, ".git");
}

Result<std::string> ensure_signing_key(rt::Blocking blocking, db::Database& database) {
  constexpr std::string_view kKey = "signing_key";
  return database.write(blocking, [&](db::Session& session) -> Result<std::string> {
    EMB_TRY(auto found, meta::accounts::find_setting(session, kKey));
    if (found) return *found;
    auto fresh = to_base64url(crypto::random_bytes(32));
    EMB_DO(meta::accounts::set_setting(session, kKey, fresh));
    return fresh;
  });
}

}  // namespace embrace::hub

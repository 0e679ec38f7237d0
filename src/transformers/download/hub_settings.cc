#include "transformers/download/hub_settings.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "base/file.h"
#include "base/strings.h"

namespace embrace::transformers {

namespace {

constexpr std::uint64_t kTokenBytesMax = 4096;

bool is_true(std::string_view text) {
  const std::string word = to_lower(text);
  return word == "1" || word == "on" || word == "yes" || word == "true";
}

}  // namespace

Result<HubSettings> HubSettings::from_environment() {
  return from([](const char* name) { return std::getenv(name); });
}

Result<HubSettings> HubSettings::from(const std::function<const char*(const char*)>& find) {
  const auto text = [&](const char* name) -> std::string {
    const char* value = find(name);
    return value == nullptr ? std::string() : std::string(value);
  };
  const std::string user = text("HOME");
  const auto folder = [&](const char* name, const std::filesystem::path& otherwise) {
    const std::string value = text(name);
    if (value.empty()) return otherwise;
    if (value == "~") return std::filesystem::path(user);
    if (value.starts_with("~/")) return std::filesystem::path(user) / value.substr(2);
    return std::filesystem::path(value);
  };
  const auto caches = folder("XDG_CACHE_HOME", std::filesystem::path(user) / ".cache");
  const auto home = folder("HF_HOME", caches / "huggingface");

  HubSettings settings;
  settings.cache = folder("HF_HUB_CACHE", folder("HUGGINGFACE_HUB_CACHE", home / "hub"));
  settings.offline = is_true(text("HF_HUB_OFFLINE")) || is_true(text("TRANSFORMERS_OFFLINE"));
  if (const std::string endpoint = text("HF_ENDPOINT"); !endpoint.empty())
    settings.endpoint = endpoint;
  while (settings.endpoint.ends_with('/')) settings.endpoint.pop_back();
  if (!settings.endpoint.starts_with("http://") && !settings.endpoint.starts_with("https://")) {
    return fail(Code::InvalidArgument,
                cat("HF_ENDPOINT is ", settings.endpoint, ", which is no http:// or https:// URL"));
  }
  std::string token = text("HF_TOKEN");
  if (token.empty()) token = text("HUGGING_FACE_HUB_TOKEN");
  if (token.empty()) {
    if (auto file = read_file(folder("HF_TOKEN_PATH", home / "token").string(), kTokenBytesMax))
      token = *std::move(file);
  }
  if (!is_true(text("HF_HUB_DISABLE_IMPLICIT_TOKEN"))) settings.token = trim(token);
  // It becomes a line of a request's head.
  if (std::ranges::any_of(settings.token, [](char c) { return c <= ' ' || c > '~'; }))
    return fail(Code::InvalidArgument, "the token for the Hub has characters that no token has");
  return settings;
}

}  // namespace embrace::transformers

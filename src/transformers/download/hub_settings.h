#pragma once
// HubSettings: which Hub, as whom, and where its files are kept. From the same environment and
// files as the official huggingface_hub, so that a program in Python and one of ours share a cache
// and a login.

#include <filesystem>
#include <functional>
#include <string>

#include "base/result.h"

namespace embrace::transformers {

struct HubSettings {
  std::string endpoint = "https://huggingface.co";  // no slash at its end
  std::filesystem::path cache;                      // holds models--ns--name and so on
  std::string token;                                // empty: nobody
  bool offline = false;

  // HF_ENDPOINT; HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE, or hub/ in HF_HOME, else in
  // XDG_CACHE_HOME/huggingface, else in ~/.cache/huggingface; HF_TOKEN, HUGGING_FACE_HUB_TOKEN, or
  // the file HF_TOKEN_PATH, else token in HF_HOME, unless HF_HUB_DISABLE_IMPLICIT_TOKEN is set;
  // HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE.
  // InvalidArgument for an endpoint that is no http(s) URL. Reads the token's file.
  static Result<HubSettings> from_environment();
  // With a variable's value, or nullptr, from `find`.
  static Result<HubSettings> from(const std::function<const char*(const char*)>& find);
};

}  // namespace embrace::transformers

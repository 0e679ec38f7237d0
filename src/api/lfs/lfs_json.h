#pragma once
// git-lfs has a media type of its own, and its errors say "message"; the rest is ordinary JSON.

#include "http/message.h"
#include "json/writer.h"

namespace embrace::api {

http::Response lfs_reply(json::Writer& writer, unsigned status = 200);

}  // namespace embrace::api

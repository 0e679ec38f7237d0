#pragma once
// The only file that knows HTTP numbers: from an Error to a reply, exactly as clients read it
// (hub-api 1.7).

#include "api/target.h"
#include "base/result.h"
#include "http/message.h"

namespace embrace::api {

unsigned http_status(const Error& error);

// `target` decides the body's form: JSON {"error"} for the API, {"message"} for git-lfs, plain text
// for git; and whether a 401 asks for Basic or Bearer. `base` makes "url" facts absolute.
http::Response error_reply(const Error& error, const Target& target, std::string_view base);

}  // namespace embrace::api

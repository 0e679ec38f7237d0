#pragma once
// The Content-Type of a file by its name. Text that a browser could run as a page of ours (HTML,
// SVG, scripts) is text/plain, as on the Hub: files come from strangers and share our origin.

#include <string_view>

namespace embrace::api {

std::string_view media_type(std::string_view path);

}  // namespace embrace::api

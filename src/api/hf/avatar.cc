// GET /avatars/{name}.svg: a letter on a colour, the same for a name for ever. Drawn from the name
// alone, so it says nothing about whether such an account exists; uploaded pictures come with the
// profile pages.
#include "api/endpoints.h"
#include "base/strings.h"

namespace embrace::api {

Task<Result<http::Response>> avatar(Call& call) {
  std::string_view name = call.target.segments.at(1);
  if (!name.ends_with(".svg")) co_return fail(Code::NotFound, "Avatars are called {name}.svg");
  name.remove_suffix(4);
  char letter = name.empty() ? '?' : name[0];
  if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
  const bool is_plain = (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9');
  std::uint32_t hue = 2166136261u;  // FNV-1a
  for (unsigned char c : name) hue = (hue ^ c) * 16777619u;

  http::Response response;
  response.fields.set("Content-Type", "image/svg+xml");
  response.fields.set("Cache-Control", "public, max-age=86400");
  response.fields.set("Content-Security-Policy", "default-src 'none'; sandbox");
  response.body =
      cat("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 64 64\"><rect width=\"64\" "
          "height=\"64\" fill=\"hsl(",
          hue % 360,
          ",45%,40%)\"/><text x=\"32\" y=\"43\" font-family=\"sans-serif\" font-size=\"32\" "
          "fill=\"#fff\" "
          "text-anchor=\"middle\">",
          is_plain ? letter : '?', "</text></svg>");
  co_return response;
}

}  // namespace embrace::api

#include "web/shell.h"

#include "base/strings.h"
#include "web/html.h"

namespace embrace::web {
namespace {

constexpr std::string_view kSiteTitle = "Embrace";

// Everything comes from this origin, nothing runs but our own files, and nobody may frame us.
std::string policy_with(std::string_view script_sources) {
  return cat("default-src 'none'; script-src 'self'", script_sources.empty() ? "" : " ",
             script_sources,
             "; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; font-src "
             "'self'; connect-src 'self'; worker-src 'self'; manifest-src 'self'; frame-src "
             "'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'");
}

// Inside a script element only '<' could begin what ends it. It stands in JSON's strings alone, and
// there it may be written so.
std::string escape_boot(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  for (char c : json) {
    if (c == '<')
      out += "\\u003c";
    else
      out += c;
  }
  return out;
}

std::string property(std::string_view name, std::string_view text) {
  return cat("<meta property=\"", name, "\" content=\"", escape_html(text), "\">");
}

}  // namespace

Shell::Shell(std::string_view html, std::string_view script_sources)
    : policy_(policy_with(script_sources)) {
  const auto end_of_head = html.find("</head>");
  if (end_of_head == std::string_view::npos) return;
  std::string_view head = html.substr(0, end_of_head);
  // Its own title would win over ours, which comes later.
  if (const auto title = head.find("<title>"); title != std::string_view::npos) {
    const auto end = head.find("</title>", title);
    if (end == std::string_view::npos) return;
    before_ = head.substr(0, title);
    after_ = head.substr(end + std::string_view("</title>").size());
  } else {
    before_ = head;
  }
  after_ += html.substr(end_of_head);
}

std::string Shell::render(const Card& card, std::string_view boot) const {
  std::string head =
      cat("<title>", card.title.empty() ? std::string(kSiteTitle) : escape_html(card.title),
          "</title>");
  if (!card.title.empty()) {
    head += cat(property("og:title", card.title), property("og:type", "website"),
                property("og:site_name", kSiteTitle), property("og:url", card.url));
    if (!card.description.empty()) {
      head += cat(property("og:description", card.description), "<meta name=\"description\"",
                  " content=\"", escape_html(card.description), "\">");
    }
  }
  return cat(before_, head, "<script type=\"application/json\" id=\"boot\">", escape_boot(boot),
             "</script>", after_);
}

}  // namespace embrace::web

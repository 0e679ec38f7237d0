#include "blob/s3_xml.h"

#include <charconv>

#include "base/strings.h"

namespace embrace::blob {

namespace {

constexpr std::size_t kEntityBytesMax = 10;

void append_utf8(std::string& out, std::uint32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | (c >> 6));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0 | (c >> 12));
    out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (c >> 18));
    out += static_cast<char>(0x80 | ((c >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  }
}

class XmlReader {
 public:
  explicit XmlReader(std::string_view text) : rest_(text) {}

  Result<XmlElement> document() {
    EMB_DO(pass_over_what_is_no_element());
    EMB_TRY(XmlElement root, element(1));
    EMB_DO(pass_over_what_is_no_element());
    if (!rest_.empty()) return broken("text after the end");
    return root;
  }

 private:
  static std::unexpected<Error> broken(std::string_view why) {
    return fail(Code::Corrupt, cat("not the XML of an S3 store: ", why));
  }

  // Space, <?...?> and <!--...-->.
  Status pass_over_what_is_no_element() {
    for (;;) {
      rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size()));
      if (rest_.starts_with("<?")) {
        EMB_DO(pass("?>"));
      } else if (rest_.starts_with("<!--")) {
        EMB_DO(pass("-->"));
      } else {
        return Done{};
      }
    }
  }

  Status pass(std::string_view end) {
    const std::size_t found = rest_.find(end);
    if (found == rest_.npos) return broken("it ends too early");
    rest_.remove_prefix(found + end.size());
    return Done{};
  }

  Result<XmlElement> element(unsigned depth) {
    if (depth > kXmlDepthMax) return broken("too deep");
    if (!rest_.starts_with('<')) return broken("an element was expected");
    const std::size_t end = rest_.find('>');
    if (end == rest_.npos) return broken("it ends too early");
    std::string_view tag = rest_.substr(1, end - 1);
    rest_.remove_prefix(end + 1);
    const bool is_empty = tag.ends_with('/');
    if (is_empty) tag.remove_suffix(1);
    const std::string_view full_name = tag.substr(0, tag.find_first_of(" \t\r\n"));
    if (full_name.empty() || full_name.find_first_of("<&!?/\"'=") != full_name.npos) {
      return broken("a tag without a name");
    }
    XmlElement out;
    out.name = std::string(full_name.substr(full_name.find(':') + 1));
    if (!is_empty) EMB_DO(inside(out, full_name, depth));
    return out;
  }

  // Text and children, up to and with </name>.
  Status inside(XmlElement& out, std::string_view full_name, unsigned depth) {
    for (;;) {
      const std::size_t next = rest_.find('<');
      if (next == rest_.npos) return broken("it ends too early");
      EMB_DO(append_text(out.text, rest_.substr(0, next)));
      rest_.remove_prefix(next);
      if (rest_.starts_with("</")) {
        const std::size_t end = rest_.find('>');
        if (end == rest_.npos) return broken("it ends too early");
        if (trim(rest_.substr(2, end - 2)) != full_name) return broken("tags that cross");
        rest_.remove_prefix(end + 1);
        return Done{};
      }
      if (rest_.starts_with("<!--")) {
        EMB_DO(pass("-->"));
        continue;
      }
      EMB_TRY(XmlElement child, element(depth + 1));
      out.children.push_back(std::move(child));
    }
  }

  static Status append_text(std::string& out, std::string_view text) {
    for (;;) {
      const std::size_t entity = text.find('&');
      out += text.substr(0, entity);
      if (entity == text.npos) return Done{};
      text.remove_prefix(entity + 1);
      const std::size_t end = text.find(';');
      if (end == text.npos || end > kEntityBytesMax) return broken("a bare '&'");
      EMB_DO(append_entity(out, text.substr(0, end)));
      text.remove_prefix(end + 1);
    }
  }

  static Status append_entity(std::string& out, std::string_view name) {
    static constexpr std::pair<std::string_view, char> kNamed[] = {
        {"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
    for (const auto& [word, letter] : kNamed) {
      if (name == word) return out += letter, Done{};
    }
    const bool is_hex = name.starts_with("#x");
    const std::string_view digits = name.substr(std::min<std::size_t>(name.size(), is_hex ? 2 : 1));
    std::uint32_t number = 0;
    const auto parsed =
        std::from_chars(digits.data(), digits.data() + digits.size(), number, is_hex ? 16 : 10);
    const bool fits = name.starts_with('#') && parsed.ec == std::errc() &&
                      parsed.ptr == digits.data() + digits.size() && number > 0 &&
                      number <= 0x10FFFF && !(number >= 0xD800 && number < 0xE000);
    if (!fits) return broken("an unknown entity");
    append_utf8(out, number);
    return Done{};
  }

  std::string_view rest_;
};

}  // namespace

std::string_view XmlElement::text_of(std::string_view child) const {
  for (const XmlElement& one : children) {
    if (one.name == child) return one.text;
  }
  return {};
}

Result<XmlElement> parse_xml(std::string_view text) {
  if (text.size() > kXmlBytesMax) return fail(Code::Corrupt, "an S3 store's XML is too large");
  return XmlReader(text).document();
}

std::string escape_xml(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace embrace::blob

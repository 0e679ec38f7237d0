#include "hub/front_matter.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <cmath>
#include <cstdlib>
#include <sstream>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/strings.h"
#include "json/writer.h"

namespace embrace::hub {
namespace {

enum class Kind : std::uint8_t { Plain, Quoted, List, Map };

struct Node {
  Kind kind = Kind::Plain;
  std::string text;                  // scalars
  std::vector<std::uint32_t> items;  // lists: values; maps: key, value, key, value ...
  bool is_complete = true;
};

// Thrown through yaml-cpp, which is built on exceptions, and caught in yaml_to_json.
struct Refused {
  YAML::Mark mark;
  std::string why;
};

constexpr std::string_view kCoreTags = "tag:yaml.org,2002:";

// Takes the parser's events into a flat table of nodes. An alias is a second reference to a node,
// never a copy, so that parsing costs no more than the text is long; what expansion would cost is
// counted when rendering.
class Builder : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add_scalar(mark, "?", anchor, "null");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    add_scalar(mark, tag, anchor, value);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    auto found = anchors_.find(anchor);
    if (found == anchors_.end()) throw Refused{mark, "unknown alias"};
    if (!nodes[found->second].is_complete) throw Refused{mark, "an alias may not contain itself"};
    attach(mark, found->second);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, Kind::List);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, Kind::Map);
    keys_.emplace_back();
  }
  void OnMapEnd() override {
    merge(open_.back());
    keys_.pop_back();
    close();
  }

  std::vector<Node> nodes;
  std::uint32_t root = UINT32_MAX;

 private:
  std::uint32_t add(const YAML::Mark& mark, YAML::anchor_t anchor, Node node) {
    if (nodes.size() >= kFrontMatterNodesMax) throw Refused{mark, "too many values"};
    const auto index = static_cast<std::uint32_t>(nodes.size());
    nodes.push_back(std::move(node));
    if (anchor != 0) anchors_[anchor] = index;
    attach(mark, index);
    return index;
  }

  void add_scalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) {
    Node node;
    if (tag == "?" || tag.empty()) {
      node.kind = Kind::Plain;
    } else if (tag == "!" || tag == cat(kCoreTags, "str") || tag == cat(kCoreTags, "timestamp")) {
      node.kind = Kind::Quoted;
    } else if (tag == cat(kCoreTags, "int") || tag == cat(kCoreTags, "float") ||
               tag == cat(kCoreTags, "bool") || tag == cat(kCoreTags, "null")) {
      node.kind = Kind::Plain;
    } else {
      throw Refused{mark, cat("unknown tag ", std::string_view(tag).substr(0, 100))};
    }
    node.text = value;
    add(mark, anchor, std::move(node));
  }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, Kind kind) {
    const auto own = cat(kCoreTags, kind == Kind::Map ? "map" : "seq");
    if (tag != "?" && tag != "!" && !tag.empty() && tag != own) {
      throw Refused{mark, cat("unknown tag ", std::string_view(tag).substr(0, 100))};
    }
    if (open_.size() >= kFrontMatterDepthMax) throw Refused{mark, "nested too deeply"};
    Node node;
    node.kind = kind;
    node.is_complete = false;
    open_.push_back(add(mark, anchor, std::move(node)));
  }

  void close() {
    nodes[open_.back()].is_complete = true;
    open_.pop_back();
  }

  void attach(const YAML::Mark& mark, std::uint32_t index) {
    if (open_.empty()) {
      root = index;
      return;
    }
    auto& parent = nodes[open_.back()];
    if (parent.kind == Kind::Map && parent.items.size() % 2 == 0) {
      const auto& key = nodes[index];
      if (key.kind == Kind::List || key.kind == Kind::Map)
        throw Refused{mark, "a key must be a word"};
      const bool is_merge = key.kind == Kind::Plain && key.text == "<<";
      if (!is_merge && !keys_.back().insert(key.text).second) {
        throw Refused{mark,
                      cat("duplicated mapping key ", std::string_view(key.text).substr(0, 100))};
      }
    }
    parent.items.push_back(index);
    if (++references_ > kFrontMatterNodesMax) throw Refused{mark, "too many values"};
  }

  // "<<: *base": the base's keys, where the map has none of its own.
  void merge(std::uint32_t index) {
    auto items = std::move(nodes[index].items);
    std::vector<std::uint32_t> own, bases;
    for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
      const auto& key = nodes[items[i]];
      if (key.kind == Kind::Plain && key.text == "<<") {
        bases.push_back(items[i + 1]);
      } else {
        own.insert(own.end(), {items[i], items[i + 1]});
      }
    }
    for (std::size_t b = 0; b < bases.size(); ++b) {
      const auto& base = nodes[bases[b]];
      if (base.kind == Kind::List) {
        const auto more = base.items;
        bases.insert(bases.end(), more.begin(), more.end());
        if (bases.size() > 64) throw Refused{{}, "too many merged maps"};
        continue;
      }
      if (base.kind != Kind::Map) throw Refused{{}, "only maps can be merged"};
      for (std::size_t i = 0; i + 1 < base.items.size(); i += 2) {
        if (!keys_.back().insert(nodes[base.items[i]].text).second) continue;
        own.insert(own.end(), {base.items[i], base.items[i + 1]});
        if (++references_ > kFrontMatterNodesMax) throw Refused{{}, "too many values"};
      }
    }
    nodes[index].items = std::move(own);
  }

  std::vector<std::uint32_t> open_;
  std::vector<std::unordered_set<std::string>> keys_;  // of the open maps
  std::unordered_map<YAML::anchor_t, std::uint32_t> anchors_;
  std::size_t references_ = 0;
};

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  for (auto word : words) {
    if (text == word) return true;
  }
  return false;
}

// [-+]? digits, or 0o / 0x: nullopt when it is no integer, or one that JSON's readers would round.
std::optional<std::int64_t> parse_integer(std::string_view text) {
  int base = 10;
  bool is_negative = false;
  if (text.starts_with("0o")) {
    base = 8;
  } else if (text.starts_with("0x")) {
    base = 16;
  }
  if (base != 10) {
    text.remove_prefix(2);
  } else if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
    is_negative = text[0] == '-';
    text.remove_prefix(1);
  }
  std::int64_t number = 0;
  if (text.empty() || text[0] == '-') return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return is_negative ? -number : number;
}

std::optional<double> parse_float(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  if (text.empty() || text.find_first_not_of("0123456789.eE+-") != text.npos) return std::nullopt;
  if (text.find_first_of("0123456789") == text.npos) return std::nullopt;
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(number))
    return std::nullopt;
  return number;
}

void render_plain(json::Writer& writer, const std::string& text) {
  if (is_one_of(text, {"", "~", "null", "Null", "NULL"})) {
    writer.null();
  } else if (is_one_of(text, {"true", "True", "TRUE"})) {
    writer.value(true);
  } else if (is_one_of(text, {"false", "False", "FALSE"})) {
    writer.value(false);
  } else if (auto integer = parse_integer(text)) {
    writer.value(*integer);
  } else if (auto number = parse_float(text)) {
    writer.value(*number);
  } else {
    writer.value(text);
  }
}

// False when the expanded document grows beyond the limits.
bool render(const Builder& builder, std::uint32_t index, unsigned depth, std::size_t& nodes_left,
            json::Writer& writer) {
  if (nodes_left == 0 || depth > kFrontMatterDepthMax || writer.size() > kFrontMatterJsonBytesMax)
    return false;
  --nodes_left;
  const auto& node = builder.nodes[index];
  switch (node.kind) {
    case Kind::Plain:
      render_plain(writer, node.text);
      return true;
    case Kind::Quoted:
      writer.value(node.text);
      return true;
    case Kind::List:
      writer.begin_array();
      for (auto item : node.items) {
        if (!render(builder, item, depth + 1, nodes_left, writer)) return false;
      }
      writer.end_array();
      return true;
    case Kind::Map:
      writer.begin_object();
      for (std::size_t i = 0; i + 1 < node.items.size(); i += 2) {
        writer.key(builder.nodes[node.items[i]].text);
        if (!render(builder, node.items[i + 1], depth + 1, nodes_left, writer)) return false;
      }
      writer.end_object();
      return true;
  }
  return false;
}

Error at(const YAML::Mark& mark, std::string_view why) {
  if (mark.is_null()) return Error(Code::InvalidArgument, std::string(why));
  return Error(Code::InvalidArgument, cat(why, " (", mark.line + 1, ":", mark.column + 1, ")"));
}

// The line's text without its end, and the position after it.
std::string_view line_at(std::string_view text, std::size_t& position) {
  const auto end = text.find('\n', position);
  auto line = text.substr(position, end == text.npos ? text.npos : end - position);
  position = end == text.npos ? text.size() : end + 1;
  return line;
}

bool is_fence(std::string_view line) {
  return line.starts_with("---") && trim(line.substr(3)).empty();
}

}  // namespace

FrontMatter split_front_matter(std::string_view readme) {
  FrontMatter none{false, {}, readme};
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  std::size_t position = readme.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
  position = readme.find_first_not_of(" \t\r\n", position);
  if (position == readme.npos || !is_fence(line_at(readme, position))) return none;
  const auto begin = position;
  while (position < readme.size()) {
    const auto line_begin = position;
    if (is_fence(line_at(readme, position))) {
      return {true, readme.substr(begin, line_begin - begin), readme.substr(position)};
    }
  }
  return none;
}

Result<std::string> yaml_to_json(std::string_view yaml) {
  if (yaml.size() > kFrontMatterBytesMax)
    return fail(Code::InvalidArgument, "the metadata is larger than 1 MiB");
  if (!is_valid_utf8(yaml)) return fail(Code::InvalidArgument, "the metadata is not valid UTF-8");
  Builder builder;
  try {
    std::istringstream text{std::string(yaml)};
    YAML::Parser parser(text);
    if (!parser.HandleNextDocument(builder) || builder.root == UINT32_MAX)
      return std::string("null");
  } catch (const Refused& refused) {
    return fail(at(refused.mark, refused.why));
  } catch (const YAML::Exception& exception) {
    return fail(at(exception.mark, exception.msg));
  }
  json::Writer writer;
  auto nodes_left = kFrontMatterNodesMax;
  if (!render(builder, builder.root, 0, nodes_left, writer)) {
    return fail(Code::InvalidArgument, "the metadata is too large once its aliases are expanded");
  }
  return writer.take();
}

}  // namespace embrace::hub

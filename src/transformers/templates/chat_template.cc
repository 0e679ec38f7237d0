#include "transformers/templates/chat_template.h"

#include <mutex>

#include "base/strings.h"
#include "transformers/templates/python_text.h"
#include "transformers/templates/renderer.h"
#include "transformers/templates/syntax.h"

namespace embrace::transformers {

namespace {

constexpr std::size_t kTemplatesMax = 64;
constexpr std::size_t kSourcesBytesMax = std::size_t{4} << 20;  // a tree is a hundred times larger
constexpr std::string_view kSpecialTokens[] = {"bos_token", "eos_token", "unk_token", "sep_token",
                                               "pad_token", "cls_token", "mask_token"};
// What marks the end of the last message while it is rendered. A trim may take its last space.
constexpr std::string_view kMark = "CONTINUE_FINAL_MESSAGE_TAG ";

// "<s>" or {"content": "<s>", ...}.
std::optional<std::string_view> token_text(json::View view) {
  return view.is_object() ? view["content"].text() : view.text();
}

Value copy_with(const DictObject& dict, std::string_view key, Value value) {
  auto copy = std::make_shared<DictObject>();
  for (const auto& [name, member] : dict.entries()) copy->set(name, member);
  copy->set(key, std::move(value));
  return Value::dict(std::move(copy));
}

// The messages with the mark behind the last one's text, which goes to `text`.
Result<Value> mark_last(const Value& messages, std::string& text) {
  std::vector<Value> all = messages.as_items();
  if (all.empty() || !all.back().is(Value::Kind::Dict))
    return fail(Code::InvalidArgument, "there is no final message to continue");
  const DictObject& last = all.back().as_dict();
  const Value* content = last.find("content");
  if (content != nullptr && content->is_text()) {
    text = content->as_text();
    all.back() = copy_with(last, "content", Value::text(text + std::string(kMark)));
    return Value::list(std::move(all));
  }
  if (content != nullptr && content->is(Value::Kind::List)) {
    std::vector<Value> parts = content->as_items();
    for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
      const Value* said = part->is(Value::Kind::Dict) ? part->as_dict().find("text") : nullptr;
      if (said == nullptr || !said->is_text()) continue;
      text = said->as_text();
      *part = copy_with(part->as_dict(), "text", Value::text(text + std::string(kMark)));
      all.back() = copy_with(last, "content", Value::list(std::move(parts)));
      return Value::list(std::move(all));
    }
  }
  return fail(Code::InvalidArgument,
              "continue_final_message is set, but the final message has no text to continue");
}

// Cuts what was rendered behind the mark, and white space that a trim took from the message.
Status cut_at_mark(std::string& rendered, std::string_view message) {
  const std::string_view mark = kMark.substr(0, kMark.size() - 1);
  const std::size_t at = rendered.rfind(mark);
  if (at == std::string::npos || rendered.find(strip(message, Side::Both)) == std::string::npos)
    return fail(
        Code::InvalidArgument,
        "continue_final_message is set, but the template leaves out or changes the final message");
  const bool kept = std::string_view(rendered).substr(at).starts_with(kMark);
  rendered.resize(at);
  if (!kept) rendered.resize(strip(rendered, Side::Right).size());
  return Done{};
}

Status check_list(const Value& value, std::string_view name) {
  if (value.is_none()) return Done{};
  if (!value.is(Value::Kind::List))
    return fail(Code::InvalidArgument, cat(name, " must be a list"));
  for (const Value& item : value.as_items()) {
    if (!item.is(Value::Kind::Dict))
      return fail(Code::InvalidArgument, cat(name, " must be a list of objects"));
  }
  return Done{};
}

}  // namespace

struct ChatTemplate::Parsed {
  std::string name;
  std::string source;
  mutable std::once_flag once;
  mutable Result<Body> tree = Body();

  // The tree, made by the first who asks.
  Result<const Body*> body() const {
    std::call_once(once, [&] { tree = parse_template(source); });
    if (tree) return &*tree;
    Error why = tree.error();
    return fail(std::move(why).while_doing(cat("chat template '", name.substr(0, 60), "'")));
  }
};

ChatTemplate::ChatTemplate() = default;
ChatTemplate::ChatTemplate(ChatTemplate&&) noexcept = default;
ChatTemplate& ChatTemplate::operator=(ChatTemplate&&) noexcept = default;
ChatTemplate::~ChatTemplate() = default;

Status ChatTemplate::add(std::string name, std::string_view source) {
  if (!is_valid_utf8(source)) return fail(Code::InvalidArgument, "a chat template is not UTF-8");
  if (templates_.size() >= kTemplatesMax) return fail(Code::TooLarge, "too many chat templates");
  if (source.size() > kSourcesBytesMax - sources_bytes_)
    return fail(Code::TooLarge, "the chat templates are too long");
  sources_bytes_ += source.size();
  auto parsed = std::make_unique<Parsed>();
  parsed->name = name;
  parsed->source = source;
  templates_[std::move(name)] = std::move(parsed);
  return Done{};
}

Status ChatTemplate::parse_default() const {
  if (const auto found = templates_.find("default"); found != templates_.end())
    EMB_DO(found->second->body());
  return Done{};
}

Result<ChatTemplate> ChatTemplate::parse(std::string_view source) {
  ChatTemplate made;
  EMB_DO(made.add("default", source));
  EMB_DO(made.parse_default());
  return made;
}

Result<ChatTemplate> ChatTemplate::load(const Files& files) {
  ChatTemplate made;
  std::optional<json::Document> config;
  if (!files.tokenizer_config.empty()) {
    EMB_TRY(config, json::Document::parse(files.tokenizer_config));
    const json::View root = config->root();
    if (!root.is_object())
      return fail(Code::InvalidArgument, "a tokenizer_config.json is an object");
    for (const std::string_view name : kSpecialTokens) {
      if (const auto text = token_text(root[name])) made.special_tokens_[std::string(name)] = *text;
    }
  }
  if (files.chat_template) EMB_DO(made.add("default", *files.chat_template));
  for (const auto& [name, source] : files.additional) EMB_DO(made.add(name, source));
  if (made.templates_.empty() && config) {
    const json::View given = config->root()["chat_template"];
    if (const auto text = given.text()) {
      EMB_DO(made.add("default", *text));
    } else if (given.is_array()) {
      for (const json::View one : given.items()) {
        const auto name = one["name"].text();
        const auto source = one["template"].text();
        if (!name || !source)
          return fail(Code::InvalidArgument, "chat_template: each has a name and a template");
        EMB_DO(made.add(std::string(*name), *source));
      }
    } else if (given.exists() && !given.is_null()) {
      return fail(Code::InvalidArgument, "chat_template is a text or a list of named ones");
    }
  }
  if (made.templates_.empty()) return fail(Code::NotFound, "the model has no chat template");
  EMB_DO(made.parse_default());
  return made;
}

std::vector<std::string> ChatTemplate::names() const {
  std::vector<std::string> out;
  for (const auto& [name, parsed] : templates_) out.push_back(name);
  return out;
}

Result<const ChatTemplate::Parsed*> ChatTemplate::choose(const ChatInput& input) const {
  std::string name = input.template_name.value_or("default");
  if (!input.template_name && !input.tools.is_none() && templates_.contains("tool_use"))
    name = "tool_use";
  const auto found = templates_.find(name);
  if (found == templates_.end())
    return fail(Code::NotFound, cat("the model has no chat template '", name.substr(0, 60), "'"));
  return found->second.get();
}

Result<RenderedChat> ChatTemplate::render(const ChatInput& input) const {
  EMB_TRY(const Parsed* parsed, choose(input));
  EMB_TRY(const Body* body, parsed->body());
  if (!input.messages.is(Value::Kind::List))
    return fail(Code::InvalidArgument, "messages must be a list");
  EMB_DO(check_list(input.messages, "messages"));
  EMB_DO(check_list(input.tools, "tools"));
  EMB_DO(check_list(input.documents, "documents"));
  if (input.continue_final_message && input.add_generation_prompt)
    return fail(Code::InvalidArgument,
                "continue_final_message and add_generation_prompt exclude each other");
  Value messages = input.messages;
  std::string last;
  if (input.continue_final_message) {
    EMB_TRY(messages, mark_last(messages, last));
  }
  DictObject variables;
  for (const auto& [name, text] : special_tokens_) variables.set(name, Value::text(text));
  for (const auto& [name, value] : input.variables) variables.set(name, value);
  variables.set("messages", messages);
  variables.set("tools", input.tools);
  variables.set("documents", input.documents);
  variables.set("add_generation_prompt", Value::boolean(input.add_generation_prompt));
  Renderer renderer(variables, input.now);
  RenderedChat rendered;
  EMB_TRY(rendered.text, renderer.run(*body));
  for (const auto& part : renderer.marked()) rendered.generated.push_back({part.begin, part.end});
  if (input.continue_final_message) {
    EMB_DO(cut_at_mark(rendered.text, last));
    rendered.generated.clear();
  }
  return rendered;
}

}  // namespace embrace::transformers

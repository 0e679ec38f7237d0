#pragma once
// ChatTemplate: turns the messages of a chat into the text that a model was trained to continue.
// The template comes with the model, in the language Jinja; what comes out is what
// transformers' apply_chat_template makes of the same files and messages.
//
// Templates come from strangers. Parsing limits their size and nesting, and happens to a named one
// only when it is used for the first time; rendering limits steps, memory, output and depth
// (renderer.h). What a template itself refuses (raise_exception), what it
// does wrong and what exceeds a limit are errors: InvalidArgument with the template's own words,
// InvalidArgument with the line, TooLarge. Includes and imports are NotBuilt.
//
// Threads: constant after it is made; render() may be called from any thread at any time.

#include <ctime>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "json/view.h"
#include "transformers/templates/value.h"

namespace embrace::transformers {

// One chat to be rendered. Values are borrowed until render() returns.
struct ChatInput {
  Value messages;   // a list of dicts
  Value tools;      // a list of JSON schemas, or None
  Value documents;  // a list of dicts, or None
  bool add_generation_prompt = false;
  // Ends the text where the last message does, so that the model goes on with it.
  bool continue_final_message = false;
  // More variables ("enable_thinking"); they hide special tokens of the same name.
  std::vector<std::pair<std::string, Value>> variables;
  // One of the file's named templates; without it "tool_use" when there are tools, else "default".
  std::optional<std::string> template_name;
  std::tm now{};  // what strftime_now() shows, local time
};

struct RenderedChat {
  std::string text;
  struct Part {
    std::size_t begin;  // bytes of text
    std::size_t end;
  };
  // What {% generation %} marked: the assistant's own words.
  std::vector<Part> generated;
};

class ChatTemplate {
 public:
  struct Files {
    std::string_view tokenizer_config;                   // tokenizer_config.json; may be empty
    std::optional<std::string_view> chat_template = {};  // chat_template.jinja
    // additional_chat_templates/NAME.jinja
    std::vector<std::pair<std::string, std::string_view>> additional = {};
  };

  // The .jinja files win over the member "chat_template", which is a text or a list of named
  // ones. NotFound when there is no template at all. What is wrong with the default one is said
  // here, with others when they are rendered.
  static Result<ChatTemplate> load(const Files& files);
  // One template, without special tokens.
  static Result<ChatTemplate> parse(std::string_view source);

  Result<RenderedChat> render(const ChatInput& input) const;

  std::vector<std::string> names() const;
  // bos_token and the like, as templates see them.
  const std::map<std::string, std::string>& special_tokens() const { return special_tokens_; }

  ChatTemplate(ChatTemplate&&) noexcept;
  ChatTemplate& operator=(ChatTemplate&&) noexcept;
  ~ChatTemplate();

 private:
  struct Parsed;
  ChatTemplate();
  Status add(std::string name, std::string_view source);
  Status parse_default() const;
  Result<const Parsed*> choose(const ChatInput& input) const;

  std::map<std::string, std::unique_ptr<Parsed>> templates_;
  std::map<std::string, std::string> special_tokens_;
  std::size_t sources_bytes_ = 0;
};

}  // namespace embrace::transformers

#include "transformers/templates/chat_template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace embrace::transformers {
namespace {

Value parsed(std::string_view json) {
  const auto document = json::Document::parse(json);
  return Value::from_json(document.value().root()).value();
}

constexpr std::string_view kPlain =
    "{{ bos_token }}{% for m in messages %}[{{ m.role }}]{{ m.content }}{{ eos_token }}{% endfor %}"
    "{% if add_generation_prompt %}[assistant]{% endif %}{% if tools %}T{{ tools|length }}{% endif "
    "%}";

std::string config_with(std::string_view rest) {
  return std::string(
             R"({"bos_token": "<s>", "eos_token": {"content": "</s>", "lstrip": false}, )") +
         std::string(rest) + "}";
}

ChatInput hello() {
  ChatInput input;
  input.messages = parsed(R"([{"role": "user", "content": "Hi"}])");
  return input;
}

TEST(ChatTemplate, ComesFromTheConfigWithItsSpecialTokens) {
  const std::string config = config_with("\"chat_template\": \"" + std::string(kPlain) + "\"");
  const auto loaded = ChatTemplate::load({.tokenizer_config = config});
  ASSERT_TRUE(loaded) << loaded.error().message();
  ChatInput input = hello();
  input.add_generation_prompt = true;
  EXPECT_EQ(loaded->render(input)->text, "<s>[user]Hi</s>[assistant]");
  input.variables = {{"eos_token", Value::text("!")}};
  EXPECT_EQ(loaded->render(input)->text, "<s>[user]Hi![assistant]");
}

TEST(ChatTemplate, FilesOfTheirOwnWin) {
  const std::string config = config_with(R"("chat_template": "old")");
  const auto loaded = ChatTemplate::load({.tokenizer_config = config,
                                          .chat_template = "new",
                                          .additional = {{"rag", "with documents"}}});
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->render(hello())->text, "new");
  ChatInput input = hello();
  input.template_name = "rag";
  EXPECT_EQ(loaded->render(input)->text, "with documents");
  EXPECT_THAT(loaded->names(), testing::ElementsAre("default", "rag"));
}

TEST(ChatTemplate, NamedOnesAreChosenByTools) {
  const std::string config = config_with(
      R"("chat_template": [{"name": "default", "template": "d"}, {"name": "tool_use", "template": "t"}])");
  const auto loaded = ChatTemplate::load({.tokenizer_config = config});
  ASSERT_TRUE(loaded);
  ChatInput input = hello();
  EXPECT_EQ(loaded->render(input)->text, "d");
  input.tools = parsed(R"([{"type": "function"}])");
  EXPECT_EQ(loaded->render(input)->text, "t");
  input.template_name = "none";
  EXPECT_EQ(loaded->render(input).error().code(), Code::NotFound);
}

TEST(ChatTemplate, ContinuesTheFinalMessage) {
  const auto loaded = ChatTemplate::parse(
      "{% for m in messages %}[{{ m.role }}]{{ m.content | trim }}</s>{% endfor %}");
  ASSERT_TRUE(loaded);
  ChatInput input;
  input.messages =
      parsed(R"([{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "I say "}])");
  input.continue_final_message = true;
  EXPECT_EQ(loaded->render(input)->text, "[user]Hi</s>[assistant]I say");
  input.messages = parsed(
      R"([{"role": "assistant", "content": [{"type": "text", "text": "a"}, {"type": "image"}]}])");
  const auto by_parts = ChatTemplate::parse("{{ messages[0].content[0].text }}|");
  EXPECT_EQ(by_parts->render(input)->text, "a");
  input.add_generation_prompt = true;
  EXPECT_EQ(loaded->render(input).error().code(), Code::InvalidArgument);
  input.add_generation_prompt = false;
  const auto silent = ChatTemplate::parse("nothing of it");
  EXPECT_FALSE(silent->render(input));
  input.messages = parsed("[]");
  EXPECT_FALSE(silent->render(input));
}

TEST(ChatTemplate, MarksWhatTheAssistantSaid) {
  const auto loaded = ChatTemplate::parse(
      "{% for m in messages %}{% if m.role == 'assistant' %}A:{% generation %}{{ m.content }}.{% "
      "endgeneration %}"
      "{% else %}U:{{ m.content }}{% endif %}{% endfor %}");
  ChatInput input;
  input.messages =
      parsed(R"([{"role": "user", "content": "é"}, {"role": "assistant", "content": "ok"},
                              {"role": "assistant", "content": "so"}])");
  const auto rendered = loaded->render(input);
  ASSERT_TRUE(rendered);
  ASSERT_EQ(rendered->generated.size(), 2u);
  std::string said;
  for (const auto& part : rendered->generated)
    said += rendered->text.substr(part.begin, part.end - part.begin);
  EXPECT_EQ(said, "ok.so.");
}

TEST(ChatTemplate, RefusesWhatIsNotAChat) {
  const auto loaded = ChatTemplate::parse(kPlain);
  ChatInput input;
  EXPECT_FALSE(loaded->render(input));
  input.messages = parsed(R"(["Hi"])");
  EXPECT_FALSE(loaded->render(input));
  input = hello();
  input.tools = parsed(R"({"a": 1})");
  EXPECT_FALSE(loaded->render(input));
}

TEST(ChatTemplate, RefusesFilesWithoutOne) {
  EXPECT_EQ(ChatTemplate::load({.tokenizer_config = "{}"}).error().code(), Code::NotFound);
  EXPECT_EQ(ChatTemplate::load({.tokenizer_config = ""}).error().code(), Code::NotFound);
  for (const char* config :
       {"[]", "{", R"({"chat_template": 5})", R"({"chat_template": ["x"]})",
        R"({"chat_template": [{"name": "a"}]})", R"({"chat_template": "{{"})"}) {
    EXPECT_FALSE(ChatTemplate::load({.tokenizer_config = config})) << config;
  }
  EXPECT_FALSE(ChatTemplate::parse("\xff"));
}

TEST(ChatTemplate, OnlyTheTemplatesThatAreUsedAreParsed) {
  const auto loaded = ChatTemplate::load(
      {.tokenizer_config = "", .chat_template = "d", .additional = {{"broken", "{% if %}"}}});
  ASSERT_TRUE(loaded) << loaded.error().message();
  ChatInput input = hello();
  EXPECT_EQ(loaded->render(input)->text, "d");
  input.template_name = "broken";
  for (int i = 0; i < 2; ++i) {
    const auto broken = loaded->render(input);
    ASSERT_FALSE(broken);
    EXPECT_NE(broken.error().message().find("chat template 'broken': line 1"), std::string::npos)
        << broken.error().message();
  }
  EXPECT_FALSE(ChatTemplate::load({.tokenizer_config = "", .chat_template = "{% if %}"}));
}

TEST(ChatTemplate, AllTemplatesTogetherAreLimited) {
  const std::string large(1 << 20, 'x');
  ChatTemplate::Files files{.tokenizer_config = "", .chat_template = "d"};
  for (int i = 0; i < 3; ++i) files.additional.emplace_back(std::to_string(i), large);
  EXPECT_TRUE(ChatTemplate::load(files));
  files.additional.emplace_back("more", large);
  EXPECT_EQ(ChatTemplate::load(files).error().code(), Code::TooLarge);
}

}  // namespace
}  // namespace embrace::transformers

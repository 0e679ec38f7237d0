#include "transformers/generation/text_model.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "testing/temp_folder.h"
#include "transformers/generation/generation_fixture.h"

namespace embrace::transformers {
namespace {

const std::filesystem::path kTestdata = EMB_TESTDATA;

class TextModelFolder : public testing::Test {
 protected:
  void SetUp() override {
    const ModelFixture fixture("llama");
    write_weights(fixture, folder() / "model.safetensors");
    write("config.json", fixture.config().render());
    write("tokenizer.json", read_testdata("gpt2.json"));
    write("generation_config.json", R"({"eos_token_id": [7], "max_new_tokens": 5})");
  }

  std::filesystem::path folder() const { return folder_.path(); }
  void write(const std::string& name, std::string_view text) const {
    std::ofstream(folder() / name) << text;
  }
  Result<TextModel> open() const {
    return TextModel::open(rt::Blocking::on_main_thread(), folder(), Precision::F32);
  }

  ::testing::TempFolder folder_;
};

TEST_F(TextModelFolder, IsOpenedWithAllThatItHolds) {
  write("tokenizer_config.json",
        R"({"bos_token": "!", "chat_template": "{{ bos_token }}{{ messages[0].content }}"})");
  const auto model = open();
  ASSERT_TRUE(model) << model.error().message();
  EXPECT_EQ(model->defaults.end_tokens, Tokens{7});
  EXPECT_EQ(model->defaults.tokens_max, 5u);
  const auto messages = json::Document::parse(R"([{"role": "user", "content": "a b"}])");
  ASSERT_TRUE(messages);
  ChatInput input;
  input.messages = *Value::from_json(messages->root());
  const auto prompt = model->encode_chat(input);
  ASSERT_TRUE(prompt) << prompt.error().message();
  EXPECT_EQ(*prompt, *model->encode("!a b", false));
  SmallModel small("llama");
  Team team(1);
  KvPool pool(model->lm->kv_shape(KvStorage::F32), 1 << 20);
  CausalLm::Workspace work;
  const auto got = generate({*model->lm, team, pool, work}, Tokens{1, 2}, {.tokens_max = 10});
  const auto wanted = generate(small.engine(), Tokens{1, 2}, {.tokens_max = 10});
  ASSERT_TRUE(got && wanted);
  EXPECT_EQ(got->tokens, wanted->tokens);
}

TEST_F(TextModelFolder, ChatsOnlyWithATemplate) {
  const auto plain = open();
  ASSERT_TRUE(plain);
  EXPECT_FALSE(plain->chat);
  EXPECT_EQ(plain->encode_chat({}).error().code(), Code::NotBuilt);
  write("chat_template.jinja", "{% if %}");
  EXPECT_EQ(open().error().code(), Code::InvalidArgument);
}

TEST_F(TextModelFolder, NamesTheFileThatIsMissingOrWrong) {
  std::filesystem::remove(folder() / "generation_config.json");  // may be missing
  EXPECT_TRUE(open());
  for (const char* name : {"tokenizer.json", "config.json", "generation_config.json"}) {
    SetUp();
    write(name, "{");
    const auto model = open();
    ASSERT_FALSE(model) << name;
    if (std::string_view(name) != "tokenizer.json")
      EXPECT_NE(model.error().message().find(name), std::string::npos) << model.error().message();
  }
  for (const char* name : {"tokenizer.json", "config.json", "model.safetensors"}) {
    SetUp();
    std::filesystem::remove(folder() / name);
    const auto model = open();
    ASSERT_FALSE(model) << name;
    EXPECT_EQ(model.error().code(), Code::NotFound) << model.error().message();
  }
}

TEST(TextModel, IsOpenedFromAGgufFileOrToldWhyNot) {
  const auto model = TextModel::open(rt::Blocking::on_main_thread(),
                                     kTestdata / "gguf" / "llama.gguf", Precision::F32);
  // The small file has no tokenizer, and says so.
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code(), Code::NotFound) << model.error().message();
}

TEST(TextModel, KnowsItsPrecisions) {
  EXPECT_EQ(*parse_precision("auto"), Precision::AsStored);
  EXPECT_EQ(*parse_precision("q4_0"), Precision::Q4_0);
  EXPECT_EQ(parse_precision("f64").error().code(), Code::InvalidArgument);
}

}  // namespace
}  // namespace embrace::transformers

#include "transformers/pipelines/generation_settings.h"

#include <gtest/gtest.h>

#include <string>

namespace embrace::transformers {
namespace {

json::Document parse(std::string_view text) { return *json::Document::parse(text); }

// Those of an encoder-decoder with these files and the parameters of a call.
Result<GenerationOptions> settings_of(std::string_view generation_config, std::string_view config,
                                      std::string_view parameters) {
  const json::Document file = parse(generation_config);
  const json::Document model = parse(config);
  const json::Document call = parse(parameters);
  GenerationSettings settings = GenerationSettings::of_seq2seq(file.root(), model.root());
  Parameters read(call.root());
  settings.put_parameters(read);
  EMB_DO(read.status());
  return settings.read(model.root());
}

TEST(GenerationSettings, BeginAsTheOfficialPipelines) {
  const auto options = settings_of("{}", "{}", "{}");
  ASSERT_TRUE(options);
  EXPECT_EQ(options->beams.count, 4u);
  EXPECT_EQ(options->tokens_max, 256u);
  EXPECT_EQ(options->length_max, std::nullopt);
}

TEST(GenerationSettings, OfTheCallGoBeforeTheFiles) {
  const auto options = settings_of(R"({"num_beams": 2, "min_length": 3, "length_penalty": 2.0})",
                                   R"({"num_beams": 9})", R"({"num_beams": 3, "use_cache": true})");
  ASSERT_TRUE(options);
  EXPECT_EQ(options->beams.count, 3u);
  EXPECT_EQ(options->length_min, 3u);
  EXPECT_EQ(options->beams.length_penalty, 2.0);
}

TEST(GenerationSettings, OfConfigCountWhereThereIsNoOtherFile) {
  EXPECT_EQ(settings_of("{}", R"({"num_beams": 9})", "{}")->beams.count, 9u);
  EXPECT_EQ(settings_of("null", R"({"num_beams": 9})", "{}")->beams.count, 9u);
  EXPECT_EQ(settings_of(R"({"eos_token_id": 1})", R"({"num_beams": 9})", "{}")->beams.count, 4u);
}

// Both are bounds of one thing: the newer word holds, whichever it uses.
TEST(GenerationSettings, HaveOneLength) {
  auto options = settings_of(R"({"max_length": 40})", "{}", "{}");
  EXPECT_EQ(options->length_max, 40u);
  EXPECT_EQ(options->tokens_max, std::nullopt);
  options = settings_of(R"({"max_length": 40})", "{}", R"({"max_new_tokens": 7})");
  EXPECT_EQ(options->length_max, std::nullopt);
  EXPECT_EQ(options->tokens_max, 7u);
  options = settings_of(R"({"max_new_tokens": 40})", "{}", R"({"max_length": 7})");
  EXPECT_EQ(options->length_max, 7u);
  EXPECT_EQ(options->tokens_max, std::nullopt);
  // What files say when nobody chose.
  options = settings_of(R"({"max_length": 20})", "{}", "{}");
  EXPECT_EQ(options->length_max, std::nullopt);
  EXPECT_EQ(options->tokens_max, 256u);
}

TEST(GenerationSettings, RefuseWhatIsWrong) {
  const auto code = [](std::string_view parameters) {
    const auto options = settings_of("{}", "{}", parameters);
    return options ? Code::Internal : options.error().code();
  };
  EXPECT_EQ(code(R"({"no_such": 1})"), Code::InvalidArgument);
  EXPECT_EQ(code(R"({"num_beams": "four"})"), Code::InvalidArgument);
  EXPECT_EQ(code(R"({"num_beams": 0})"), Code::InvalidArgument);
  EXPECT_EQ(code(R"({"num_beams": 1000})"), Code::InvalidArgument);
  EXPECT_EQ(code(R"({"max_new_tokens": 0})"), Code::InvalidArgument);
  EXPECT_EQ(code(R"({"max_new_tokens": 1e30})"), Code::InvalidArgument);
  EXPECT_EQ(code(R"({"num_return_sequences": 5})"), Code::InvalidArgument);
  EXPECT_EQ(code(R"({"do_sample": true})"), Code::NotBuilt);  // with beams
  EXPECT_EQ(code(R"({"guidance_scale": 2.5})"), Code::NotBuilt);
  EXPECT_EQ(code(R"(["a"])"), Code::InvalidArgument);
  EXPECT_TRUE(settings_of("{}", "{}", R"({"num_beams": null})"));
}

}  // namespace
}  // namespace embrace::transformers

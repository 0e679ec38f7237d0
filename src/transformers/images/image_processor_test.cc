// Image processors against the official ones on Pillow (make_images.py).
#include "transformers/images/image_processor.h"

#include <gtest/gtest.h>

#include "base/strings.h"
#include "transformers/images/image_fixture.h"

namespace embrace::transformers {
namespace {

Result<ImageProcessor> parse(const std::string& config, std::string_view model_type = "") {
  const auto document = *json::Document::parse(config);
  return ImageProcessor::parse(document.root(), model_type);
}

TEST(ImageProcessors, GiveWhatTheOfficialOnesGive) {
  const json::Document cases = image_cases();
  ASSERT_EQ(cases.root()["processed"].items().size(), 17u);
  Team team(2);
  for (const json::View wanted : cases.root()["processed"].items()) {
    const auto processor = ImageProcessor::parse(wanted["config"]);
    ASSERT_TRUE(processor) << processor.error().message();
    const auto number = [&](const char* key) {
      return static_cast<std::size_t>(*wanted[key].integer());
    };
    const auto sides = wanted["picture"].items();
    const auto map = processor->apply(team, picture(static_cast<std::size_t>(*sides[0].integer()),
                                                    static_cast<std::size_t>(*sides[1].integer())));
    ASSERT_TRUE(map) << wanted["config"].render();
    ASSERT_EQ(map->sides.width, number("width")) << wanted["config"].render();
    ASSERT_EQ(map->sides.height, number("height")) << wanted["config"].render();
    if (wanted["valid_width"].exists()) {
      EXPECT_EQ(map->valid.width, number("valid_width"));
      EXPECT_EQ(map->valid.height, number("valid_height"));
    }
    std::size_t at = 0;
    for (const json::View value : wanted["values"].items()) {
      ASSERT_NEAR(map->values.all()[at], *value.number(), 1e-6)
          << wanted["config"].render() << " " << at;
      at += number("step");
    }
    EXPECT_GE(at, map->values.all().size());
  }
}

TEST(ImageProcessors, AreFoundByOldNamesAndByTheModel) {
  EXPECT_TRUE(parse(R"({"feature_extractor_type": "DetrFeatureExtractor"})"));
  EXPECT_TRUE(parse(R"({"image_processor_type": "CLIPImageProcessorFast"})"));
  const auto found = parse(R"({"size": 224})", "vit");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->resized({30, 40}).width, 224u);
  const auto shortest = parse(R"({"size": 224})", "clip");
  ASSERT_TRUE(shortest);
  EXPECT_EQ(shortest->resized({30, 60}).width, 448u);
  const auto code = [](std::string_view config, std::string_view model_type) {
    return parse(std::string(config), model_type).error().code();
  };
  EXPECT_EQ(code("{}", "swin"), Code::NotBuilt);
  EXPECT_EQ(code(R"({"image_processor_type": "ViTHybridImageProcessor"})", "vit"), Code::NotBuilt);
}

TEST(ImageProcessors, RefuseSettingsThatMakeNoSense) {
  for (const char* settings :
       {R"("size": 0)", R"("size": -3)", R"("size": "big")", R"("size": {})",
        R"("size": {"height": 3})", R"("size": {"height": 1e9, "width": 4})",
        R"("size": {"shortest_edge": 99999})", R"("resample": 6)", R"("resample": "bicubic")",
        R"("do_resize": 1)", R"("rescale_factor": "x")", R"("image_mean": [1, 2])",
        R"("image_std": [1, 0, 1])", R"("image_std": 0)",
        R"("do_center_crop": true, "crop_size": {"height": 3})",
        R"("do_pad": true, "pad_size": {"width": 3})"}) {
    const auto made = parse(cat("{", settings, "}"), "vit");
    ASSERT_FALSE(made) << settings;
    EXPECT_EQ(made.error().code(), Code::InvalidArgument) << settings;
  }
}

TEST(ImageProcessors, RefuseImagesThatBecomeTooLargeOrNone) {
  Team team(1);
  const auto code = [&](const char* settings, std::size_t width, std::size_t height) {
    const auto made = parse(settings, "clip")->apply(team, Image(width, height));
    return made ? std::optional<Code>() : made.error().code();
  };
  EXPECT_EQ(code(R"({"size": 16384})", 1, 60000), Code::TooLarge);
  EXPECT_EQ(code(R"({"size": {"max_height": 2, "max_width": 2}})", 1, 1000), Code::InvalidArgument);
  EXPECT_EQ(code("{}", 0, 0), Code::InvalidArgument);
  EXPECT_EQ(code(R"({"crop_size": 16384})", 4, 4), Code::TooLarge);
  EXPECT_EQ(code(R"({"do_pad": true, "pad_size": {"height": 3, "width": 300}})", 4, 4),
            Code::InvalidArgument);
}

}  // namespace
}  // namespace embrace::transformers

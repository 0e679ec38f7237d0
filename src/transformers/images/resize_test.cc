// Resizing against Pillow's (make_images.py).
#include "transformers/images/resize.h"

#include <gtest/gtest.h>

#include "transformers/images/image_fixture.h"

namespace embrace::transformers {
namespace {

TEST(Resize, IsPillowsToTheByte) {
  const json::Document cases = image_cases();
  const Image from = picture(37, 26);
  ASSERT_EQ(cases.root()["resized"].items().size(), 54u);
  for (const unsigned threads : {1u, 3u}) {
    Team team(threads);
    for (const json::View wanted : cases.root()["resized"].items()) {
      const auto filter = static_cast<ResizeFilter>(*wanted["filter"].integer());
      const auto width = static_cast<std::size_t>(*wanted["width"].integer());
      const auto height = static_cast<std::size_t>(*wanted["height"].integer());
      const auto got = resize(team, from, width, height, filter);
      ASSERT_TRUE(got);
      EXPECT_EQ(got->width, width);
      EXPECT_EQ(got->height, height);
      EXPECT_EQ(hash_of(got->pixels), wanted["hash"].text()) << wanted.render();
    }
  }
}

TEST(Resize, RefusesSidesThatAreNoneOrTooLong) {
  Team team(1);
  const Image from = picture(4, 100);
  const auto code = [&](const Image& image, std::size_t width, std::size_t height) {
    const auto made = resize(team, image, width, height, ResizeFilter::Bicubic);
    return made ? std::optional<Code>() : made.error().code();
  };
  EXPECT_EQ(code(from, 0, 4), Code::InvalidArgument);
  EXPECT_EQ(code(from, 4, 0), Code::InvalidArgument);
  EXPECT_EQ(code(Image(), 4, 4), Code::InvalidArgument);
  EXPECT_EQ(code(from, kImagePixelsMax, 2), Code::TooLarge);
  EXPECT_EQ(code(from, kImagePixelsMax / 10, 1), Code::TooLarge);  // between the passes
}

}  // namespace
}  // namespace embrace::transformers

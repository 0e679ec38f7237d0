// Image files against what Pillow made of them (make_images.py), and files of ill will.
#include "transformers/images/image.h"

#include <gtest/gtest.h>

#include "transformers/images/image_fixture.h"
#include "transformers/images/orientation.h"

namespace embrace::transformers {
namespace {

TEST(Images, AreReadAsPillowReadsThem) {
  const json::Document cases = image_cases();
  ASSERT_GT(cases.root()["files"].items().size(), 50u);
  for (const json::View wanted : cases.root()["files"].items()) {
    const std::string name(*wanted["file"].text());
    const auto image = read_image_text(image_file(name));
    ASSERT_TRUE(image) << name << ": " << image.error().message();
    EXPECT_EQ(image->width, static_cast<std::size_t>(*wanted["width"].integer())) << name;
    EXPECT_EQ(image->height, static_cast<std::size_t>(*wanted["height"].integer())) << name;
    EXPECT_EQ(hash_of(image->pixels), wanted["hash"].text()) << name;
  }
}

TEST(Images, OfOtherKindsAreNotBuilt) {
  for (const char* head : {"", "GIF89a and so on", "BM", "RIFF", "RIFF....WAVEfmt ", "\xFF\xD8"}) {
    const auto image = read_image_text(head);
    ASSERT_FALSE(image) << head;
    EXPECT_EQ(image.error().code(), Code::NotBuilt) << head;
  }
  EXPECT_EQ(read_image_text(image_file("animated.webp")).error().code(), Code::NotBuilt);
}

TEST(Images, ThatAreCutOffAreRefused) {
  for (const char* name : {"png_2_8.png", "png_2_8_interlaced.png", "png_3_4.png", "jpeg_2.jpg",
                           "jpeg_2_progressive.jpg", "jpeg_inks.jpg", "webp.webp",
                           "webp_lossless.webp", "webp_alpha.webp"}) {
    const std::string whole = image_file(name);
    // The last bytes of a file may be none of the pixels'.
    for (std::size_t length = 0; length + 24 < whole.size(); length += 7) {
      const auto image = read_image_text(whole.substr(0, length));
      ASSERT_FALSE(image) << name << " " << length;
      EXPECT_TRUE(image.error().code() == Code::Corrupt || image.error().code() == Code::NotBuilt)
          << name << " " << length << ": " << image.error().message();
    }
  }
}

// Whatever is in them, reading ends, within memory, with an image or an error.
TEST(Images, WithDamagedBytesDoNoHarm) {
  for (const char* name : {"png_3_4_interlaced.png", "png_0_16.png", "png_xmp.png", "jpeg_1.jpg",
                           "jpeg_2_progressive.jpg", "jpeg_turned_6.jpg", "webp.webp",
                           "webp_alpha.webp", "webp_exif.webp"}) {
    const std::string whole = image_file(name);
    for (std::size_t at = 0; at < whole.size(); at += 3) {
      for (const int flip : {0x01, 0x80, 0xFF}) {
        std::string damaged = whole;
        damaged[at] = static_cast<char>(damaged[at] ^ flip);
        const auto image = read_image_text(damaged);
        if (image) EXPECT_EQ(image->pixels.size(), 3 * image->width * image->height) << name;
      }
    }
  }
}

// The sides that a head promises, in a file of some hundred bytes.
TEST(Images, ThatPromiseTooManyPixelsAreRefusedBeforeTheyTakeMemory) {
  std::string jpeg = image_file("jpeg_gray.jpg");
  const std::size_t frame = jpeg.find("\xFF\xC0");
  ASSERT_NE(frame, std::string::npos);
  jpeg.replace(frame + 5, 4, "\xFF\xDC\xFF\xDC");
  EXPECT_EQ(read_image_text(jpeg).error().code(), Code::TooLarge);

  std::string webp = image_file("webp_lossless.webp");
  const std::size_t head = webp.find("VP8L");
  ASSERT_NE(head, std::string::npos);
  webp.replace(head + 9, 4, "\xFF\xFF\xFF\x0F");  // 14 bits for each side, less one
  EXPECT_EQ(read_image_text(webp).error().code(), Code::TooLarge);

  EXPECT_EQ(read_image_text(image_file("too_many_pixels.png")).error().code(), Code::TooLarge);
}

TEST(Images, WithMoreScansThanTheLimitAreRefused) {
  const std::string whole = image_file("jpeg_0_progressive.jpg");
  // The last scan once more, and once more.
  const std::size_t scan = whole.rfind("\xFF\xDA");
  ASSERT_NE(scan, std::string::npos);
  std::string long_file = whole.substr(0, whole.size() - 2);
  for (int i = 0; i <= kScansMax; ++i) long_file += whole.substr(scan, whole.size() - 2 - scan);
  long_file += "\xFF\xD9";
  const auto image = read_image_text(long_file);
  ASSERT_FALSE(image);
  EXPECT_EQ(image.error().code(), Code::TooLarge) << image.error().message();
}

TEST(Orientation, IsFoundOrLeftAlone) {
  const std::string little("II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0", 22);
  EXPECT_EQ(read_orientation(little, ""), 6);
  EXPECT_EQ(read_orientation(std::string("Exif\0\0", 6) + little, ""), 6);
  EXPECT_EQ(read_orientation(little, R"(tiff:Orientation="3")"), 6);
  EXPECT_EQ(read_orientation("", R"(tiff:Orientation tiff:Orientation="3")"), 3);
  EXPECT_EQ(read_orientation("", "<tiff:Orientation>8<"), 8);
  EXPECT_EQ(read_orientation("", "tiff:Orientation=\""), 1);
  for (std::size_t length = 0; length < little.size(); ++length)
    EXPECT_EQ(read_orientation(little.substr(0, length), ""), 1) << length;
  std::string far = little;
  far.replace(4, 4, "\xFF\xFF\xFF\xFF");
  EXPECT_EQ(read_orientation(far, ""), 1);
  std::string nine = little;
  nine[18] = 9;
  EXPECT_EQ(read_orientation(nine, ""), 1);
}

}  // namespace
}  // namespace embrace::transformers

// PNG through libpng. As Pillow reads them: of 16 bits of a colour the high ones count, but 16 bits
// of gray are cut at 255; a palette's missing entries are black.
#include <png.h>

#include <csetjmp>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

#include "base/strings.h"
#include "transformers/images/image_formats.h"

namespace embrace::transformers {

namespace {

// No chunk but the pixels' own needs more, and no file needs more of them.
constexpr png_alloc_size_t kChunkBytesMax = std::size_t{1} << 20;
constexpr png_uint_32 kChunksMax = 64;

// The library's errors end in a jump back to the step that was asked for. Nothing with a destructor
// may stand between: steps are plain functions on this.
struct Decoder {
  png_structp png = nullptr;
  png_infop info = nullptr;
  std::span<const std::byte> left;
  std::jmp_buf back;
  char message[96] = {};
  bool gray16 = false;

  ~Decoder() { png_destroy_read_struct(&png, &info, nullptr); }
};

[[noreturn]] void stop(png_structp png, png_const_charp message) {
  auto* decoder = static_cast<Decoder*>(png_get_error_ptr(png));
  std::strncpy(decoder->message, message, sizeof decoder->message - 1);
  std::longjmp(decoder->back, 1);
}

void keep_silent(png_structp, png_const_charp) {}

void give_bytes(png_structp png, png_bytep into, png_size_t count) {
  auto* decoder = static_cast<Decoder*>(png_get_io_ptr(png));
  if (count > decoder->left.size()) png_error(png, "the file is cut off");
  std::memcpy(into, decoder->left.data(), count);
  decoder->left = decoder->left.subspan(count);
}

// Each step answers whether it came to its end.
bool read_head(Decoder& decoder) {
  if (setjmp(decoder.back) != 0) return false;
  png_set_read_fn(decoder.png, &decoder, give_bytes);
  png_set_chunk_malloc_max(decoder.png, kChunkBytesMax);
  png_set_chunk_cache_max(decoder.png, kChunksMax);
  png_set_user_limits(decoder.png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);  // ours come next
  png_read_info(decoder.png, decoder.info);
  return true;
}

// Everything becomes three bytes a pixel, or 16 bits of gray as they are.
bool set_steps(Decoder& decoder) {
  if (setjmp(decoder.back) != 0) return false;
  const png_byte type = png_get_color_type(decoder.png, decoder.info);
  const png_byte depth = png_get_bit_depth(decoder.png, decoder.info);
  decoder.gray16 = type == PNG_COLOR_TYPE_GRAY && depth == 16;
  if (!decoder.gray16) {
    if (type == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(decoder.png);
    if (type == PNG_COLOR_TYPE_GRAY) png_set_expand_gray_1_2_4_to_8(decoder.png);
    png_set_strip_16(decoder.png);
    png_set_strip_alpha(decoder.png);
    png_set_gray_to_rgb(decoder.png);
  }
  png_set_interlace_handling(decoder.png);
  png_read_update_info(decoder.png, decoder.info);
  return true;
}

bool read_rows(Decoder& decoder, png_bytepp rows) {
  if (setjmp(decoder.back) != 0) return false;
  png_read_image(decoder.png, rows);
  return true;
}

// What is said behind the pixels; they are here already, whatever it is.
void read_tail(Decoder& decoder) {
  if (setjmp(decoder.back) != 0) return;
  png_read_end(decoder.png, decoder.info);
}

void keep_texts(Decoder& decoder, StoredImage& stored) {
  png_uint_32 exif_bytes = 0;
  png_bytep exif = nullptr;
  if (png_get_eXIf_1(decoder.png, decoder.info, &exif_bytes, &exif) != 0 && exif != nullptr)
    stored.exif.assign(reinterpret_cast<const char*>(exif), exif_bytes);
  png_textp texts = nullptr;
  int count = 0;
  png_get_text(decoder.png, decoder.info, &texts, &count);
  for (int i = 0; i < count; ++i) {
    if (std::string_view(texts[i].key) == "XML:com.adobe.xmp" && texts[i].text != nullptr)
      stored.xmp = texts[i].text;
  }
}

}  // namespace

Result<StoredImage> read_png(std::span<const std::byte> file) {
  Decoder decoder;
  decoder.left = file;
  decoder.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &decoder, stop, keep_silent);
  decoder.info = decoder.png == nullptr ? nullptr : png_create_info_struct(decoder.png);
  if (decoder.info == nullptr) return fail(Code::Unavailable, "libpng has no memory");
  const auto failed = [&] {
    return fail(Code::Corrupt, cat("this PNG file cannot be read: ", decoder.message));
  };

  if (!read_head(decoder)) return failed();
  const std::size_t width = png_get_image_width(decoder.png, decoder.info);
  const std::size_t height = png_get_image_height(decoder.png, decoder.info);
  EMB_DO(check_sides(width, height));
  if (!set_steps(decoder)) return failed();
  const std::size_t pixel_bytes = decoder.gray16 ? 2 : 3;
  if (png_get_rowbytes(decoder.png, decoder.info) != pixel_bytes * width)
    return fail(Code::NotBuilt, "this PNG file has pixels of an unknown kind");
  StoredImage stored;
  stored.image = Image(width, height);
  std::vector<png_bytep> rows(height);
  for (std::size_t y = 0; y < height; ++y) rows[y] = stored.image.row(y);
  if (!read_rows(decoder, rows.data())) return failed();
  if (decoder.gray16) {
    for (const png_bytep row : rows) {
      for (std::size_t x = width;
           x-- > 0;) {  // from the end: a pixel grows from two bytes to three
        const std::uint8_t gray = row[2 * x] == 0 ? row[2 * x + 1] : 255;
        std::memset(row + 3 * x, gray, 3);
      }
    }
  }
  read_tail(decoder);
  keep_texts(decoder, stored);
  return stored;
}

}  // namespace embrace::transformers

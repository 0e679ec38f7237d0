// JPEG through libjpeg-turbo, with the steps that Pillow asks it for: the exact inverse DCT, smooth
// upsampling of colours, whole progressive files.

// clang-format off
#include <cstdio>  // which jpeglib.h needs before it
#include <jpeglib.h>
// clang-format on

#include <csetjmp>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

#include "base/strings.h"
#include "transformers/images/image_formats.h"

namespace embrace::transformers {

namespace {

constexpr int kExifMarker = JPEG_APP0 + 1;
constexpr unsigned kMarkerBytesMax = 0xFFFF;
constexpr std::string_view kExifPrefix("Exif\0\0", 6);
constexpr std::string_view kXmpPrefix("http://ns.adobe.com/xap/1.0/\0", 29);

// The library's errors end in a jump back to the step that was asked for. Nothing with a destructor
// may stand between: steps are plain functions on this.
struct Decoder {
  jpeg_decompress_struct info{};
  jpeg_error_mgr errors{};
  jpeg_source_mgr source{};
  jpeg_progress_mgr progress{};
  std::jmp_buf back;
  char message[JMSG_LENGTH_MAX] = {};
  bool too_large = false;
};

Decoder& decoder_of(j_common_ptr info) { return *static_cast<Decoder*>(info->client_data); }

[[noreturn]] void stop(j_common_ptr info) {
  Decoder& decoder = decoder_of(info);
  info->err->format_message(info, decoder.message);
  std::longjmp(decoder.back, 1);
}

void keep_silent(j_common_ptr, int) {}  // of warnings: damaged blocks are shown as they are
void print_nothing(j_common_ptr) {}

boolean end_of_file(j_decompress_ptr info) {
  Decoder& decoder = decoder_of(reinterpret_cast<j_common_ptr>(info));
  std::snprintf(decoder.message, sizeof decoder.message, "the file is cut off");
  std::longjmp(decoder.back, 1);
}

void skip(j_decompress_ptr info, long bytes) {
  if (bytes <= 0) return;
  if (static_cast<std::size_t>(bytes) > info->src->bytes_in_buffer) end_of_file(info);
  info->src->next_input_byte += bytes;
  info->src->bytes_in_buffer -= static_cast<std::size_t>(bytes);
}

void nothing(j_decompress_ptr) {}

void count_scans(j_common_ptr common) {
  Decoder& decoder = decoder_of(common);
  const int scans = decoder.info.input_scan_number;
  const std::size_t pixels = std::size_t{decoder.info.image_width} * decoder.info.image_height;
  if (scans <= kScansMax && static_cast<std::size_t>(scans) * pixels <= kScannedPixelsMax) return;
  decoder.too_large = true;
  std::snprintf(decoder.message, sizeof decoder.message, "it has too many scans");
  std::longjmp(decoder.back, 1);
}

// Each step answers whether it came to its end.
bool read_head(Decoder& decoder) {
  if (setjmp(decoder.back) != 0) return false;
  jpeg_create_decompress(&decoder.info);
  decoder.info.client_data = &decoder;
  decoder.info.src = &decoder.source;
  decoder.info.progress = &decoder.progress;
  jpeg_save_markers(&decoder.info, kExifMarker, kMarkerBytesMax);
  jpeg_read_header(&decoder.info, TRUE);
  if (decoder.info.num_components == 4) {
    decoder.info.out_color_space = JCS_CMYK;
  } else {
    decoder.info.out_color_space = decoder.info.num_components == 1 ? JCS_GRAYSCALE : JCS_RGB;
  }
  return true;
}

bool start(Decoder& decoder) {
  if (setjmp(decoder.back) != 0) return false;
  jpeg_start_decompress(&decoder.info);
  return true;
}

bool read_row(Decoder& decoder, std::uint8_t* row) {
  if (setjmp(decoder.back) != 0) return false;
  return jpeg_read_scanlines(&decoder.info, &row, 1) == 1;
}

// Files of four inks keep them inverted, as Adobe's programs do. Paper takes the light that black
// leaves: (255 - ink) (255 - black) / 255, rounded.
void inks_to_colours(const std::uint8_t* inks, std::size_t count, std::uint8_t* into) {
  for (std::size_t i = 0; i < count; ++i, inks += 4, into += 3) {
    const unsigned light = inks[3];
    for (std::size_t channel = 0; channel < 3; ++channel) {
      const unsigned product = (255u - inks[channel]) * light + 128;
      into[channel] = static_cast<std::uint8_t>(light - ((product + (product >> 8)) >> 8));
    }
  }
}

void keep_markers(const Decoder& decoder, StoredImage& stored) {
  for (const jpeg_marker_struct* marker = decoder.info.marker_list; marker != nullptr;
       marker = marker->next) {
    const std::string_view data(reinterpret_cast<const char*>(marker->data), marker->data_length);
    if (data.starts_with(kExifPrefix)) {
      // What does not fit into one marker goes on in the next.
      if (stored.exif.size() + data.size() <= kExifBytesMax)
        stored.exif += data.substr(kExifPrefix.size());
    } else if (data.starts_with(kXmpPrefix)) {
      stored.xmp = data.substr(kXmpPrefix.size());
    }
  }
}

}  // namespace

Result<StoredImage> read_jpeg(std::span<const std::byte> file) {
  Decoder decoder;
  decoder.info.err = jpeg_std_error(&decoder.errors);
  decoder.info.client_data = &decoder;
  decoder.errors.error_exit = stop;
  decoder.errors.emit_message = keep_silent;
  decoder.errors.output_message = print_nothing;
  decoder.source.next_input_byte = reinterpret_cast<const JOCTET*>(file.data());
  decoder.source.bytes_in_buffer = file.size();
  decoder.source.init_source = nothing;
  decoder.source.fill_input_buffer = end_of_file;
  decoder.source.skip_input_data = skip;
  decoder.source.resync_to_restart = jpeg_resync_to_restart;
  decoder.source.term_source = nothing;
  decoder.progress.progress_monitor = count_scans;
  const auto destroy = [](Decoder* used) { jpeg_destroy_decompress(&used->info); };
  const std::unique_ptr<Decoder, decltype(destroy)> guard(&decoder, destroy);
  const auto failed = [&] {
    return fail(decoder.too_large ? Code::TooLarge : Code::Corrupt,
                cat("this JPEG file cannot be read: ", decoder.message));
  };

  if (!read_head(decoder)) return failed();
  const std::size_t width = decoder.info.image_width;
  const std::size_t height = decoder.info.image_height;
  EMB_DO(check_sides(width, height));
  if (const int inks = decoder.info.num_components; inks != 1 && inks != 3 && inks != 4)
    return fail(Code::NotBuilt, cat("JPEG files of ", inks, " colours are not read"));
  StoredImage stored;
  keep_markers(decoder, stored);
  if (!start(decoder)) return failed();
  stored.image = Image(width, height);
  const auto channels = static_cast<std::size_t>(decoder.info.output_components);
  std::vector<std::uint8_t> row(channels * width);
  for (std::size_t y = 0; y < height; ++y) {
    std::uint8_t* into = stored.image.row(y);
    if (!read_row(decoder, channels == 3 ? into : row.data())) return failed();
    if (channels == 4) {
      inks_to_colours(row.data(), width, into);
    } else if (channels == 1) {
      for (std::size_t x = 0; x < width; ++x) std::memset(into + 3 * x, row[x], 3);
    }
  }
  return stored;
}

}  // namespace embrace::transformers

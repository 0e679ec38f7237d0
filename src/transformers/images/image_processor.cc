#include "transformers/images/image_processor.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/strings.h"
#include "transformers/images/image_formats.h"

namespace embrace::transformers {

namespace {

constexpr std::array<double, 3> kHalf{0.5, 0.5, 0.5};
constexpr std::array<double, 3> kImagenetMean{0.485, 0.456, 0.406};
constexpr std::array<double, 3> kImagenetDeviation{0.229, 0.224, 0.225};
constexpr std::array<double, 3> kClipMean{0.48145466, 0.4578275, 0.40821073};
constexpr std::array<double, 3> kClipDeviation{0.26862954, 0.26130258, 0.27577711};

// What the class of a family does when preprocessor_config.json does not say.
struct Defaults {
  std::string_view family;      // what the class's name begins with
  std::string_view model_type;  // that has it
  bool square;                  // a size of one number means both sides, not the shorter
  std::int64_t size;
  std::int64_t longest;  // 0: no limit
  bool crops;
  bool pads;
  std::int64_t filter;
  const std::array<double, 3>& mean;
  const std::array<double, 3>& deviation;
};
constexpr Defaults kDefaults[] = {
    {"ViT", "vit", true, 224, 0, false, false, 2, kHalf, kHalf},
    {"CLIP", "clip", false, 224, 0, true, false, 3, kClipMean, kClipDeviation},
    {"Detr", "detr", false, 800, 1333, false, true, 2, kImagenetMean, kImagenetDeviation},
};

bool is_class_of(std::string_view name, std::string_view family) {
  if (!name.starts_with(family)) return false;
  name.remove_prefix(family.size());
  return name == "ImageProcessor" || name == "ImageProcessorFast" || name == "ImageProcessorPil" ||
         name == "FeatureExtractor";
}

Result<const Defaults*> defaults_of(json::View config, std::string_view model_type) {
  std::string name = config.text_or("image_processor_type", "");
  if (name.empty()) name = config.text_or("feature_extractor_type", "");
  for (const Defaults& defaults : kDefaults) {
    if (name.empty() ? defaults.model_type == model_type : is_class_of(name, defaults.family))
      return &defaults;
  }
  if (name.empty()) name = model_type;
  return fail(Code::NotBuilt, cat("image processor \"", name, "\" is not built"));
}

}  // namespace

// Settings with their bounds; the first mistake is remembered.
class ProcessorReader {
 public:
  ProcessorReader(json::View config, const Defaults& defaults)
      : config_(config), defaults_(defaults) {}

  Result<ImageProcessor> read() {
    ImageProcessor made;
    made.resizes_ = flag("do_resize", true);
    made.crops_ = flag("do_center_crop", defaults_.crops);
    made.rescales_ = flag("do_rescale", true);
    made.normalizes_ = flag("do_normalize", true);
    const std::int64_t filter = integer(config_, "resample", defaults_.filter, 0, 5);
    made.filter_ = static_cast<ResizeFilter>(filter);
    read_size(made);
    if (made.crops_) made.crop_ = sides("crop_size", 224);
    made.factor_ = number(config_["rescale_factor"], "rescale_factor", 1 / 255.0);
    made.mean_ = channels("image_mean", defaults_.mean);
    made.deviation_ = channels("image_std", defaults_.deviation);
    if (made.normalizes_ && std::ranges::find(made.deviation_, 0.0f) != made.deviation_.end())
      complain("image_std must not be 0");
    // Without a size, images are padded to the largest of their batch: one alone stays as it is.
    if (flag("do_pad", defaults_.pads) && has("pad_size")) made.pad_ = sides("pad_size", 1);
    if (mistake_) return fail(Code::InvalidArgument, cat("preprocessor_config.json: ", *mistake_));
    return made;
  }

 private:
  bool has(std::string_view key) const { return config_[key].exists() && !config_[key].is_null(); }
  void complain(std::string mistake) {
    if (!mistake_) mistake_ = std::move(mistake);
  }

  bool flag(std::string_view key, bool otherwise) {
    if (!has(key)) return otherwise;
    const auto value = config_[key].boolean();
    if (!value) complain(cat(key, " must be true or false"));
    return value.value_or(otherwise);
  }
  std::int64_t integer(json::View object, std::string_view key, std::int64_t otherwise,
                       std::int64_t min, std::int64_t max) {
    const json::View value = object[key];
    if (!value.exists() || value.is_null()) return otherwise;
    const auto found = value.integer();
    if (found && *found >= min && *found <= max) return *found;
    complain(cat(key, " must be a whole number from ", min, " to ", max));
    return min;
  }
  std::size_t side(json::View object, std::string_view key, std::int64_t otherwise = 0) {
    constexpr auto kMax = static_cast<std::int64_t>(ImageProcessor::kSideMax);
    return static_cast<std::size_t>(integer(object, key, otherwise, 1, kMax));
  }
  double number(json::View value, std::string_view key, double otherwise) {
    if (!value.exists() || value.is_null()) return otherwise;
    const auto found = value.number();
    if (!found || !std::isfinite(*found)) complain(cat(key, " must be a number"));
    return found.value_or(otherwise);
  }
  std::array<float, 3> channels(std::string_view key, const std::array<double, 3>& otherwise) {
    std::array<float, 3> made{};
    std::ranges::transform(otherwise, made.begin(),
                           [](double value) { return static_cast<float>(value); });
    if (!has(key)) return made;
    const json::View value = config_[key];
    if (!value.is_array()) {
      made.fill(static_cast<float>(number(value, key, 0)));
    } else if (const auto items = value.items(); items.size() == 3) {
      for (std::size_t i = 0; i < 3; ++i) made[i] = static_cast<float>(number(items[i], key, 0));
    } else {
      complain(cat(key, " must have three numbers"));
    }
    return made;
  }

  // {"height", "width"}, or one number for both.
  Sides sides(std::string_view key, std::int64_t otherwise) {
    const json::View value = config_[key];
    if (value.is_object()) {
      const Sides made{side(value, "height"), side(value, "width")};
      if (made.height == 0 || made.width == 0) complain(cat(key, " must have height and width"));
      return made;
    }
    const std::size_t both = side(config_, key, otherwise);
    return {both, both};
  }

  void read_size(ImageProcessor& made) {
    using Fit = ImageProcessor::Fit;
    const json::View value = config_["size"];
    if (!value.is_object()) {
      const std::size_t one = side(config_, "size", defaults_.size);
      if (defaults_.square) {
        made.size_ = {one, one};
      } else {
        const std::size_t longest = side(config_, "max_size", defaults_.longest);
        made.fit_ = defaults_.longest == 0 ? Fit::Shortest : Fit::ShortestLongest;
        made.size_ = {one, longest};
      }
      return;
    }
    if (value["shortest_edge"].exists() && value["longest_edge"].exists()) {
      made.fit_ = Fit::ShortestLongest;
      made.size_ = {side(value, "shortest_edge"), side(value, "longest_edge")};
    } else if (value["shortest_edge"].exists()) {
      made.fit_ = Fit::Shortest;
      made.size_ = {side(value, "shortest_edge"), 1};
    } else if (value["max_height"].exists()) {
      made.fit_ = Fit::Frame;
      made.size_ = {side(value, "max_height"), side(value, "max_width")};
    } else {
      made.size_ = {side(value, "height"), side(value, "width")};
    }
    if (made.size_.height == 0 || made.size_.width == 0)
      complain("size must have shortest_edge, height and width, or max_height and max_width");
  }

  json::View config_;
  const Defaults& defaults_;
  std::optional<std::string> mistake_;
};

Result<ImageProcessor> ImageProcessor::parse(json::View config, std::string_view model_type) {
  EMB_TRY(const Defaults* defaults, defaults_of(config, model_type));
  return ProcessorReader(config, *defaults).read();
}

Sides ImageProcessor::resized(Sides image) const {
  const auto height = static_cast<double>(image.height);
  const auto width = static_cast<double>(image.width);
  const auto whole = [](double side) { return static_cast<std::size_t>(side); };
  switch (fit_) {
    case Fit::Exact:
      break;
    case Fit::Frame: {
      const double scale = std::min(static_cast<double>(size_.height) / height,
                                    static_cast<double>(size_.width) / width);
      return {whole(height * scale), whole(width * scale)};
    }
    case Fit::Shortest: {
      const double side = static_cast<double>(size_.height);
      if (width <= height) return {whole(side * height / width), size_.height};
      return {size_.height, whole(side * width / height)};
    }
    case Fit::ShortestLongest: {
      // Each step rounds as the official one does, down but for the shorter side.
      const double shorter = std::min(height, width);
      const double longer = std::max(height, width);
      const auto longest = static_cast<double>(size_.width);
      double side = static_cast<double>(size_.height);
      double exact = side;
      if (longer / shorter * side > longest) {
        exact = longest * shorter / longer;
        side = std::nearbyint(exact);
      }
      if (shorter == side) return image;
      if (width < height) return {whole(exact * height / width), whole(side)};
      return {whole(side), whole(exact * width / height)};
    }
  }
  return size_;
}

namespace {

// The middle of the image; where that has less than is wanted, black around it.
Image crop_middle(const Image& image, const Sides& to) {
  const auto start = [](std::size_t from, std::size_t to) {  // below 0 where the image is smaller
    const auto apart = static_cast<std::ptrdiff_t>(from) - static_cast<std::ptrdiff_t>(to);
    return apart >= 0 ? apart / 2 : -((1 - apart) / 2);
  };
  const std::ptrdiff_t top = start(image.height, to.height);
  const std::ptrdiff_t left = start(image.width, to.width);
  Image made(to.width, to.height);
  for (std::size_t y = 0; y < to.height; ++y) {
    const std::ptrdiff_t from_y = top + static_cast<std::ptrdiff_t>(y);
    if (from_y < 0 || from_y >= static_cast<std::ptrdiff_t>(image.height)) continue;
    const std::size_t skipped = left < 0 ? static_cast<std::size_t>(-left) : 0;
    const std::size_t first = left < 0 ? 0 : static_cast<std::size_t>(left);
    const std::size_t count = std::min(to.width - skipped, image.width - first);
    std::copy_n(image.row(static_cast<std::size_t>(from_y)) + 3 * first, 3 * count,
                made.row(y) + 3 * skipped);
  }
  return made;
}

}  // namespace

Result<PixelMap> ImageProcessor::apply(Team& team, const Image& image) const {
  EMB_DO(check_sides(image.width, image.height));
  Image other;
  const Image* now = &image;
  if (resizes_) {
    const Sides sides = resized({image.height, image.width});
    EMB_TRY(other, resize(team, image, sides.width, sides.height, filter_));
    now = &other;
  }
  if (crops_) {
    EMB_DO(check_sides(crop_.width, crop_.height));
    other = crop_middle(*now, crop_);
    now = &other;
  }
  PixelMap map;
  map.valid = {now->height, now->width};
  map.sides = pad_.value_or(map.valid);
  const auto& [height, width] = map.sides;
  if (width < now->width || height < now->height)
    return fail(Code::InvalidArgument, cat("an image of ", now->width, " x ", now->height,
                                           " pixels does not fit into pad_size"));
  EMB_DO(check_sides(width, height));

  float values[3][256];  // of each byte
  for (std::size_t channel = 0; channel < 3; ++channel) {
    for (int byte = 0; byte < 256; ++byte) {
      float value = static_cast<float>(rescales_ ? byte * factor_ : byte);
      if (normalizes_) value = (value - mean_[channel]) / deviation_[channel];
      values[channel][byte] = value;
    }
  }
  map.values.resize(map.sides.area(), 3);
  team.split(height, 8, [&](std::size_t begin, std::size_t end) {
    for (std::size_t y = begin; y < end; ++y) {
      auto into = map.values.all().subspan(3 * width * y, 3 * width);
      const std::size_t count = y < now->height ? 3 * now->width : 0;
      for (std::size_t i = 0; i < count; ++i) into[i] = values[i % 3][now->row(y)[i]];
      std::ranges::fill(into.subspan(count), 0.0f);
    }
  });
  return map;
}

}  // namespace embrace::transformers

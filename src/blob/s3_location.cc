#include "blob/s3_location.h"

#include <algorithm>

#include "base/strings.h"

namespace embrace::blob {

namespace {

constexpr std::string_view kScheme = "s3://";
constexpr std::string_view kDefaultRegion = "us-east-1";
constexpr std::size_t kPrefixBytesMax = 256;

bool is_small_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

Status bad(std::string_view why) {
  return fail(Code::InvalidArgument,
              cat("an S3 location is s3://bucket/prefix?endpoint=URL&region=NAME: ", why));
}

// Amazon's rules; other stores allow no less.
Status check_bucket(std::string_view bucket) {
  const bool fits =
      bucket.size() >= 3 && bucket.size() <= 63 &&
      std::ranges::all_of(
          bucket, [](char c) { return is_small_letter_or_digit(c) || c == '-' || c == '.'; }) &&
      is_small_letter_or_digit(bucket.front()) && is_small_letter_or_digit(bucket.back()) &&
      !bucket.contains("..");
  if (fits) return Done{};
  return bad(cat("\"", bucket, "\" is no bucket's name (3 to 63 of a-z, 0-9, '-' and '.')"));
}

Status check_prefix(std::string_view prefix) {
  if (prefix.size() > kPrefixBytesMax) return bad("the prefix is too long");
  if (prefix.empty()) return Done{};
  for (const std::string_view segment : split(prefix, '/')) {
    const bool fits = !segment.empty() && segment != "." && segment != ".." &&
                      std::ranges::all_of(segment, [](unsigned char c) {
                        return std::isalnum(c) || c == '-' || c == '_' || c == '.';
                      });
    if (!fits) return bad("a prefix is folders of A-Z, a-z, 0-9, '-', '_' and '.'");
  }
  return Done{};
}

Status take_endpoint(std::string_view text, S3Location& out) {
  const std::size_t colon = text.find("://");
  if (colon == text.npos) return bad("an endpoint begins with http:// or https://");
  out.scheme = to_lower(text.substr(0, colon));
  if (out.scheme != "http" && out.scheme != "https") {
    return bad("an endpoint begins with http:// or https://");
  }
  text.remove_prefix(colon + 3);
  while (text.ends_with('/')) text.remove_suffix(1);
  const bool fits = !text.empty() && std::ranges::all_of(text, [](unsigned char c) {
    return std::isalnum(c) || c == '-' || c == '.' || c == ':' || c == '[' || c == ']';
  });
  if (!fits) return bad("an endpoint is a host and perhaps a port, without a path");
  const std::string_view usual_port = out.scheme == "http" ? ":80" : ":443";
  if (text.ends_with(usual_port)) text.remove_suffix(usual_port.size());
  out.host = to_lower(text);
  return Done{};
}

struct Options {
  std::string endpoint, region, style;
};

Result<Options> parse_options(std::string_view text) {
  Options out;
  if (text.empty()) return out;
  for (const std::string_view pair : split(text, '&')) {
    const std::size_t equals = pair.find('=');
    const std::string_view name = pair.substr(0, equals);
    auto value = equals == pair.npos ? std::optional<std::string>("")
                                     : percent_decode(pair.substr(equals + 1));
    if (!value) return std::unexpected(bad(cat("\"", pair, "\" has a bad escape")).error());
    if (name == "endpoint") {
      out.endpoint = *std::move(value);
    } else if (name == "region") {
      out.region = *std::move(value);
    } else if (name == "style") {
      out.style = *std::move(value);
    } else {
      return std::unexpected(
          bad(cat("\"", name, "\" is none of endpoint, region and style")).error());
    }
  }
  return out;
}

Status check_region(std::string_view region) {
  const bool fits = region.size() <= 64 && std::ranges::all_of(region, [](unsigned char c) {
                      return std::isalnum(c) || c == '-' || c == '_';
                    });
  return fits ? Status() : bad(cat("\"", region, "\" is no region's name"));
}

// The host, and whether it has the bucket's name in it.
Status place_bucket(const Options& options, S3Location& out) {
  if (options.endpoint.empty()) {
    out.scheme = "https";
    out.host = cat("s3.", out.region, ".amazonaws.com");
  } else {
    EMB_DO(take_endpoint(options.endpoint, out));
  }
  // A certificate for *.s3... does not cover one more dot.
  const bool by_default = !options.endpoint.empty() || out.bucket.contains('.');
  if (!options.style.empty() && options.style != "path" && options.style != "virtual") {
    return bad("style is path or virtual");
  }
  out.path_style = options.style.empty() ? by_default : options.style == "path";
  if (!out.path_style) out.host = cat(out.bucket, ".", out.host);
  return Done{};
}

}  // namespace

std::string S3Location::path_of(std::string_view name) const {
  const std::string inside = cat("/", percent_encode_path(prefix), percent_encode_path(name));
  return path_style ? cat("/", bucket, inside) : inside;
}

std::string S3Location::url_of(std::string_view path) const {
  return cat(scheme, "://", host, path);
}

std::string S3Location::shown() const {
  return cat(kScheme, bucket, "/", prefix, " at ", scheme, "://", host);
}

bool is_s3_location(std::string_view text) { return text.starts_with(kScheme); }

Result<S3Location> parse_s3_location(std::string_view text, std::string_view default_region) {
  if (!is_s3_location(text)) return std::unexpected(bad("it begins with s3://").error());
  text.remove_prefix(kScheme.size());
  const std::size_t question = text.find('?');
  EMB_TRY(const Options options,
          parse_options(question == text.npos ? std::string_view() : text.substr(question + 1)));
  text = text.substr(0, question);
  S3Location out;
  const std::size_t slash = text.find('/');
  out.bucket = std::string(text.substr(0, slash));
  std::string_view prefix = slash == text.npos ? std::string_view() : text.substr(slash + 1);
  if (prefix.ends_with('/')) prefix.remove_suffix(1);
  EMB_DO(check_bucket(out.bucket));
  EMB_DO(check_prefix(prefix));
  if (!prefix.empty()) out.prefix = cat(prefix, "/");
  out.region = !options.region.empty() ? options.region : std::string(default_region);
  if (out.region.empty()) out.region = std::string(kDefaultRegion);
  EMB_DO(check_region(out.region));
  EMB_DO(place_bucket(options, out));
  return out;
}

}  // namespace embrace::blob

#pragma once
// Where in which S3 store, as one line of settings:
//
//   s3://bucket                                      Amazon, in the region AWS_REGION or us-east-1
//   s3://bucket/some/prefix?region=eu-central-1
//   s3://bucket?endpoint=https://minio.example.org:9000&region=us-east-1
//   ...&style=path                                   or virtual: the bucket's name in the host
//
// Without `style`, Amazon is asked at bucket.s3.region.amazonaws.com and an endpoint by path, which
// every server understands.

#include <string>
#include <string_view>

#include "base/result.h"

namespace embrace::blob {

struct S3Location {
  std::string bucket;
  std::string prefix;  // "" or "some/prefix/"
  std::string region;
  std::string scheme;  // "http" or "https"
  std::string host;    // as the Host header has it: the port only when it is unusual
  bool path_style = false;

  // "/bucket/prefix/name", percent-encoded.
  std::string path_of(std::string_view name) const;
  std::string url_of(std::string_view path) const;
  std::string shown() const;  // for messages: "s3://bucket/prefix/ at https://host"
};

bool is_s3_location(std::string_view text);
// `default_region` is used where the text names none. InvalidArgument says what is wrong.
Result<S3Location> parse_s3_location(std::string_view text, std::string_view default_region);

}  // namespace embrace::blob

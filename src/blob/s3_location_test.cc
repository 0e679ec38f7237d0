#include "blob/s3_location.h"

#include <gtest/gtest.h>

namespace embrace::blob {
namespace {

S3Location parse(std::string_view text, std::string_view region = "") {
  auto parsed = parse_s3_location(text, region);
  EXPECT_TRUE(parsed) << text << ": " << parsed.error().message();
  return parsed.value_or(S3Location{});
}

TEST(S3Location, AmazonIsAskedByTheBucketsOwnHost) {
  const S3Location where = parse("s3://models");
  EXPECT_EQ(where.url_of(where.path_of("lfs/ab")),
            "https://models.s3.us-east-1.amazonaws.com/lfs/ab");
  EXPECT_EQ(where.prefix, "");
  EXPECT_EQ(parse("s3://models", "eu-west-1").host, "models.s3.eu-west-1.amazonaws.com");
  EXPECT_EQ(parse("s3://models?region=eu-central-1", "eu-west-1").region, "eu-central-1");
  EXPECT_EQ(parse("s3://my.models").host, "s3.us-east-1.amazonaws.com");
  EXPECT_TRUE(parse("s3://my.models").path_style);
}

TEST(S3Location, AnEndpointIsAskedByPath) {
  const S3Location where =
      parse("s3://models/a/b/?endpoint=http%3A%2F%2FMinio:9000/&region=garage");
  EXPECT_EQ(where.url_of(where.path_of("lfs/x y")), "http://minio:9000/models/a/b/lfs/x%20y");
  EXPECT_EQ(where.prefix, "a/b/");
  EXPECT_EQ(where.region, "garage");
  EXPECT_EQ(parse("s3://models?endpoint=https://h:443").host, "h");
  EXPECT_EQ(parse("s3://models?endpoint=http://[::1]:443").host, "[::1]:443");
  EXPECT_EQ(parse("s3://models?endpoint=https://h&style=virtual").host, "models.h");
}

TEST(S3Location, WhatIsNoneSaysWhy) {
  for (const auto* text : {"",
                           "models",
                           "http://models",
                           "s3://",
                           "s3://ab",
                           "s3://Models",
                           "s3://-models",
                           "s3://mo..dels",
                           "s3://models/a//b",
                           "s3://models/../x",
                           "s3://models/a b",
                           "s3://models?endpoint=minio:9000",
                           "s3://models?endpoint=ftp://h",
                           "s3://models?endpoint=http://h/path",
                           "s3://models?endpoint=http://",
                           "s3://models?endpoint=http://u:p@h",
                           "s3://models?region=a/b",
                           "s3://models?style=round",
                           "s3://models?endpont=http://h",
                           "s3://models?region=%zz"}) {
    const auto parsed = parse_s3_location(text, "");
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code(), Code::InvalidArgument);
    EXPECT_TRUE(parsed.error().message().contains("s3://bucket/prefix")) << text;
  }
}

}  // namespace
}  // namespace embrace::blob

#include <gtest/gtest.h>

#include "base/strings.h"
#include "crypto/sha256.h"
#include "hub/lfs.h"

namespace embrace::hub {
namespace {

constexpr std::string_view kKey = "a signing key";

SignedGrant sample() {
  SignedGrant grant;
  grant.action = SignedGrant::Action::Part;
  grant.repo_id = 42;
  grant.object = {.sha256 = crypto::sha256("hello"), .size_bytes = 7ull << 30};
  grant.upload = std::string(32, 'u');
  grant.part = 3;
  grant.part_bytes = 512u << 20;
  grant.expires_ms = 1000;
  return grant;
}

TEST(SignedGrant, WhatIsRenderedParsesToTheSame) {
  const auto parsed = SignedGrant::parse(sample().render(kKey), kKey, 999);
  ASSERT_TRUE(parsed) << parsed.error().message();
  EXPECT_EQ(parsed->action, SignedGrant::Action::Part);
  EXPECT_EQ(parsed->repo_id, 42);
  EXPECT_EQ(parsed->object.sha256, crypto::sha256("hello"));
  EXPECT_EQ(parsed->object.size_bytes, 7ull << 30);
  EXPECT_EQ(parsed->upload, std::string(32, 'u'));
  EXPECT_EQ(parsed->part, 3u);
  EXPECT_EQ(parsed->part_bytes, 512u << 20);
}

TEST(SignedGrant, TheTextNeedsNoEscapingInUrls) {
  const auto text = sample().render(kKey);
  EXPECT_EQ(percent_encode(text), text);
}

TEST(SignedGrant, ExpiredOnesAreDenied) {
  const auto parsed = SignedGrant::parse(sample().render(kKey), kKey, 1000);
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().code(), Code::Denied);
  EXPECT_NE(parsed.error().message().find("expired"), std::string::npos);
}

TEST(SignedGrant, EveryChangedByteIsDenied) {
  const auto text = sample().render(kKey);
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto forged = text;
    forged[i] = forged[i] == 'A' ? 'B' : 'A';
    const auto parsed = SignedGrant::parse(forged, kKey, 0);
    ASSERT_FALSE(parsed) << i;
    EXPECT_EQ(parsed.error().code(), Code::Denied);
  }
  EXPECT_FALSE(SignedGrant::parse(text, "another key", 0));
  EXPECT_FALSE(SignedGrant::parse(cat(text, "."), kKey, 0));
  EXPECT_FALSE(SignedGrant::parse(text.substr(0, text.size() - 1), kKey, 0));
  EXPECT_FALSE(SignedGrant::parse("", kKey, 0));
  EXPECT_FALSE(SignedGrant::parse(std::string(10'000, '.'), kKey, 0));
}

TEST(SignedGrant, OtherActionsHaveOtherSignatures) {
  auto upload = sample();
  upload.action = SignedGrant::Action::Upload;
  const auto part_text = sample().render(kKey), upload_text = upload.render(kKey);
  const auto spliced =
      cat(upload_text.substr(0, upload_text.rfind('.')), part_text.substr(part_text.rfind('.')));
  EXPECT_FALSE(SignedGrant::parse(spliced, kKey, 0));
}

}  // namespace
}  // namespace embrace::hub

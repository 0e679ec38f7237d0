#include <gtest/gtest.h>

#include "blob/backend.h"

namespace embrace::blob {
namespace {

TEST(Key, OrdinaryNamesParse) {
  for (const char* text : {"a", "lfs/ab/cd/abcd", "A-Z_0.9", "a/..b", "a/.hidden", "parts/x/00001",
                           "a/tmp", "tmpx/a"}) {
    auto key = Key::parse(text);
    ASSERT_TRUE(key) << text;
    EXPECT_EQ(key->text(), text);
  }
}

TEST(Key, WhatCouldLeaveTheFolderIsRefused) {
  for (const char* text :
       {"", "/", "/etc/passwd", "a/", "a//b", ".", "..", "../a", "a/../b", "a/./b", "a/..", "a b",
        "a\\b", "a\nb", "\xc3\xa9", "a:b", "~", "tmp", "tmp/a"}) {
    auto key = Key::parse(text);
    ASSERT_FALSE(key) << text;
    EXPECT_EQ(key.error().code(), Code::InvalidArgument);
  }
  EXPECT_FALSE(Key::parse(std::string("a\0b", 3)));
}

TEST(Key, LengthsAreLimited) {
  EXPECT_TRUE(Key::parse(std::string(255, 'a')));
  EXPECT_FALSE(Key::parse(std::string(256, 'a')));
  EXPECT_TRUE(Key::parse(std::string(255, 'a') + "/" + std::string(255, 'b')));
  EXPECT_FALSE(Key::parse(std::string(255, 'a') + "/" + std::string(255, 'b') + "/cc"));
}

}  // namespace
}  // namespace embrace::blob

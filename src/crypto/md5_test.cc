#include "crypto/md5.h"

#include <gtest/gtest.h>

#include "base/strings.h"

namespace embrace::crypto {
namespace {

// RFC 1321, A.5.
TEST(Md5, KnownMessages) {
  EXPECT_EQ(to_hex(md5("")), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(to_hex(md5("message digest")), "f96b697d7cb7938d525a2f31aaf161d0");
  Md5 pieces;
  pieces.update("message ");
  pieces.update("digest");
  EXPECT_EQ(to_hex(pieces.finish()), "f96b697d7cb7938d525a2f31aaf161d0");
}

}  // namespace
}  // namespace embrace::crypto

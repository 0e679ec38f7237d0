#include "hub/name_folding.h"

#include <gtest/gtest.h>

namespace embrace::hub {
namespace {

TEST(NameFolding, CaseDoesNotTellNamesApart) {
  EXPECT_EQ(fold_name("README.md"), fold_name("readme.MD"));
  EXPECT_EQ(fold_name("ÀÉÎ.txt"), fold_name("àéî.txt"));
  EXPECT_EQ(fold_name("ΣΊΣΥΦΟΣ"), fold_name("σίσυφος"));
  EXPECT_EQ(fold_name("ЁЛКА"), fold_name("ёлка"));
  EXPECT_EQ(fold_name("Žluťoučký"), fold_name("žLUŤOUČKÝ"));
}

TEST(NameFolding, NormalizationFormDoesNotTellNamesApart) {
  EXPECT_EQ(fold_name("caf\u00e9"), fold_name("cafe\u0301"));
  EXPECT_EQ(fold_name("\u1ec7"), fold_name("e\u0323\u0302"));
  EXPECT_EQ(fold_name("\u1ec7"), fold_name("e\u0302\u0323"));
  EXPECT_EQ(fold_name("\uac01"), fold_name("\u1100\u1161\u11a8"));
  EXPECT_EQ(fold_name("\u304c"), fold_name("\u304b\u3099"));
  EXPECT_EQ(fold_name("\u212b"), fold_name("\u00e5"));
}

TEST(NameFolding, OtherNamesStayApart) {
  EXPECT_NE(fold_name("a"), fold_name("b"));
  EXPECT_NE(fold_name("cafe"), fold_name("café"));
  EXPECT_NE(fold_name("ab"), fold_name("a b"));
  EXPECT_EQ(fold_name("\xff\xfe"), "\xff\xfe");
  EXPECT_EQ(fold_name(""), "");
  EXPECT_EQ(fold_name("模型.bin"), "模型.bin");
}

}  // namespace
}  // namespace embrace::hub

#include "blob/s3_xml.h"

#include <gtest/gtest.h>

namespace embrace::blob {
namespace {

TEST(S3Xml, ElementsTextAndEntitiesAreRead) {
  const auto root = parse_xml(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- from a store -->\n"
      "<s3:List xmlns:s3=\"http://s3.amazonaws.com/doc/2006-03-01/\">\n"
      "  <Key>a &amp; b&#x20AC;&#65;</Key><Empty/><Size unit=\"B\">5</Size>\n"
      "  <Key>second</Key></s3:List>\n");
  ASSERT_TRUE(root) << root.error().message();
  EXPECT_EQ(root->name, "List");
  EXPECT_EQ(root->children.size(), 4u);
  EXPECT_EQ(root->text_of("Key"), "a & b€A");
  EXPECT_EQ(root->text_of("Size"), "5");
  EXPECT_EQ(root->text_of("Empty"), "");
  EXPECT_EQ(root->text_of("None"), "");
}

TEST(S3Xml, WhatIsBrokenOrTooMuchIsRefused) {
  std::string deep;
  for (unsigned i = 0; i <= kXmlDepthMax; ++i) deep += "<a>";
  for (unsigned i = 0; i <= kXmlDepthMax; ++i) deep += "</a>";
  for (const std::string& text :
       {std::string(), std::string("text"), std::string("<a>"), std::string("<a></b>"),
        std::string("<a><b></a></b>"), std::string("<a/>x"), std::string("<a>&nbsp;</a>"),
        std::string("<a>&#xD800;</a>"), std::string("<a>&#0;</a>"), std::string("<a>&</a>"),
        std::string("<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>"), std::string("<>"),
        std::string("<a"), std::string("<?xml"), std::string("<a><!-- </a>"), deep}) {
    const auto parsed = parse_xml(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code(), Code::Corrupt);
  }
}

TEST(S3Xml, EscapedTextComesBack) {
  const std::string text = "<&>\"' é";
  EXPECT_EQ(parse_xml("<a>" + escape_xml(text) + "</a>")->text, text);
}

}  // namespace
}  // namespace embrace::blob

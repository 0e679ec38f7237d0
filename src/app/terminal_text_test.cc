#include "app/terminal_text.h"

#include <gtest/gtest.h>

namespace embrace::app {
namespace {

TEST(TerminalText, HasNoControlCharacters) {
  EXPECT_EQ(for_terminal("a\tb\n\u00e9 \u4f60"), "a\tb\n\u00e9 \u4f60");
  EXPECT_EQ(for_terminal("\x1b]52;c;YQ==\x07"), "\uFFFD]52;c;YQ==\uFFFD");
  EXPECT_EQ(for_terminal("\r\x7f"), "\uFFFD\uFFFD");
  EXPECT_EQ(for_terminal("\xC2\x9B"
                         "2J"),
            "\uFFFD2J");
  EXPECT_EQ(for_terminal("\xC2\xA0"), "\xC2\xA0");
  EXPECT_EQ(for_terminal("\xC2"), "\xC2");
}

}  // namespace
}  // namespace embrace::app

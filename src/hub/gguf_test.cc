#include "hub/gguf.h"

#include <gtest/gtest.h>

#include "base/strings.h"

namespace embrace::hub {
namespace {

// Writes heads, honest and not.
class Head {
 public:
  template <class N>
  Head& number(N value) {
    for (std::size_t i = 0; i < sizeof(N); ++i)
      bytes_ += static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i));
    return *this;
  }
  Head& text(std::string_view text) {
    number<std::uint64_t>(text.size());
    bytes_ += text;
    return *this;
  }
  Head& begin(std::uint64_t tensors, std::uint64_t pairs, std::uint32_t version = 3) {
    bytes_ += "GGUF";
    return number(version).number(tensors).number(pairs);
  }
  Head& pair(std::string_view key, std::string_view value) {
    return text(key).number<std::uint32_t>(8).text(value);
  }
  Head& pair(std::string_view key, std::uint32_t value) {
    return text(key).number<std::uint32_t>(4).number(value);
  }
  Head& tensor(std::string_view name, const std::vector<std::uint64_t>& shape) {
    text(name).number(static_cast<std::uint32_t>(shape.size()));
    for (std::uint64_t length : shape) number(length);
    return number<std::uint32_t>(12).number<std::uint64_t>(0);
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

Head honest() {
  Head head;
  head.begin(2, 7)
      .pair("llama.context_length", 8192)
      .pair("other.context_length", 1)
      .pair("general.architecture", "llama")
      .pair("general.file_type", 15)
      .pair("tokenizer.chat_template", "{{ messages }}");
  head.text("tokenizer.ggml.tokens").number<std::uint32_t>(9).number<std::uint32_t>(8);
  head.number<std::uint64_t>(3).text("<unk>").text("<s>").text("</s>");
  head.pair("tokenizer.ggml.eos_token_id", 2);
  return head.tensor("token_embd.weight", {4096, 32000}).tensor("norm", {4096});
}

bool is_refused(const Head& head) {
  const auto parsed = parse_gguf_head(head.bytes());
  return !parsed && parsed.error().code() == Code::InvalidArgument;
}

TEST(Gguf, FactsAreRead) {
  const auto facts = parse_gguf_head(honest().bytes());
  ASSERT_TRUE(facts && *facts);
  EXPECT_EQ((*facts)->total, 4096u * 32000 + 4096);
  EXPECT_EQ((*facts)->render(),
            R"({"total":131076096,"architecture":"llama","context_length":8192,)"
            R"("quantization":"Q4_K_M","chat_template":"{{ messages }}","eos_token":"</s>"})");
}

TEST(Gguf, EveryShorterBeginningAsksForMore) {
  const std::string whole = honest().bytes();
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const auto facts = parse_gguf_head(std::string_view(whole).substr(0, length));
    ASSERT_TRUE(facts) << length;
    EXPECT_FALSE(*facts) << length;
  }
  EXPECT_TRUE(*parse_gguf_head(whole + "what follows"));
}

TEST(Gguf, HostileHeadsAreRefused) {
  EXPECT_FALSE(parse_gguf_head("GGML and more bytes than a magic"));
  EXPECT_TRUE(is_refused(Head().begin(1, 1, 1))) << "a version of other widths";
  EXPECT_TRUE(is_refused(Head().begin(~0ull, 0)));
  EXPECT_TRUE(is_refused(Head().begin(0, ~0ull)));
  EXPECT_TRUE(is_refused(Head().begin(0, 1).number<std::uint64_t>(~0ull))) << "an endless key";
  EXPECT_TRUE(is_refused(Head().begin(0, 1).text("k").number<std::uint32_t>(13)));
  EXPECT_TRUE(is_refused(
      Head().begin(0, 1).text("k").number<std::uint32_t>(8).number<std::uint64_t>(1ull << 62)));
  EXPECT_TRUE(is_refused(Head()
                             .begin(0, 1)
                             .text("k")
                             .number<std::uint32_t>(9)
                             .number<std::uint32_t>(10)
                             .number<std::uint64_t>(~0ull / 4)));
  Head nested;
  nested.begin(0, 1).text("k").number<std::uint32_t>(9);
  for (int i = 0; i < 100; ++i) nested.number<std::uint32_t>(9).number<std::uint64_t>(1);
  EXPECT_TRUE(is_refused(nested)) << "arrays in arrays without end";
  EXPECT_TRUE(is_refused(Head().begin(1, 0).tensor("t", {1ull << 40, 1ull << 40})));
  EXPECT_TRUE(is_refused(Head().begin(1, 0).text("t").number<std::uint32_t>(1000)));
  EXPECT_TRUE(is_refused(
      Head().begin(2, 0).tensor("a", {600'000'000'000'000}).tensor("b", {600'000'000'000'000})));
}

TEST(Gguf, WhatIsNoTextIsLeftOut) {
  Head head;
  head.begin(0, 2)
      .pair("general.architecture", "\xff\xfe")
      .pair("tokenizer.chat_template", std::string(300 << 10, 'x'));
  const auto facts = parse_gguf_head(head.bytes());
  ASSERT_TRUE(facts && *facts);
  EXPECT_EQ((*facts)->render(), R"({"total":0})");
}

}  // namespace
}  // namespace embrace::hub

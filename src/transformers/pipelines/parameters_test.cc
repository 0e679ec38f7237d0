#include "transformers/pipelines/parameters.h"

#include <gtest/gtest.h>

namespace embrace::transformers {
namespace {

TEST(Parameters, AreReadWithinTheirBounds) {
  const auto given = *json::Document::parse(
      R"({"a": 3, "b": 0.5, "c": true, "d": "x", "e": ["x", "y"], "f": "z", "g": null, "h": {}})");
  Parameters read(given.root());
  EXPECT_EQ(read.integer("a", 1, 3), 3);
  EXPECT_EQ(read.number("b", 0, 1), 0.5);
  EXPECT_EQ(read.flag("c"), true);
  EXPECT_EQ((read.choice_or<int>("d", 0, {{"w", 1}, {"x", 2}})), 2);
  EXPECT_EQ(read.texts("e"), (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(read.texts("f"), std::vector<std::string>{"z"});
  EXPECT_EQ(read.integer_or("g", 7, 0, 9), 7u);
  EXPECT_TRUE(read.object("h").is_object());
  EXPECT_FALSE(read.has("i"));
  EXPECT_TRUE(read.status());
}

TEST(Parameters, SayWhatTheyMustBe) {
  const auto said = [](const auto& ask) {
    const auto given = *json::Document::parse(R"({"a": []})");
    Parameters read(given.root());
    ask(read);
    return std::string(read.status().error().message());
  };
  EXPECT_EQ(said([](Parameters& read) { read.number("a", 1e-4, 100); }),
            "a must be a number from 1e-04 to 100");
  EXPECT_EQ(said([](Parameters& read) { read.integer("a", 1, 5); }),
            "a must be a whole number from 1 to 5");
  EXPECT_EQ(said([](Parameters& read) { read.text("a"); }), "a must be a text");
  EXPECT_EQ(said([](Parameters& read) { read.flag("a"); }), "a must be true or false");
}

TEST(Parameters, SayWhichIsWrong) {
  const auto wrong = [](const char* text, const auto& ask) {
    const auto given = *json::Document::parse(text);
    Parameters read(given.root());
    ask(read);
    const Status status = read.status();
    EXPECT_FALSE(status) << text;
    EXPECT_NE(status.error().message().find("top_k"), std::string::npos);
    return status.error().code();
  };
  const auto whole = [](Parameters& read) { read.integer("top_k", 1, 9); };
  for (const char* text : {R"({"top_k": 0})", R"({"top_k": 10})", R"({"top_k": 1.5})",
                           R"({"top_k": "3"})", R"({"top_k": []})", R"({"top_k": 1e300})"})
    EXPECT_EQ(wrong(text, whole), Code::InvalidArgument);
  EXPECT_EQ(wrong(R"({"top_k": 2})", [](Parameters& read) { read.number("top_k", 0, 1); }),
            Code::InvalidArgument);
  EXPECT_EQ(wrong(R"({"top_k": ["a", 2]})", [](Parameters& read) { read.texts("top_k"); }),
            Code::InvalidArgument);
  EXPECT_EQ(wrong(R"({"top_k": 2})", [](Parameters& read) { read.flag("top_k"); }),
            Code::InvalidArgument);
  EXPECT_EQ(wrong(R"({"top_k": "y"})",
                  [](Parameters& read) { read.choice_or<int>("top_k", 0, {{"x", 1}}); }),
            Code::InvalidArgument);
  EXPECT_EQ(wrong(R"({"top_k": 2})", [](Parameters& read) { read.object("top_k"); }),
            Code::InvalidArgument);
  EXPECT_EQ(wrong(R"({"top_k": 2})", [](Parameters&) {}), Code::InvalidArgument);
  EXPECT_EQ(wrong(R"({"top_k": true})", [](Parameters& read) { read.refuse("top_k", "so"); }),
            Code::NotBuilt);
}

TEST(Parameters, MayBeMissing) {
  EXPECT_TRUE(Parameters(json::View()).status());
  const auto off = *json::Document::parse(R"({"watermark": false, "other": null})");
  Parameters read(off.root());
  read.refuse("watermark", "it is not built");
  read.refuse("other", "it is not built");
  EXPECT_TRUE(read.status());
}

}  // namespace
}  // namespace embrace::transformers

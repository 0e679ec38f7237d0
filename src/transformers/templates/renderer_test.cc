// What Jinja itself made of the cases of tests/transformers/template_cases.py, and what we make.
#include "transformers/templates/renderer.h"

#include <gtest/gtest.h>

#include <string>

#include "base/file.h"
#include "base/strings.h"
#include "json/view.h"
#include "transformers/templates/syntax.h"

namespace embrace::transformers {
namespace {

std::tm july() {
  std::tm now{};
  now.tm_year = 124;
  now.tm_mon = 6;
  now.tm_mday = 9;
  now.tm_hour = 13;
  now.tm_min = 5;
  now.tm_sec = 7;
  now.tm_wday = 2;
  now.tm_yday = 190;
  return now;
}

TEST(Renderer, MakesWhatJinjaMakes) {
  const auto file = read_file(EMB_TESTDATA "/templates/cases.jsonl", 1 << 24);
  ASSERT_TRUE(file);
  std::string source;
  int texts = 0;
  int errors = 0;
  for (const std::string_view line : split(*file, '\n')) {
    if (line.empty()) continue;
    const auto document = json::Document::parse(line, 200);
    ASSERT_TRUE(document) << line;
    const json::View root = document->root();
    if (const auto given = root["template"].text()) source = *given;
    DictObject variables;
    for (const auto& [name, view] : root["variables"].members()) {
      auto value = Value::from_json(view);
      ASSERT_TRUE(value);
      variables.set(name, *std::move(value));
    }
    const auto body = parse_template(source);
    Result<std::string> text = body ? std::string() : Result<std::string>(fail(body.error()));
    if (body) text = Renderer(variables, july()).run(*body);
    if (const auto expected = root["text"].text()) {
      ASSERT_TRUE(text) << source << "\n" << text.error().message();
      EXPECT_EQ(*text, *expected) << source;
      ++texts;
      continue;
    }
    ++errors;
    ASSERT_FALSE(text) << source << "\ngave " << *text;
    // What a template says, and what it says about what is missing, is word for word the same.
    const std::string kind = root.text_or("kind", "");
    if (kind == "TemplateError" || kind == "UndefinedError")
      EXPECT_NE(text.error().message().find(root.text_or("error", "")), std::string::npos)
          << source << "\n"
          << text.error().message();
  }
  EXPECT_GT(texts, 400);
  EXPECT_GT(errors, 100);
}

TEST(Renderer, ErrorsNameTheLine) {
  const DictObject none;
  const auto said = [&](std::string_view source) {
    const auto body = parse_template(source);
    if (!body) return body.error().message();
    const auto text = Renderer(none, {}).run(*body);
    return text ? *text : text.error().message();
  };
  EXPECT_EQ(said("a\nb\n{{ x.y }}"), "line 3: 'x' is undefined");
  EXPECT_EQ(said("a\n{% if %}"), "line 2: expected an expression, got '%}'");
  EXPECT_EQ(said("{% for i in [1] %}\n\n{{ i + 'a' }}{% endfor %}"),
            "line 3: TypeError: unsupported operand type(s) for +: 'int' and 'str'");
  EXPECT_EQ(said("{% include 'x' %}"),
            "line 1: a chat template is one file; 'include' is not supported");
  // The template's own words stand alone: they are for whoever sent the messages.
  EXPECT_EQ(said("\n{{ raise_exception('only users may speak') }}"), "only users may speak");
}

}  // namespace
}  // namespace embrace::transformers

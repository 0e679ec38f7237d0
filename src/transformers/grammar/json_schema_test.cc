// JSON schemas: what has to hold together is put together, and what cannot be is refused.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/strings.h"
#include "transformers/grammar/automaton.h"
#include "transformers/grammar/grammar.h"
#include "transformers/grammar/grammar_fixture.h"
#include "transformers/grammar/schema_parts.h"

namespace embrace::transformers {
namespace {

Result<std::shared_ptr<const Grammar>> schema(std::string_view text) {
  const auto document = json::Document::parse(text);
  EXPECT_TRUE(document) << text;
  return Grammar::from_json_schema(document.value().root());
}

void expect(std::string_view source, std::vector<std::string_view> inside,
            std::vector<std::string_view> outside) {
  const auto made = schema(source);
  ASSERT_TRUE(made) << source << made.error().message();
  for (const auto text : inside) EXPECT_TRUE(matches(*made, text)) << source << text;
  for (const auto text : outside) EXPECT_FALSE(matches(*made, text)) << source << text;
}

std::string refusal(std::string_view source) {
  const auto made = schema(source);
  return made ? "made" : made.error().message();
}

TEST(JsonSchema, KeywordsBesideEachOtherAllHold) {
  expect(R"({"type": "integer", "enum": [1, "a", 2.5, 3]})", {"1", "3"}, {"\"a\"", "2.5"});
  expect(R"({"enum": [1, 5, 9, "x"], "minimum": 4, "exclusiveMaximum": 9})", {"5", "\"x\""},
         {"1", "9"});
  expect(R"({"enum": ["a", "abc", "abd"], "minLength": 2, "pattern": "c$"})", {"\"abc\""},
         {"\"a\"", "\"abd\""});
  expect(R"({"enum": ["2024-01-05", "then"], "format": "date"})", {"\"2024-01-05\""}, {"\"then\""});
  expect(R"({"const": 3, "enum": [3, 4]})", {"3"}, {"4"});
  expect(
      R"({"type": ["integer", "string", "null"], "anyOf": [{"type": "integer"}, {"type": "boolean"}, {"type": "null"}]})",
      {"5", "null"}, {"true", "\"x\""});
  expect(R"({"anyOf": [{"minimum": 5}, {"maximum": -5}], "type": "integer", "maximum": 7})",
         {"5", "7", "-5", "-70"}, {"4", "8", "-4"});
  expect(
      R"({"anyOf": [{"type": "integer"}, {"type": "string"}], "oneOf": [{"type": "string"}, {"type": "null"}]})",
      {"\"a\""}, {"1", "null"});
  expect(
      R"({"$ref": "#/$defs/n", "maximum": 9, "$defs": {"n": {"type": "integer", "minimum": 5}}})",
      {"5", "9"}, {"4", "10"});
}

TEST(JsonSchema, TheTighterBoundWins) {
  expect(
      R"({"type": "integer", "minimum": 3, "exclusiveMinimum": 3, "maximum": 9, "exclusiveMaximum": 20})",
      {"4", "9"}, {"3", "10"});
  expect(R"({"type": "integer", "minimum": 8, "exclusiveMinimum": 3})", {"8"}, {"7", "4"});
  expect(R"({"type": "integer", "minimum": -2.5, "exclusiveMaximum": 1.5})", {"-2", "1"},
         {"-3", "2"});
  expect(R"({"type": "integer", "maximum": -1})", {"-1", "-100"}, {"0", "-0"});
}

TEST(JsonSchema, AllOfIsPutTogether) {
  expect(R"({"allOf": [{"properties": {"a": {"type": "integer"}}, "required": ["a"]},
                       {"properties": {"b": {"type": "null"}, "a": {"minimum": 5}}, "required": ["b"]}],
             "type": "object", "properties": {"c": {"type": "boolean"}}})",
         {R"({"a":5,"b":null})", R"({"a":7,"b":null,"c":true})"},
         {R"({"a":4,"b":null})", R"({"a":5})", R"({"b":null})", R"({"a":5,"b":null,"d":1})"});
  expect(R"({"allOf": [{"type": "array", "items": {"type": ["integer", "null"]}, "maxItems": 3},
                       {"prefixItems": [{"type": "null"}], "items": {"minimum": 2}, "minItems": 2}]})",
         {"[null,2]", "[null,3,9]", "[null,null]"},
         {"[null]", "[1,2]", "[null,1]", "[null,2,2,2]"});
  expect(R"({"allOf": [{"type": "string", "minLength": 2}, {"maxLength": 3}]})", {R"("ab")"},
         {R"("a")", R"("abcd")"});
  expect(R"({"allOf": [{"type": "object", "additionalProperties": {"type": "integer"}},
                       {"additionalProperties": {"minimum": 2}}]})",
         {"{}", R"({"x":2})"}, {R"({"x":1})", R"({"x":"y"})"});
  EXPECT_EQ(refusal(R"({"allOf": [{"type": "null"}, {"type": "integer"}]})"),
            "the grammar allows no text at all");
}

TEST(JsonSchema, FalseAndWhatCannotBeAreLeftOut) {
  expect(R"({"type": "object", "properties": {"a": false, "b": {"type": "null"}}})",
         {"{}", R"({"b":null})"}, {R"({"a":1})"});
  expect(R"({"type": "array", "items": false})", {"[]"}, {"[1]"});
  expect(R"({"type": "array", "items": {"type": "integer", "minimum": 2, "maximum": 1}})", {"[]"},
         {"[1]"});
  expect(R"({"anyOf": [false, {"type": "null"}]})", {"null"}, {"1"});
  EXPECT_EQ(refusal("false"), "the grammar allows no text at all");
  EXPECT_EQ(refusal(R"({"type": "object", "properties": {"a": false}, "required": ["a"]})"),
            "the grammar allows no text at all");
  // Nothing of finite length.
  EXPECT_EQ(refusal(R"({"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]})"),
            "the grammar allows no text at all");
}

TEST(JsonSchema, ReferencesMayRecur) {
  expect(
      R"({"type": "object", "properties": {"v": {"type": "integer"}, "kids": {"type": "array", "items": {"$ref": "#"}}}, "required": ["v"]})",
      {R"({"v":1})", R"({"v":1,"kids":[{"v":2,"kids":[]},{"v":3}]})"}, {R"({"v":1,"kids":[{}]})"});
  expect(
      R"({"$defs": {"a/b": {"anyOf": [{"type": "null"}, {"type": "array", "items": {"$ref": "#/$defs/a~1b"}}]}}, "$ref": "#/$defs/a~1b"})",
      {"null", "[]", "[[null],null]"}, {"1", "[1]"});
  EXPECT_EQ(refusal(R"({"$ref": "#"})"), "schema: a reference leads back to itself");
  EXPECT_EQ(
      refusal(
          R"({"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"allOf": [{"$ref": "#/$defs/a"}]}}, "$ref": "#/$defs/a"})"),
      "schema: a reference leads back to itself");
  EXPECT_EQ(refusal(R"({"$ref": "other.json"})"),
            "schema: no reference to 'other.json' can be followed");
  EXPECT_EQ(refusal(R"({"$ref": "#/$defs/x"})"), "schema: nothing is at '#/$defs/x'");
}

TEST(JsonSchema, OneOfIsTakenWhereItsSchemasAreApart) {
  expect(R"({"oneOf": [{"type": "integer"}, {"type": "string"}, {"enum": [null, true]}]})",
         {"1", "\"a\"", "null"}, {"false", "[]"});
  expect(
      R"({"oneOf": [{"properties": {"kind": {"const": "cat"}, "lives": {"type": "integer"}}, "required": ["kind"]},
                       {"properties": {"kind": {"const": "dog"}}, "required": ["kind"]}]})",
      {R"({"kind":"cat","lives":9})", R"({"kind":"dog"})"}, {R"({"kind":"dog","lives":9})"});
  expect(R"({"oneOf": [{"properties": {"a": {"type": "null"}}, "required": ["a"]},
                       {"properties": {"b": {"type": "null"}}, "required": ["b"]}]})",
         {R"({"a":null})", R"({"b":null})"}, {R"({"a":null,"b":null})", "{}"});
  // Where no type is named, what the keywords are about is written, and nothing else.
  expect(
      R"({"type": ["object", "string"], "oneOf": [{"properties": {"a": {"type": "null"}}, "required": ["a"]},
                       {"properties": {"b": {"type": "null"}}, "required": ["b"]}]})",
      {R"({"a":null})"}, {R"("a")"});
  for (const char* overlapping :
       {R"({"oneOf": [{"type": "integer"}, {"type": "number"}]})",
        R"({"oneOf": [{"type": "string", "maxLength": 3}, {"type": "string", "minLength": 2}]})",
        R"({"oneOf": [{"properties": {"a": {}}}, {"properties": {"b": {}}, "required": ["b"]}]})",
        R"({"oneOf": [{"enum": [1, 2]}, {"enum": [2.0, 3]}]})"})
    EXPECT_NE(refusal(overlapping).find("oneOf of schemas that one value may satisfy"),
              std::string::npos)
        << overlapping;
}

TEST(JsonSchema, WhatIsNotBuiltIsNamed) {
  EXPECT_EQ(refusal(R"({"type": "object", "patternProperties": {"a": {}}})"),
            "schema: the keyword 'patternProperties' is not supported");
  EXPECT_EQ(refusal(R"({"not": {"type": "null"}})"), "schema: the keyword 'not' is not supported");
  EXPECT_EQ(refusal(R"({"type": "array", "uniqueItems": true})"),
            "schema: the keyword 'uniqueItems' is not supported");
  EXPECT_EQ(refusal(R"({"type": "string", "pattern": "a", "minLength": 3})"),
            "schema: pattern, format and lengths can't be combined");
  EXPECT_EQ(refusal(R"({"type": "number", "minimum": 0.5})"),
            "schema: ranges of numbers that are not integers are not supported");
  EXPECT_EQ(refusal(R"({"enum": [[1, 2]], "minItems": 3})"),
            "schema: 'minItems' beside constant objects or arrays is not supported");
  EXPECT_EQ(refusal(R"({"type": "string", "format": "hostname"})"),
            "schema: the format 'hostname' is not supported");
}

TEST(JsonSchema, KeywordsOfTheWrongTypeAreRefusedByName) {
  for (const auto& [source, message] : std::vector<std::pair<std::string_view, std::string_view>>{
           {R"({"type": "string", "pattern": 5})", "pattern is a text"},
           {R"({"type": "string", "format": 5})", "format is a text"},
           {R"({"type": "string", "maxLength": "5"})", "maxLength is a whole number from 0"},
           {R"({"type": "null", "minLength": 1.5})", "minLength is a whole number from 0"},
           {R"({"type": "null", "minItems": -1})", "minItems is a whole number from 0"},
           {R"({"type": "null", "maxItems": null})", "maxItems is a whole number from 0"},
           {R"({"type": "object", "properties": []})", "properties is an object of schemas"},
           {R"({"type": "object", "properties": {"a": 1}})", "properties is an object of schemas"},
           {R"({"type": "object", "required": "a"})", "required is a list of names"},
           {R"({"type": "object", "required": ["a", 1]})", "required is a list of names"},
           {R"({"type": "object", "additionalProperties": 0})", "additionalProperties is a schema"},
           {R"({"type": "array", "items": [{}]})", "items is a schema"},
           {R"({"type": "array", "prefixItems": {}})", "prefixItems is a list of schemas"},
           {R"({"type": "array", "prefixItems": [1]})", "prefixItems is a list of schemas"},
           {R"({"anyOf": {"type": "null"}})", "anyOf is a list of schemas"},
           {R"({"oneOf": "a"})", "oneOf is a list of schemas"},
           {R"({"allOf": {"type": "null"}, "type": "null"})", "allOf is a list of schemas"},
           {R"({"allOf": [], "type": "null"})", "allOf has no schemas"},
           {R"({"enum": "a"})", "enum is a list of values"},
           {R"({"const": 1, "enum": []})", "enum has no values"},
           {R"({"type": "string", "maximum": "5"})", "maximum is a number"},
           {R"({"type": "integer", "exclusiveMinimum": true})", "exclusiveMinimum is a number"},
           {R"({"$ref": 1})", "$ref is a text"},
           {R"({"type": 5})", "type is a name or a list of different names"},
           {R"({"type": ["null","null","null","null","null","null","null","null"]})",
            "type is a name or a list of different names"},
           {R"({"const": 1, "type": ["integer", "int"]})", "there is no type 'int'"}})
    EXPECT_EQ(refusal(source), cat("schema: ", message)) << source;
  expect(R"({"type": "array", "prefixItems": [], "maxItems": 1.0, "items": true})", {"[]", "[1]"},
         {"[1,2]"});
}

TEST(JsonSchema, LongBoundsAreNarrowedOrRefused) {
  const std::string longest(Grammar::kRepeatMax, 'x');
  const std::string quoted = cat("\"", longest, "\""), longer = cat("\"", longest, "x\"");
  for (const char* most : {"20000", "18446744073709551615", "1e300"})
    expect(cat(R"({"type": "string", "maxLength": )", most, "}"), {"\"\"", quoted}, {longer});
  expect(R"({"type": "array", "maxItems": 20000, "minItems": 2})", {"[1,2]"}, {"[1]"});
  // Long strings cost no more than one of them.
  std::string many = R"({"type": "object", "properties": {)";
  for (int i = 0; i < 50; ++i)
    many += cat(i > 0 ? "," : "", "\"p", i,
                R"(": {"type": "string", "minLength": 1, "maxLength": )", 9'950 + i, "}");
  expect(many + "}}", {R"({"p0":"a","p49":"bc"})"}, {R"({"p0":""})"});
  expect(R"({"type": "object", "properties": {"a": {"type": "string", "maxLength": 2},
             "b": {"type": "string", "minLength": 2, "maxLength": 3}, "c": {"type": "string", "minLength": 2, "maxLength": 2}}})",
         {R"({"a":"","b":"xy"})", R"({"a":"xy","b":"xyz","c":"xy"})"},
         {R"({"a":"xyz"})", R"({"b":"x"})", R"({"b":"xyzw"})", R"({"c":"xyz"})", R"({"c":"x"})"});
  // Constants are compared with the bounds as they are.
  expect(cat(R"({"maxLength": 20000, "minLength": 10001, "enum": ["x",)", longer, "]}"), {longer},
         {"\"x\""});
  EXPECT_EQ(refusal(R"({"type": "string", "minLength": 10001})"),
            "schema: minLength beyond 10000 is not supported");
  EXPECT_EQ(refusal(R"({"type": "array", "minItems": 99999999999, "maxItems": 99999999999})"),
            "schema: minItems beyond 10000 is not supported");
}

// n objects that share a large one and differ in the constant of one property.
std::string kinds(int properties, int branches) {
  std::string source = R"({"$defs": {"b": {"properties": {)";
  for (int i = 0; i < properties; ++i) source += cat(i > 0 ? "," : "", "\"p", i, "\":{}");
  source += R"(}}}, "oneOf": [)";
  for (int i = 0; i < branches; ++i)
    source +=
        cat(i > 0 ? "," : "", R"({"allOf":[{"$ref":"#/$defs/b"}],"properties":{"k":{"const":)", i,
            R"(}},"required":["k"]})");
  return source + "]}";
}

TEST(JsonSchema, SchemasOfOneOfAreReadOnce) {
  // 19,701 pairs of 199 schemas are compared; each is taken apart once.
  expect(kinds(3, 199), {R"({"p0":1,"k":198})", R"({"k":7})"}, {R"({"k":199})", R"({"p0":1})"});
  EXPECT_EQ(refusal(kinds(11'000, 50)), "schema: too much work");
  // Lists cost what is in them, however often they are read.
  const auto document = json::Document::parse(
      R"({"a": {"type": "object", "required": ["x", "y", "y", "y"], "properties": {"x": {}}}, "b": {"enum": [1, 2]}})");
  SchemaReader reader(document->root());
  const json::View a = document->root()["a"], b = document->root()["b"];
  EXPECT_TRUE(reader.are_apart(a, b).value());
  const std::size_t once = reader.work();
  EXPECT_GE(once, 2 * 5 + 5 + 2U);
  EXPECT_TRUE(reader.are_apart(a, b).value());
  EXPECT_EQ(reader.work(), once + 1);
  std::string names = R"({"type": "object", "required": [""])";
  for (int i = 0; i < 40'000; ++i) names.insert(names.size() - 1, ",\"\"");
  names += R"(, "allOf": [)";
  for (int i = 0; i < 11; ++i) names += cat(i > 0 ? "," : "", R"({"anyOf": [{}, {}]})");
  EXPECT_EQ(refusal(names + "]}"), "schema: too much work");
}

TEST(JsonSchema, PatternsBesideConstantsAreCompiledOnce) {
  PatternMatcher matcher;
  EXPECT_FALSE(matcher.matches("abc", "a{500}|ab", true).value());
  const std::size_t once = matcher.symbols();
  EXPECT_GT(once, 500U);
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(matcher.matches(cat("ab", i), "a{500}|ab", true).value(), false);
  EXPECT_EQ(matcher.symbols(), once);
  EXPECT_TRUE(matcher.matches("ab", "a{500}|ab", true).value());
  EXPECT_FALSE(matcher.matches("xab", "a{500}|ab", true).value());
  EXPECT_TRUE(matcher.matches("xab", "a{500}|ab", false).value());
  // 380,000 symbols: were they made for each value, it would be too much work.
  std::string pattern = "(v[0-9]+";
  for (int i = 0; i < 38; ++i) pattern += "|a{9999}";
  std::string values = R"({"enum": ["x")";
  for (int i = 0; i < 2'000; ++i) values += cat(",\"v", i, "\"");
  expect(cat(values, R"(], "pattern": "^)", pattern, ")$\"}"), {"\"v0\"", "\"v1999\""}, {"\"x\""});
  // So it is for each of many choices.
  std::string choices = R"({"enum": ["v1"], "anyOf": [{"minLength": 1})";
  for (int i = 0; i < 6; ++i) choices += cat(R"(,{"pattern": "^)", pattern, i, ")$\"}");
  EXPECT_EQ(refusal(choices + "]}"), "schema: patterns beside constants are too much work");
}

TEST(JsonSchema, LongPrefixesAreReadOnce) {
  std::string source = R"({"type": "array", "prefixItems": [true)";
  for (int i = 1; i < 50'000; ++i) source += ",true";
  // Were they read again for each item, it would be too much work.
  expect(source + R"(], "items": false})", {"[]", "[1]", "[1,\"a\",{}]"}, {"1"});
  expect(source + R"(], "minItems": 2})", {"[1,2]", "[1,2,3]"}, {"[]", "[1]"});
  expect(
      R"({"type": "array", "prefixItems": [{"type": "null"}, {"type": "boolean"}], "minItems": 2})",
      {"[null,true]", "[null,true,1]"}, {"[null]", "[true,null]"});
  expect(
      R"({"type": "array", "prefixItems": [{"type": "null"}, {"type": "boolean"}], "minItems": 1, "items": {"type": "integer"}})",
      {"[null]", "[null,true]", "[null,true,1]"}, {"[]", "[null,1]"});
}

TEST(JsonSchema, LargeOnesStaySmall) {
  // Thousands of constants are a tree; thousands of names are apart from every other name.
  std::string constants = R"({"enum": [)";
  for (int i = 0; i < 6'000; ++i) constants += cat(i > 0 ? "," : "", "\"value ", i, "\"");
  expect(constants + "]}", {"\"value 0\"", "\"value 5999\"", "\"value 17\""},
         {"\"value 6000\"", "\"value \""});
  std::string names =
      R"({"type": "object", "additionalProperties": {"type": "null"}, "properties": {)";
  for (int i = 0; i < 1'500; ++i)
    names += cat(i > 0 ? "," : "", "\"n", i, "\": {\"type\": \"integer\"}");
  expect(names + "}}", {R"({"n7":1,"n1499":2,"n1500":null,"x":null})"},
         {R"({"n7":null})", R"({"n1500":1})"});
  // Each refers to the next twice: as many ways through as there are numbers.
  std::string ways = R"({"$ref": "#/$defs/d0", "$defs": {)";
  for (int i = 0; i < 40; ++i)
    ways += cat("\"d", i, R"(": {"allOf": [{"$ref": "#/$defs/d)", i + 1,
                R"("}, {"$ref": "#/$defs/d)", i + 1, "\"}]},");
  EXPECT_EQ(refusal(ways + R"("d40": {"type": "null"}}})"),
            "schema: too many schemas for one value");
  // Choices that multiply are refused in time.
  std::string product = R"({"allOf": [)";
  for (int i = 0; i < 20; ++i)
    product +=
        cat(i > 0 ? "," : "", R"({"anyOf": [{"minimum": )", i, R"(}, {"maximum": )", 50 + i, "}]}");
  EXPECT_EQ(refusal(product + "]}"), "schema: its choices have too many combinations");
}

}  // namespace
}  // namespace embrace::transformers

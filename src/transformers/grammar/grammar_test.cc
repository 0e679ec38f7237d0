// Grammars of every maker against texts that are inside and outside of them, byte by byte and
// token by token.
#include "transformers/grammar/grammar.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <random>
#include <string>

#include "base/strings.h"
#include "transformers/grammar/grammar_fixture.h"
#include "transformers/grammar/token_mask.h"

namespace embrace::transformers {
namespace {

using Made = Result<std::shared_ptr<const Grammar>>;

void expect(const Made& made, std::vector<std::string_view> inside,
            std::vector<std::string_view> outside) {
  ASSERT_TRUE(made) << made.error().message();
  for (const auto text : inside) EXPECT_TRUE(matches(*made, text)) << text;
  for (const auto text : outside) EXPECT_FALSE(matches(*made, text)) << text;
}

Made schema(std::string_view text) {
  const auto document = json::Document::parse(text);
  return Grammar::from_json_schema(document.value().root());
}

TEST(Grammar, Ebnf) {
  expect(Grammar::from_ebnf("root ::= \"a\" item+ (\"x\" | \"y\")? # comment\n\nitem ::= [0-9] | "
                            "\"(\" item{2,3} \")\"\n"),
         {"a1", "a12x", "a(12)y", "a(1(23)4)", "a(123)"},
         {"", "a", "ax", "a1z", "a(1)", "a(1234)", "a1xx"});
  expect(Grammar::from_ebnf("root ::= [^a-y\\n]{2} . \"\\u00e9\\x41\""), {"zzaéA", "é😀日éA"},
         {"azaéA", "zz\néé", "zz"});
  expect(Grammar::from_ebnf("root ::= (\"a\" |\n  \"b\")* list\nlist ::= \"[\" list? \"]\""),
         {"[]", "ab[[]]"}, {"ab", "[[]"});
}

TEST(Grammar, EbnfSaysWhatIsWrong) {
  const auto said = [](std::string_view source) {
    const auto made = Grammar::from_ebnf(source);
    return made ? std::string("made") : made.error().message();
  };
  EXPECT_EQ(said("a ::= \"x\""), "grammar: there is no rule 'root'");
  EXPECT_EQ(said("root ::= a"), "grammar: there is no rule 'a'");
  EXPECT_EQ(said("root ::= root \"x\" | \"x\""), "a rule begins with itself (left recursion)");
  EXPECT_EQ(said("root ::= e a\na ::= b \"x\" | \"y\"\nb ::= e a | \"z\"\ne ::= \"-\"?"),
            "a rule begins with itself (left recursion)");
  EXPECT_EQ(said("root ::= \"x\" root"), "the grammar allows no text at all");
  EXPECT_EQ(said("root ::= a | [^\\U00000000-\\U0010FFFF]\na ::= \"(\" a \")\""),
            "the grammar allows no text at all");
  EXPECT_EQ(said("root ::= \"x"), "grammar, line 1: unexpected end");
  EXPECT_EQ(said("root ::= \"x\"\nroot ::= \"y\""),
            "grammar, line 2: the rule 'root' is defined twice");
  for (const char* bad : {"root", "root :=", "root ::= [a", "root ::= [z-a]", "root ::= (",
                          "root ::= )", "root ::= \"\\q\"", "root ::= \"a\"{3,2}",
                          "root ::= \"a\"{99999999}", "root ::= \"a\"{", "\xff"}) {
    EXPECT_NE(said(bad), "made") << bad;
  }
  std::string deep = "root ::= ";
  deep.append(50'000, '(');
  EXPECT_EQ(said(deep), "grammar: nested too deeply");
  EXPECT_EQ(said("root ::= ((((\"a\"{9999}){9999}){9999}){9999})"),
            "made");  // rules call rules: it is small
}

TEST(Grammar, WhatMayBeEmptyCanBeRepeated) {
  expect(Grammar::from_ebnf("root ::= (\"x\"* | \"y\"?)* \"z\""), {"z", "xxz", "xyyxz"},
         {"", "xy"});
  expect(Grammar::from_regex("(a*b*)+c|(d?)*"), {"c", "aabbabc", "", "dd"}, {"ab", "dc"});
}

TEST(Grammar, ChoicesThatNeverEndAreLeftOut) {
  const auto made = Grammar::from_ebnf("root ::= \"a\" b | \"c\" d\nb ::= \"x\" b\nd ::= \"y\"");
  expect(made, {"cy"}, {"a", "ax", "c"});
  Automaton automaton(*made, Automaton::Kind::Whole);
  EXPECT_EQ(automaton.next(automaton.start().value(), 'a').value(), Automaton::kDead);
}

TEST(Grammar, Regex) {
  expect(Grammar::from_regex("^(ab|c)+d{2,3}[^x-z]?$"), {"abdd", "cabddd", "cddw", "cddé"},
         {"dd", "abd", "abddddd", "cddx"});
  expect(Grammar::from_regex(R"(\d+\.\d*|\w-\s)"), {"1.", "12.5", "_- "}, {".5", "1", "é- "});
  // White space of every dialect stays out of what may be none, and ASCII's alone is some.
  expect(Grammar::from_regex(R"([^a\s][^\S])"), {"b ", "é\t"}, {"a ", "\x1E ", "\u00A0 ", "b\x1E"});
  expect(Grammar::from_regex("a.c"), {"abc", "a日c"}, {"a\nc", "ac"});
  // A hyphen beside a class is a letter.
  expect(Grammar::from_regex(R"([+-\d]+[\d-x][a\-z])"), {"+5-7-a", "-0x-", "+1z"},
         {"a5-a", ",1-a", "1-b"});
  expect(Grammar::from_regex(R"(^[(|]a$)"), {"(a", "|a"}, {"a"});
  for (const char* bad :
       {"[z-a]", "(", ")", "[a", "*a", "a{3,1}", "(?=a)", R"(\b)", R"(\1)", "a^b", R"(\)"}) {
    EXPECT_FALSE(Grammar::from_regex(bad)) << bad;
  }
}

TEST(Grammar, BoundsThatDialectsReadDifferentlyAreRefused) {
  for (const char* open : {"a{,5}", "a{,}", "(a|b){,12}c", "a*{,5}"}) {
    const auto made = Grammar::from_regex(open);
    ASSERT_FALSE(made) << open;
    EXPECT_EQ(made.error().code(), Code::NotBuilt);
  }
  EXPECT_EQ(Grammar::from_regex("ba{,5}").error().message(),
            "pattern: write {0,5} for a repetition from 0, or \\{ for the letter, at byte 2");
  expect(Grammar::from_regex("ba{0,2}"), {"b", "ba", "baa"}, {"baaa"});
  expect(Grammar::from_regex(R"(a\{,5}b{,x}c{)"), {"a{,5}b{,x}c{"}, {"abc"});
}

TEST(Grammar, AlternativesAreCountedBeforeTheyAreRules) {
  // Each is 10,000 symbols, so the 41st is too many; nobody gets to the mistake behind the 45th.
  std::string pattern, flat, text = "root ::= ";
  for (int i = 0; i < 45; ++i) {
    pattern += "a{10000}|";
    flat += i % 2 == 0 ? "(a{10000}|" : "(b|a{10000}";
    text += "\"a\"{10000} | ";
  }
  for (const auto& made : {Grammar::from_regex(pattern + "*"), Grammar::from_regex(flat + "*"),
                           Grammar::from_ebnf(text + "\"\\q\"")}) {
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().message(), "the grammar is too large");
  }
  // What has become a rule is not counted twice.
  std::string many = "(x";
  for (int i = 0; i < 30; ++i) many += "|(a{5000}|b{5000})";
  EXPECT_TRUE(Grammar::from_regex(many + ")"));
}

TEST(Grammar, CodePointsBecomeExactlyTheirBytes) {
  std::mt19937 random(7);
  for (int round = 0; round < 30; ++round) {
    char32_t first = random() % 0x3000;
    char32_t last = first + random() % (round % 2 == 0 ? 0x200 : 0x30000);
    GrammarBuilder builder;
    const auto made = builder.finish(builder.points({{first, last}}));
    ASSERT_TRUE(made);
    for (int i = 0; i < 200; ++i) {
      const char32_t c = random() % 0x40000;
      if (c >= 0xD800 && c < 0xE000) continue;
      std::string text;
      text += c < 0x80      ? std::string(1, static_cast<char>(c))
              : c < 0x800   ? std::string{static_cast<char>(0xC0 | c >> 6),
                                        static_cast<char>(0x80 | (c & 63))}
              : c < 0x10000 ? std::string{static_cast<char>(0xE0 | c >> 12),
                                          static_cast<char>(0x80 | (c >> 6 & 63)),
                                          static_cast<char>(0x80 | (c & 63))}
                            : std::string{static_cast<char>(0xF0 | c >> 18),
                                          static_cast<char>(0x80 | (c >> 12 & 63)),
                                          static_cast<char>(0x80 | (c >> 6 & 63)),
                                          static_cast<char>(0x80 | (c & 63))};
      EXPECT_EQ(matches(*made, text), first <= c && c <= last) << static_cast<unsigned>(c);
    }
  }
}

TEST(Grammar, AnyJson) {
  expect(Grammar::any_json(),
         {"{}", "[]", "null", "-1.5e+10", R"({"a": [1, true, "x\n\u00e9\ud83d\ude00"], "b":{}})",
          "[ 1 ,2 ]", "\"\xc3\xa9\""},
         {"", "{", "[1,]", "01", "\"\n\"", "{a:1}", "1.", "\"\\x\"", "\"\\ud83d\"", "nul", "[1 2]",
          "{\"a\"}"});
}

TEST(Grammar, Schemas) {
  expect(
      schema(
          R"({"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "string"}, "c": {"type": "boolean"}}, "required": ["b"]})"),
      {R"({"b":"x"})", R"({"a": 5, "b": ""})", R"({"b":"", "c": true})",
       R"({ "a":1,"b":"x","c":false })"},
      {"{}", R"({"a":5})", R"({"b":"x","a":5})", R"({"b":"x",})", R"({"b":1})",
       R"({"b":"x","d":1})", R"({,"b":"x"})"});
  expect(
      schema(
          R"({"type": "object", "properties": {"ab": {"type": "null"}}, "additionalProperties": {"type": "integer"}})"),
      {"{}", R"({"ab":null})", R"({"ab":null,"x":1,"a":2,"abc":3})", R"({"":1})"},
      {R"({"ab":1})", R"({"x":1,"ab":null})", R"({"x":"y"})"});
  expect(schema(R"({"type": "array", "items": {"type": "boolean"}, "minItems": 1, "maxItems": 2})"),
         {"[true]", "[true, false]"}, {"[]", "[true,true,true]", "[1]"});
  expect(schema(R"({"type": "array", "items": {"type": "null"}, "minItems": 0, "maxItems": 0})"),
         {"[]"}, {"[null]"});
  expect(
      schema(
          R"({"type": "array", "prefixItems": [{"type": "integer"}, {"type": "null"}], "items": {"const": "x"}, "minItems": 1, "maxItems": 3})"),
      {"[1]", "[1,null]", R"([1,null,"x"])"},
      {"[]", "[null]", R"([1,"x"])", R"([1,null,"x","x"])"});
  expect(schema(R"({"enum": ["a", 1, null, {"k": [2]}]})"), {"\"a\"", "1", "null", R"({"k":[2]})"},
         {"\"b\"", "2"});
  expect(schema(R"({"anyOf": [{"type": "integer"}, {"type": ["null", "boolean"]}]})"),
         {"5", "null", "true"}, {"\"x\"", "1.5"});
  expect(schema(R"({"type": "string", "minLength": 2, "maxLength": 3})"), {R"("ab")", R"("é😀\n")"},
         {R"("a")", R"("abcd")"});
  expect(schema(R"({"type": "string", "pattern": "^[a-c\"\\n]+$"})"),
         {R"("abc")", R"("a\"b")", R"("\n")"}, {R"("d")", R"("a"b")", R"("")"});
  expect(schema(R"({"type": "string", "pattern": "b+"})"), {R"("abc")", R"("b")"}, {R"("ac")"});
  expect(schema(R"({"type": "string", "format": "date"})"), {R"("2024-02-28")"},
         {R"("2024-13-01")", R"("x")"});
  expect(
      schema(
          R"({"$defs": {"n": {"type": "object", "properties": {"v": {"type": "integer"}, "next": {"anyOf": [{"$ref": "#/$defs/n"}, {"type": "null"}]}}, "required": ["v", "next"]}}, "$ref": "#/$defs/n"})"),
      {R"({"v":1,"next":null})", R"({"v":1,"next":{"v":2,"next":null}})"},
      {R"({"v":1})", R"({"v":1,"next":{}})"});
}

TEST(Grammar, IntegersLieBetweenTheirBounds) {
  for (const auto& [low, high] : std::vector<std::pair<int, int>>{
           {0, 0}, {-5, 12}, {7, 1234}, {-1050, -99}, {100, 100}, {95, 1005}, {-1, 1}}) {
    const auto made =
        schema(cat(R"({"type": "integer", "minimum": )", low, R"(, "maximum": )", high, "}"));
    ASSERT_TRUE(made) << made.error().message();
    for (int i = -1300; i <= 1300; ++i)
      EXPECT_EQ(matches(*made, cat(i)), low <= i && i <= high) << low << " " << i << " " << high;
  }
  expect(schema(R"({"type": "integer", "exclusiveMinimum": 5})"), {"6", "10", "123456"},
         {"5", "-7", "06"});
}

TEST(Grammar, SchemasThatAreNotUnderstoodAreRefused) {
  for (const char* bad :
       {R"({"type": "object", "patternProperties": {}})", R"({"type": "number", "minimum": 1})",
        R"({"type": "x"})", "false", "5", R"({"$ref": "http://x"})", R"({"$ref": "#/nope"})",
        R"({"$ref": "#"})", R"({"anyOf": []})", R"({"enum": []})",
        R"({"type": "array", "minItems": 3, "maxItems": 1})",
        R"({"type": "array", "minItems": 99999999})",
        R"({"type": "integer", "minimum": 5, "maximum": 4})",
        R"({"type": "string", "minLength": -1})", R"({"not": {}})",
        R"({"type": "object", "required": ["a"], "additionalProperties": false})",
        R"({"allOf": [{"type": "null"}, {"type": "integer"}]})",
        R"({"type": "string", "format": "zip"})"}) {
    EXPECT_FALSE(schema(bad)) << bad;
  }
}

TEST(Grammar, SchemasDoNotExplode) {
  // Each level is required twice over: said once, it stays small.
  std::string nested = R"({"type": "integer"})";
  for (int i = 0; i < 25; ++i)
    nested = cat(R"({"type": "object", "properties": {"a": )", nested, R"(}, "required": ["a"]})");
  EXPECT_TRUE(schema(nested));
  std::string wide = R"({"type": "object", "properties": {)";
  for (int i = 0; i < 500; ++i)
    wide += cat(i > 0 ? "," : "", "\"k", i, "\": {\"type\": \"integer\"}");
  const auto made = schema(wide + "}}");
  ASSERT_TRUE(made);
  EXPECT_TRUE(matches(*made, R"({"k3": 1, "k499": 2})"));
}

// A vocabulary of all single bytes and some longer pieces; the end token is the last.
std::shared_ptr<const TokenVocabulary> pieces() {
  std::vector<std::string> bytes;
  for (int b = 0; b < 256; ++b) bytes.emplace_back(1, static_cast<char>(b));
  for (const char* piece :
       {"{\"",   "\":",  "\": ", "\", \"", "}",  "true", "false", "null",  "12", "[[",  "]}",
        "\"a\"", "name", " ",    "  ",     "\n", "é",    "日本",  "\\u00", "],", "abc", "0.5"})
    bytes.emplace_back(piece);
  bytes.emplace_back("");
  const auto end = static_cast<std::uint32_t>(bytes.size() - 1);
  return std::make_shared<const TokenVocabulary>(std::move(bytes), std::vector<std::uint32_t>{end});
}

std::vector<bool> allowed_by(TokenMask& mask, std::size_t size) {
  std::vector<float> logits(size, 1);
  const Status done = mask.apply(logits);
  EXPECT_TRUE(done) << done.error().message();
  std::vector<bool> all;
  for (const float logit : logits) all.push_back(std::isfinite(logit));
  return all;
}

// What a whole automaton says of each token alone.
std::vector<bool> allowed_after(Automaton& automaton, std::uint32_t state,
                                const TokenVocabulary& vocabulary) {
  std::vector<bool> all;
  for (std::uint32_t id = 0; id < vocabulary.size(); ++id) {
    std::uint32_t at = state;
    for (const char c : vocabulary.bytes_of(id)) {
      if (at != Automaton::kDead) at = automaton.next(at, static_cast<unsigned char>(c)).value();
    }
    all.push_back(at != Automaton::kDead && !vocabulary.bytes_of(id).empty());
  }
  for (const std::uint32_t id : vocabulary.end_tokens()) all[id] = automaton.is_complete(state);
  return all;
}

TEST(TokenMask, AllowsExactlyWhatTheAutomatonFollows) {
  const auto vocabulary = pieces();
  std::mt19937 random(11);
  for (
      const auto& grammar :
      {Grammar::any_json(), Grammar::from_regex("(a|ab|n[a-z]{1,3}|\"+: )*12?"),
       Grammar::from_ebnf("root ::= \"{\\\"\" name* \"}\" | \"[\" root \"]\" | tail\n"
                          "name ::= [a-z]{1,4} \"\\\"\" \":\"? \" \"{0,3}\ntail ::= \"]\"* \".\""),
       schema(
           R"({"type": "object", "properties": {"name": {"type": "array", "items": {"enum": ["a", true, null, 12]}}},
            "required": ["name"], "additionalProperties": {"type": "string", "maxLength": 5}})")}) {
    ASSERT_TRUE(grammar) << grammar.error().message();
    TokenMask mask(*grammar, vocabulary);
    for (int walk = 0; walk < 12; ++walk) {
      ASSERT_TRUE(mask.restart());
      Automaton automaton(*grammar, Automaton::Kind::Whole);
      std::uint32_t state = automaton.start().value();
      std::string text;
      for (int step = 0; step < 40 && !mask.finished(); ++step) {
        const auto allowed = allowed_by(mask, vocabulary->size());
        ASSERT_EQ(allowed, allowed_after(automaton, state, *vocabulary)) << text;
        std::uint32_t taken = 0;
        do {
          taken = random() % vocabulary->size();
        } while (!allowed[taken]);
        ASSERT_TRUE(mask.accept(taken)) << text;
        for (const char c : vocabulary->bytes_of(taken))
          state = automaton.next(state, static_cast<unsigned char>(c)).value();
        text += vocabulary->bytes_of(taken);
      }
    }
  }
}

TEST(TokenMask, RandomWalksStayInsideAndMasksAgreeWithAccept) {
  const auto vocabulary = pieces();
  std::mt19937 random(3);
  const auto grammar = schema(
      R"({"type": "object", "properties": {"name": {"type": "string", "maxLength": 6}, "n": {"type": "integer", "minimum": -20, "maximum": 300},
      "list": {"type": "array", "items": {"enum": ["a", true, null]}, "maxItems": 3}}, "required": ["name", "list"]})");
  ASSERT_TRUE(grammar) << grammar.error().message();
  int ended = 0;
  for (int walk = 0; walk < 60; ++walk) {
    TokenMask mask(*grammar, vocabulary);
    std::string text;
    for (int step = 0; step < 400 && !mask.finished(); ++step) {
      std::vector<float> logits(vocabulary->size(), 1);
      ASSERT_TRUE(mask.apply(logits));
      std::vector<std::uint32_t> allowed;
      for (std::uint32_t id = 0; id < logits.size(); ++id) {
        if (std::isfinite(logits[id])) allowed.push_back(id);
      }
      ASSERT_FALSE(allowed.empty()) << text;
      const std::uint32_t tried = random() % vocabulary->size();
      if (!std::isfinite(logits[tried])) EXPECT_FALSE(mask.accept(tried)) << text;
      const std::uint32_t taken = allowed[random() % allowed.size()];
      ASSERT_TRUE(mask.accept(taken)) << text;
      text += vocabulary->bytes_of(taken);
    }
    if (!mask.finished()) continue;
    ++ended;
    const auto document = json::Document::parse(text);
    ASSERT_TRUE(document) << text;
    EXPECT_TRUE(document->root()["name"].is_string()) << text;
    EXPECT_TRUE(document->root()["list"].is_array()) << text;
    EXPECT_LE(document->root()["list"].items().size(), 3u) << text;
    if (const auto n = document->root()["n"].integer()) EXPECT_TRUE(*n >= -20 && *n <= 300) << text;
  }
  EXPECT_GT(ended, 20);
}

TEST(TokenMask, EveryTokenizationOfAValidTextIsAccepted) {
  const auto vocabulary = pieces();
  const auto grammar = Grammar::any_json();
  const std::string text = R"({"name": [[12, 0.5, true], {"a": "abcé日本\u00e9"}], "x": null})";
  std::mt19937 random(5);
  for (int round = 0; round < 40; ++round) {
    TokenMask mask(*grammar, vocabulary);
    for (std::size_t at = 0; at < text.size();) {
      std::vector<std::uint32_t> fitting;
      for (std::uint32_t id = 0; id < vocabulary->size(); ++id) {
        const auto bytes = vocabulary->bytes_of(id);
        if (!bytes.empty() && std::string_view(text).substr(at).starts_with(bytes))
          fitting.push_back(id);
      }
      const std::uint32_t id = fitting[random() % fitting.size()];
      ASSERT_TRUE(mask.allows(id).value()) << text.substr(0, at);
      ASSERT_TRUE(mask.accept(id));
      at += vocabulary->bytes_of(id).size();
    }
    EXPECT_TRUE(mask.complete().value());
    EXPECT_TRUE(mask.finished());  // nothing can follow the last brace
  }
}

TEST(TokenMask, EndsOnlyWhereTheTextIsComplete) {
  const auto vocabulary = pieces();
  const auto end = vocabulary->end_tokens().front();
  TokenMask mask(*Grammar::from_regex("12|12é?"), vocabulary);
  EXPECT_FALSE(mask.accept(end));
  ASSERT_TRUE(mask.accept('1'));
  EXPECT_FALSE(mask.allows(end).value());
  ASSERT_TRUE(mask.accept('2'));
  EXPECT_TRUE(mask.allows(end).value());
  EXPECT_FALSE(mask.finished());
  ASSERT_TRUE(mask.accept(end));
  EXPECT_TRUE(mask.finished());
  EXPECT_FALSE(mask.accept('1'));
}

TEST(TokenMask, DeepAndLongTextsStayWithinLimits) {
  const auto vocabulary = pieces();
  TokenMask mask(*Grammar::any_json(), vocabulary);
  for (int i = 0; i < 400; ++i) ASSERT_TRUE(mask.accept('[')) << i;
  std::vector<float> logits(vocabulary->size(), 0);
  ASSERT_TRUE(mask.apply(logits));
  int opened = 400;
  for (; opened < 100'000; ++opened) {
    // What the mask leaves is accepted, and what is refused it does not leave.
    const bool left = mask.allows('[').value();
    ASSERT_EQ(mask.accept('[').has_value(), left) << opened;
    if (!left) break;
  }
  EXPECT_LT(opened, 2'000);  // deeper ones are refused, not followed
  ASSERT_TRUE(mask.accept(']'));
  TokenMask list(*Grammar::any_json(), vocabulary);
  ASSERT_TRUE(list.accept('['));
  for (int i = 0; i < 50'000; ++i) {
    ASSERT_TRUE(list.accept('1'));
    ASSERT_TRUE(list.accept(','));
  }
}

TEST(TokenMask, AGrammarThatAsksForTooMuchIsAnError) {
  const auto vocabulary = pieces();
  const auto follow = [&](const Made& grammar) {
    EXPECT_TRUE(grammar) << grammar.error().message();
    TokenMask mask(*grammar, vocabulary);
    std::vector<float> logits(vocabulary->size(), 0);
    for (int i = 0; i < 60; ++i) {
      if (const Status done = mask.apply(logits); !done) return done.error().code();
      if (const Status done = mask.accept('a'); !done) return done.error().code();
    }
    return Code::Internal;
  };
  // Twice as many stacks with each letter.
  EXPECT_EQ(follow(Grammar::from_ebnf("root ::= \"a\" root \"b\" | \"a\" root \"c\" | \"d\"")),
            Code::TooLarge);
  // And within the closing of one state.
  std::string doubling = "root ::= r0 | \"a\" root\n";
  for (int i = 0; i < 30; ++i)
    doubling += cat("r", i, " ::= r", i + 1, " \"x\" | r", i + 1, " \"y\"\n");
  EXPECT_EQ(follow(Grammar::from_ebnf(doubling + "r30 ::= \"z\"\n")), Code::TooLarge);
  // Many choices that begin with many choices: they wait one by one.
  std::string wide = "root ::= a";
  for (int i = 0; i < 20'000; ++i) wide += " | a";
  wide += "\na ::= b";
  for (int i = 0; i < 20'000; ++i) wide += " | b";
  EXPECT_EQ(follow(Grammar::from_ebnf(wide + "\nb ::= \"a\" b | \"b\"\n")), Code::Internal);
}

TEST(TokenMask, ADeadEndIsAnErrorAndNotAnEmptyRow) {
  const auto letters = std::make_shared<const TokenVocabulary>(
      std::vector<std::string>{"a", "b", ""}, std::vector<std::uint32_t>{2});
  TokenMask mask(*Grammar::from_regex("a1|ab"), letters);
  ASSERT_TRUE(mask.accept(0));
  EXPECT_FALSE(mask.allows(0).value());
  ASSERT_TRUE(mask.allows(1).value());
  TokenMask stuck(*Grammar::from_regex("a1"), letters);
  ASSERT_TRUE(stuck.accept(0));
  std::vector<float> logits(3, 0);
  const Status done = stuck.apply(logits);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Code::InvalidArgument);
  // Complete, with nothing to follow: the end token alone; and after it, nothing.
  ASSERT_TRUE(mask.accept(1));
  EXPECT_TRUE(mask.finished());
  EXPECT_EQ(allowed_by(mask, 3), (std::vector<bool>{false, false, true}));
  ASSERT_TRUE(mask.accept(2));
  EXPECT_FALSE(mask.apply(logits));
  EXPECT_FALSE(mask.allows(2).value());
}

TEST(TokenMask, TheFirstTokenMayStandForOtherBytes) {
  // As decoders that take the first space off.
  const auto words = std::make_shared<const TokenVocabulary>(
      std::vector<std::string>{" a", "a", " ", "a"}, std::vector<std::uint32_t>{},
      std::vector<std::string>{"a", "a", "", "a"});
  TokenMask mask(*Grammar::from_regex("a a"), words);
  EXPECT_EQ(allowed_by(mask, 4), (std::vector<bool>{true, true, false, true}));
  ASSERT_TRUE(mask.accept(0));
  EXPECT_EQ(allowed_by(mask, 4), (std::vector<bool>{true, false, true, false}));
  ASSERT_TRUE(mask.accept(2));
  EXPECT_EQ(allowed_by(mask, 4), (std::vector<bool>{false, true, false, true}));
  ASSERT_TRUE(mask.accept(3));
  EXPECT_TRUE(mask.finished());
}

TEST(TokenVocabulary, IsATree) {
  const TokenVocabulary all({"ab", "a", "abc", "b", "", "ab", "\xff"}, {4});
  const auto nodes = all.tree().nodes();
  ASSERT_EQ(nodes.size(), 5u);
  EXPECT_EQ(nodes[0].end, 3u);
  EXPECT_EQ(nodes[0].token, 1u);
  EXPECT_EQ(nodes[1].token, 5u);
  EXPECT_EQ(all.tree().same(5), 0u);
  EXPECT_EQ(all.tree().same(0), TokenTree::kNone);
  EXPECT_EQ(nodes[2].depth, 3u);
  EXPECT_EQ(nodes[4].byte, 0xFFu);
}

}  // namespace
}  // namespace embrace::transformers

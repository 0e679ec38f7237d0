// Templates from somebody who means harm: a clear error, in bounded time and memory.
#include <gtest/gtest.h>

#include <chrono>
#include <ctime>
#include <string>
#include <utility>

#include "base/strings.h"
#include "transformers/templates/lexer.h"
#include "transformers/templates/renderer.h"
#include "transformers/templates/syntax.h"

namespace embrace::transformers {
namespace {

std::string repeated(std::string_view text, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += text;
  return out;
}

// The error that a template ends with; TooLarge unless the caller looks for another.
std::string refusal(std::string_view source, Code code = Code::TooLarge) {
  const auto begin = std::chrono::steady_clock::now();
  const DictObject none;
  std::string said = "no error";
  const auto body = parse_template(source);
  Result<std::string> text = body ? std::string() : Result<std::string>(fail(body.error()));
  if (body) text = Renderer(none, {}).run(*body);
  if (!text) {
    EXPECT_EQ(text.error().code(), code) << text.error().message();
    said = text.error().message();
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(60));
  return said;
}

TEST(HostileTemplate, LoopsEnd) {
  EXPECT_NE(
      refusal("{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}")
          .find("too many steps"),
      std::string::npos);
  EXPECT_NE(refusal("{% for a in range(10**9) %}{% endfor %}").find("Range too big"),
            std::string::npos);
  EXPECT_NE(refusal("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}").find("recursion"),
            std::string::npos);
  EXPECT_NE(refusal("{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}").find("recursion"),
            std::string::npos);
  EXPECT_NE(refusal("{% macro f() %}{{ caller() }}{% endmacro %}"
                    "{% macro g() %}{% call f() %}{{ g() }}{% endcall %}{% endmacro %}{{ g() }}")
                .find("recursion"),
            std::string::npos);
}

TEST(HostileTemplate, ValuesStaySmall) {
  EXPECT_NE(refusal("{{ 'a' * 10**12 }}"), "no error");
  EXPECT_NE(refusal("{{ 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' * 10**8 }}"), "no error");
  EXPECT_NE(refusal("{{ ([0] * 10**9)|length }}"), "no error");
  EXPECT_NE(refusal("{{ 9 ** 99 }}", Code::InvalidArgument), "no error");
  EXPECT_NE(refusal("{{ 2 ** 10 ** 18 ** 1 * 2.0 }}", Code::InvalidArgument), "no error");
  EXPECT_NE(refusal("{% set n = namespace(s='x') %}{% for i in range(90) %}{% set n.s = n.s ~ n.s "
                    "%}{% endfor %}"),
            "no error");
  EXPECT_NE(refusal("{% set n = namespace(s=[1]) %}{% for i in range(90) %}{% set n.s = n.s + n.s "
                    "%}{% endfor %}"),
            "no error");
  // Small in memory, but endless to walk: each list holds the one before twice.
  const std::string doubled =
      "{% set n = namespace(s=[1], t=[1]) %}{% for i in range(90) %}{% set n.s = [n.s, n.s] %}"
      "{% set n.t = [n.t, n.t] %}{% endfor %}";
  EXPECT_NE(refusal(doubled + "{{ n.s == n.t }}").find("too large"), std::string::npos);
  EXPECT_NE(refusal("{% set n = namespace(s=[1]) %}{% for i in range(5000) %}{% set n.s = [n.s] "
                    "%}{% endfor %}")
                .find("nested too deeply"),
            std::string::npos);
  for (const char* wide :
       {"{{ 'x'.center(10**9) }}", "{{ 'x'.zfill(10**10) }}", "{{ 'x'|indent(10**9) }}",
        "{{ [1]|batch(10**8, 0)|list }}", "{{ [1]|slice(10**8)|list }}",
        "{{ {}|tojson(indent=10**9) }}", "{{ 'a\tb'.expandtabs(10**9) }}"}) {
    EXPECT_NE(refusal(wide), "no error") << wide;
  }
  for (const char* wide : {"{{ '%999999999d' % 1 }}", "{{ '{:999999999}'.format(1) }}",
                           "{{ '%.999999999f' % 1 }}", "{{ '%*d' % (999999999, 1) }}"}) {
    EXPECT_NE(refusal(wide, Code::InvalidArgument), "no error") << wide;
  }
  EXPECT_NE(refusal("{% set s = 'a' * 1000000 %}{{ s.replace('', s) }}"), "no error");
  EXPECT_NE(refusal("{% set s = 'a' * 100000 %}{{ s.join(s) }}"), "no error");
  EXPECT_NE(refusal("{% set s = 'a' * 1000000 %}{% for i in range(99) %}{{ s }}{% endfor %}")
                .find("output is too long"),
            std::string::npos);
}

TEST(HostileTemplate, SearchesAreCounted) {
  EXPECT_NE(refusal("{% set s = 'a' * 8000000 %}{{ ('a' * 4000000 ~ 'b') in s }}"), "no error");
  EXPECT_NE(refusal("{% set s = 'ab' * 4000000 %}{% for i in range(100000) %}{% set q = 'c' in s "
                    "%}{% endfor %}"),
            "no error");
  EXPECT_NE(
      refusal(
          "{% set s = 'é' * 4000000 %}{% for i in range(100000) %}{% set q = s[-1] %}{% endfor %}"),
      "no error");
}

TEST(HostileTemplate, WhatHoldsItselfIsShownOrRefused) {
  const DictObject none;
  const auto body = parse_template(
      "{% set n = namespace() %}{% set n.n = n %}{% macro f() %}{{ n }}{% endmacro %}"
      "{% set n.f = f %}{{ n == n }}{{ n.n.n is defined }}");
  ASSERT_TRUE(body);
  EXPECT_EQ(Renderer(none, {}).run(*body).value(), "TrueTrue");
  EXPECT_NE(refusal("{% set n = namespace() %}{% set n.n = n %}{{ n }}").find("nested too deeply"),
            std::string::npos);
  // Chains through loops, macros and joiners are taken apart without deep recursion.
  EXPECT_EQ(refusal("{% set n = namespace(l=0) %}{% for i in range(20000) %}{% set before = n.l "
                    "%}{% for x in [1] %}"
                    "{% set n.l = loop %}{% endfor %}{% endfor %}"),
            "no error");
  EXPECT_NE(refusal("{% set n = namespace(l=0) %}{% for i in range(20000) %}{% for x in [n.l] %}{% "
                    "set n.l = loop %}"
                    "{% endfor %}{% endfor %}"),
            "no error");
  EXPECT_NE(refusal("{% set n = namespace(l='') %}{% for i in range(20000) %}{% set n.l = "
                    "joiner(n.l) %}{% endfor %}"),
            "no error");
  EXPECT_EQ(
      refusal("{% macro f() %}{% macro g() %}{% endmacro %}{% set n.f = g %}{% endmacro %}"
              "{% set n = namespace(f=f) %}{% for i in range(20000) %}{{ n.f() }}{% endfor %}"),
      "no error");
}

TEST(HostileTemplate, WhatAReviewFoundStaysMended) {
  // A step that overflowed to nothing, and was divided by.
  EXPECT_NE(refusal("{% set n=namespace(r=range(0,2**40,2**40)) %}{% for i in range(24) %}"
                    "{% set n.r=n.r[::2] %}{% endfor %}{{ 0 in n.r }}")
                .find("the range is too large"),
            std::string::npos);
  EXPECT_NE(refusal("{{ 'a'|map(*(['map']*20000)) }}"), "no error");
  EXPECT_NE(refusal("{{ (','*24000000).split(',') }}"), "no error");
  EXPECT_NE(refusal("{{ ('\\n'*15000000).splitlines() }}"), "no error");
  EXPECT_NE(
      refusal("{% set t = 'x' * 15000000 %}{% for i in range(400000) %}{% set q = '%r' % (t,) "
              "%}{% endfor %}"),
      "no error");
  EXPECT_NE(refusal("{{ 9223372036854775807|round(-1) }}", Code::InvalidArgument), "no error");
  // Chains and cycles of loops that remember each other.
  EXPECT_EQ(refusal("{% set n=namespace(l=0) %}{% for i in range(60000) %}{% for x in [1] %}"
                    "{% set q=loop.changed(n.l) %}{% set n.l=loop %}{% endfor %}{% endfor %}"),
            "no error");
  EXPECT_EQ(refusal("{% for x in ['a'*1000] %}{% set q=loop.changed(loop) %}{% endfor %}"),
            "no error");
}

// What one step costs: a template that is refused, or is done, within a few seconds of the
// processor's time, which other programs at work do not lengthen.
class Hurried {
 public:
  ~Hurried() { EXPECT_LT((std::clock() - begin_) / CLOCKS_PER_SEC, 10) << what_; }
  explicit Hurried(std::string what) : what_(std::move(what)) {}

 private:
  std::string what_;
  std::clock_t begin_ = std::clock();
};

// "p0t, p1t, ..."
std::string numbered(std::string_view before, std::size_t count, std::string_view after) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += cat(before, i, after);
  return out;
}

TEST(HostileTemplate, ManyNamesAreFoundAtOnce) {
  const Hurried hurried("names");
  EXPECT_EQ(refusal(cat(numbered("{% set a", 50'000, "=1%}"), "{% for i in range(90000) %}",
                        "{% set q = a0 %}{% endfor %}")),
            "no error");
  EXPECT_EQ(refusal(cat("{{ {", numbered("'k", 50'000, "':1,"), "}|length }}")), "no error");
  EXPECT_EQ(refusal(cat(numbered("{% block b", 25'000, "%}{% endblock %}"))), "no error");
  EXPECT_EQ(refusal(cat("{{ dict(", numbered("a", 90'000, "=1,"), ")|length }}")), "no error");
  EXPECT_EQ(refusal(cat("{% macro f(", numbered("a", 40'000, ","), "z=1) %}{% endmacro %}{{ f(",
                        numbered("a", 40'000, "=1,"), ") }}")),
            "no error");
  EXPECT_EQ(refusal(cat("{% set d = {", numbered("'k", 40'000, "':1,"),
                        "} %}{{ dict(**d)|length }}{{ dict(a=1, **d)|length }}")),
            "no error");
  EXPECT_EQ(refusal(cat("{% set n = 'nan'|float %}{{ {", repeated("n:1,", 90'000), "}|length }}")),
            "no error");
  EXPECT_NE(refusal(cat("{{ ", repeated("a", 5'000), " }}")).find("a name is too long"),
            std::string::npos);
}

TEST(HostileTemplate, FieldsOfFormatsAreCounted) {
  const Hurried hurried("fields");
  refusal(cat("{% set d = {", numbered("'k", 40'000, "':1,"), "} %}{% set f = '{k39999}' * 5000 %}",
              "{% for i in range(90000) %}{% set q = f.format(**d) %}{% endfor %}"));
}

TEST(HostileTemplate, LongTextsCostWhatTheyAre) {
  constexpr std::string_view kLong =
      "{% set s = 'a' * 9000000 %}{% set w = ' ' * 9000000 %}"
      "{% set t = (s, 1) %}{% set u = 'é' * 4000000 %}";
  for (const char* once : {"s.startswith('a', 1)",
                           "s.strip('b')",
                           "w.strip()",
                           "s.find('a')",
                           "s.removeprefix('b')",
                           "s.center(5)",
                           "[][t]",
                           "{}[t]",
                           "t in {}",
                           "[][s]",
                           "'%c' % s",
                           "'{:.0}'.format(s)",
                           "s|int(1)",
                           "w|float",
                           "u.title()",
                           "u.swapcase()",
                           "u.lower()",
                           "s|wordcount",
                           "s|urlencode",
                           "u[::-7]",
                           "{t: 1}",
                           "s|title",
                           "s|length",
                           "'x'.join([s])",
                           "{s: 1}|tojson",
                           "s.partition('b')",
                           "s.split('b')",
                           "'a'.split(s)",
                           "[]|attr(s)",
                           "s.format()",
                           "s % ()",
                           "{}|attr(s)",
                           "'a'|map(s)|list"}) {
    const Hurried hurried(once);
    const DictObject none;
    const auto body = parse_template(
        cat(kLong, "{% for i in range(90000) %}{% set q = ", once, " %}{% endfor %}"));
    ASSERT_TRUE(body) << once;
    // Refused for its steps or its types, or done because it costs next to nothing.
    (void)Renderer(none, {}).run(*body).has_value();
  }
}

TEST(HostileTemplate, CapturesThatNestAreCountedTogether) {
  EXPECT_NE(
      refusal(cat("{% macro f() %}", std::string(900'000, 'x'), "{{ f() }}{% endmacro %}{{ f() }}"))
          .find("too much memory"),
      std::string::npos);
}

TEST(HostileTemplate, SourcesAreLimited) {
  EXPECT_EQ(refusal(std::string(kTemplateBytesMax + 1, 'x')), "the template is too long");
  const std::pair<const char*, const char*> kBrackets[] = {
      {"(", ")"},   {"[", "]"},           {"{1:", "}"}, {"-", ""},
      {"not ", ""}, {"a if b else ", ""}, {"a[", "]"},  {"f(", ")"}};
  for (const auto& [open, close] : kBrackets) {
    const std::string source =
        cat("{{ ", repeated(open, 20'000), "a", repeated(close, 20'000), " }}");
    EXPECT_NE(refusal(source).find("nested too deeply"), std::string::npos) << open;
  }
  for (const char* more : {"a+", "a and ", "a.b|", "a**", "a~b+"}) {
    EXPECT_NE(refusal(cat("{{ ", repeated(more, 50'000), "a }}")), "no error") << more;
  }
  EXPECT_NE(refusal(cat("{{ a", repeated("|e", 50'000), " }}")).find("too long"),
            std::string::npos);
  EXPECT_NE(refusal(cat("{{ a", repeated(".e", 50'000), " }}")).find("too long"),
            std::string::npos);
  EXPECT_NE(refusal(cat("{{ a", repeated("()", 50'000), " }}")).find("too long"),
            std::string::npos);
  EXPECT_NE(refusal(repeated("{% if a %}", 50'000)).find("nested too deeply"), std::string::npos);
  EXPECT_NE(refusal(cat("{% if a %}", repeated("{% elif a %}", 50'000), "{% endif %}")),
            "no errors at all");
}

TEST(HostileTemplate, SortsOfWhatHasNoOrderEnd) {
  EXPECT_NE(refusal("{{ [1, 'a', none]|sort }}", Code::InvalidArgument), "no error");
  EXPECT_EQ(refusal("{% set n = 'nan'|float %}{{ [1, n, 3, n, 2, n, 0]|sort|length }}"),
            "no error");
  EXPECT_EQ(refusal("{{ range(50000)|list|sort(reverse=true)|length }}"), "no error");
}

TEST(HostileTemplate, NothingCanBeChangedOrReached) {
  for (const char* source :
       {"{{ [].append(1) }}", "{{ {}.update({}) }}", "{{ ''.__class__.__mro__ }}",
        "{{ {}.__class__() }}", "{{ self.x }}", "{{ ''['__class__']['__base__'] }}",
        "{{ '{0.__class__.__mro__}'.format('') }}"}) {
    EXPECT_NE(refusal(source, Code::InvalidArgument), "no error") << source;
  }
}

}  // namespace
}  // namespace embrace::transformers

#include "transformers/grammar/json_rules.h"

#include <algorithm>
#include <span>

#include "base/strings.h"
#include "transformers/tokenizers/unicode.h"

namespace embrace::transformers {

namespace {

using Sequence = GrammarSequence;

constexpr std::uint32_t kSpacesMax = 16;

Sequence seq(std::vector<Sequence> parts) { return GrammarBuilder::join(std::move(parts)); }

// Names that share their first `at` bytes, sorted: what may follow those so that none of them comes
// out. `rest` is any end of a key.
Sequence other_than(GrammarBuilder& builder, std::span<const std::string> names, std::size_t at,
                    const Sequence& rest) {
  CodePoints taken{{0, 0x1F}, {'"', '"'}, {'\\', '\\'}};
  std::vector<Sequence> choices;
  if (!names.empty() && names.front().size() == at) {
    names = names.subspan(1);
  } else {
    choices.emplace_back();
  }
  while (!names.empty()) {
    std::size_t next = at;
    const char32_t letter = next_code_point(names.front(), next);
    const std::string_view bytes = std::string_view(names.front()).substr(at, next - at);
    std::size_t count = 1;
    while (count < names.size() && std::string_view(names[count]).substr(at).starts_with(bytes))
      ++count;
    taken.emplace_back(letter, letter);
    if (letter >= 0x20 && letter != '"' && letter != '\\')  // others would be escapes
      choices.push_back(
          seq({builder.literal(bytes), other_than(builder, names.first(count), next, rest)}));
    names = names.subspan(count);
  }
  choices.push_back(seq({builder.points(inverse(std::move(taken))), rest}));
  return builder.choice(std::move(choices));
}

// Numbers of as many digits as `low` has, up to `high`, digit by digit as far as those are of a
// bound.
Sequence same_length(GrammarBuilder& builder, std::string_view low, std::string_view high) {
  if (low.empty()) return {};
  const auto range = [&](char a, char b) {
    return builder.points({{static_cast<char32_t>(a), static_cast<char32_t>(b)}});
  };
  const auto any = [&](std::size_t digits) { return Sequence(digits, range('0', '9').front()); };
  if (low.find_first_not_of('0') == low.npos && high.find_first_not_of('9') == high.npos)
    return any(low.size());
  const std::string_view low_rest = low.substr(1);
  const std::string_view high_rest = high.substr(1);
  if (low[0] == high[0])
    return seq({range(low[0], low[0]), same_length(builder, low_rest, high_rest)});
  const std::string nines(low_rest.size(), '9');
  const std::string zeros(low_rest.size(), '0');
  std::vector<Sequence> choices{
      seq({range(low[0], low[0]), same_length(builder, low_rest, nines)}),
      seq({range(high[0], high[0]), same_length(builder, zeros, high_rest)})};
  if (low[0] + 1 < high[0])
    choices.push_back(seq({range(static_cast<char>(low[0] + 1), static_cast<char>(high[0] - 1)),
                           any(low_rest.size())}));
  return builder.choice(std::move(choices));
}

Sequence digits_between(GrammarBuilder& builder, std::int64_t from, std::int64_t to) {
  std::vector<Sequence> choices;
  while (from <= to) {
    const std::string low = cat(from);
    std::int64_t last = 9;
    while (cat(last).size() < low.size()) last = last * 10 + 9;
    last = std::min(last, to);
    choices.push_back(same_length(builder, low, cat(last)));
    from = last + 1;
  }
  return builder.choice(std::move(choices));
}

}  // namespace

JsonRules::JsonRules(GrammarBuilder& into) : builder(into) {
  const std::uint32_t any = builder.new_rule();
  value = builder.call(any);
  const auto lit = [&](std::string_view text) { return builder.literal(text); };
  const auto repeat = [&](const Sequence& one, std::uint32_t max) {
    return builder.repeat(one, 0, max).value();
  };
  ByteSet blank;
  for (const char c : std::string_view(" \t\n\r")) blank.set(static_cast<unsigned char>(c));
  spaces = repeat(builder.bytes(blank), kSpacesMax);

  const Sequence digit = builder.points({{'0', '9'}});
  const Sequence minus = builder.choice({lit("-"), {}});
  integer = seq(
      {minus, builder.choice({lit("0"), seq({builder.points({{'1', '9'}}), repeat(digit, 17)})})});
  const Sequence fraction =
      builder.choice({seq({lit("."), digit, repeat(digit, GrammarBuilder::kUnbounded)}), {}});
  const Sequence exponent =
      builder.choice({seq({builder.points({{'e', 'e'}, {'E', 'E'}}),
                           builder.choice({lit("-"), lit("+"), {}}), digit, repeat(digit, 1)}),
                      {}});
  number = seq({integer, fraction, exponent});

  // One character of a string: itself, an escape, or a pair of surrogates.
  const auto letters = [&](std::string_view text) {
    CodePoints points;
    for (const char c : text) points.emplace_back(c, c);
    return builder.points(points);
  };
  const Sequence hex = letters("0123456789abcdefABCDEF");
  const Sequence d = letters("dD");
  const Sequence unit = builder.choice(
      {seq({letters("0123456789abcefABCEF"), hex, hex, hex}),
       seq({d, letters("01234567"), hex, hex}),
       seq({d, letters("89abAB"), hex, hex, lit("\\u"), d, letters("cdefCDEF"), hex, hex})});
  const Sequence escape =
      seq({lit("\\"), builder.choice({letters("\"\\/bfnrt"), seq({lit("u"), unit})})});
  character =
      builder.choice({builder.points(inverse({{0, 0x1F}, {'"', '"'}, {'\\', '\\'}})), escape});
  string = seq({lit("\""), repeat(character, GrammarBuilder::kUnbounded), lit("\"")});

  object = bracketed("{", seq({string, colon(), value}), "}");
  array = bracketed("[", value, "]");
  for (const Sequence& one :
       {object, array, string, number, lit("true"), lit("false"), lit("null")})
    builder.add_choice(any, one);
}

Sequence JsonRules::colon() const { return seq({spaces, builder.literal(":"), spaces}); }
Sequence JsonRules::comma() const { return seq({spaces, builder.literal(","), spaces}); }

Sequence JsonRules::bracketed(std::string_view open, const Sequence& item,
                              std::string_view close) const {
  const Sequence rest = builder.repeat(seq({comma(), item}), 0, GrammarBuilder::kUnbounded).value();
  return seq({builder.literal(open), spaces, builder.choice({seq({item, rest, spaces}), {}}),
              builder.literal(close)});
}

Sequence JsonRules::other_key(std::vector<std::string> names) const {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  const Sequence plain = builder.points(inverse({{0, 0x1F}, {'"', '"'}, {'\\', '\\'}}));
  const Sequence rest = builder.repeat(plain, 0, GrammarBuilder::kUnbounded).value();
  return other_than(builder, names, 0, rest);
}

Sequence JsonRules::integer_between(std::int64_t from, std::int64_t to) const {
  std::vector<Sequence> choices;
  if (from < 0 && from <= to)
    choices.push_back(
        seq({builder.literal("-"),
             digits_between(builder, std::max<std::int64_t>(-std::min<std::int64_t>(to, -1), 1),
                            -from)}));
  if (to >= 0) choices.push_back(digits_between(builder, std::max<std::int64_t>(from, 0), to));
  return builder.choice(std::move(choices));
}

}  // namespace embrace::transformers

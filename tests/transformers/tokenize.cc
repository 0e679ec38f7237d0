// What the C++ tokenizers make of texts, as lines of JSON for tests and benches in Python.
//
//   tokenize FILE               each line of standard input is [first, second or null, special
//   tokens?],
//                               texts as hexadecimal bytes; each answer is a line
//   tokenize FILE bench TEXTS THREADS ROUNDS OFFSETS
//                               encodes every line of the file TEXTS as one batch, ROUNDS times,
//                               and prints the seconds of each round, by the clock and of the
//                               processors
#include <chrono>
#include <cstdio>
#include <ctime>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/strings.h"
#include "json/view.h"
#include "json/writer.h"
#include "transformers/tokenizers/tokenizer.h"

namespace {

using namespace embrace;
using transformers::DecodeStream;
using transformers::EncodeOptions;
using transformers::Encoding;
using transformers::TextPair;
using transformers::Tokenizer;

template <class List, class Write>
void list(std::string& out, const List& items, Write write) {
  out += '[';
  bool first = true;
  for (const auto& item : items) {
    if (!first) out += ',';
    first = false;
    write(item);
  }
  out += ']';
}

void render(std::string& out, const Encoding& encoding) {
  const auto number = [&](auto value) { out += cat(static_cast<std::uint64_t>(value)); };
  out += "{\"ids\":";
  list(out, encoding.ids, number);
  out += ",\"type_ids\":";
  list(out, encoding.type_ids, number);
  out += ",\"offsets\":";
  list(out, encoding.offsets, [&](const auto& at) { out += cat("[", at.begin, ",", at.end, "]"); });
  out += ",\"words\":";
  list(out, encoding.word_ids,
       [&](auto word) { out += word == transformers::kNoWord ? "null" : cat(word); });
  out += ",\"sequences\":";
  list(out, encoding.sequence_ids, [&](auto id) {
    out += id == transformers::kNoSequence ? "null" : cat(static_cast<unsigned>(id));
  });
  out += ",\"special\":";
  list(out, encoding.special_mask, number);
  out += ",\"attention\":";
  list(out, encoding.attention_mask, number);
  out += ",\"overflowing\":";
  list(out, encoding.overflowing, [&](const Encoding& window) { render(out, window); });
  out += '}';
}

std::string stream(const Tokenizer& tokenizer, const Encoding& encoding) {
  DecodeStream decoding(tokenizer, false);
  std::string text;
  for (const std::uint32_t id : encoding.ids) {
    auto piece = decoding.step(id);
    text += piece ? *piece : piece.error().message();
  }
  auto rest = decoding.finish();
  return text + (rest ? *rest : rest.error().message());
}

std::string answer(const Tokenizer& tokenizer, std::string_view line) {
  std::string out;
  const auto fail_with = [&](const Error& error) {
    out = "{\"error\":";
    append_json_quoted(out, error.message());
    return out + "}";
  };
  const auto document = json::Document::parse(line);
  if (!document) return fail_with(document.error());
  const auto items = document->root().items();
  const std::string first = from_hex(items.at(0).text().value()).value();
  std::string second;
  TextPair text{first, std::nullopt};
  if (items.at(1).is_string()) {
    second = from_hex(*items.at(1).text()).value();
    text.second = second;
  }
  EncodeOptions options;
  options.add_special_tokens = items.at(2).boolean().value();
  const auto encoding = tokenizer.encode(text, options);
  if (!encoding) return fail_with(encoding.error());
  out = "{\"encoding\":";
  render(out, *encoding);
  for (const bool skip : {false, true}) {
    out += skip ? ",\"decoded\":" : ",\"decoded_all\":";
    const auto decoded = tokenizer.decode(encoding->ids, skip);
    append_json_quoted(out, decoded ? *decoded : decoded.error().message());
  }
  out += ",\"streamed\":";
  append_json_quoted(out, stream(tokenizer, *encoding));
  return out + "}";
}

int bench(const Tokenizer& tokenizer, const std::string& path, unsigned threads, unsigned rounds,
          bool offsets) {
  const auto file = read_file(path, std::uint64_t{1} << 30);
  if (!file) return 2;
  std::vector<TextPair> texts;
  for (const std::string_view line : split(*file, '\n')) texts.push_back({line, std::nullopt});
  EncodeOptions options;
  options.offsets = offsets;
  for (unsigned round = 0; round < rounds; ++round) {
    const auto begin = std::chrono::steady_clock::now();
    const std::clock_t cpu_begin = std::clock();
    const auto made = tokenizer.encode_batch(texts, options, threads);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    const double cpu = static_cast<double>(std::clock() - cpu_begin) / CLOCKS_PER_SEC;
    if (!made) return 3;
    std::size_t tokens = 0;
    for (const Encoding& encoding : *made) tokens += encoding.size();
    std::printf("{\"seconds\":%.6f,\"cpu\":%.6f,\"tokens\":%zu}\n", seconds.count(), cpu, tokens);
  }
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 2) {
    std::fputs("usage: tokenize FILE [bench TEXTS THREADS ROUNDS OFFSETS]\n", stderr);
    return 2;
  }
  const auto file = read_file(arguments[1], Tokenizer::kFileBytesMax);
  const auto tokenizer = file ? Tokenizer::parse(*file) : Result<Tokenizer>(fail(file.error()));
  if (!tokenizer) {
    std::fprintf(stderr, "%s: %s\n", arguments[1], tokenizer.error().message().c_str());
    return 1;
  }
  if (count == 7 && std::string_view(arguments[2]) == "bench") {
    return bench(*tokenizer, arguments[3], static_cast<unsigned>(std::stoul(arguments[4])),
                 static_cast<unsigned>(std::stoul(arguments[5])), std::stoul(arguments[6]) != 0);
  }
  std::ios::sync_with_stdio(false);
  for (std::string line; std::getline(std::cin, line);)
    std::cout << answer(*tokenizer, line) << '\n' << std::flush;
  return 0;
}

// What the C++ sentence models make of texts, as lines of JSON for tests and benches in Python.
//
//   embed FOLDER                each line of standard input is {"texts": [...]} with, if wanted,
//                               "prompt_name", "prompt", "normalize", "width", "truncate",
//                               "threads"; each answer is a line: a list of vectors, or {"error":
//                               ...}
//   embed FOLDER bench TEXTS THREADS ROUNDS PRECISION
//                               embeds every line of the file TEXTS, ROUNDS times, with weights in
//                               "f32", "bf16" or "q8_0", and prints the seconds of each round, by
//                               the clock and of the processors
#include <charconv>
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
#include "transformers/embeddings/sentence_model.h"

namespace {

using namespace embrace;
using transformers::EmbedOptions;
using transformers::Matrix;
using transformers::ModelFiles;
using transformers::Precision;
using transformers::SentenceModel;
using transformers::Team;

Result<Matrix> embed(const SentenceModel& model, std::string_view line) {
  EMB_TRY(const json::Document document, json::Document::parse(line));
  const json::View root = document.root();
  std::vector<std::string_view> texts;
  for (const json::View text : root["texts"].items()) texts.push_back(text.text().value());
  EmbedOptions options;
  if (const auto name = root["prompt_name"].text()) options.prompt_name = std::string(*name);
  if (const auto words = root["prompt"].text()) options.prompt = std::string(*words);
  options.normalize = root["normalize"].boolean().value_or(false);
  options.truncate = root["truncate"].boolean().value_or(true);
  if (const auto width = root["width"].integer()) options.width = static_cast<std::size_t>(*width);
  Team team(static_cast<unsigned>(root["threads"].integer().value_or(1)));
  return model.embed(team, texts, options);
}

std::string answer(const SentenceModel& model, std::string_view line) {
  const auto rows = embed(model, line);
  std::string out;
  if (!rows) {
    out = "{\"error\":";
    append_json_quoted(out, rows.error().message());
    return out + "}";
  }
  out = "[";
  for (std::size_t i = 0; i < rows->rows(); ++i) {
    out += i == 0 ? "[" : ",[";
    for (const float& value : rows->row(i)) {
      char digits[32];
      if (&value != rows->row(i).data()) out += ',';
      out.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
    }
    out += ']';
  }
  return out + "]";
}

int bench(const SentenceModel& model, const std::string& path, unsigned threads, unsigned rounds) {
  const auto file = read_file(path, std::uint64_t{1} << 30);
  if (!file) return 2;
  const std::vector<std::string_view> texts = split(trim(*file), '\n');
  Team team(threads);
  for (unsigned round = 0; round < rounds; ++round) {
    const auto begin = std::chrono::steady_clock::now();
    const std::clock_t cpu_begin = std::clock();
    const auto made = model.embed(team, texts);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    const double cpu = static_cast<double>(std::clock() - cpu_begin) / CLOCKS_PER_SEC;
    if (!made) return 3;
    std::printf("{\"seconds\":%.6f,\"cpu\":%.6f,\"texts\":%zu,\"first\":%.6f}\n", seconds.count(),
                cpu, texts.size(), static_cast<double>(made->row(0)[0]));
  }
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  const bool benching = count == 7 && std::string_view(arguments[2]) == "bench";
  if (count != 2 && !benching) {
    std::fputs("usage: embed FOLDER [bench TEXTS THREADS ROUNDS PRECISION]\n", stderr);
    return 2;
  }
  const std::string_view wanted = benching ? arguments[6] : "f32";
  const Precision precision = wanted == "bf16"   ? Precision::BF16
                              : wanted == "q8_0" ? Precision::Q8_0
                                                 : Precision::F32;
  const auto model = SentenceModel::load(
      ModelFiles::in_folder(rt::Blocking::on_main_thread(), arguments[1]), precision);
  if (!model) {
    std::fprintf(stderr, "%s: %s\n", arguments[1], model.error().message().c_str());
    return 1;
  }
  if (benching) {
    return bench(*model, arguments[3], static_cast<unsigned>(std::stoul(arguments[4])),
                 static_cast<unsigned>(std::stoul(arguments[5])));
  }
  std::ios::sync_with_stdio(false);
  for (std::string line; std::getline(std::cin, line);)
    std::cout << answer(*model, line) << '\n' << std::flush;
  return 0;
}

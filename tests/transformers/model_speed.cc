// How fast a decoder of a GGUF file reads a prompt and writes tokens, beside a plain read of memory
// in the same seconds, for bench/generating.py.
//
//   model_speed FILE.gguf THREADS ROUNDS
//
// Each round is a line of JSON: "prompt" and "decode" in tokens a second (prompts of 512 tokens;
// single tokens after them), "read" in GB a second.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <string_view>
#include <vector>

#include "base/strings.h"
#include "transformers/kernels/weight_memory.h"
#include "transformers/models/causal_lm.h"
#include "transformers/models/gguf_model.h"

namespace {

using namespace embrace;
using namespace embrace::transformers;

constexpr std::size_t kPrompt = 512;
constexpr int kTokens = 16;
constexpr std::size_t kPlainBytes = std::size_t{512} << 20;

double now() {
  const auto time = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(time).count();
}

// Eight sums, each of a line: what the compiler makes of it waits for memory alone.
void read_all_of(const std::byte* from, const std::byte* end) {
  using Line = std::uint64_t __attribute__((vector_size(64)));
  Line sums[8] = {};
  for (; from + sizeof sums <= end; from += sizeof sums) {
    for (std::size_t i = 0; i < 8; ++i) sums[i] ^= *reinterpret_cast<const Line*>(from + i * 64);
  }
  for (Line& sum : sums) asm volatile("" : : "m"(sum));
}

Status measure(const char* path, unsigned threads, int rounds) {
  EMB_TRY(const GgufModel file, open_gguf_model(rt::Blocking::on_main_thread(), path));
  EMB_TRY(const json::Document config, json::Document::parse(file.config_json));
  EMB_TRY(const auto model, CausalLm::load(file.weights, config.root(), Precision::AsStored));
  WeightMemory plain = WeightMemory::allocate(kPlainBytes);
  std::fill_n(plain.data(), kPlainBytes, std::byte{1});
  Team team(threads);
  KvPool pool(model->kv_shape(KvStorage::BF16), std::size_t{512} << 20);
  CausalLm::Workspace work;
  const std::vector<std::int32_t> tokens(kPrompt, 7);
  const auto forward = [&](KvSequence& sequence, std::size_t count) {
    const CausalLm::Stretch stretch{.tokens = std::span(tokens).first(count),
                                    .sequence = &sequence};
    return model->forward(team, {&stretch, 1}, work);
  };
  for (int round = 0; round < rounds; ++round) {
    KvSequence sequence(pool);
    double start = now();
    EMB_DO(forward(sequence, kPrompt));
    const double prompt = now() - start;
    double decode = 0;
    double read = 0;
    constexpr int kTurns =
        4;  // reads stand between tokens: the machine's speed changes by the second
    for (int turn = 0; turn < kTurns; ++turn) {
      start = now();
      for (int i = 0; i < kTokens / kTurns; ++i) EMB_DO(forward(sequence, 1));
      decode += now() - start;
      start = now();
      team.run(threads, [&](std::size_t part) {
        read_all_of(plain.data() + kPlainBytes * part / threads,
                    plain.data() + kPlainBytes * (part + 1) / threads);
      });
      read += now() - start;
    }
    std::printf("{\"prompt\": %.2f, \"decode\": %.3f, \"read\": %.3f}\n", kPrompt / prompt,
                kTokens / decode, kTurns * static_cast<double>(kPlainBytes) / read * 1e-9);
    std::fflush(stdout);
  }
  return {};
}

int number(const char* text) {
  int value = 0;
  std::from_chars(text, text + std::string_view(text).size(), value);
  return value;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4 || number(argv[2]) < 1) {
    std::fputs("usage: model_speed FILE.gguf THREADS ROUNDS\n", stderr);
    return 2;
  }
  const auto done = measure(argv[1], static_cast<unsigned>(number(argv[2])), number(argv[3]));
  if (done) return 0;
  std::fputs(cat("model_speed: ", done.error().message(), "\n").c_str(), stderr);
  return 1;
}

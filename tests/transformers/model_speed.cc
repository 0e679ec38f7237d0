// How fast a decoder of a GGUF file reads a prompt and writes tokens, beside a plain read of memory
// in the same seconds, for bench/generating.py.
//
//   model_speed FILE.gguf THREADS ROUNDS
//
// Each round is a line of JSON: "prompt" and "decode" in tokens a second (prompts of 512 tokens;
// single tokens after them), "read" in GB a second; "peak" in Gop a second of the instruction that
// "instruction" names, which is empty where the processor has none of its kind.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <string_view>
#include <vector>

#include "base/strings.h"
#include "transformers/kernels/level.h"
#include "transformers/kernels/machine_limits.h"
#include "transformers/kernels/weight_memory.h"
#include "transformers/models/causal_lm.h"
#include "transformers/models/gguf_model.h"

namespace {

using namespace embrace;
using namespace embrace::transformers;

constexpr std::size_t kPrompt = 512;
constexpr int kTokens = 16;
constexpr long kPeakRounds = 1'000'000;
constexpr std::size_t kPlainBytes = std::size_t{512} << 20;

double now() {
  const auto time = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(time).count();
}

// What multiplies the weights of this precision where there are no tiles.
limits::Peak peak_of(DType stored) {
#if defined(__x86_64__)
  if (stored == DType::F32 && level() >= Level::Avx512) return limits::kF32;
  if (stored == DType::BF16 && level() >= Level::Avx512Bf16) return limits::kBfloats;
  if (block_elements(stored) > 1 && level() >= Level::Avx512) return limits::kBytes;
#endif
  (void)stored;
  return {};
}

Status measure(const char* path, unsigned threads, int rounds) {
  EMB_TRY(const GgufModel file, open_gguf_model(rt::Blocking::on_main_thread(), path));
  EMB_TRY(const json::Document config, json::Document::parse(file.config_json));
  EMB_TRY(const auto model, CausalLm::load(file.weights, config.root(), Precision::AsStored));
  WeightMemory plain = WeightMemory::allocate(kPlainBytes);
  std::fill_n(plain.data(), kPlainBytes, std::byte{1});
  const TensorView* inner = file.weights.find("model.layers.0.mlp.down_proj.weight");
  const limits::Peak peak = peak_of(inner == nullptr ? DType::F32 : inner->dtype);
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
    double multiplied = 0;
    const auto multiply = [&] {
      if (peak.run == nullptr) return;
      const double begun = now();
      team.run(threads, [&](std::size_t) { peak.run(kPeakRounds); });
      multiplied += now() - begun;
    };
    multiply();
    double start = now();
    EMB_DO(forward(sequence, kPrompt));
    const double prompt = now() - start;
    multiply();
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
        limits::read_all_of(plain.data() + kPlainBytes * part / threads,
                            plain.data() + kPlainBytes * (part + 1) / threads);
      });
      read += now() - start;
    }
    std::printf(
        "{\"prompt\": %.2f, \"decode\": %.3f, \"read\": %.3f, \"peak\": %.1f, \"instruction\": "
        "\"%s\"}\n",
        kPrompt / prompt, kTokens / decode, kTurns * static_cast<double>(kPlainBytes) / read * 1e-9,
        multiplied == 0 ? 0.0 : 2 * kPeakRounds * threads * peak.operations / multiplied * 1e-9,
        peak.instruction);
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

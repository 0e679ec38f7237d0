#pragma once
// LoraAdapter: small changes to the weights of a model (Hu et al. 2021), in the files that the
// package peft writes: adapter_config.json and adapter_model.safetensors. They are merged before a
// model is made of them, so that every family can have them and none knows:
//
//   EMB_TRY(auto adapter, LoraAdapter::open(blocking, folder));
//   EMB_TRY(auto merged, adapter.merge(team, weights, precision));
//   EMB_TRY(auto model, CausalLm::load(merged, config, precision));
//
// For a weight W with factors A (rank x inputs) and B (outputs x rank), W + s B A takes its place;
// for embeddings and where fan_in_fan_out is set, W + s (B A)^T. s is lora_alpha / rank, with
// use_rslora lora_alpha / sqrt(rank) (Kalajdzievski 2023); rank_pattern and alpha_pattern give
// modules numbers of their own. Tensors that an adapter holds whole (modules_to_save, embeddings)
// take the place of the model's.
//
// Threads: any, once made.

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "json/view.h"
#include "rt/blocking.h"
#include "transformers/kernels/linear.h"
#include "transformers/kernels/team.h"
#include "transformers/tensor/weights.h"

namespace embrace::transformers {

class LoraAdapter {
 public:
  // A folder with the two files.
  static Result<LoraAdapter> open(rt::Blocking, const std::filesystem::path& folder);
  // InvalidArgument for factors that do not fit each other or the config; NotBuilt for what a merge
  // would get wrong: DoRA, biases, adapters whose base is changed, other kinds than LoRA.
  static Result<LoraAdapter> parse(json::View adapter_config, const Weights& tensors);

  // The tensors of `base` with the changes in them, under the names that `base` has. Changed ones
  // are f32; with AsStored, BF16 where they were neither F32 nor F64. They take memory of their own
  // for as long as the result lives; the others stay where they are. InvalidArgument where `base`
  // lacks what is to be changed, or has it in another shape.
  Result<Weights> merge(Team& team, const Weights& base, Precision precision) const;

 private:
  struct Change {
    std::string module;  // "model.layers.0.self_attn.q_proj"
    std::vector<float> a;
    std::vector<float> b;
    std::size_t inputs = 0;
    std::size_t outputs = 0;
    std::size_t rank = 0;
    float scale = 1;
    bool turned = false;  // the weight has a row for each input
  };
  struct Whole {
    std::string name;  // of a tensor
    TensorView view;
  };

  LoraAdapter() = default;

  std::vector<Change> changes_;
  std::vector<Whole> wholes_;
  Weights tensors_;  // of which wholes_ are views
};

}  // namespace embrace::transformers

#pragma once
// Rope: rotary position embeddings (Su et al. 2021) and the ways to stretch them over longer texts:
// linear, dynamic (NTK), yarn (Peng et al. 2023), longrope (Ding et al. 2024) and llama3, as the
// official package computes them. Both spellings of config.json are read: rope_parameters, and the
// older rope_theta with rope_scaling.
//
// The first rotary() features of a head are turned in pairs (i, i + rotary() / 2); the rest pass.
//
// Threads: any, once made.

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "json/view.h"
#include "transformers/tensor/matrix.h"

namespace embrace::transformers {

class Rope {
 public:
  struct Where {
    std::size_t head_dim = 0;
    double theta = 10000;  // when the file names none
    // Of models whose layers differ ("full_attention", "sliding_attention"): whose parameters. Old
    // files stretch the layers of full attention alone, and keep the theta of others under
    // theta_key.
    std::string_view layer_type = {};
    std::string_view theta_key = "rope_theta";
    bool reads_old_scaling = true;
    // Turns but a part of each head where the file says so. The official package overlooks it in
    // other families; here they refuse such a file.
    bool is_partial = false;
    // Phi-3 calls its longrope "su" or "yarn" in old files. The length that it begins at stands
    // outside of rope_parameters, and is 4096 when the file does not say.
    bool is_phi = false;
  };

  Rope() = default;  // turns nothing, to be assigned to
  // InvalidArgument for parameters that are missing or make no sense; NotBuilt for other kinds.
  static Result<Rope> parse(json::View config, const Where& where);

  std::size_t rotary() const { return inverse_.size() * 2; }
  // The length of text from which on the angles of all of its tokens depend on that length
  // (dynamic, longrope); 0 when they never do.
  std::size_t vary_from() const { return dynamic_ || !longer_.empty() ? original_length_ + 1 : 0; }

  // Row i of `angles` (rotary() columns; cosines, then sines) for position first + i of a text that
  // is `length` tokens long by now.
  void angles(std::size_t first, std::size_t length, std::size_t row, std::size_t rows,
              Matrix& angles) const;
  // Turns every head of head_dim features in `heads` by one row of angles.
  static void turn(std::span<float> heads, std::size_t head_dim, std::span<const float> angles);

 private:
  std::vector<float> inverse_;  // frequencies, radians per token
  std::vector<float> longer_;   // longrope's for long texts
  float scale_ = 1;             // of cosines and sines
  double theta_ = 0;
  // dynamic: theta grows with texts beyond original_length_
  bool dynamic_ = false;
  double factor_ = 1;
  std::size_t original_length_ = 0;
};

}  // namespace embrace::transformers

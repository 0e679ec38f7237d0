#pragma once
// The families behind load_encoder(), one file each. InvalidArgument for a config.json that is out
// of bounds and for tensors that are missing or of another shape.

#include <memory>

#include "transformers/models/encoder.h"

namespace embrace::transformers {

Result<std::unique_ptr<Encoder>> load_bert(const Weights& weights, json::View config,
                                           Precision precision);
Result<std::unique_ptr<Encoder>> load_deberta(const Weights& weights, json::View config,
                                              Precision precision);
Result<std::unique_ptr<Encoder>> load_modernbert(const Weights& weights, json::View config,
                                                 Precision precision);

}  // namespace embrace::transformers

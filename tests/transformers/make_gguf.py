#!/usr/bin/env python3
"""Makes src/transformers/testdata/gguf: small models and tokenizers as llama.cpp's converter would write them.

Models are fixtures as in make_models.py, beside which MODEL.gguf holds the same weights under GGUF's names. The official
package reads each and must compute what it computed before. Tokenizers are those of testdata/, as facts of a GGUF file.
Needs torch, transformers 5 and gguf.

    python3 tests/transformers/make_gguf.py
"""
import json

import gguf
import numpy
import torch
import transformers
from make_models import FOLDER as MODELS
from make_models import fixture_values, flat, tokens, write
from transformers.modeling_gguf_pytorch_utils import load_gguf_checkpoint

TESTDATA = MODELS.parent
SMALL = {"vocab_size": 40, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 1, "num_attention_heads": 4,
         "num_key_value_heads": 2, "max_position_embeddings": 256, "bos_token_id": 1, "eos_token_id": 2}
LLAMA3 = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
          "original_max_position_embeddings": 64, "rope_theta": 500000.0}
LONGROPE = {"rope_type": "longrope", "rope_theta": 10000.0, "short_factor": [1.0, 1.25, 1.5, 2.0],
            "long_factor": [1.0, 2.0, 3.0, 4.0], "original_max_position_embeddings": 64}
NETWORKS = {
    "llama": lambda: transformers.LlamaForCausalLM(transformers.LlamaConfig(**SMALL, rope_parameters=LLAMA3)),
    "qwen2": lambda: transformers.Qwen2ForCausalLM(transformers.Qwen2Config(**SMALL, tie_word_embeddings=True)),
    "qwen3": lambda: transformers.Qwen3ForCausalLM(transformers.Qwen3Config(**SMALL, head_dim=16)),
    "gemma2": lambda: transformers.Gemma2ForCausalLM(transformers.Gemma2Config(  # other kinds of attention cap no scores
        **SMALL, head_dim=16, query_pre_attn_scalar=16, sliding_window=7, attn_implementation="eager")),
    "gemma3": lambda: transformers.Gemma3ForCausalLM(transformers.Gemma3TextConfig(
        **SMALL, head_dim=16, query_pre_attn_scalar=16, sliding_window=7)),
    "phi3": lambda: transformers.Phi3ForCausalLM(transformers.Phi3Config(
        **SMALL, pad_token_id=0, original_max_position_embeddings=64, rope_parameters=LONGROPE)),
}


def cases(network):
    ids = tokens(12, network.config.vocab_size)
    out = network(ids, output_hidden_states=True)
    return {"input_ids": ids[0].tolist(), "hidden": flat(out.hidden_states[-1]), "logits": flat(out.logits[0, -1])}


def permuted(values, heads):
    """Pairs of features that are turned together lie side by side in llama.cpp's llama."""
    return numpy.ascontiguousarray(values.reshape(heads, 2, values.shape[0] // heads // 2, -1).swapaxes(1, 2)).reshape(values.shape)


def llama3_factors(config):
    """How much longer each wave becomes; what the converter writes as rope_freqs."""
    rope, dims = config.rope_parameters, config.head_dim
    inverse = 1 / rope["rope_theta"] ** (numpy.arange(0, dims, 2) / dims)
    waves = 2 * numpy.pi / inverse
    original, low, high = rope["original_max_position_embeddings"], rope["low_freq_factor"], rope["high_freq_factor"]
    smooth = numpy.clip((original / waves - low) / (high - low), 0, 1)
    return (1 / ((1 - smooth) / rope["factor"] + smooth)).astype(numpy.float32)


def write_model(name, network, shapes, path):
    config = network.config
    architecture = next(key for key, value in gguf.MODEL_ARCH_NAMES.items() if value == name)
    names = gguf.get_tensor_name_map(architecture, config.num_hidden_layers)
    writer = gguf.GGUFWriter(path, name)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    head_dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    writer.add_key_length(head_dim)
    writer.add_value_length(head_dim)
    writer.add_rope_dimension_count(head_dim)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_vocab_size(config.vocab_size)
    rope = config.rope_parameters
    writer.add_rope_freq_base(rope.get("rope_theta") or rope["full_attention"]["rope_theta"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    if name.startswith("gemma"):
        writer.add_sliding_window(config.sliding_window)
    if name == "gemma2":
        writer.add_attn_logit_softcapping(config.attn_logit_softcapping)
        writer.add_final_logit_softcapping(config.final_logit_softcapping)
    if name == "llama":
        writer.add_tensor("rope_freqs.weight", llama3_factors(config))
    if name == "phi3":
        writer.add_rope_scaling_orig_ctx_len(rope["original_max_position_embeddings"])
        for length in ("long", "short"):
            writer.add_tensor(f"rope_factors_{length}.weight", numpy.array(rope[f"{length}_factor"], numpy.float32))
    for theirs, shape in shapes.items():
        values = fixture_values(theirs, shape)
        if name == "llama" and ".q_proj." in theirs:
            values = permuted(values, config.num_attention_heads)
        if name == "llama" and ".k_proj." in theirs:
            values = permuted(values, config.num_key_value_heads)
        if name.startswith("gemma") and theirs.endswith("norm.weight"):
            values = values + numpy.float32(1)
        writer.add_tensor(names.get_name(theirs, (".weight", ".bias")), values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def check(name, path, network, fixture):
    """A model with the weights that the official package reads in the file computes the same."""
    case = fixture["cases"]
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.fill_(torch.nan)
        read = load_gguf_checkpoint(str(path), return_tensors=True, model_to_load=network)["tensors"]
        network.load_state_dict({key: torch.as_tensor(numpy.array(value)) for key, value in read.items()}, strict=False)
        network.tie_weights()
        logits = network.eval()(torch.tensor([case["input_ids"]])).logits[0, -1]
    print(f"{name}: official reading is off by at most {(logits - torch.tensor(case['logits'])).abs().max().item():.2g}")


def write_tokenizer(name, path):
    tokenizer = json.loads((TESTDATA / f"{name}.json").read_text())
    model = tokenizer["model"]
    added = {token["id"]: token for token in tokenizer["added_tokens"]}
    contents = {index: text for text, index in model["vocab"].items()} | {index: token["content"] for index, token in added.items()}
    words = [contents[index] for index in range(len(contents))]
    of = {text: index for index, text in enumerate(words)}
    kinds = [gguf.TokenType.NORMAL] * len(words)
    for index, token in added.items():
        kinds[index] = gguf.TokenType.CONTROL if token["special"] else gguf.TokenType.USER_DEFINED
    writer = gguf.GGUFWriter(path, "llama")
    pieces = model["byte_fallback"]
    writer.add_tokenizer_model("llama" if pieces else "gpt2")
    if pieces:
        for index, text in enumerate(words):
            if text.startswith("<0x") and len(text) == 6:
                kinds[index] = gguf.TokenType.BYTE
        kinds[of["<unk>"]] = gguf.TokenType.UNKNOWN
        scores = [0.0] * len(words)
        for rank, (left, right) in enumerate(model["merges"]):
            if not scores[of[left + right]]:
                scores[of[left + right]] = -1.0 - rank
        writer.add_token_scores(scores)
        writer.add_add_space_prefix(name != "gemma")
        writer.add_unk_token_id(of["<unk>"])
    else:
        writer.add_tokenizer_pre({"llama3": "llama-bpe", "qwen2": "qwen2", "gpt2": "gpt-2"}[name])
        writer.add_token_merges([f"{left} {right}" for left, right in model["merges"]])
    begin = {"llama3": "<|begin_of_text|>", "sentencepiece_bpe": "<s>", "gemma": "<bos>"}.get(name)
    if begin:
        writer.add_bos_token_id(of[begin])
    if name == "gemma":
        writer.add_add_bos_token(False)  # as its fixture has it
    writer.add_token_list(words)
    writer.add_token_types(kinds)
    writer.add_chat_template("{{ messages }}")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    folder = TESTDATA / "gguf"
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in NETWORKS.items():
        network = make()
        write(f"gguf_{name}", network, cases)
        fixture = json.loads((MODELS / f"gguf_{name}.json").read_text())
        write_model(name, network, fixture["tensors"], folder / f"{name}.gguf")
        check(name, folder / f"{name}.gguf", make(), fixture)
    for name in ("llama3", "qwen2", "gpt2", "sentencepiece_bpe", "gemma"):
        write_tokenizer(name, folder / f"tokenizer_{name}.gguf")

"""LoRA adapters for make_models.py: what a model computes with an adapter merged into it by the package peft (PyPI)."""
import copy
import json
import pathlib
import tempfile

import torch

from make_models import fill, fixture_values, flat, model, tokens


def with_adapters(*options):
    def make(network):
        ids = tokens(9, network.config.vocab_size, seed=3)
        fill(network)
        return {"ids": ids[0].tolist(), "adapters": [adapter(copy.deepcopy(network), ids, one) for one in options]}

    return make


def adapter(network, ids, options):
    import peft

    wrapped = peft.get_peft_model(network, peft.LoraConfig(**options))
    values = {name: torch.from_numpy(fixture_values(name, list(tensor.shape)))
              for name, tensor in peft.get_peft_model_state_dict(wrapped).items()}
    peft.set_peft_model_state_dict(wrapped, values)
    with tempfile.TemporaryDirectory() as folder:
        wrapped.save_pretrained(folder)
        config = json.loads((pathlib.Path(folder) / "adapter_config.json").read_text())
    merged = wrapped.merge_and_unload().eval()
    return {"adapter_config": config, "tensors": {name: list(tensor.shape) for name, tensor in values.items()},
            "logits": flat(merged(ids).logits)}


@model
def lora_llama():
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(vocab_size=61, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
                         num_key_value_heads=2, max_position_embeddings=64, tie_word_embeddings=False)
    return LlamaForCausalLM(config), with_adapters(
        {"r": 4, "lora_alpha": 6, "target_modules": ["q_proj", "v_proj", "down_proj"],
         "rank_pattern": {"q_proj": 2, "layers.1.mlp.down_proj": 3}, "alpha_pattern": {"model.layers.1.self_attn.v_proj": 1}},
        {"r": 4, "lora_alpha": 2, "use_rslora": True, "target_modules": ["embed_tokens", "o_proj", "gate_proj"],
         "modules_to_save": ["lm_head"]})


@model
def lora_gpt2():
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(vocab_size=61, n_embd=32, n_layer=2, n_head=4, n_positions=32, bos_token_id=0, eos_token_id=0)
    return GPT2LMHeadModel(config), with_adapters(
        {"r": 2, "lora_alpha": 3, "fan_in_fan_out": True, "target_modules": ["c_attn", "c_fc"]})

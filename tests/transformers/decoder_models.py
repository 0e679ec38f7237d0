"""Small decoders for make_models.py."""
from make_models import flat, model, tokens

SMALL = {"vocab_size": 199, "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4,
         "num_key_value_heads": 2, "max_position_embeddings": 256}


def decoder_cases(network, use_cache=True):
    """Logits of the last position and the hidden states of all, then 64 greedy tokens."""
    ids = tokens(12, network.config.vocab_size)
    out = network(ids, output_hidden_states=True)
    network.generation_config.eos_token_id = None  # so that no token is kept from being chosen
    greedy = network.generate(ids, max_new_tokens=64, do_sample=False, pad_token_id=0, use_cache=use_cache)
    return {"input_ids": ids[0].tolist(), "hidden": flat(out.hidden_states[-1]), "logits": flat(out.logits[0, -1]),
            "greedy": greedy[0, ids.shape[1]:].tolist()}


@model
def llama():
    from transformers import LlamaConfig, LlamaForCausalLM

    return LlamaForCausalLM(LlamaConfig(**SMALL)), decoder_cases


def llama_with_rope(**rope):
    """Some stretched from the first token on, some from the 33rd."""
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(**SMALL | {"max_position_embeddings": 32, "tie_word_embeddings": True, "attention_bias": True,
                                    "mlp_bias": True, "head_dim": 32}, rope_parameters={"rope_theta": 1000.0, **rope})
    return LlamaForCausalLM(config), decoder_cases


@model
def llama_rope_linear():
    return llama_with_rope(rope_type="linear", factor=3.0)


@model
def llama_rope_dynamic():
    return llama_with_rope(rope_type="dynamic", factor=4.0)


@model
def llama_rope_yarn():
    return llama_with_rope(rope_type="yarn", factor=4.0, original_max_position_embeddings=16)


@model
def llama_rope_llama3():
    return llama_with_rope(rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
                           original_max_position_embeddings=128)


@model
def llama_rope_longrope():
    return llama_with_rope(rope_type="longrope", factor=4.0, original_max_position_embeddings=256,
                           short_factor=[1 + i / 16 for i in range(16)], long_factor=[2 + i / 4 for i in range(16)])


@model
def mistral():
    from transformers import MistralConfig, MistralForCausalLM

    return MistralForCausalLM(MistralConfig(**SMALL, sliding_window=9)), decoder_cases


@model
def qwen2():
    from transformers import Qwen2Config, Qwen2ForCausalLM

    config = Qwen2Config(**SMALL | {"num_hidden_layers": 3}, use_sliding_window=True, sliding_window=7, max_window_layers=1,
                         tie_word_embeddings=True)
    return Qwen2ForCausalLM(config), decoder_cases


@model
def qwen3():
    from transformers import Qwen3Config, Qwen3ForCausalLM

    return Qwen3ForCausalLM(Qwen3Config(**SMALL, head_dim=32)), decoder_cases


@model
def gpt2():
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(vocab_size=199, n_positions=128, n_embd=64, n_layer=2, n_head=4)
    return GPT2LMHeadModel(config), decoder_cases


@model
def gpt2_scaled():
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(vocab_size=199, n_positions=128, n_embd=64, n_layer=3, n_head=2, n_inner=80,
                        scale_attn_by_inverse_layer_idx=True, activation_function="gelu")
    return GPT2LMHeadModel(config), decoder_cases


@model
def gemma():
    from transformers import GemmaConfig, GemmaForCausalLM

    return GemmaForCausalLM(GemmaConfig(**SMALL | {"num_key_value_heads": 1}, head_dim=32)), decoder_cases


@model
def gemma2():
    from transformers import Gemma2Config, Gemma2ForCausalLM

    config = Gemma2Config(**SMALL, head_dim=32, query_pre_attn_scalar=24, sliding_window=8, attn_logit_softcapping=2.0,
                          final_logit_softcapping=1.5)
    config._attn_implementation = "eager"  # the only one that caps scores
    return Gemma2ForCausalLM(config), decoder_cases


@model
def gemma3():
    from transformers import Gemma3ForCausalLM, Gemma3TextConfig

    config = Gemma3TextConfig(**SMALL | {"num_hidden_layers": 7}, head_dim=32, query_pre_attn_scalar=24, sliding_window=8,
                              rope_parameters={"sliding_attention": {"rope_type": "default", "rope_theta": 100.0},
                                               "full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 10000.0}})
    return Gemma3ForCausalLM(config), decoder_cases


@model
def phi3():
    from transformers import Phi3Config, Phi3ForCausalLM

    config = Phi3Config(**SMALL, pad_token_id=0, bos_token_id=1, eos_token_id=2, sliding_window=20, partial_rotary_factor=0.5)
    return Phi3ForCausalLM(config), decoder_cases


@model
def phi3_longrope():
    """Crosses the original length while it generates. Without a cache: 5.12 drops what came before when it crosses with one."""
    from transformers import Phi3Config, Phi3ForCausalLM

    config = Phi3Config(**SMALL, original_max_position_embeddings=40, pad_token_id=0, bos_token_id=1, eos_token_id=2,
                        rope_parameters={"rope_type": "longrope", "rope_theta": 1000.0, "partial_rotary_factor": 1.0,
                                         "short_factor": [1 + i / 16 for i in range(8)],
                                         "long_factor": [2 + i / 4 for i in range(8)]})
    return Phi3ForCausalLM(config), lambda network: decoder_cases(network, use_cache=False)


@model
def qwen3_moe():
    from transformers import Qwen3MoeConfig, Qwen3MoeForCausalLM

    config = Qwen3MoeConfig(**SMALL | {"num_hidden_layers": 3}, head_dim=32, moe_intermediate_size=40, num_experts=8,
                            num_experts_per_tok=3, norm_topk_prob=True, mlp_only_layers=[1])
    return Qwen3MoeForCausalLM(config), decoder_cases


@model
def mixtral():
    from transformers import MixtralConfig, MixtralForCausalLM

    return MixtralForCausalLM(MixtralConfig(**SMALL, num_local_experts=4, num_experts_per_tok=2, sliding_window=9)), decoder_cases

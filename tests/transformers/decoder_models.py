"""Small decoders for make_models.py."""
from make_models import flat, model, tokens


def decoder_cases(network):
    """Logits of the last position and the hidden states of all, then 64 greedy tokens."""
    ids = tokens(12, network.config.vocab_size)
    out = network(ids, output_hidden_states=True)
    greedy = network.generate(ids, max_new_tokens=64, min_new_tokens=64, do_sample=False, pad_token_id=0)
    return {"input_ids": ids[0].tolist(), "hidden": flat(out.hidden_states[-1]), "logits": flat(out.logits[0, -1]),
            "greedy": greedy[0, ids.shape[1]:].tolist()}


@model
def llama():
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(vocab_size=199, hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4,
                         num_key_value_heads=2, max_position_embeddings=256, bos_token_id=1, eos_token_id=2)
    return LlamaForCausalLM(config), decoder_cases

"""Small encoder-decoders for make_models.py: the encoder's hidden states, logits behind some tokens, and 64 greedy tokens."""
from make_models import flat, model, tokens


def seq2seq_cases(network):
    import torch

    ids = tokens(12, network.config.vocab_size)
    start = torch.tensor([[network.config.decoder_start_token_id]])
    target = torch.cat([start, tokens(4, network.config.vocab_size, seed=2)], dim=1)
    out = network(input_ids=ids, decoder_input_ids=target)
    settings = {name: getattr(network.generation_config, name) for name in ["eos_token_id", "forced_bos_token_id", "bad_words_ids"]}
    greedy = network.generate(ids, max_new_tokens=64, min_new_tokens=64, do_sample=False, num_beams=1)
    return {"input_ids": ids[0].tolist(), "decoder_input_ids": target[0].tolist(), "hidden": flat(out.encoder_last_hidden_state),
            "logits": flat(out.logits[0, -1]), "greedy": greedy[0, 1:].tolist(), "generation": settings}


def t5_of(**settings):
    from transformers import T5Config, T5ForConditionalGeneration

    config = T5Config(vocab_size=61, d_model=32, d_kv=12, d_ff=48, num_layers=2, num_heads=4, decoder_start_token_id=0,
                      relative_attention_num_buckets=8, relative_attention_max_distance=20, **settings)
    return T5ForConditionalGeneration(config), seq2seq_cases


@model
def t5():
    return t5_of()


@model
def t5_gated():
    """As version 1.1 and FLAN: gated, a head of its own, and the last rows not scaled."""
    return t5_of(feed_forward_proj="gated-gelu", tie_word_embeddings=False)


def bart_of(name, **settings):
    import transformers

    sizes = {"vocab_size": 61, "d_model": 32, "encoder_ffn_dim": 48, "decoder_ffn_dim": 40, "encoder_layers": 2, "decoder_layers": 2,
             "encoder_attention_heads": 4, "decoder_attention_heads": 4, "max_position_embeddings": 80}
    tokens_of = {"pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2, "forced_eos_token_id": None}
    generation = {key: settings.pop(key) for key in ["forced_bos_token_id", "bad_words_ids"] if key in settings}
    config = getattr(transformers, f"{name}Config")(**{**sizes, **tokens_of, **settings})
    kind = "MTModel" if name == "Marian" else "ForConditionalGeneration"
    network = getattr(transformers, f"{name}{kind}")(config)
    network.generation_config.update(**generation)
    return network, seq2seq_cases


@model
def bart():
    return bart_of("Bart", decoder_start_token_id=2, forced_bos_token_id=7, tie_word_embeddings=False)


@model
def mbart():
    return bart_of("MBart", decoder_start_token_id=5, scale_embedding=True, tie_word_embeddings=False)


@model
def marian():
    """With a table of positions in the file, as some have."""
    return bart_of("Marian", decoder_start_token_id=1, scale_embedding=True, activation_function="silu", bad_words_ids=[[27], [1]])


@model
def pegasus():
    """Without one: the model's own sines and cosines stay."""
    network, cases = bart_of("Pegasus", decoder_start_token_id=1, scale_embedding=True, activation_function="relu", tie_word_embeddings=False)
    all_tensors = network.state_dict
    network.state_dict = lambda **options: {name: tensor for name, tensor in all_tensors(**options).items() if "embed_positions" not in name}
    return network, cases

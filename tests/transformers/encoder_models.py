"""Small encoders for make_models.py."""
from make_models import flat, model, tokens


def encoder_cases(network):
    ids = tokens(12, network.config.vocab_size)
    return {"input_ids": ids[0].tolist(), "hidden": flat(network(ids).last_hidden_state)}


@model
def bert():
    from transformers import BertConfig, BertModel

    config = BertConfig(vocab_size=199, hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4,
                        max_position_embeddings=64)
    return BertModel(config), encoder_cases

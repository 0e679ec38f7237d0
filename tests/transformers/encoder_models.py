"""Small encoders for make_models.py: hidden states, and the logits of every head, for three sequences."""
import torch

from make_models import fill, flat, model, tokens

SIZES = {"vocab_size": 61, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 3, "num_attention_heads": 4,
         "num_labels": 2}


class Family(torch.nn.Module):
    """Models of one family with different heads as one: their tensors have the same values where they have the same names."""

    def __init__(self, masked, **others):
        super().__init__()
        self.config = masked.config
        self.networks = torch.nn.ModuleDict({"masked": masked, **others})

    def state_dict(self, *arguments, **options):
        union = {}
        for network in self.networks.values():
            for name, tensor in network.state_dict(*arguments, **options).items():
                assert name not in union or union[name].shape == tensor.shape, name
                union.setdefault(name, tensor)
        return union


def encoder_cases(lengths, types=True):
    def make(family):
        for network in family.networks.values():
            fill(network)
        return {"sequences": [encoder_case(family, length, types) for length in lengths]}

    return make


def encoder_case(family, length, types):
    networks = family.networks
    ids = tokens(length, family.config.vocab_size, seed=length)
    case = {"ids": ids[0].tolist()}
    more = {}
    if types:
        more["token_type_ids"] = (torch.arange(length) >= length // 2).long()[None]
        case["types"] = more["token_type_ids"][0].tolist()
    base = networks["token"].base_model(ids, **more)
    case["hidden"] = flat(base.last_hidden_state)
    for name in ["token", "sequence"]:
        case[name] = flat(networks[name](ids, **more).logits)
    answer = networks["answer"](ids, **more)
    case["answer"] = flat(torch.stack([answer.start_logits[0], answer.end_logits[0]], dim=-1))
    if length < 8:  # it is large
        case["masked"] = flat(networks["masked"](ids, **more).logits)
    pooler = getattr(networks["sequence"].base_model, "pooler", None)
    if pooler is not None:
        case["pooled"] = flat(networks["sequence"].base_model(ids, **more).pooler_output)
    return case


def family(name, config):
    import transformers

    heads = {"masked": "MaskedLM", "token": "TokenClassification", "sequence": "SequenceClassification",
             "answer": "QuestionAnswering"}
    return Family(**{key: getattr(transformers, f"{name}For{head}")(config) for key, head in heads.items()})


@model
def bert():
    from transformers import BertConfig

    return family("Bert", BertConfig(max_position_embeddings=32, **SIZES)), encoder_cases([12, 5, 20])


@model
def roberta():
    """Positions count from behind padding, and a padding token in the text has its own."""
    from transformers import RobertaConfig

    config = RobertaConfig(max_position_embeddings=32, type_vocab_size=1, pad_token_id=4, **SIZES)
    return family("Roberta", config), encoder_cases([12, 5, 27], types=False)


@model
def distilbert():
    from transformers import DistilBertConfig

    config = DistilBertConfig(vocab_size=61, dim=32, hidden_dim=48, n_layers=2, n_heads=4, max_position_embeddings=32,
                              num_labels=2)
    return family("DistilBert", config), encoder_cases([12, 5, 20], types=False)


@model
def mpnet():
    from transformers import MPNetConfig

    return family("MPNet", MPNetConfig(max_position_embeddings=48, **SIZES)), encoder_cases([12, 5, 40], types=False)


@model
def deberta_v2():
    """Keys and queries of distances are the layers' own; every distance counts exactly."""
    from transformers import DebertaV2Config

    config = DebertaV2Config(max_position_embeddings=32, relative_attention=True, max_relative_positions=8,
                             pos_att_type=["p2c", "c2p"], pooler_hidden_size=32, type_vocab_size=2, **SIZES)
    return family("DebertaV2", config), encoder_cases([12, 5, 20])


@model
def deberta_v3():
    """As microsoft/deberta-v3: no positions and no types at the start, shared keys, buckets by logarithm."""
    from transformers import DebertaV2Config

    config = DebertaV2Config(max_position_embeddings=32, relative_attention=True, position_buckets=8, norm_rel_ebd="layer_norm",
                             share_att_key=True, pos_att_type="p2c|c2p", position_biased_input=False, pooler_hidden_size=32,
                             pooler_hidden_act="gelu", type_vocab_size=0, legacy=False, **SIZES)
    return family("DebertaV2", config), encoder_cases([12, 5, 40], types=False)


@model
def electra():
    from transformers import ElectraConfig, ElectraForTokenClassification

    config = ElectraConfig(embedding_size=16, max_position_embeddings=32, **SIZES)
    made = family("Electra", config)
    made.networks["masked"] = ElectraForTokenClassification(config)  # a head of its own, which is not built
    return made, lambda network: without_masked(encoder_cases([12, 5, 20])(network))


def without_masked(cases):
    for case in cases["sequences"]:
        case.pop("masked", None)
    return cases


@model
def modernbert():
    from transformers import ModernBertConfig

    config = ModernBertConfig(max_position_embeddings=64, local_attention=8, classifier_pooling="mean", pad_token_id=0,
                              bos_token_id=1, eos_token_id=2, cls_token_id=1, sep_token_id=2, **SIZES)
    return family("ModernBert", config), encoder_cases([12, 5, 30], types=False)

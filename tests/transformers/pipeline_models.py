"""A small BERT at the tasks of the official pipelines, for make_models.py."""
import copy
import json

from encoder_models import family
from make_models import FOLDER, fill, flat, model

TEXTS = ["Wolfgang Müller lives in Berlin, said Mr. O'Neill.", "A tokenizer cuts texts", "日本 ☃ Übermut [SEP] naïve", "one"]
LABELS = ["contradiction", "mixed", "neutral", "odd", "entailment"]
TAGS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]


def plain(value):
    """numpy's and torch's numbers as Python's."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value if value is None or isinstance(value, (str, bool)) else int(value) if isinstance(value, int) else float(value)


def pipeline_cases(made):
    from transformers import PreTrainedTokenizerFast, pipeline

    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(FOLDER.parent / "bert.json"), pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]",
                                        sep_token="[SEP]", mask_token="[MASK]", model_max_length=48,
                                        model_input_names=["input_ids", "token_type_ids", "attention_mask"])
    for network in made.networks.values():
        fill(network)

    def at(task, name, labels=None, **settings):
        network = made.networks[name]
        network.config = copy.deepcopy(network.config)
        if labels:
            network.config.id2label = dict(enumerate(labels))
            network.config.label2id = {label: i for i, label in enumerate(labels)}
        network.config.architectures = [type(network).__name__]
        return pipeline(task, model=network, tokenizer=tokenizer, device="cpu", **settings)

    def config_of(name):
        return json.loads(made.networks[name].config.to_json_string(use_diff=False))

    cases = {"texts": TEXTS}
    classify = at("text-classification", "sequence", LABELS)
    cases["text-classification"] = {"config": config_of("sequence"), "softmax": [classify(text, top_k=None) for text in TEXTS],
                                    "sigmoid": [classify(text, top_k=None, function_to_apply="sigmoid") for text in TEXTS],
                                    "pair": classify({"text": TEXTS[0], "text_pair": TEXTS[1]}, top_k=None)}
    judge = at("zero-shot-classification", "sequence", LABELS)
    candidates = ["cats", "Städte", "a very long label"]
    cases["zero-shot-classification"] = {"config": config_of("sequence"), "candidates": candidates,
                                         "one": [judge(text, candidates) for text in TEXTS],
                                         "many": [judge(text, candidates, multi_label=True, hypothesis_template="It is about {}!") for text in TEXTS]}
    fill_mask = at("fill-mask", "masked")
    masked = ["The [MASK] fox.", "[MASK] and [MASK]"]
    cases["fill-mask"] = {"config": config_of("masked"), "texts": masked, "filled": [fill_mask(text, top_k=4) for text in masked]}
    tag = at("token-classification", "token", TAGS)
    cases["token-classification"] = {"config": config_of("token")}
    for strategy in ["none", "simple", "first", "average", "max"]:
        cases["token-classification"][strategy] = [tag(text, aggregation_strategy=strategy) for text in TEXTS]
    features = pipeline("feature-extraction", model=made.networks["token"].base_model, tokenizer=tokenizer, device="cpu")
    cases["feature-extraction"] = [flat(features(text, return_tensors=True)) for text in TEXTS[1:]]
    return rounded(plain(cases))


def rounded(value):
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [rounded(item) for item in value]
    return float(f"{value:.7g}") if isinstance(value, float) else value


@model
def pipelines():
    from transformers import BertConfig

    config = BertConfig(vocab_size=800, hidden_size=16, intermediate_size=24, num_hidden_layers=1, num_attention_heads=2, max_position_embeddings=48,
                        num_labels=5)
    return family("Bert", config), pipeline_cases

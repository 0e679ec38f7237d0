#!/usr/bin/env python3
"""Makes src/transformers/testdata/pipelines: small models at the Hub's tasks, and what the official package's pipelines answer.

A file of a case has all that a repository of the model would hold, but for its weights, which follow from their names (make_models.py), and its
tokenizer, which is one of testdata/; then calls with their answers, in the shapes of the Hub's inference API.

Needs torch and transformers. Version 5 has given up some pipelines (question-answering, text2text-generation, summarization, translation): their
cases are made with 4.57, and each run leaves the files of cases alone that its version cannot make.

    python3 tests/transformers/make_pipelines.py [NAME...]
"""
import base64
import io
import json
import sys
import tempfile
import wave as wave_file

import torch
import transformers
from transformers import PreTrainedTokenizerFast, pipeline

from audio_models import LISTENING, SPECIAL, SPEECH, signal, window_tokenizer
from make_models import FOLDER, fill
from pipeline_models import plain, rounded

OUT = FOLDER.parent / "pipelines"
CASES = {}
PROSE = ("Wolfgang Müller lives in Berlin, said Mr. O'Neill. A tokenizer cuts texts; the quick brown fox jumps over the lazy dog, and no one in "
         "Paris saw it. Übermut tut selten gut! The model reads texts (it gives vectors), one for each of them. ")
TEXTS = [PROSE[:50], "A tokenizer cuts texts", "日本 ☃ Übermut [SEP] naïve", "one"]
SIZES = {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 1, "num_attention_heads": 2, "max_position_embeddings": 66}
# What a tokenizer_config.json says beside the tokenizer's class.
BERT_WORDS = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]", "model_max_length": 48}
ROBERTA_WORDS = {"pad_token": "<pad>", "unk_token": "<unk>", "cls_token": "<s>", "sep_token": "</s>", "bos_token": "<s>", "eos_token": "</s>",
                 "mask_token": "<mask>", "model_max_length": 64, "add_prefix_space": True}


def case(function):
    CASES[function.__name__] = function
    return function


def tokenizer_of(name, words):
    names = ["input_ids", "attention_mask"] if name != "bert" else ["input_ids", "token_type_ids", "attention_mask"]
    return PreTrainedTokenizerFast(tokenizer_file=str(FOLDER.parent / f"{name}.json"), model_input_names=names, **words)


def made(task, network, vocabulary, words, calls, answer, files=None, **parts):
    """`calls` are pairs of inputs and parameters; answer(pipeline, inputs, parameters) asks the official package.

    `vocabulary` is a tokenizer of testdata or, for what has its own, None; `parts` are more of the official pipeline's.
    """
    network = network.eval().float()
    tensors = fill(network)
    network.config.architectures = [type(network).__name__]
    config = json.loads(network.config.to_json_string(use_diff=False))
    if vocabulary:
        parts["tokenizer"] = tokenizer_of(vocabulary, words)
    asked = pipeline(task, model=network, device="cpu", **parts) if isinstance(answer, Ask) else network
    answers = []
    with torch.no_grad():
        for inputs, parameters in calls:
            got = answer(asked, inputs, parameters)
            answers.append({"inputs": inputs, "parameters": parameters, "answer": rounded(plain(got))})
    files = {"config.json": config, **({"tokenizer_config.json": words} if words else {}), **(files or {})}
    return {"task": task, "tokenizer": vocabulary and f"{vocabulary}.json", "files": files, "tensors": tensors, "calls": answers}


class Ask:
    """An answer by the official pipeline, in the API's shape."""

    def __init__(self, call):
        self.call = call

    def __call__(self, asked, inputs, parameters):
        return self.call(asked, inputs, dict(parameters))


def each(inputs, answer):
    return [answer(one) for one in inputs] if isinstance(inputs, list) else answer(inputs)


def bert_config(**more):
    return transformers.BertConfig(vocab_size=800, **SIZES, **more)


def labelled(labels):
    return {"id2label": dict(enumerate(labels)), "label2id": {label: i for i, label in enumerate(labels)}}


@case
def text_classification():
    def ask(asked, inputs, parameters):
        top = parameters.pop("top_k", None)
        found = each(inputs, lambda one: asked(one, top_k=top, **parameters))
        return found if isinstance(inputs, list) else [found]

    calls = [(TEXTS[0], {}), (TEXTS, {"top_k": 2}), ({"text": TEXTS[0], "text_pair": TEXTS[1]}, {"function_to_apply": "sigmoid"}),
             (TEXTS[3], {"function_to_apply": "none", "top_k": 1})]
    network = transformers.BertForSequenceClassification(bert_config(**labelled(["bad", "so so", "good"])))
    return made("text-classification", network, "bert", BERT_WORDS, calls, Ask(ask))


@case
def zero_shot_classification():
    def ask(asked, inputs, parameters):
        def one(text):
            found = asked(text, **parameters)
            return [{"label": label, "score": score} for label, score in zip(found["labels"], found["scores"])]

        return each(inputs, one)

    labels = ["cats", "Städte", "a very long label"]
    long = PROSE * 2  # the text is cut off, the hypothesis never
    calls = [(TEXTS[0], {"candidate_labels": labels}), (TEXTS[:2], {"candidate_labels": labels[:1]}), (long, {"candidate_labels": labels}),
             (TEXTS[1], {"candidate_labels": labels * 9, "multi_label": True, "hypothesis_template": "It is about {}!"})]
    network = transformers.BertForSequenceClassification(bert_config(**labelled(["CONTRADICTION", "neutral", "ENTAILMENT"])))
    return made("zero-shot-classification", network, "bert", BERT_WORDS, calls, Ask(ask))


@case
def token_classification():
    def ask(asked, inputs, parameters):
        parameters.setdefault("aggregation_strategy", "simple")
        return each(inputs, lambda one: asked(one, **parameters))

    calls = [(TEXTS[0], {}), (TEXTS[:3], {"aggregation_strategy": "none"}), (TEXTS[0], {"ignore_labels": []}),
             (TEXTS[0], {"ignore_labels": ["LOC", "O"], "aggregation_strategy": "max"}), (PROSE, {"aggregation_strategy": "first", "stride": 6}),
             (PROSE, {"aggregation_strategy": "simple", "stride": 11}), (PROSE, {"aggregation_strategy": "average"})]
    network = transformers.BertForTokenClassification(bert_config(**labelled(["O", "B-PER", "I-PER", "B-LOC", "I-LOC"])))
    return made("token-classification", network, "bert", BERT_WORDS, calls, Ask(ask))


@case
def fill_mask():
    calls = [("The [MASK] fox.", {}), ("The [MASK] fox.", {"top_k": 2}), ("[MASK] and [MASK]", {"top_k": 3}),
             (["A [MASK]", "[MASK]!"], {"targets": ["the", "one", "tokenizers", "the"]}), ("A [MASK].", {"targets": "text", "top_k": 9})]
    return made("fill-mask", transformers.BertForMaskedLM(bert_config()), "bert", BERT_WORDS, calls,
                Ask(lambda asked, inputs, parameters: each(inputs, lambda one: asked(one, **parameters))))


@case
def feature_extraction():
    network = transformers.BertModel(bert_config())
    return made("feature-extraction", network, "bert", BERT_WORDS, [(TEXTS[1], {}), ([TEXTS[3], "A B"], {})],
                Ask(lambda asked, inputs, parameters: each(inputs, asked)))


@case
def sentence_similarity():
    """The mean of a text's rows, as sentence-transformers has it for a model without modules.json."""
    def answer(network, inputs, _):
        def row(text):
            encoded = tokenizer_of("bert", BERT_WORDS)(text, return_tensors="pt", truncation=True)
            return network(**encoded).last_hidden_state[0].mean(dim=0)

        source = row(inputs["source_sentence"])
        return [float(torch.nn.functional.cosine_similarity(source, row(text), dim=0)) for text in inputs["sentences"]]

    return made("sentence-similarity", transformers.BertModel(bert_config()), "bert", BERT_WORDS,
                [({"source_sentence": TEXTS[0], "sentences": TEXTS}, {})], answer)


@case
def text_ranking():
    def answer(network, inputs, parameters):
        encoded = [tokenizer_of("bert", BERT_WORDS)(inputs["query"], text, return_tensors="pt", truncation=True) for text in inputs["texts"]]
        scores = [network(**one).logits[0, 0] for one in encoded]
        scores = [float(score if parameters.get("raw_scores") else score.sigmoid()) for score in scores]
        order = sorted(range(len(scores)), key=lambda i: -scores[i])
        return [{"index": i, "score": scores[i]} for i in order]

    network = transformers.BertForSequenceClassification(bert_config(num_labels=1))
    question = {"query": "Who lives in Berlin?", "texts": TEXTS}
    return made("text-ranking", network, "bert", BERT_WORDS, [(question, {}), (question, {"raw_scores": True})], answer)


QUESTIONS = [
    ({"question": "Who lives in Berlin?", "context": PROSE[:52]}, {}),
    ({"question": "Who?", "context": PROSE * 3}, {"top_k": 4}),
    ({"question": "What does the model read?", "context": PROSE * 3}, {"top_k": 5, "doc_stride": 7, "max_seq_len": 30}),
    ({"question": "What does the model read?", "context": PROSE * 2}, {"top_k": 20, "max_answer_len": 3, "align_to_words": False}),
    ({"question": "Where is Übermut?", "context": PROSE}, {"top_k": 6, "max_answer_len": 1}),
    ({"question": "Is it?", "context": "  It is, it IS; is it?\n  " * 4}, {"top_k": 8, "max_seq_len": 24, "doc_stride": 4}),
    ({"question": "Is there an answer?", "context": PROSE * 2}, {"top_k": 3, "handle_impossible_answer": True}),
    ([{"question": "Was?", "context": "日本 ☃ Übermut [SEP] naïve, " * 5}, {"question": "Who?", "context": TEXTS[0]}], {"max_seq_len": 40}),
]


def ask_question(asked, inputs, parameters):
    return each(inputs, lambda one: asked(question=one["question"], context=one["context"], **parameters))


@case
def question_answering_bert():
    return made("question-answering", transformers.BertForQuestionAnswering(bert_config()), "bert", BERT_WORDS, QUESTIONS, Ask(ask_question))


@case
def question_answering_roberta():
    """Words of a byte-level tokenizer begin with their spaces, and a question has two tokens behind it."""
    config = transformers.RobertaConfig(vocab_size=600, type_vocab_size=1, pad_token_id=1, **SIZES)
    return made("question-answering", transformers.RobertaForQuestionAnswering(config), "roberta", ROBERTA_WORDS, QUESTIONS, Ask(ask_question))


RATE = 16_000
HEARING = {"feature_extractor_type": "Wav2Vec2FeatureExtractor", "feature_size": 1, "sampling_rate": RATE, "padding_value": 0.0, "do_normalize": True,
           "return_attention_mask": False}


def wave(count):
    """A WAV file of 16 bits in base64, and its samples."""
    samples = (signal("sound", count) * 32767).round().astype("<i2")
    file = io.BytesIO()
    with wave_file.open(file, "wb") as out:
        out.setparams((1, 2, RATE, count, "NONE", ""))
        out.writeframes(samples.tobytes())
    return base64.b64encode(file.getvalue()).decode(), samples.astype("float32") / 32768


def sounds(*counts):
    return {text: samples for text, samples in map(wave, counts)}


@case
def automatic_speech_recognition_letters():
    heard = sounds(600, 1999)
    vocabulary = json.loads((FOLDER.parent / "ctc.json").read_text())["model"]["vocab"]
    # What the model often says parts words.
    vocabulary["|"], vocabulary["<unk>"] = vocabulary["<unk>"], vocabulary["|"]
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(vocabulary, file)
        file.flush()
        tokenizer = transformers.Wav2Vec2CTCTokenizer(file.name)
    words = {"pad_token": "<pad>", "unk_token": "<unk>", "word_delimiter_token": "|", "do_lower_case": False}
    calls = [(text, parameters) for text in heard for parameters in [{}, {"return_timestamps": "word"}, {"return_timestamps": "char"}]]
    network = transformers.Wav2Vec2ForCTC(transformers.Wav2Vec2Config(num_conv_pos_embeddings=16, **SPEECH))
    return made("automatic-speech-recognition", network, None, words, calls,
                Ask(lambda asked, inputs, parameters: asked(heard[inputs].copy(), **parameters)),
                {"preprocessor_config.json": HEARING, "vocab.json": vocabulary}, tokenizer=tokenizer,
                feature_extractor=transformers.Wav2Vec2FeatureExtractor(**HEARING))


@case
def audio_classification():
    heard = sounds(700)
    calls = [(text, parameters) for text in heard for parameters in [{}, {"top_k": 2}, {"function_to_apply": "sigmoid"},
                                                                     {"function_to_apply": "none", "top_k": 1}]]
    config = transformers.Wav2Vec2Config(num_conv_pos_embeddings=16, classifier_proj_size=24, **labelled(["down", "go", "left"]), **SPEECH)
    return made("audio-classification", transformers.Wav2Vec2ForSequenceClassification(config), None, None, calls,
                Ask(lambda asked, inputs, parameters: asked(heard[inputs].copy(), **parameters)), {"preprocessor_config.json": HEARING},
                feature_extractor=transformers.Wav2Vec2FeatureExtractor(**HEARING))


def llama(words, calls):
    def ask(asked, inputs, parameters):
        return asked(inputs, clean_up_tokenization_spaces=False, do_sample=False, **parameters)

    config = transformers.LlamaConfig(vocab_size=600, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
                                      num_key_value_heads=2, max_position_embeddings=128, bos_token_id=None, eos_token_id=None, pad_token_id=None)
    words = {"bos_token": "<|begin_of_text|>", "eos_token": "<|end_of_text|>", **words}
    return made("text-generation", transformers.LlamaForCausalLM(config), "llama3", words, calls, Ask(ask))


@case
def text_generation():
    return llama({}, [(TEXTS[1], {"max_new_tokens": 12}), (TEXTS[:2], {"max_new_tokens": 5, "return_full_text": False}),
                      (TEXTS[0], {"max_new_tokens": 9, "repetition_penalty": 1.7})])


@case
def text_generation_chat():
    """The last of the messages may be what the model has begun to say."""
    template = ("{{ bos_token }}{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}"
                "{% if add_generation_prompt %}assistant:{% endif %}")
    question = [{"role": "system", "content": "You cut texts."}, {"role": "user", "content": TEXTS[0]}]
    begun = [{"role": "user", "content": "one"}, {"role": "assistant", "content": "A token"}]
    return llama({"chat_template": template}, [(question, {"max_new_tokens": 8}), (question, {"max_new_tokens": 8, "return_full_text": False}),
                                               (begun, {"max_new_tokens": 6}), (begun, {"max_new_tokens": 6, "return_full_text": False})])


WRITING_WORDS = {"eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>", "model_max_length": 60}
# What comes before the texts of T5 for a task, and how they are written.
T5_TASKS = {"summarization": {"prefix": "summarize: ", "min_length": 4, "max_new_tokens": 14, "num_beams": 3, "length_penalty": 2.0,
                              "no_repeat_ngram_size": 2, "early_stopping": True},
            "translation_en_to_de": {"prefix": "translate English to German: ", "max_length": 12, "num_beams": 2}}


def rewritten(task, network, vocabulary, words, settings, calls, files=None, languages=False, **parts):
    """A text that becomes another; `languages`: whether the official pipeline is told of them."""
    network.generation_config = transformers.GenerationConfig(**settings)
    settings = {name: value for name, value in network.generation_config.to_diff_dict().items() if name != "transformers_version"}

    def ask(asked, inputs, parameters):
        more = parameters.pop("generate_parameters", {})
        parameters = {name: value for name, value in parameters.items() if languages or "lang" not in name}
        return each(inputs, lambda one: asked(one, **parameters, **more))

    made_case = made(task, network, vocabulary, words, calls, Ask(ask), {"generation_config.json": settings, **(files or {})}, **parts)
    return made_case | {"task": task.partition("_")[0]}


def t5(task, calls):
    config = transformers.T5Config(vocab_size=700, d_model=32, d_kv=8, d_ff=48, num_layers=2, num_heads=4, decoder_start_token_id=0,
                                   task_specific_params=T5_TASKS)
    settings = {"decoder_start_token_id": 0, "eos_token_id": 1, "pad_token_id": 0, "repetition_penalty": 1.1}
    return rewritten(task, transformers.T5ForConditionalGeneration(config), "t5", WRITING_WORDS, settings, calls)


@case
def text2text_generation():
    short = {"generate_parameters": {"max_new_tokens": 10}}
    calls = [(TEXTS[1], short), (TEXTS[:2], {"generate_parameters": {"max_new_tokens": 7, "num_beams": 1}}),
             (TEXTS[3], {"generate_parameters": {"max_new_tokens": 9, "num_beams": 3, "num_return_sequences": 2, "length_penalty": 0.5}}),
             (PROSE, {"truncation": "only_first", "clean_up_tokenization_spaces": True, **short})]
    return t5("text2text-generation", calls)


@case
def summarization():
    calls = [(PROSE[:100], {}), (TEXTS[0], {"generate_parameters": {"num_beams": 2, "max_new_tokens": 8}})]
    return t5("summarization", calls)


@case
def summarization_bart():
    """With what the files of facebook/bart-large-cnn say."""
    config = transformers.BartConfig(vocab_size=700, d_model=32, encoder_layers=1, decoder_layers=2, encoder_attention_heads=4, decoder_attention_heads=4,
                                     encoder_ffn_dim=40, decoder_ffn_dim=48, max_position_embeddings=100)
    settings = {"bos_token_id": 0, "decoder_start_token_id": 2, "eos_token_id": 2, "pad_token_id": 1, "forced_bos_token_id": 0, "forced_eos_token_id": 2,
                "early_stopping": True, "length_penalty": 2.0, "max_length": 20 + 2, "min_length": 8, "no_repeat_ngram_size": 3, "num_beams": 4}
    calls = [(PROSE[:120], {}), (PROSE, {"truncation": "longest_first"}), (TEXTS[:2], {"generate_parameters": {"num_beams": 1, "min_length": 3}})]
    return rewritten("summarization", transformers.BartForConditionalGeneration(config), "roberta", ROBERTA_WORDS, settings, calls)


@case
def translation():
    languages = {"src_lang": "en", "tgt_lang": "de", "generate_parameters": {"max_new_tokens": 8}}
    return t5("translation_en_to_de", [(TEXTS[1], languages), (TEXTS[:2], languages)])


@case
def translation_marian():
    """With what the files of Helsinki-NLP/opus-mt-* say; the tokenizer stands in for theirs."""
    config = transformers.MarianConfig(vocab_size=700, d_model=32, encoder_layers=2, decoder_layers=1, encoder_attention_heads=4, decoder_attention_heads=4,
                                       encoder_ffn_dim=48, decoder_ffn_dim=40, max_position_embeddings=64, scale_embedding=True,
                                       activation_function="swish", pad_token_id=0, eos_token_id=1, decoder_start_token_id=0)
    settings = {"bad_words_ids": [[0]], "decoder_start_token_id": 0, "eos_token_id": 1, "forced_eos_token_id": 1, "max_length": 24, "num_beams": 4,
                "pad_token_id": 0, "renormalize_logits": True}
    return rewritten("translation", transformers.MarianMTModel(config), "t5", WRITING_WORDS, settings, [(TEXTS[1], {}), (TEXTS[:1], {})])


@case
def translation_mbart():
    """With the languages of facebook/mbart-large-cc25, behind its texts."""
    tokenizer = transformers.MBartTokenizerFast(tokenizer_file=str(FOLDER.parent / "xlm_roberta.json"), src_lang="en_XX", tgt_lang="ro_RO",
                                                model_max_length=60)
    config = transformers.MBartConfig(vocab_size=len(tokenizer), d_model=32, encoder_layers=1, decoder_layers=1, encoder_attention_heads=4,
                                      decoder_attention_heads=4, encoder_ffn_dim=40, decoder_ffn_dim=48, max_position_embeddings=64)
    settings = {"bos_token_id": 0, "decoder_start_token_id": tokenizer.convert_tokens_to_ids("ro_RO"), "eos_token_id": 2, "pad_token_id": 1,
                "forced_eos_token_id": 2, "max_length": 16, "num_beams": 5}
    words = {"tokenizer_class": "MBartTokenizer", "model_max_length": 60, "src_lang": "en_XX", "tgt_lang": "ro_RO"}
    files = {"tokenizer_config.json": words, "tokenizer.json": json.loads(tokenizer.backend_tokenizer.to_str())}
    calls = [(TEXTS[1], {"src_lang": "en_XX", "tgt_lang": "de_DE"}), (TEXTS[:2], {"src_lang": "fr_XX", "tgt_lang": "zh_CN"})]
    return rewritten("translation", transformers.MBartForConditionalGeneration(config), None, None, settings, calls, files, True, tokenizer=tokenizer)


@case
def automatic_speech_recognition_whisper():
    """A window of one second, and sounds within it and beyond."""
    from transformers.models.whisper.tokenization_whisper import _decode_asr

    heard = sounds(9_000, 20_000)
    hearing = {"feature_extractor_type": "WhisperFeatureExtractor", "feature_size": 12, "chunk_length": 1, "sampling_rate": RATE, "n_fft": 400,
               "hop_length": 160, "padding_value": 0.0, "return_attention_mask": False}
    words = window_tokenizer(51)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, extra_special_tokens=SPECIAL)
    tokenizer._strip_prompt = lambda ids, prompt, start: transformers.WhisperTokenizer._strip_prompt(tokenizer, ids, prompt, start)
    tokenizer._decode_asr = lambda outputs, **more: _decode_asr(tokenizer, outputs, **more)
    config = transformers.WhisperConfig(vocab_size=49 + 51, num_mel_bins=12, encoder_layers=1, encoder_attention_heads=2, decoder_layers=2,
                                        decoder_attention_heads=2, encoder_ffn_dim=16, decoder_ffn_dim=24, d_model=16, max_source_positions=50,
                                        max_target_positions=40, pad_token_id=40, bos_token_id=40, eos_token_id=40, decoder_start_token_id=41,
                                        suppress_tokens=None, begin_suppress_tokens=None)
    network = transformers.WhisperForConditionalGeneration(config)
    settings = LISTENING | {"suppress_tokens": [1, 46, 47]}
    network.generation_config = transformers.GenerationConfig(**settings)
    short, long = heard
    calls = [(short, {}), (short, {"return_timestamps": True, "generation_parameters": {"num_beams": 2}}),
             (short, {"generation_parameters": {"language": "de", "task": "translate", "max_new_tokens": 9, "num_beams": 1}}),
             (long, {"return_timestamps": True})]

    def ask(asked, inputs, parameters):
        more = parameters.pop("generation_parameters", {})
        return asked(heard[inputs].copy(), **parameters, **({"generate_kwargs": more} if more else {}))

    files = {"preprocessor_config.json": hearing, "generation_config.json": settings, "tokenizer.json": json.loads(words.to_str())}
    return made("automatic-speech-recognition", network, None, None, calls, Ask(ask), files, tokenizer=tokenizer,
                feature_extractor=transformers.WhisperFeatureExtractor(**{name: hearing[name] for name in list(hearing)[1:4]}))


def main():
    OUT.mkdir(exist_ok=True)
    for name in sys.argv[1:] or CASES:
        try:
            text = json.dumps(CASES[name](), separators=(",", ":"), ensure_ascii=False)
        except KeyError as error:
            if "Unknown task" not in str(error):
                raise
            print(f"{name}: not with transformers {transformers.__version__}")
            continue
        (OUT / f"{name}.json").write_text(text + "\n", encoding="utf-8")
        print(f"{name}: {len(text) / 1000:.0f} kB")


# Imported for their cases.
if __name__ == "__main__":
    sys.modules["make_pipelines"] = sys.modules["__main__"]
    if int(transformers.__version__.split(".")[0]) >= 5:  # with processors on Pillow
        import image_pipelines  # noqa: F401

    main()

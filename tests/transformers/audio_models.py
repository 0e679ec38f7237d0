"""Speech models for make_models.py: what the official package makes of a signal that a formula gives."""
import json
import pathlib
import tempfile
import types

import numpy
import torch

from make_models import fixture_values, flat, model


def signal(name, count):
    """The same numbers as signal() in speech_fixture.h: two tones under noise, rising and falling."""
    i = numpy.arange(count, dtype=numpy.float64)
    noise = fixture_values(name, [count]).astype(numpy.float64)
    tones = 0.3 * numpy.sin(i * 0.05) + 0.1 * numpy.sin(i * 0.71)
    return ((tones + 0.2 * noise) * numpy.sin(numpy.pi * (i + 0.5) / count)).astype(numpy.float32)


class Extractor(torch.nn.Module):
    """A feature extractor where make_models expects a model."""

    def __init__(self, extractor):
        super().__init__()
        self.extractor = extractor
        self.config = types.SimpleNamespace(to_json_string=lambda use_diff: extractor.to_json_string())


def some_frames(count, frames):
    def make(holder):
        extractor = holder.extractor
        values = extractor(signal("sound", count), sampling_rate=extractor.sampling_rate, return_tensors="np").input_features[0]
        return {"samples": count, "rows": values.shape[1], "frames": frames, "values": flat(torch.from_numpy(values[:, frames].T))}

    return make


@model
def features_whisper():
    from transformers import WhisperFeatureExtractor

    return Extractor(WhisperFeatureExtractor()), some_frames(24_000, [0, 1, 2, 40, 75, 111, 148, 149, 150, 151, 152, 2999])


@model
def features_whisper_cut():
    """128 filters, and a sound that is longer than the window and reaches both of its ends."""
    from transformers import WhisperFeatureExtractor

    extractor = WhisperFeatureExtractor(feature_size=128, chunk_length=2)
    return Extractor(extractor), some_frames(40_000, [0, 1, 50, 100, 197, 198, 199])


@model
def features_wav2vec2():
    from transformers import Wav2Vec2FeatureExtractor

    def make(holder):
        values = holder.extractor(signal("sound", 600) + numpy.float32(0.25), sampling_rate=16_000, return_tensors="pt")
        return {"samples": 600, "values": flat(values.input_values)}

    return Extractor(Wav2Vec2FeatureExtractor()), make


SPEECH = {"vocab_size": 32, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4,
          "conv_dim": (16, 24, 16), "conv_stride": (5, 2, 2), "conv_kernel": (10, 3, 2), "num_conv_pos_embedding_groups": 4}


def letters(network):
    """Hidden states, scores of letters, and the text that the official tokenizer reads out of them."""
    from transformers import Wav2Vec2CTCTokenizer

    folder = pathlib.Path(__file__).resolve().parents[2] / "src/transformers/testdata"
    vocabulary = json.loads((folder / "ctc.json").read_text())["model"]["vocab"]
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(vocabulary, file)
        file.flush()
        tokenizer = Wav2Vec2CTCTokenizer(file.name)
    cases = []
    for count in [600, 1999]:
        samples = torch.from_numpy(signal("sound", count))[None]
        hidden = network.wav2vec2(samples).last_hidden_state
        logits = network(samples).logits
        case = {"samples": count, "rows": hidden.shape[1], "text": tokenizer.decode(logits[0].argmax(-1))}
        if count < 1000:  # the others are large
            case |= {"hidden": flat(hidden), "logits": flat(logits)}
        cases.append(case)
    return {"sounds": cases}


@model
def wav2vec2():
    """As facebook/wav2vec2-base-960h: the first convolution's norm runs over time, and layers norm behind each part."""
    from transformers import Wav2Vec2Config, Wav2Vec2ForCTC

    return Wav2Vec2ForCTC(Wav2Vec2Config(num_conv_pos_embeddings=16, **SPEECH)), letters


@model
def wav2vec2_stable():
    """As facebook/wav2vec2-large-960h-lv60: norms behind every convolution and before each part; an uneven kernel."""
    from transformers import Wav2Vec2Config, Wav2Vec2ForCTC

    config = Wav2Vec2Config(num_conv_pos_embeddings=15, feat_extract_norm="layer", do_stable_layer_norm=True, conv_bias=True,
                            **SPEECH)
    return Wav2Vec2ForCTC(config), letters


# Ids as in Whisper's vocabulary, where everything from `eos` on is special and timestamps come last.
LISTENING = {"decoder_start_token_id": 41, "bos_token_id": 40, "eos_token_id": 40, "pad_token_id": 40, "is_multilingual": True,
             "lang_to_id": {"<|en|>": 42, "<|de|>": 43}, "task_to_id": {"translate": 44, "transcribe": 45},
             "prev_sot_token_id": 46, "no_timestamps_token_id": 48, "max_initial_timestamp_index": 5, "max_length": 40,
             "suppress_tokens": [], "begin_suppress_tokens": [7, 40]}


def transcriptions(network):
    from transformers import GenerationConfig

    features = torch.from_numpy(signal("features", 60 * 12)).reshape(60, 12).T[None]
    prompt = torch.tensor([[41, 42, 45, 48, 3, 9, 30]])
    outputs = network(input_features=features, decoder_input_ids=prompt)
    cases = []
    for options, changes in [({"language": "en"}, {}), ({}, {}), ({"language": "de", "task": "translate"}, {}),
                             ({"return_timestamps": True}, {}), ({"language": "en", "return_timestamps": True}, {}),
                             ({"language": "de", "return_timestamps": True}, {"max_initial_timestamp_index": None}),
                             ({}, {"forced_decoder_ids": [[1, 43], [2, 45], [3, 48]]}),
                             ({}, {"forced_decoder_ids": [[1, None], [2, 44]]}), ({}, {"suppress_tokens": None})]:
        settings = LISTENING | changes
        if settings["suppress_tokens"] == []:
            settings["suppress_tokens"] = [0, 12, 31]
        generation = GenerationConfig(**settings)
        network.generation_config = generation
        tokens = network.generate(features, max_new_tokens=24, force_unique_generate_call=True, **options)
        cases.append({"options": options, "generation_config": settings, "tokens": tokens[0].tolist()})
    return {"encoded": flat(outputs.encoder_last_hidden_state), "prompt": prompt[0].tolist(), "logits": flat(outputs.logits),
            "transcriptions": cases}


@model
def whisper():
    from transformers import WhisperConfig, WhisperForConditionalGeneration

    config = WhisperConfig(vocab_size=64, num_mel_bins=12, encoder_layers=2, encoder_attention_heads=4, decoder_layers=3,
                           decoder_attention_heads=2, encoder_ffn_dim=48, decoder_ffn_dim=40, d_model=32,
                           max_source_positions=30, max_target_positions=40, pad_token_id=40, bos_token_id=40, eos_token_id=40,
                           decoder_start_token_id=41, suppress_tokens=None, begin_suppress_tokens=None)
    return WhisperForConditionalGeneration(config), transcriptions


# The same ids, with as many timestamps as a window of 30 s has.
WINDOW_TIMESTAMPS = 1501
SPECIAL = [f"<|{name}|>" for name in ["endoftext", "startoftranscript", "en", "de", "translate", "transcribe", "startofprev",
                                      "nospeech", "notimestamps"]]


def window_tokenizer(times=WINDOW_TIMESTAMPS):
    """A tokenizer.json for them: letters and words, special tokens, and timestamps, which are not special."""
    from tokenizers import AddedToken, Tokenizer, decoders, models

    letters = "abcdefghijklmnopqrstuvwxyz"
    vocabulary = {text: i for i, text in enumerate(list(letters) + ["\u0120" + letter * 2 for letter in letters[:14]])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="a"))
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(SPECIAL)
    tokenizer.add_tokens([AddedToken(f"<|{i * 0.02:.2f}|>", special=False) for i in range(times)])
    return tokenizer


def spoken(tokenizer, tokens, wants_chunks):
    """What the pipeline makes of the tokens of one sound."""
    from transformers import PreTrainedTokenizerFast, WhisperTokenizer
    from transformers.models.whisper.tokenization_whisper import _decode_asr

    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, extra_special_tokens=SPECIAL)
    fast._strip_prompt = lambda ids, prompt, start: WhisperTokenizer._strip_prompt(fast, ids, prompt, start)
    text, more = _decode_asr(fast, [{"tokens": tokens}], return_timestamps=wants_chunks, return_language=None, time_precision=0.02)
    return {"text": text, "chunks": [[*chunk["timestamp"], chunk["text"]] for chunk in more.get("chunks", [])]}


def long_transcriptions(network):
    from transformers import GenerationConfig, WhisperFeatureExtractor

    extractor = WhisperFeatureExtractor(feature_size=12)
    tokenizer = window_tokenizer()
    cases = []
    for count, options, changes in [(1_120_000, {"language": "en"}, {}), (1_120_000, {"condition_on_prev_tokens": True}, {}),
                                    (1_120_000, {"language": "de", "task": "translate"}, {"max_initial_timestamp_index": None}),
                                    (640_000, {"language": "german", "condition_on_prev_tokens": True}, {"max_length": 25}),
                                    (128_000, {"return_timestamps": True}, {}), (128_000, {"language": "en"}, {}),
                                    (128_000, {}, {"task": "translate", "language": "english", "return_timestamps": True})]:
        settings = LISTENING | {"suppress_tokens": [1, 46, 47], "max_length": 40} | changes
        network.generation_config = GenerationConfig(**settings)
        sound = signal("sound", count)
        is_long = count > extractor.n_samples
        inputs = extractor(sound, sampling_rate=16_000, return_tensors="pt", **({"truncation": False, "padding": "longest"} if is_long else {}))
        out = network.generate(inputs.input_features, return_segments=True, **options)
        segments = [[part["start"].item(), part["end"].item(), part["tokens"].tolist()] for part in out["segments"][0]]
        wants_chunks = is_long or options.get("return_timestamps") or settings.get("return_timestamps", False)
        cases.append({"samples": count, "options": options, "generation_config": settings, "segments": segments,
                      **spoken(tokenizer, out["sequences"], wants_chunks)})
    return {"preprocessor_config": json.loads(extractor.to_json_string()), "tokenizer": tokenizer.to_str(), "sounds": cases}


@model
def whisper_long():
    """A window of 30 s, and a sound of 70."""
    from transformers import WhisperConfig, WhisperForConditionalGeneration

    config = WhisperConfig(vocab_size=49 + WINDOW_TIMESTAMPS, num_mel_bins=12, encoder_layers=1, encoder_attention_heads=2,
                           decoder_layers=2, decoder_attention_heads=2, encoder_ffn_dim=16, decoder_ffn_dim=24, d_model=16,
                           max_source_positions=1500, max_target_positions=40, pad_token_id=40, bos_token_id=40, eos_token_id=40,
                           decoder_start_token_id=41, suppress_tokens=None, begin_suppress_tokens=None)
    return WhisperForConditionalGeneration(config), long_transcriptions

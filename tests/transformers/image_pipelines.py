"""The tasks on images for make_pipelines.py: thin models, pictures of make_images.py in files, and the official pipelines with their processors on Pillow."""
import base64
import io
import json

import PIL.Image
import torch
import transformers

from make_images import encoded, exif, picture
from make_models import FOLDER, fill
from make_pipelines import case
from pipeline_models import plain, rounded


def in_base64(data):
    return base64.b64encode(data).decode()


PHOTO = encoded("JPEG", picture(61, 43), quality=85)
TURNED = encoded("JPEG", picture(43, 61, 3, 1), quality=85, exif=b"Exif\0\0" + exif(6))
DRAWING = encoded("PNG", picture(30, 50, 4, 2))


def made(task, network, family, processor, calls, tokenizer=None):
    """`calls` are pairs of a file's bytes and parameters."""
    network = network.eval().float()
    tensors = fill(network)
    network.config.architectures = [type(network).__name__]
    image_processor = getattr(transformers, f"{family}ImageProcessorPil")(**processor)
    words = None
    if tokenizer:
        words = transformers.PreTrainedTokenizerFast(tokenizer_file=str(FOLDER.parent / f"{tokenizer}.json"), pad_token="<|endoftext|>")
    asked = transformers.pipeline(task, model=network, image_processor=image_processor, tokenizer=words, device="cpu")
    answers = []
    with torch.no_grad():
        for data, parameters in calls:
            got = asked(PIL.Image.open(io.BytesIO(data)), **parameters)
            answers.append({"inputs": in_base64(data), "parameters": parameters, "answer": rounded(plain(got))})
    files = {"config.json": json.loads(network.config.to_json_string(use_diff=False)),
             "preprocessor_config.json": processor | {"image_processor_type": f"{family}ImageProcessor"}}
    made = {"task": task, "files": files, "tensors": tensors, "calls": answers}
    return made | {"tokenizer": f"{tokenizer}.json"} if tokenizer else made


def labelled(labels):
    return {"id2label": dict(enumerate(labels)), "label2id": {label: i for i, label in enumerate(labels)}}


def vit_config(**more):
    return transformers.ViTConfig(hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48, image_size=24, patch_size=6, **more)


@case
def image_classification():
    network = transformers.ViTForImageClassification(vit_config(**labelled(["cat", "dog", "Übermut", "car", "tree", "none"])))
    calls = [(PHOTO, {}), (TURNED, {"top_k": 2}), (DRAWING, {"function_to_apply": "sigmoid"}), (PHOTO, {"function_to_apply": "none", "top_k": 99})]
    return made("image-classification", network, "ViT", {"size": {"height": 24, "width": 24}}, calls)


@case
def image_classification_many():
    """Labels that do not exclude each other."""
    network = transformers.ViTForImageClassification(vit_config(problem_type="multi_label_classification", **labelled(["day", "snow"])))
    return made("image-classification", network, "ViT", {"size": 24}, [(PHOTO, {}), (PHOTO, {"function_to_apply": "softmax"})])


@case
def image_feature_extraction():
    network = transformers.ViTModel(vit_config(pooler_output_size=10))
    return made("image-feature-extraction", network, "ViT", {"size": 24}, [(PHOTO, {}), (TURNED, {"pool": True})])


@case
def zero_shot_image_classification():
    text = {"hidden_size": 32, "intermediate_size": 40, "num_hidden_layers": 2, "num_attention_heads": 4, "vocab_size": 900,
            "max_position_embeddings": 40, "eos_token_id": 1, "bos_token_id": 0, "pad_token_id": 1, "projection_dim": 16}
    vision = {"hidden_size": 24, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": 32, "patch_size": 8,
              "projection_dim": 16}
    network = transformers.CLIPModel(transformers.CLIPConfig(text_config=text, vision_config=vision, projection_dim=16))
    processor = {"size": {"shortest_edge": 32}, "crop_size": {"height": 32, "width": 32}}
    labels = ["a cat", "Städte", "the quick brown fox"]
    calls = [(PHOTO, {"candidate_labels": labels}), (TURNED, {"candidate_labels": labels[:1]}),
             (DRAWING, {"candidate_labels": [f"{label} {i}" for i in range(24) for label in labels], "hypothesis_template": "{}!"})]
    return made("zero-shot-image-classification", network, "CLIP", processor, calls, "clip")


@case
def object_detection():
    backbone = transformers.ResNetConfig(embedding_size=8, hidden_sizes=[16, 24, 32, 48], depths=[1, 1, 1, 1], out_features=["stage4"])
    config = transformers.DetrConfig(backbone_config=backbone, num_queries=9, d_model=32, encoder_layers=1, decoder_layers=1, encoder_attention_heads=4,
                                     decoder_attention_heads=2, encoder_ffn_dim=40, decoder_ffn_dim=48, **labelled(["cat", "car", "tree"]))
    network = transformers.DetrForObjectDetection(config)
    processor = {"size": {"shortest_edge": 70, "longest_edge": 100}}
    calls = [(PHOTO, {}), (PHOTO, {"threshold": 0.1}),
             (PHOTO, {"threshold": 0.422}), (TURNED, {"threshold": 0.3}), (DRAWING, {"threshold": 0.0}), (DRAWING, {"threshold": 1.0})]
    return made("object-detection", network, "Detr", processor, calls)

"""Models of images for make_models.py: what the official package computes of the pictures of make_images.py."""
import torch

from make_images import picture
from make_models import flat, model


def pixels(width, height, seed=0):
    """A picture as [1, 3, height, width], from -1 to 1."""
    return torch.from_numpy(picture(width, height, 3, seed)).permute(2, 0, 1)[None].float() / 127.5 - 1


def vit_config(**more):
    from transformers import ViTConfig

    return ViTConfig(hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48, image_size=24, patch_size=6, **more)


@model
def vit():
    """Bare, with a pooler."""
    from transformers import ViTModel

    def make(network):
        outputs = network(pixels(24, 24))
        return {"hidden": flat(outputs.last_hidden_state), "pooled": flat(outputs.pooler_output)}

    return ViTModel(vit_config(qkv_bias=False, pooler_output_size=20)), make


@model
def vit_labels():
    from transformers import ViTForImageClassification

    def make(network):
        image = pixels(24, 24)
        return {"hidden": flat(network.vit(image).last_hidden_state), "logits": flat(network(image).logits)}

    return ViTForImageClassification(vit_config(num_labels=7)), make


@model
def clip():
    from transformers import CLIPConfig, CLIPModel

    text = {"hidden_size": 32, "intermediate_size": 40, "num_hidden_layers": 2, "num_attention_heads": 4, "vocab_size": 900,
            "max_position_embeddings": 24, "eos_token_id": 899, "bos_token_id": 898, "pad_token_id": 1, "projection_dim": 16}
    vision = {"hidden_size": 24, "intermediate_size": 48, "num_hidden_layers": 3, "num_attention_heads": 2, "image_size": 32, "patch_size": 8,
              "projection_dim": 16}
    network = CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=16))

    def make(network):
        texts = [[898, 5, 77, 4, 899], [898, 12, 899], [898, 3, 9, 27, 600, 897, 44, 2, 899]]
        images = torch.cat([pixels(32, 32), pixels(32, 32, 1)])
        vision = network.vision_model(images)
        cases = {"texts": texts, "image_hidden": flat(vision.last_hidden_state[0]), "image_pooled": flat(vision.pooler_output[0]),
                 "image_features": flat(network.get_image_features(images).pooler_output),
                 "text_features": [flat(network.get_text_features(torch.tensor([text])).pooler_output) for text in texts]}
        length = max(len(text) for text in texts)
        padded = torch.tensor([text + [1] * (length - len(text)) for text in texts])
        mask = torch.tensor([[1] * len(text) + [0] * (length - len(text)) for text in texts])
        cases["logits_per_image"] = flat(network(padded, images, mask).logits_per_image)
        network.text_model.eos_token_id = 2
        cases["text_features_of_unknown_end"] = [flat(network.get_text_features(torch.tensor([text])).pooler_output) for text in texts]
        return cases

    return network, make


def detections(network):
    cases = []
    for width, height, valid_width, valid_height in [(100, 70, 100, 70), (96, 128, 96, 128), (110, 100, 70, 100), (70, 133, 65, 61)]:
        image = pixels(width, height)
        mask = torch.zeros(1, height, width, dtype=torch.long)
        mask[:, :valid_height, :valid_width] = 1
        image = image * mask[:, None]
        outputs = network(image, pixel_mask=mask)
        features = network.model.backbone.model(image).feature_maps[-1]
        case = {"sides": [width, height, valid_width, valid_height], "logits": flat(outputs.logits), "boxes": flat(outputs.pred_boxes)}
        if width == 100:
            case |= {"features": flat(features[0].permute(1, 2, 0)), "features_height": features.shape[2], "features_width": features.shape[3]}
        cases.append(case)
    return cases


def detr_network(**backbone):
    from transformers import DetrConfig, DetrForObjectDetection, ResNetConfig

    backbone = ResNetConfig(embedding_size=8, out_features=["stage4"], **backbone)
    config = DetrConfig(backbone_config=backbone, num_queries=6, d_model=32, encoder_layers=2, decoder_layers=2, encoder_attention_heads=4,
                        decoder_attention_heads=2, encoder_ffn_dim=40, decoder_ffn_dim=48, num_labels=5)
    return DetrForObjectDetection(config)


@model
def detr():
    """As facebook/detr-resnet-50, thin."""
    return detr_network(hidden_sizes=[16, 24, 32, 48], depths=[2, 1, 2, 1], layer_type="bottleneck"), detections


@model
def detr_basic():
    """Over a backbone of plain layers, as ResNet-18."""
    return detr_network(hidden_sizes=[8, 12, 16, 20], depths=[2, 1, 1, 1], layer_type="basic", downsample_in_first_stage=True), detections


@model
def detr_early_stride():
    """The narrow first convolution of each stage steps by two, as in the first ResNets."""
    return detr_network(hidden_sizes=[16, 24, 32, 48], depths=[1, 1, 1, 1], downsample_in_bottleneck=True), detections

#!/usr/bin/env python3
"""Makes src/transformers/testdata/tensors: small files of every element type, beside what the official packages read in them.

Needs the packages gguf, safetensors, numpy and ml_dtypes. Beside each tensor NAME lies NAME.expected, the same in F32.

    python3 tests/transformers/make_tensors.py
"""
import pathlib

import gguf
import ml_dtypes
import numpy
from safetensors.numpy import save_file

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "src/transformers/testdata/tensors"


def make_gguf(path):
    random = numpy.random.default_rng(1)
    values = (random.standard_normal((3, 512)) * 4).astype(numpy.float32)
    values[1, :40] = 0  # a block of zeros
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_uint32("llama.block_count", 7)
    writer.add_int8("a.byte", -5)
    writer.add_uint64("a.large", 1 << 40)
    writer.add_float64("a.double", 0.1)
    writer.add_bool("a.flag", True)
    writer.add_string("a.text", "grüße")
    writer.add_array("a.words", ["", "one", "zwei"])
    writer.add_array("a.numbers", [1, -2, 3])
    writer.add_array("a.reals", [0.5, -1.5])

    def add(name, blocks, kind):
        writer.add_tensor(name, blocks, raw_dtype=kind)
        writer.add_tensor(f"{name}.expected", gguf.quants.dequantize(blocks, kind).astype(numpy.float32))

    kinds = gguf.GGMLQuantizationType
    for kind in (kinds.F32, kinds.F16, kinds.BF16, kinds.Q8_0, kinds.Q4_0):
        add(kind.name, gguf.quants.quantize(values, kind), kind)
    # The package can't make these two: any bytes are blocks of them, but for the f16 scales, which are to be numbers.
    for kind, scales in ((kinds.Q4_K, (0, 2)), (kinds.Q6_K, (208,))):
        size = gguf.GGML_QUANT_SIZES[kind][1]
        blocks = random.integers(0, 256, (3, 2, size), dtype=numpy.uint8)
        for at in scales:
            blocks[:, :, at : at + 2] = (random.standard_normal((3, 2, 1)) / 8).astype(numpy.float16).view(numpy.uint8)
        add(kind.name, blocks.reshape(3, 2 * size), kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def make_safetensors(path):
    random = numpy.random.default_rng(2)
    halves = random.integers(0, 65536, (2, 96), dtype=numpy.uint16)
    halves[0, :6] = [0, 1, 0x8000, 0x7C00, 0x7F80, 0x7FFF]  # zeros, the smallest number, infinities and a NaN of both kinds
    bytes_ = numpy.arange(256, dtype=numpy.uint8).reshape(2, 128)
    words = random.integers(-(2**15), 2**15, (5, 3))
    tensors = {
        "F64": random.standard_normal((4, 3)),
        "F32": random.standard_normal((4, 3)).astype(numpy.float32),
        "F16": halves.view(numpy.float16),
        "BF16": halves.view(ml_dtypes.bfloat16),
        "F8_E4M3": bytes_.view(ml_dtypes.float8_e4m3fn),
        "F8_E5M2": bytes_.view(ml_dtypes.float8_e5m2),
        "I64": words.astype(numpy.int64),
        "I32": words.astype(numpy.int32),
        "I16": words.astype(numpy.int16),
        "I8": bytes_.view(numpy.int8),
        "U8": bytes_,
        "BOOL": words % 2 == 0,
        "scalar": numpy.full((), 2.5, numpy.float32),
        "empty": numpy.zeros((0, 4), numpy.float32),
    }
    tensors |= {f"{name}.expected": values.astype(numpy.float32) for name, values in tensors.items()}
    save_file(tensors, path, {"format": "np", "note": "grüße"})


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    make_gguf(FOLDER / "every_type.gguf")
    make_safetensors(FOLDER / "every_type.safetensors")

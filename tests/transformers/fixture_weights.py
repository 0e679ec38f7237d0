"""Weights that follow from their names, for small models of tests; numpy is all that it needs."""
import json
import math

import numpy


def fixture_values(name, shape):
    """The same numbers as fixture_tensor() in model_fixture.h."""
    start = 0xCBF29CE484222325
    for byte in name.encode():
        start = (start ^ byte) * 0x100000001B3 % 2**64
    count = math.prod(shape)
    with numpy.errstate(over="ignore"):
        x = numpy.uint64(start) + numpy.arange(1, count + 1, dtype=numpy.uint64) * numpy.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
        x = x ^ (x >> numpy.uint64(31))
    u = (x >> numpy.uint64(40)).astype(numpy.float64) / 8388608.0 - 1.0
    if len(shape) < 2:
        values = (1.0 if name.endswith(("weight", "running_var")) else 0.0) + u * 0.125
    else:
        columns = math.prod(shape[1:]) if len(shape) == 4 else shape[-1]
        values = 0.0 + u * math.sqrt(3.0 / columns)
    return values.astype(numpy.float32).reshape(shape)


def safetensors_of(shapes):
    """The bytes of a file in safetensors, from {name: shape}."""
    head, values, at = {}, [], 0
    for name, shape in shapes.items():
        size = 4 * math.prod(shape)
        head[name] = {"dtype": "F32", "shape": shape, "data_offsets": [at, at + size]}
        values.append(fixture_values(name, shape).astype("<f4").tobytes())
        at += size
    text = json.dumps(head).encode()
    return len(text).to_bytes(8, "little") + text + b"".join(values)

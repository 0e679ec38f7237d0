#!/usr/bin/env python3
"""Makes src/transformers/testdata/images: image files of every kind, and what Pillow makes of them.

Pixels are not stored but their hash (FNV-1a of all bytes). Needs Pillow, numpy and transformers 5 with its "pil" image processors.

    python3 tests/transformers/make_images.py
"""
import io
import json
import pathlib
import struct
import zlib

import numpy
import PIL.Image
import PIL.ImageOps

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "src/transformers/testdata/images"
GRAY, RGB, PALETTE, GRAY_ALPHA, RGBA = 0, 2, 3, 4, 6
CHANNELS = {GRAY: 1, RGB: 3, PALETTE: 1, GRAY_ALPHA: 2, RGBA: 4}


def fnv(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return f"{value:016x}"


def picture(width, height, channels=3, seed=0):
    """Waves and noise: something that every filter and every code has to do with. The same formula is in image_fixture.h."""
    y, x, c = numpy.meshgrid(numpy.arange(height), numpy.arange(width), numpy.arange(channels), indexing="ij")
    noise = ((x * 7919 + y * 104729 + c * 1299709 + seed * 15485863) * 2654435761 % 2**32) >> 27
    waves = (x * (c + 2) * 5 + y * (3 - c) * 4) % 256
    waves = numpy.where(waves < 128, waves * 2, 510 - waves * 2)
    return numpy.clip(waves // 2 + 40 + noise * 2, 0, 255).astype(numpy.uint8)


def pack(samples, depth):
    """Rows of samples, [height, width, channels], as PNG's bytes of a depth, each row with its filter's number (Sub or None)."""
    rows = bytearray()
    for number, row in enumerate(samples):
        values = [int(value) for value in row.flatten()]
        if depth == 16:
            data = b"".join(struct.pack(">H", value) for value in values)
        elif depth == 8:
            data = bytes(values)
        else:
            bits = "".join(f"{value:0{depth}b}" for value in values)
            bits += "0" * (-len(bits) % 8)
            data = bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))
        step = max(1, len(row[0]) * depth // 8)
        if number % 2:
            data = bytes((data[i] - (data[i - step] if i >= step else 0)) % 256 for i in range(len(data)))
        rows += bytes([number % 2]) + data
    return bytes(rows)


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(samples, depth, kind, interlaced=False, chunks=(), late_chunks=()):
    height, width = samples.shape[:2]
    if interlaced:
        passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
        parts = [samples[y::step_y, x::step_x] for x, y, step_x, step_y in passes]
        data = b"".join(pack(part, depth) for part in parts if part.size)
    else:
        data = pack(samples, depth)
    made = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, interlaced))
    for name, content in chunks:
        made += chunk(name, content)
    made += chunk(b"IDAT", zlib.compress(data, 9))
    for name, content in late_chunks:
        made += chunk(name, content)
    return made + chunk(b"IEND", b"")


def exif(orientation, order="<", kind="H"):
    mark = b"II*\0" if order == "<" else b"MM\0*"
    value = struct.pack(order + kind, orientation).ljust(4, b"\0")
    code = {"B": 1, "H": 3, "I": 4}[kind]
    entries = struct.pack(order + "HHI", 0x0110, 2, 4) + b"cam\0" + struct.pack(order + "HHI", 0x0112, code, 1) + value
    return mark + struct.pack(order + "I", 8) + struct.pack(order + "H", 2) + entries + bytes(4)


def encoded(kind, array, mode=None, **options):
    into = io.BytesIO()
    PIL.Image.fromarray(array, mode=mode).save(into, kind, **options)
    return into.getvalue()


def files():
    made = {}
    for kind, depths in [(GRAY, [1, 2, 4, 8, 16]), (RGB, [8, 16]), (PALETTE, [1, 2, 4, 8]), (GRAY_ALPHA, [8, 16]), (RGBA, [8, 16])]:
        for depth in depths:
            samples = picture(21, 13, CHANNELS[kind], depth).astype(int)
            samples = samples * 257 + 3 if depth == 16 else samples >> (8 - depth)
            if kind == GRAY and depth == 16:
                samples = samples >> 4 << (samples % 5)  # some below 256
                samples = numpy.minimum(samples, 65535) >> 2
            chunks = [(b"gAMA", struct.pack(">I", 100000))]
            if kind == PALETTE:
                entries = min(1 << depth, 200)
                samples = samples % entries
                chunks.append((b"PLTE", picture(entries, 1, 3, 9).tobytes()))
                chunks.append((b"tRNS", bytes(range(0, entries // 2))))
            for interlaced in (False, True):
                name = f"png_{kind}_{depth}" + ("_interlaced" if interlaced else "")
                made[name + ".png"] = png(samples, depth, kind, interlaced, chunks)
    few = picture(4, 1, 3, 9).tobytes()
    made["png_palette_too_short.png"] = png(picture(9, 5, 1).astype(int) % 7, 4, PALETTE, chunks=[(b"PLTE", few)])
    made["png_rgb_transparent.png"] = png(picture(9, 5).astype(int), 8, RGB, chunks=[(b"tRNS", struct.pack(">HHH", 40, 60, 80))])
    made["png_dot.png"] = png(numpy.array([[[200, 100, 50]]]), 8, RGB, True)
    made["png_exif.png"] = png(picture(9, 5).astype(int), 8, RGB, chunks=[(b"eXIf", exif(6))])
    made["png_exif_late.png"] = png(picture(9, 5).astype(int), 8, RGB, late_chunks=[(b"eXIf", exif(8, ">"))])
    xmp = b'XML:com.adobe.xmp\0\0\0\0\0<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="3"/></x:xmpmeta>'
    made["png_xmp.png"] = png(picture(9, 5).astype(int), 8, RGB, chunks=[(b"iTXt", xmp)])

    photo = picture(37, 26)
    for subsampling in (0, 1, 2):
        for progressive in (False, True):
            name = f"jpeg_{subsampling}" + ("_progressive" if progressive else "")
            made[name + ".jpg"] = encoded("JPEG", photo, quality=70, subsampling=subsampling, progressive=progressive)
    made["jpeg_gray.jpg"] = encoded("JPEG", picture(19, 10, 1)[..., 0], quality=80)
    made["jpeg_inks.jpg"] = encoded("JPEG", picture(19, 10, 4), mode="CMYK", quality=90)
    made["jpeg_restarts.jpg"] = encoded("JPEG", photo, quality=60, restart_marker_blocks=1)
    made["jpeg_rgb.jpg"] = encoded("JPEG", photo, quality=90, keep_rgb=True)
    for orientation in range(0, 10):
        made[f"jpeg_turned_{orientation}.jpg"] = encoded("JPEG", picture(9, 6), quality=90, exif=b"Exif\0\0" + exif(orientation, "<>"[orientation % 2]))
    made["jpeg_turned_long.jpg"] = encoded("JPEG", picture(9, 6), quality=90, exif=b"Exif\0\0" + exif(8, "<", "I"))
    made["jpeg_xmp.jpg"] = encoded("JPEG", picture(9, 6), quality=90, xmp=b"<x><tiff:Orientation>5</tiff:Orientation></x>")

    made["webp.webp"] = encoded("WEBP", photo, quality=70)
    made["webp_lossless.webp"] = encoded("WEBP", photo, lossless=True)
    made["webp_alpha.webp"] = encoded("WEBP", picture(15, 11, 4), quality=80, exact=True)
    made["webp_exif.webp"] = encoded("WEBP", picture(15, 11), quality=80, exif=b"Exif\0\0" + exif(5))
    return made


def load(data):
    image = PIL.Image.open(io.BytesIO(data))
    return numpy.asarray(PIL.ImageOps.exif_transpose(image).convert("RGB"))


SIZES = [(1, 1), (7, 50), (64, 10), (37, 5), (11, 26), (224, 224), (37, 26), (36, 25), (3, 3)]


def resized():
    image = PIL.Image.fromarray(picture(37, 26))
    return [{"filter": filter, "width": width, "height": height, "hash": fnv(numpy.asarray(image.resize((width, height), filter)).tobytes())}
            for filter in range(6) for width, height in SIZES]


PROCESSORS = [
    # class, preprocessor_config.json, sides of the picture
    ("ViT", {}, (37, 26)),
    ("ViT", {"size": 12, "resample": 3, "do_normalize": False}, (37, 26)),
    ("ViT", {"size": {"height": 9, "width": 14}, "image_mean": [0.1, 0.2, 0.3], "image_std": [0.4, 0.3, 0.7], "resample": 0}, (37, 26)),
    ("ViT", {"do_resize": False, "do_rescale": False}, (10, 8)),
    ("ViT", {"size": {"shortest_edge": 11}, "do_center_crop": True, "crop_size": 9, "rescale_factor": 0.0078}, (37, 26)),
    ("ViT", {"size": {"max_height": 20, "max_width": 13}, "resample": 1}, (37, 26)),
    ("ViT", {"size": {"height": 6, "width": 7}, "do_pad": True, "pad_size": {"height": 8, "width": 9}}, (37, 26)),
    ("CLIP", {}, (37, 26)),
    ("CLIP", {"size": 14, "crop_size": 12}, (26, 37)),
    ("CLIP", {"size": {"shortest_edge": 9}, "crop_size": {"height": 13, "width": 8}}, (26, 37)),
    ("CLIP", {"do_resize": False, "crop_size": {"height": 20, "width": 21}}, (10, 31)),
    ("CLIP", {"do_center_crop": False, "size": {"shortest_edge": 7}, "do_convert_rgb": True}, (9, 50)),
    ("Detr", {}, (37, 26)),
    ("Detr", {"size": 20, "max_size": 33}, (50, 23)),
    ("Detr", {"size": {"shortest_edge": 20, "longest_edge": 24}}, (23, 50)),
    ("Detr", {"size": {"shortest_edge": 26, "longest_edge": 100}}, (37, 26)),
    ("Detr", {"size": {"shortest_edge": 10, "longest_edge": 19}, "pad_size": {"height": 21, "width": 22}}, (37, 26)),
]


def processed():
    import transformers

    cases = []
    for family, settings, (width, height) in PROCESSORS:
        processor = getattr(transformers, f"{family}ImageProcessorPil")(**settings)
        made = processor(PIL.Image.fromarray(picture(width, height)), return_tensors="np")
        values = made["pixel_values"][0].transpose(1, 2, 0)
        step = max(1, values.size // 300)
        case = {"config": settings | {"image_processor_type": f"{family}ImageProcessor"}, "picture": [width, height],
                "width": values.shape[1], "height": values.shape[0], "step": step,
                "values": [float(f"{value:.8g}") for value in values.flatten()[::step].tolist()]}
        if "pixel_mask" in made:
            mask = made["pixel_mask"][0]
            case |= {"valid_width": int(mask[0].sum()), "valid_height": int(mask[:, 0].sum())}
        cases.append(case)
    return cases


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    cases = []
    for name, data in files().items():
        (FOLDER / name).write_bytes(data)
        pixels = load(data)
        cases.append({"file": name, "width": pixels.shape[1], "height": pixels.shape[0], "hash": fnv(pixels.tobytes())})
    frames = [PIL.Image.fromarray(picture(8, 8, 3, seed)) for seed in (1, 2)]
    frames[0].save(FOLDER / "animated.webp", save_all=True, append_images=frames[1:])
    promise = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 65536, 65536, 8, RGB, 0, 0, 0))
    (FOLDER / "too_many_pixels.png").write_bytes(promise + chunk(b"IDAT", zlib.compress(bytes(99))) + chunk(b"IEND", b""))
    everything = {"files": cases, "resized": resized(), "processed": processed()}
    (FOLDER / "cases.json").write_text(json.dumps(everything, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()

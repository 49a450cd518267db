"""What happens to a page between the printer and the model: one named degradation per image.

Every function takes the clean picture, a seeded generator and the size of the letters, and returns the worse picture:
what harms a small letter leaves a large one legible, so the harm grows with the size. The legacy numpy generator is
used because its stream is frozen: it stays the same in every later numpy.
"""

import io
import math
from typing import Callable, Dict, Tuple

import numpy
from PIL import Image, ImageFilter

Box = Tuple[float, float, float, float]
RandomState = numpy.random.RandomState


def _gray(image: Image.Image) -> numpy.ndarray:
    return numpy.asarray(image.convert("L")).astype(numpy.float64)


def _image(pixels: numpy.ndarray, levels: int) -> Image.Image:
    """Gray with few levels: noise does not compress, so its entropy is bounded here."""
    step = 255 / (levels - 1)
    quantised = numpy.round(numpy.clip(pixels, 0, 255) / step) * step
    return Image.fromarray(numpy.round(quantised).astype(numpy.uint8), "L")


def clean(image: Image.Image, rng: RandomState, size_px: float) -> Image.Image:
    return image


def noise(image: Image.Image, rng: RandomState, size_px: float) -> Image.Image:
    """Sensor grain and specks of dust."""
    pixels = _gray(image)
    height, width = pixels.shape
    pixels = 235 - (255 - pixels) * 0.80 + rng.normal(0, 24, (height, width))
    specks = rng.random_sample((height, width))
    pixels[specks < 0.006] = 60
    pixels[specks > 0.99] = 250
    return _image(pixels, 12)


def rotation_angle(rng: RandomState) -> float:
    return float(rng.choice([-1, 1]) * rng.uniform(6.0, 7.5))


def rotated(image: Image.Image, rng: RandomState, size_px: float) -> Image.Image:
    """A sheet laid askew on the scanner; the corners show its pale lid."""
    angle = rotation_angle(rng)
    return image.convert("RGB").rotate(angle, Image.BICUBIC, expand=True, fillcolor=(226, 227, 230))


def blur(image: Image.Image, rng: RandomState, size_px: float) -> Image.Image:
    """Out of focus."""
    return image.convert("RGB").filter(ImageFilter.GaussianBlur((2.0 + 0.022 * size_px) * float(rng.uniform(0.97, 1.03))))


def low_contrast(image: Image.Image, rng: RandomState, size_px: float) -> Image.Image:
    """Faded ink on grey paper, lit from one side, with a little grain."""
    pixels = _gray(image)
    height, width = pixels.shape
    light = numpy.linspace(-1, 1, width)[None, :] * rng.choice([-1, 1]) + numpy.linspace(-0.4, 0.4, height)[:, None]
    pixels = 200 - (255 - pixels) * 0.20 + 6 * light + rng.normal(0, 4.5, (height, width))
    return _image(pixels, 40)


def jpeg(image: Image.Image, rng: RandomState, size_px: float) -> Image.Image:
    """Sent through a messenger: scaled down, scaled up again, and (see `encode`) compressed hard."""
    factor = float(rng.uniform(7.1, 7.6)) / size_px
    image = image.convert("RGB")
    small = image.resize((round(image.width * factor), round(image.height * factor)), Image.BICUBIC)
    return small.resize(image.size, Image.BICUBIC)


DEGRADATIONS: Dict[str, Callable[[Image.Image, RandomState, float], Image.Image]] = {
    "clean": clean, "noise": noise, "rotated": rotated, "blur": blur, "low_contrast": low_contrast, "jpeg": jpeg}


def apply(name: str, image: Image.Image, box: Box, seed: int, size_px: float) -> Tuple[Image.Image, Box]:
    """The degraded picture, and where the box around its text has gone."""
    degraded = DEGRADATIONS[name](image, RandomState(seed), size_px)
    if name == "rotated":
        box = _rotated_box(box, image.size, degraded.size, rotation_angle(RandomState(seed)))
    return degraded, (max(0, math.floor(box[0])), max(0, math.floor(box[1])),
                      min(degraded.width, math.ceil(box[2])), min(degraded.height, math.ceil(box[3])))


def _rotated_box(box: Box, before: Tuple[int, int], after: Tuple[int, int], angle: float) -> Box:
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    xs, ys = [], []
    for x in (box[0], box[2]):
        for y in (box[1], box[3]):
            dx, dy = x - before[0] / 2, y - before[1] / 2
            xs.append(after[0] / 2 + dx * cos + dy * sin)
            ys.append(after[1] / 2 - dx * sin + dy * cos)
    return min(xs), min(ys), max(xs), max(ys)


def encode(name: str, image: Image.Image) -> Tuple[str, bytes]:
    """File extension and bytes. PNG with a small palette or gray; JPEG where JPEG is the degradation."""
    out = io.BytesIO()
    if name == "jpeg":
        image.save(out, "JPEG", quality=12, subsampling=2, optimize=True)
        return "jpg", out.getvalue()
    if image.mode == "RGB":
        image = image.quantize(40, Image.MEDIANCUT, dither=Image.NONE)
    image.save(out, "PNG", optimize=True)
    return "png", out.getvalue()

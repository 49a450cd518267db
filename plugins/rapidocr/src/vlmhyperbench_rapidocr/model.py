"""The plug-in `rapidocr`: reads the text of an image."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from vlmhyperbench import BadImageError, BadRequestError, ModelInterface, Request, model

from .lines import join_lines

if TYPE_CHECKING:
    import numpy

__all__ = ["RapidOcrModel"]

# Files in rapidocr's wheel. Named one by one: it downloads what it is not told of and does not find.
MODEL_FILES = {"Det": "PP-OCRv6_det_small.onnx", "Cls": "ch_ppocr_mobile_v2.0_cls_mobile.onnx",
               "Rec": "PP-OCRv6_rec_small.onnx"}
MOST_PIXELS = 100_000_000


@model("rapidocr", images=1, system=False, usage=False)
class RapidOcrModel(ModelInterface):
    """PP-OCR: finds lines of text, turns them upright, recognises them. Prompts mean nothing to it."""

    params_schema = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "text_score": {"description": "Lines that it is less sure of are left out.",
                           "type": "number", "minimum": 0, "maximum": 1, "default": 0.5},
            "use_cls": {"description": "Turn lines that stand on their head.", "type": "boolean",
                        "default": True},
            "detector_side": {"description": "Longest side of an image for the detector, in pixels; "
                                             "larger ones are shrunk, none are enlarged.",
                              "type": "integer", "minimum": 320, "maximum": 2000,
                              "default": 2000},
            "threads": {"description": "Cores for one image.", "type": "integer", "minimum": 1,
                        "default": 1},
        },
    }

    def load(self, *, text_score: float = 0.5, use_cls: bool = True, detector_side: int = 2000,
             threads: int = 1) -> None:
        """Loads the three models, and reads a blank image: rapidocr loads them at their first use."""
        import cv2
        import numpy
        from rapidocr import RapidOCR

        cv2.setNumThreads(threads)
        self._use_cls = use_cls
        self._engine = RapidOCR(params={
            "Global.log_level": "error",
            "Global.text_score": text_score,
            # rapidocr's own default enlarges strips of a line to 736 pixels of height: 20 times as
            # slow, and blurred lines are not found there any more.
            "Det.limit_type": "max",
            "Det.limit_side_len": detector_side,
            "EngineConfig.onnxruntime.intra_op_num_threads": threads,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            **{f"{part}.model_path": str(path) for part, path in _model_paths().items()},
        })
        blank = numpy.full((64, 64, 3), 255, numpy.uint8)
        self._engine(blank, use_det=True, use_cls=False, use_rec=False)
        self._engine(blank, use_det=False, use_cls=use_cls, use_rec=True)

    def generate(self, request: Request) -> str:
        """The text of the request's image, line by line; empty where nothing was found."""
        if len(request.images) != 1:
            raise BadRequestError("rapidocr reads one image, and the request has "
                                  f"{len(request.images)}")
        pixels = read_image(request.images[0])
        found: Any = self._engine(pixels, use_det=True, use_cls=self._use_cls, use_rec=True)
        if not found.txts or found.boxes is None:
            return ""
        return join_lines(found.txts, found.boxes.tolist())

    @staticmethod
    def self_check_samples(folder: Path) -> list[dict[str, Any]]:
        """An image with a text for `vlmhyperbench.testing`, whose own ones have none."""
        from PIL import Image, ImageDraw

        image = Image.new("RGB", (240, 60), "white")
        ImageDraw.Draw(image).text((20, 10), "TOTAL 42", fill="black", font_size=32)
        image.save(folder / "total.png")
        return [{"text": "Read the text.", "images": [str(folder / "total.png")]}]


def _model_paths() -> dict[str, Path]:
    import rapidocr

    folder = Path(rapidocr.__file__).parent / "models"
    paths = {part: folder / name for part, name in MODEL_FILES.items()}
    missing = [str(path) for path in paths.values() if not path.is_file()]
    if missing:
        raise FileNotFoundError(f"{', '.join(missing)}: not in the installed rapidocr. Install "
                                "rapidocr==3.10.0, whose wheel has these models")
    return paths


def read_image(path: Path) -> numpy.ndarray[Any, Any]:
    """The pixels, upright, in OpenCV's order of colours; what is transparent becomes white.

    Raises:
        BadImageError: It cannot be read, or has more than 100 megapixels.
    """
    import numpy
    from PIL import Image, ImageOps

    try:
        with Image.open(path) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise ValueError(f"it has {opened.width} x {opened.height} pixels, more than "
                                 f"{MOST_PIXELS}")
            image = ImageOps.exif_transpose(opened)
            if image.has_transparency_data:
                coloured = image.convert("RGBA")
                white = Image.new("RGBA", coloured.size, "white")
                image = Image.alpha_composite(white, coloured)
            return numpy.ascontiguousarray(numpy.asarray(image.convert("RGB"))[:, :, ::-1])
    except Exception as error:  # decoders of some forty formats, fed with foreign bytes
        raise BadImageError(f"{path.name} cannot be read as an image: {error}") from error

"""RapidOCR, PP-OCR's models on ONNX Runtime, as the model plug-in `rapidocr`.

Importing this package imports neither onnxruntime nor OpenCV; `load` does.
"""

from .model import RapidOcrModel

__all__ = ["RapidOcrModel"]

"""Vision language models of Hugging Face Transformers as one model plug-in, `huggingface`.

Importing this package imports neither torch nor transformers; `load` does.
"""

from .model import HuggingFaceModel

__all__ = ["HuggingFaceModel"]

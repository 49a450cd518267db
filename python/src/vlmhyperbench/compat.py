"""Model classes written for the predecessor of VLMHyperBench, as they are.

Such a class is made with `model_name`, `system_prompt` and `cache_dir`, and answers by
`predict_on_image(image_path, question)` or `predict_on_images(image_paths, question)`.
"""

from __future__ import annotations

import importlib
import inspect
from typing import Any

from ._registry import model
from ._version import __version__
from .errors import PluginError, UnsupportedError
from .model import ModelInterface, Request

__all__ = ["PredictorModel"]


@model("predecessor", version=__version__, streaming=False, system=False)
class PredictorModel(ModelInterface):
    """Serves a class of the predecessor: the plug-in `predecessor`, its parameter `class` names it.

    Example:
        >>> import sys, types
        >>> module = sys.modules["old_models"] = types.ModuleType("old_models")
        >>> class Old:
        ...     def __init__(self, model_name, system_prompt="", cache_dir="model_cache"):
        ...         self.model_name = model_name
        ...     def predict_on_image(self, image_path, question):
        ...         return f"{self.model_name}: {image_path.rpartition('/')[2]}, {question}"
        >>> module.Old = Old
        >>> predictor = PredictorModel()
        >>> predictor.load(**{"class": "old_models:Old", "model_name": "tiny"})
        >>> from pathlib import Path
        >>> predictor.generate(Request(text="total?", images=[Path("/data/a.png")]))
        'tiny: a.png, total?'
    """

    params_schema = {
        "properties": {
            "class": {"type": "string", "pattern": r"^[\w.]+:[\w.]+$",
                      "description": "package.module:Class"},
            "model_name": {"type": "string", "minLength": 1},
            "system_prompt": {"type": "string"},
            "cache_dir": {"type": "string", "description": "where weights are kept"},
        },
        "required": ["class", "model_name"],
    }

    def load(self, *, model_name: str, system_prompt: str | None = None,
             cache_dir: str | None = None, **others: Any) -> None:
        """Imports and makes the class with those arguments that it takes."""
        name = others.pop("class", "")
        if others:
            raise TypeError(f"unknown parameters: {', '.join(sorted(others))}")
        made_from = _import_class(name)
        arguments = {"model_name": model_name, "system_prompt": system_prompt,
                     "cache_dir": cache_dir}
        given = {key: value for key, value in arguments.items() if value is not None}
        _check_arguments(name, made_from, given)
        self._predictor = made_from(**given)

    def generate(self, request: Request) -> str:
        """Asks `predict_on_image` about one image, `predict_on_images` about several."""
        paths = [str(path) for path in request.images]
        if not paths:
            raise UnsupportedError("models of the predecessor answer questions about images, and "
                                   "the request has none")
        method = "predict_on_image" if len(paths) == 1 else "predict_on_images"
        predict = getattr(self._predictor, method, None)
        if predict is None:
            raise UnsupportedError(f"{type(self._predictor).__name__} has no {method}(): it does "
                                   f"not take {len(paths)} image(s)")
        answer = predict(paths[0] if len(paths) == 1 else paths, request.text)
        if not isinstance(answer, str):
            raise PluginError(f"{method}() returned {type(answer).__name__}: it must return str")
        return answer

    def unload(self) -> None:
        """Forgets the model."""
        self._predictor = None


def _import_class(name: str) -> Any:
    module_name, _, class_name = name.partition(":")
    if not class_name:
        raise TypeError(f"class={name!r} names no class: write package.module:Class")
    made_from = getattr(importlib.import_module(module_name), class_name, None)
    if not isinstance(made_from, type):
        raise TypeError(f"class={name!r}: {module_name} has no class {class_name!r}")
    return made_from


def _check_arguments(name: str, made_from: Any, given: dict[str, Any]) -> None:
    parameters = inspect.signature(made_from).parameters.values()
    if any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters):
        return
    known = {parameter.name for parameter in parameters}
    if unknown := sorted(set(given) - known):
        raise TypeError(f"{name} takes no {', '.join(unknown)}; it takes "
                        f"{', '.join(sorted(known)) or 'nothing'}")

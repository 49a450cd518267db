"""Models, metrics and tasks for VLMHyperBench, written in Python.

Example:
    >>> from vlmhyperbench import metric
    >>> @metric("same_length", version="1.0", direction="higher", range=(0, 1))
    ... def same_length(prediction: str, reference: str) -> float:
    ...     return len(prediction) == len(reference)
    >>> same_length("abc", "xyz")
    True
"""

from ._registry import metric, model, task
from ._version import __version__
from .errors import BadImageError, BadRequestError, PluginError, UnsupportedError
from .metric import Metric
from .model import Finish, ModelInterface, Request, Usage
from .task import Prompt, Sample, Task

__all__ = [
    "BadImageError",
    "BadRequestError",
    "Finish",
    "Metric",
    "ModelInterface",
    "PluginError",
    "Prompt",
    "Request",
    "Sample",
    "Task",
    "UnsupportedError",
    "Usage",
    "__version__",
    "metric",
    "model",
    "task",
]

"""The self-check as a whole."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from . import _samples
from ._check_batch import check_batches
from ._check_metric import check_metric
from ._check_metric import default_samples as metric_samples
from ._check_model import check_model, request_of
from ._check_model import default_samples as model_samples
from ._check_start import check_exit, check_hello, check_load, check_schema, check_version
from ._check_task import check_task
from ._host import Limits, WorkerSpec
from ._report import Report
from ._session import Session, Stop


def self_check(kind: str, name: str, *, params: Mapping[str, Any] | None = None,
               samples: Sequence[Any] | None = None, root: str | os.PathLike[str] | None = None,
               timeout_s: float = 60, hello_timeout_s: float = 10, exit_timeout_s: float = 5,
               memory_mb: int = 4000, env: Mapping[str, str] | None = None) -> Report:
    """Runs a plug-in in worker processes of its own, with limits, and looks for mistakes.

    A plug-in whose input is special brings its own: a static method
    `self_check_samples(folder: Path)` of its class, which may write files into `folder` and returns
    a list as `samples` has it. A task writes a small dataset there and returns None.

    Args:
        kind: `model`, `metric` or `task`.
        name: An entry point, or `module:object`.
        params: Parameters for `load`.
        samples: For a model `{"text": ..., "images": [paths], "system": ..., "params": {...}}`; for
            a metric `(prediction, reference)` or `(prediction, reference, fields)`. Default: the
            plug-in's own, else a small PNG and texts in English and Russian.
        root: The dataset for a task. Default: the plug-in's own, else a folder with two images.
        timeout_s: Seconds for one load or one answer.
        hello_timeout_s: Seconds for the import.
        exit_timeout_s: Seconds for the end.
        memory_mb: MB (10^6 bytes) of memory for the worker.
        env: Environment variables for the worker, which has few others, as in a stage.

    Returns:
        What was found, and what passed.

    Example:
        >>> report = self_check("metric", "no_such_module:metric")
        >>> report.codes
        ['unknown_module']
    """
    report = Report(kind, name)
    with tempfile.TemporaryDirectory(prefix="vlmhb-self-check-") as name_of_folder:
        folder = Path(name_of_folder)
        inputs = folder / "inputs"
        inputs.mkdir()
        limits = Limits(timeout_s, hello_timeout_s, memory_mb, exit_timeout_s)
        spec = WorkerSpec(kind, name, limits, env or {}, inputs)
        session = Session(spec, dict(params or {}), report)
        try:
            hello = check_hello(session)
            check_version(session, hello)
            check_schema(session, hello, dict(params or {}))
            check_load(session)
            _check_kind(session, hello, samples, Path(root) if root else None, inputs)
            check_exit(session)
        except Stop:
            pass
        finally:
            session.close()
    return report


def _check_kind(session: Session, hello: dict[str, Any], samples: Sequence[Any] | None,
                root: Path | None, inputs: Path) -> None:
    if problem := session.probe.get("samples_error"):
        session.found("samples_hook_failed", f"self_check_samples() failed: {problem}.",
                      "Write into the folder that it is given, and return a list or None.")
    samples = samples or session.probe.get("samples")
    if hello["kind"] == "model":
        asked = [request_of(sample) for sample in samples or model_samples(inputs)]
        answers = check_model(session, hello, asked, inputs)
        check_batches(session, hello, asked, answers, inputs)
    elif hello["kind"] == "metric":
        check_metric(session, hello, samples or metric_samples())
    else:
        if root is None and not any(inputs.iterdir()):
            _samples.write_dataset(inputs)
        check_task(session, hello, root or inputs)

"""Runs experiments with the program `vlmhb`, and reads what they left in a workspace.

Example:
    >>> from vlmhyperbench import client
    >>> client.run("experiment.yaml", program="/no/such/vlmhb")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    vlmhyperbench.client.VlmhbError: there is no program '/no/such/vlmhb': give program=, ...
"""

from __future__ import annotations

import difflib
import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ._tables import Rows, read_answers, read_metrics, read_samples

__all__ = ["Experiment", "Rows", "VlmhbError", "run"]

COMPLETE = (0, 1)  # 1: complete, but samples or stages failed
EXIT_NO_PROGRAM = 127  # as shells have it

StrPath = str | os.PathLike[str]


class VlmhbError(Exception):
    """`vlmhb` did not do it.

    Attributes:
        exit_status: As docs/errors.md has it: 2 the config is wrong, 3 the environment cannot do it
            now, 4 a bug, 130 interrupted; 127 if there is no such program.

    Example:
        >>> VlmhbError(2, "unknown key 'modle'").exit_status
        2
    """

    def __init__(self, exit_status: int, message: str) -> None:
        super().__init__(message)
        self.exit_status = exit_status


class Experiment:
    """An experiment in a workspace. Every method reads files; nothing is kept.

    Attributes:
        folder: `<workspace>/experiments/<name>`.
        exit_status: Of the `run` that returned it: 0, or 1 if samples or stages failed. None if it
            was opened.
        stages: The stages as that `run` told them.

    Example:
        >>> Experiment.open("/no/such/workspace", "demo")
        Traceback (most recent call last):
        ...
        FileNotFoundError: there is no experiment 'demo' in /no/such/workspace; it has none
    """

    def __init__(self, folder: Path, exit_status: int | None = None,
                 stages: Sequence[Mapping[str, Any]] = ()) -> None:
        self.folder = folder
        self.exit_status = exit_status
        self.stages = list(stages)

    @classmethod
    def open(cls, workspace: StrPath, name: str) -> Experiment:
        """Finds an experiment by its name."""
        experiments = Path(workspace) / "experiments"
        return cls(_child(experiments, name, "experiment", str(workspace)))

    @property
    def name(self) -> str:
        """Its name."""
        return self.folder.name

    def runs(self) -> Rows:
        """One row per run: `run`, `model`, `model_version`, `dataset`, `inferred`, `evaluated`.

        What is in no manifest yet is None.
        """
        rows = Rows()
        for folder in _folders(self.folder / "runs"):
            manifest = _json(folder / "manifest.json")
            model, dataset = manifest.get("model") or {}, manifest.get("dataset") or {}
            rows.append({"run": folder.name, "model": model.get("name"),
                         "model_version": model.get("version"), "dataset": dataset.get("name"),
                         "inferred": (folder / "inference" / "result.json").is_file(),
                         "evaluated": (folder / "evaluation" / "result.json").is_file()})
        return rows

    def answers(self, run: str) -> Rows:
        """answers.csv of a run (docs/formats/answers.md), one row per sample."""
        return read_answers(self._run(run) / "inference" / "answers.csv")

    def metrics(self, run: str, by: str | None = None) -> Rows:
        """Metrics of a run (docs/formats/metrics.md).

        Args:
            run: Its name.
            by: None for metrics.csv with all groupings; `id` for one row per sample; else a
                grouping, for instance `doc_type` or `by_doc_type`.
        """
        folder = self._run(run) / "evaluation"
        if by is None:
            return read_metrics(folder / "metrics.csv")
        name = by.removeprefix("by_")
        if name == "id":
            return read_samples(folder / "metrics_by_id.csv")
        known = {file.stem.removeprefix("metrics_by_"): file
                 for file in folder.glob("metrics_by_*.csv")}
        if name not in known:
            raise FileNotFoundError(f"run {run!r} has no grouping {by!r}; it has "
                                    f"{', '.join(sorted(known)) or 'none'}")
        return read_metrics(known[name])

    def report(self) -> Rows:
        """All runs side by side: one row per run and metric, with the value over all samples."""
        return Rows(row for run in self.report_json()["runs"] for row in _report_rows(run))

    def report_json(self) -> dict[str, Any]:
        """report.json as it is (docs/formats/report.md)."""
        file = self.folder / "report" / "report.json"
        report: dict[str, Any] = json.loads(file.read_text("utf-8"))
        return report

    def _run(self, name: str) -> Path:
        return _child(self.folder / "runs", name, "run", f"experiment {self.name!r}")

    def __repr__(self) -> str:
        return f"Experiment({str(self.folder)!r})"


def run(config: StrPath, *, workspace: StrPath = "vlmhb-workspace", program: StrPath = "vlmhb",
        env: str | None = None, environ: Mapping[str, str] | None = None,
        **options: str | int | bool | None) -> Experiment:
    """Runs an experiment, or continues it: `vlmhb run CONFIG --json -q`.

    Args:
        config: The experiment's file.
        workspace: The folder for runs and caches.
        program: `vlmhb`, or its path.
        env: `--env`: where stages run, for instance `docker`.
        environ: The program's environment variables; None for this process's own.
        options: Further options of `vlmhb run`: `retry_failed=True` is `--retry-failed`,
            `cpus=4` is `--cpus=4`; None and False leave one out.

    Returns:
        The experiment, also if some of its samples or stages failed: look at `exit_status`.

    Raises:
        VlmhbError: With the program's exit status and message.
    """
    workspace = Path(workspace).absolute()
    argv = [os.fspath(program), "run", str(Path(config).absolute()), "--json", "-q",
            f"--workspace={workspace}", *_options({"env": env, **options})]
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, env=environ)
    except FileNotFoundError:
        raise VlmhbError(EXIT_NO_PROGRAM, f"there is no program {os.fspath(program)!r}: give "
                         "program=, the path of vlmhb") from None
    summary = _summary(done.stdout)
    report = summary.get("report")
    if done.returncode not in COMPLETE or not report:
        raise VlmhbError(done.returncode, _message(summary, done))
    return Experiment(Path(report).parent, done.returncode, summary["stages"])


def _options(options: Mapping[str, str | int | bool | None]) -> list[str]:
    argv = []
    for name, value in options.items():
        option = "--" + name.replace("_", "-")
        if value is True:
            argv.append(option)
        elif value is not None and value is not False:
            argv.append(f"{option}={value}")
    return argv


def _summary(output: bytes) -> dict[str, Any]:
    try:
        summary = json.loads(output)
    except ValueError:
        return {}
    return summary if isinstance(summary, dict) else {}


def _message(summary: Mapping[str, Any], done: subprocess.CompletedProcess[bytes]) -> str:
    if "error" in summary:
        return str(summary["error"]["message"])
    if "problems" in summary:
        return "\n".join(_problem(problem) for problem in summary["problems"])
    failed = [f"{stage['id']}: {stage['message']}" for stage in summary.get("stages", [])
              if stage.get("message")]
    errors = done.stderr.decode("utf-8", "replace").strip()
    return "\n".join(failed) or errors or f"vlmhb ended with exit status {done.returncode}"


def _problem(problem: Mapping[str, Any]) -> str:
    where = [str(problem[key]) for key in ("file", "row", "field") if problem.get(key)]
    return ", ".join(where) + f": {problem.get('message', '')}"


def _child(folder: Path, name: str, what: str, where: str) -> Path:
    """A folder in `folder`, by a name that stands in it; never a path."""
    known = [entry.name for entry in _folders(folder)]
    if name in known:
        return folder / name
    near = difflib.get_close_matches(name, known, n=1)
    hint = f". Did you mean {near[0]!r}?" if near else f"; it has {', '.join(known) or 'none'}"
    raise FileNotFoundError(f"there is no {what} {name!r} in {where}{hint}")


def _folders(folder: Path) -> list[Path]:
    return sorted(entry for entry in folder.iterdir() if entry.is_dir()) if folder.is_dir() else []


def _json(file: Path) -> dict[str, Any]:
    try:
        value = json.loads(file.read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def _report_rows(run: Mapping[str, Any]) -> list[dict[str, Any]]:
    head = {key: run.get(key) for key in ("run", "model", "model_version", "task", "dataset",
                                          "failure")}
    general: Mapping[str, Any] = next((group for group in run.get("groups") or []
                                       if group["by"] == "general"), {})
    counts = {key: general.get(key) for key in ("expected", "failed", "missing")}
    rows = []
    for name, metric in (general.get("metrics") or {None: {}}).items():
        low, high = metric.get("ci") or (None, None)
        rows.append({**head, "metric": name, "value": metric.get("value"), "ci_low": low,
                     "ci_high": high, "count": metric.get("count"), **counts})
    return rows

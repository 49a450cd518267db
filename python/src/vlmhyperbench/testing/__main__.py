"""`python -m vlmhyperbench.testing KIND NAME`: exit status 0 clean, 1 findings, 2 wrong usage."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

from .._registry import KINDS
from ._self_check import self_check


def _json_object(text: str) -> dict[str, Any]:
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError
    return value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m vlmhyperbench.testing",
        description="Runs a plug-in in a worker process and looks for mistakes.",
        epilog="Exit status: 0 nothing found, 1 something found, 2 wrong usage.")
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("name", help="an entry point, or module:object")
    parser.add_argument("--params", type=_json_object, default={}, metavar="JSON",
                        help="parameters for load(), a JSON object")
    parser.add_argument("--samples", type=Path, metavar="FILE",
                        help="a JSON list: of {text, images} for a model, of "
                             "[prediction, reference] for a metric")
    parser.add_argument("--root", type=Path, metavar="FOLDER", help="the dataset for a task")
    parser.add_argument("--timeout", type=float, default=60, metavar="S",
                        help="seconds for one load or answer (60)")
    parser.add_argument("--memory-mb", type=int, default=4000, metavar="N",
                        help="memory for the worker, MB (4000)")
    parser.add_argument("--env", action="append", default=[], metavar="NAME",
                        help="an environment variable that the worker gets, too")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Runs the command; returns its exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.timeout <= 0 or options.memory_mb <= 0:
        parser.error("--timeout and --memory-mb must be more than 0")
    samples = None
    if options.samples:
        try:
            samples = json.loads(options.samples.read_text("utf-8"))
        except (OSError, ValueError) as error:
            parser.error(f"--samples {options.samples}: {error}")
    report = self_check(
        options.kind, options.name, params=options.params, samples=samples, root=options.root,
        timeout_s=options.timeout, memory_mb=options.memory_mb,
        env={name: os.environ[name] for name in options.env if name in os.environ})
    print(json.dumps(report.to_dict(), ensure_ascii=False, indent=2) if options.json else report)
    return 0 if report.ok else 1


if __name__ == "__main__":
    sys.exit(main())

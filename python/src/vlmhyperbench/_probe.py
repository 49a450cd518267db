"""The worker of a self-check: `vlmhyperbench._probe MEMORY_MB FILE SAMPLES_FOLDER KIND NAME`.

A worker as any other, with a limit of memory, that writes into FILE what only code inside of the
process can see of the plug-in.
"""

from __future__ import annotations

import inspect
import json
import resource
import sys
from pathlib import Path
from typing import Any

from . import worker
from ._registry import KINDS, Plugin, group
from ._schema import NAMED


def _load_parameters(plugin: Plugin) -> dict[str, Any]:
    load = getattr(plugin.create, "load", None)
    if load is None:  # a function, whose schema is made from it
        return {}
    parameters = list(inspect.signature(load).parameters.values())[1:]
    kinds = {parameter.kind for parameter in parameters}
    return {
        "load": {parameter.name: parameter.default is inspect.Parameter.empty
                 for parameter in parameters if parameter.kind in NAMED},
        "load_is_open": inspect.Parameter.VAR_KEYWORD in kinds,
    }


def _entry_points(plugin: Plugin) -> int:
    """How many plug-ins the distribution has."""
    if plugin.distribution is None:
        return 0
    from importlib import metadata
    return sum(True for kind in KINDS for point in metadata.entry_points(group=group(kind))
               if point.dist is not None and point.dist.name == plugin.distribution[0])


def _own_samples(plugin: Plugin, folder: str) -> Any:
    make = getattr(plugin.create, "self_check_samples", None)
    if not folder or make is None:
        return None
    samples = make(Path(folder))
    return None if samples is None else list(samples)


def _write(plugin: Plugin, file: Path, folder: str) -> None:
    seen = {"distribution": plugin.distribution, "entry_points": _entry_points(plugin),
            **_load_parameters(plugin)}
    try:
        seen["samples"] = _own_samples(plugin, folder)
        text = json.dumps(seen, default=str)
    except Exception as error:
        failure = f"{type(error).__name__}: {error}"
        text = json.dumps(seen | {"samples": None, "samples_error": failure})
    file.write_text(text, "utf-8")


def main() -> int:
    memory_mb, file, folder, kind, name = sys.argv[1:]
    # Not RLIMIT_AS: CUDA reserves more address space than any machine has memory.
    limit = int(memory_mb) * 1_000_000
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    return worker.main([kind, name], lambda plugin: _write(plugin, Path(file), folder))


if __name__ == "__main__":
    sys.exit(main())

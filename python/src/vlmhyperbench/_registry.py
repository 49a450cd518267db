"""The decorators that make plug-ins of classes and functions, and how plug-ins are found.

A decorator writes what it is told on its class or function, and nothing else: no list is kept.
A plug-in is found by the entry point of its package, or as `module:object`.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from . import metric as metric_module
from . import model as model_module
from ._failure import CAUGHT, message_of
from ._schema import schema_of
from .errors import shown, with_todo
from .metric import FunctionMetric, Metric
from .model import FunctionModel, ModelInterface, streams
from .task import Task

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

KINDS = ("model", "metric", "task")
ATTRIBUTE = "__vlmhyperbench__"

T = TypeVar("T", bound=Callable[..., Any])


class PluginNotFound(Exception):
    """No such plug-in, or it cannot be used: `problem`; `todo` says what to do."""

    def __init__(self, problem: str, todo: str) -> None:
        super().__init__(with_todo(problem, todo))


@dataclass(frozen=True)
class Plugin:
    """What is known of a plug-in before it is loaded.

    Attributes:
        kind: `model`, `metric` or `task`.
        version: Empty as long as nothing says it: neither the decorator nor a distribution.
        create: Makes an instance.
        capabilities: As the protocol's `hello` has them.
        distribution: Name and version of the distribution whose entry point it is, if any.
    """

    kind: str
    name: str
    version: str
    create: Callable[[], Any]
    params_schema: Mapping[str, Any]
    capabilities: Mapping[str, Any]
    distribution: tuple[str, str] | None = field(default=None)


# --- Decorators ---

def model(name: str, *, version: str = "", streaming: bool | None = None, images: int | None = None,
          system: bool | None = None, usage: bool | None = None) -> Callable[[T], T]:
    """Makes a model plug-in of a class or of a function `(request, **params)`.

    Args:
        name: How it is called in lists and reports.
        version: Of the answers: raise it whenever they may change. Default: that of the
            distribution with its entry point.
        streaming: Whether pieces come while it works. Default: whether it (of a class: `generate`,
            or `generate_batch` where there is no `generate`) is a generator.
        images: The most images of one request, 0 for no limit. More are refused for the model.
        system: Whether it uses the system prompt.
        usage: Whether it counts tokens.

    Example:
        >>> from vlmhyperbench import Request, model
        >>> @model("shout", version="1.0", images=0)
        ... def shout(request, *, marks: int = 1) -> str:
        ...     return request.text.upper() + "!" * marks
        >>> shout(Request(text="hi"), marks=2)
        'HI!!'
    """
    _check_head("model", name, version)
    if images is not None and (type(images) is not int or images < 0):
        raise ValueError(f"@model({name!r}): images={images!r}: give the most images of one "
                         "request, 0 for no limit")

    def decorate(target: T) -> T:
        is_class = _check_target("model", name, target, ModelInterface)
        streamed = streams(target) if streaming is None else streaming
        capabilities = _without_none(streaming=streamed, cancel=streamed, images=images,
                                     system=system, usage=usage)
        create = target if is_class else lambda: FunctionModel(target)
        schema = _class_schema(target) if is_class else schema_of(target, skip=1)
        return _describe(target, Plugin("model", name, version, create, schema, capabilities))

    return decorate


def metric(name: str, *, version: str = "", aggregate: str = "mean", direction: str = "higher",
           unit: str = "", range: Sequence[float | None] | None = None,
           width: int | None = None) -> Callable[[T], T]:
    """Makes a metric plug-in of a class or of a function `(prediction, reference, **params)`.

    The parameters of a function after the first two become the metric's parameters; one called
    `fields` is given the sample's other columns.

    Args:
        name: How it is called in configs and reports.
        version: Of the scores: raise it whenever they may change. Default: that of the
            distribution with its entry point.
        aggregate: `mean`, `ratio` or `corpus` (see `Metric`).
        direction: Which is better, `higher` or `lower`.
        unit: Shown after values.
        range: `(lowest, highest)`, None where there is no bound.
        width: How many numbers `statistics` returns, for `corpus`.

    Example:
        >>> from vlmhyperbench import metric
        >>> @metric("first_letter", version="1.0", range=(0, 1))
        ... def first_letter(prediction: str, reference: str, *, ignore_case: bool = False):
        ...     a, b = prediction[:1], reference[:1]
        ...     return a.lower() == b.lower() if ignore_case else a == b
        >>> first_letter("Abc", "abd", ignore_case=True)
        True
    """
    _check_head("metric", name, version)
    _check_choice(f"@metric({name!r}): aggregate", aggregate, metric_module.AGGREGATES)
    _check_choice(f"@metric({name!r}): direction", direction, metric_module.DIRECTIONS)
    _check_width(name, aggregate, width)
    bounds = _checked_range(name, range)

    def decorate(target: T) -> T:
        is_class = _check_target("metric", name, target, Metric)
        if aggregate == "corpus" and not is_class:
            raise TypeError(f"@metric({name!r}, aggregate='corpus') needs a class with "
                            "statistics() and aggregate(), not a function")
        capabilities = _without_none(aggregate=aggregate, direction=direction, unit=unit or None,
                                     range=bounds, width=width)
        create = target if is_class else _function_metric(target)
        schema = (_class_schema(target) if is_class
                  else schema_of(target, skip=2, without=["fields"]))
        return _describe(target, Plugin("metric", name, version, create, schema, capabilities))

    return decorate


def task(name: str, *, version: str = "", metrics: Iterable[str] = (), group_by: Iterable[str] = (),
         fields: Iterable[str] = ()) -> Callable[[T], T]:
    """Makes a task plug-in of a class derived from `Task`.

    Args:
        name: How it is called in configs and reports.
        version: Of the samples: raise it whenever they may change. Default: that of the
            distribution with its entry point.
        metrics: Names of its default metrics.
        group_by: Its default groupings.
        fields: Names of the further fields of its samples.

    Example:
        >>> from vlmhyperbench import Sample, Task, task
        >>> @task("hello", version="1.0", metrics=["cer"], fields=["language"])
        ... class Hello(Task):
        ...     def samples(self, root):
        ...         yield Sample(reference="hello", fields={"language": "en"})
        >>> [sample.reference for sample in Hello().samples(None)]
        ['hello']
    """
    _check_head("task", name, version)
    lists = {"metrics": metrics, "group_by": group_by, "fields": fields}
    for key, names in lists.items():
        if isinstance(names, str):
            raise TypeError(f"@task({name!r}): {key}={names!r} is a text: give a list, [{names!r}]")

    def decorate(target: T) -> T:
        if not _check_target("task", name, target, Task):
            raise TypeError(f"@task({name!r}) needs a class derived from vlmhyperbench.Task, not "
                            "a function")
        capabilities = {key: list(names) for key, names in lists.items() if names}
        return _describe(target, Plugin("task", name, version, target, _class_schema(target),
                                        capabilities))

    return decorate


def _describe(target: T, plugin: Plugin) -> T:
    setattr(target, ATTRIBUTE, plugin)
    return target


def _check_head(kind: str, name: object, version: object) -> None:
    if not isinstance(name, str) or not name:
        raise TypeError(f'@{kind} needs the name of the plug-in: write @{kind}("my-name", '
                        'version="1.0")')
    if not isinstance(version, str):
        raise TypeError(f"@{kind}({name!r}): version={version!r} is no text: write "
                        f'version="{version}"')


def _check_choice(what: str, value: object, choices: Sequence[str]) -> None:
    if value not in choices:
        raise ValueError(f"{what}={value!r}: give one of {', '.join(choices)}")


def _check_width(name: str, aggregate: str, width: object) -> None:
    if (aggregate == "corpus") != (type(width) is int and width > 0):
        raise ValueError(f"@metric({name!r}): width={width!r} with aggregate={aggregate!r}: a "
                         "corpus metric needs width=, how many numbers its statistics() returns; "
                         "others have none")


def _checked_range(name: str, bounds: Sequence[float | None] | None) -> list[float | None] | None:
    if bounds is None:
        return None
    ends = list(bounds)
    numbers = [end for end in ends if end is not None]
    if (len(ends) != 2 or not all(isinstance(end, (int, float)) and math.isfinite(end)
                                  for end in numbers) or numbers != sorted(numbers)):
        raise ValueError(f"@metric({name!r}): range={bounds!r}: give (lowest, highest), with None "
                         "where there is no bound")
    return ends


def _check_target(kind: str, name: str, target: object, base: type) -> bool:
    """True for a class, False for a function; an exception for what can be no plug-in."""
    if isinstance(target, type):
        if not issubclass(target, base):
            raise TypeError(f"@{kind}({name!r}): class {target.__name__} must be derived from "
                            f"vlmhyperbench.{base.__name__}")
        return True
    if not callable(target):
        raise TypeError(f"@{kind}({name!r}) is for a class or a function, not {target!r}")
    return False


def _class_schema(target: Any) -> Mapping[str, Any]:
    if target.params_schema is not None:
        schema: Mapping[str, Any] = target.params_schema
        return schema
    return schema_of(target.load, skip=1)


def _function_metric(target: Callable[..., Any]) -> Callable[[], Metric]:
    wants_fields = "fields" in inspect.signature(target).parameters
    return lambda: FunctionMetric(target, wants_fields)


def _without_none(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


# --- Lookup ---

def group(kind: str) -> str:
    """The group of entry points of plug-ins of `kind`."""
    return f"vlmhyperbench.{kind}s"


def find_plugin(kind: str, name: str) -> Plugin:
    """Imports the plug-in that `name` means: an entry point of `kind`, or `module:object`.

    Raises:
        PluginNotFound: With what is installed, what was meant, or what to add.
    """
    if kind not in KINDS:
        raise PluginNotFound(f"there is no kind {kind!r} of plug-ins",
                             f"use one of {', '.join(KINDS)}")
    if ":" in name:
        return _checked(kind, name, _import_object(kind, name, name), None)
    found = [point for point in _entry_points(kind) if point.name == name]
    if not found:
        raise _not_installed(kind, name)
    point, distribution = found[0], _distribution(found[0])
    return _checked(kind, name, _import_object(kind, name, point.value), distribution)


def _entry_points(kind: str) -> list[EntryPoint]:
    from importlib import metadata  # takes as long to import as everything else here

    return list(metadata.entry_points(group=group(kind)))


def _distribution(point: EntryPoint) -> tuple[str, str] | None:
    dist = getattr(point, "dist", None)
    return None if dist is None else (dist.metadata["Name"], dist.version)


def _not_installed(kind: str, name: str) -> PluginNotFound:
    installed = sorted({point.name for point in _entry_points(kind)})
    problem = f"no {kind} plug-in {name!r} is installed."
    for close in difflib.get_close_matches(name, installed, n=1):
        problem += f" Did you mean {close!r}?"
    problem += f" Installed: {', '.join(installed) if installed else 'none'}"
    for other in KINDS:
        if any(point.name == name for point in _entry_points(other)):
            problem += f". There is a {other} of that name"
    return PluginNotFound(problem, "install its package, whose pyproject.toml must have "
                          f'[project.entry-points."{group(kind)}"] {name} = '
                          '"package.module:object"')


def _import_object(kind: str, name: str, value: str) -> Any:
    module_name, _, path = value.partition(":")
    try:
        target: Any = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise _missing_module(kind, name, module_name, error) from error
    except CAUGHT as error:
        raise PluginNotFound(f"importing {module_name} for the {kind} {name!r} failed: "
                             f"{message_of(error)}", "make `python -c \"import "
                             f"{module_name}\"` work") from error
    for part in path.split("."):
        if not hasattr(target, part):
            near = difflib.get_close_matches(part, dir(target), n=1)
            hint = f", which has {near[0]!r}" if near else ""
            raise PluginNotFound(f"{value!r}: there is no {path!r} in {module_name}{hint}",
                                 "write package.module:object, with the name of the class or "
                                 "function")
        target = getattr(target, part)
    return target


def _missing_module(kind: str, name: str, module_name: str,
                    error: ModuleNotFoundError) -> PluginNotFound:
    missing = error.name or ""
    if missing and (module_name + ".").startswith(missing + "."):
        return PluginNotFound(f"the {kind} {name!r} is to be in the module {module_name}, but "
                              f"there is no module {missing!r}",
                              "correct the entry point, or install the package that has it")
    return PluginNotFound(f"importing {module_name} for the {kind} {name!r} failed: there is no "
                          f"module {missing!r}", "add the package that has "
                          f"{missing.partition('.')[0]!r} to `dependencies` in the plug-in's "
                          "pyproject.toml (or to `packages` of the registry entry)")


def _checked(kind: str, name: str, target: Any, distribution: tuple[str, str] | None) -> Plugin:
    plugin = vars(target).get(ATTRIBUTE) if hasattr(target, "__dict__") else None
    if not isinstance(plugin, Plugin):
        raise PluginNotFound(f"{name!r} is {shown(target)}, and no plug-in", f"put @{kind}("
                             "\"my-name\", version=\"1.0\") of vlmhyperbench above it")
    if plugin.kind != kind:
        raise PluginNotFound(f"{name!r} is a {plugin.kind}, not a {kind}", f"ask for a "
                             f"{plugin.kind}; its entry point belongs into the group "
                             f"{group(plugin.kind)}")
    version = plugin.version or (distribution[1] if distribution else "")
    if not version:
        raise PluginNotFound(f"the {kind} {name!r} has no version", f"write @{kind}("
                             f"{plugin.name!r}, version=\"1.0\"), or install it as a package with "
                             "an entry point")
    return replace(plugin, version=version, distribution=distribution)

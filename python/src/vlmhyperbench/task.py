"""The interface of tasks: where samples come from and what is asked about them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Union

__all__ = ["Prompt", "Sample", "Task"]

Image = Union[str, "PathLike[str]", bytes]


@dataclass(frozen=True)
class Prompt:
    """What a model is asked about one sample.

    Example:
        >>> Prompt(user="What is the total?", system="Answer with a number.").user
        'What is the total?'
    """

    user: str
    system: str = ""


@dataclass(frozen=True)
class Sample:
    """One question with its images and what is expected.

    Attributes:
        images: Paths inside of the dataset's folder (relative to it, or absolute), or encoded
            images as bytes.
        reference: What a perfect model answers: a text, or anything that JSON can say.
        fields: Further columns to group by or to give to metrics: texts, numbers, booleans.
        doc_class: The kind of document, for groups and filters.
        question_type: The kind of question, for groups and filters.

    Example:
        >>> Sample(images=["pages/1.png"], reference="42", fields={"language": "ru"}).doc_class
        ''
    """

    images: Sequence[Image] = ()
    reference: object = None
    fields: Mapping[str, object] = field(default_factory=dict)
    doc_class: str = ""
    question_type: str = ""


class Task:
    """Makes the samples of a dataset.

    `params_schema`, a JSON Schema (draft-07) of `load`'s parameters, is made from the signature of
    `load` where the class has none.

    Example:
        >>> class Pages(Task):
        ...     def samples(self, root):
        ...         for path in sorted(root.glob("*.png")):
        ...             yield Sample(images=[path.name], reference=path.stem)
        ...     def prompt(self, sample):
        ...         return "What is written here?"
        >>> Pages().prompt(Sample(images=["a.png"]))
        'What is written here?'
    """

    params_schema: ClassVar[Mapping[str, Any] | None] = None

    if TYPE_CHECKING:
        # Any signature may override it.
        def load(self, *args: Any, **params: Any) -> None: ...
    else:
        def load(self) -> None:
            """Takes parameters. Override it with named parameters."""

    def samples(self, root: Path) -> Iterator[Sample | Exception]:
        """Yields the samples of the dataset in `root`, a folder that must not be written to.

        Yield them lazily and in an order that is always the same. An exception that is yielded, not
        raised, is a sample that cannot be had, and costs itself only; one that is raised ends the
        import, since what follows is unknown.
        """
        raise NotImplementedError(f"{type(self).__name__} has no samples(self, root)")

    def field_names(self) -> Iterable[str]:
        """Names of the further fields of the samples, where `load` decides which there are.

        Called once, after `load`. None, the default: those that the decorator names.
        """
        return ()

    def prompt(self, sample: Sample) -> str | Prompt | None:
        """What is asked about `sample`; None leaves it to the config."""
        return None

    def reference(self, sample: Sample) -> object:
        """What is expected as the answer to `sample`."""
        return sample.reference

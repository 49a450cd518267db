"""A VLMHyperBench task: what its samples are, and how they are asked."""

import json
from collections.abc import Iterator
from pathlib import Path

from vlmhyperbench import Sample, Task, task

__all__ = ["@OBJECT@"]


@task("@NAME@", version="0.1.0", metrics=["cer", "exact_match"], group_by=["general"], fields=["source"])
class @OBJECT@(Task):
    """Reads samples.jsonl in the dataset's folder: {"image": "a.png", "text": "expected"} a line."""

    params_schema = {"properties": {"prompt": {"type": "string"}}}

    def load(self, *, prompt: str = "Read all text in the image.") -> None:
        self.user_prompt = prompt

    def samples(self, root: Path) -> Iterator[Sample]:
        # One by one: a dataset may be larger than the memory.
        with open(root / "samples.jsonl", encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                record = json.loads(line)
                yield Sample(images=[record["image"]], reference=record["text"], fields={"source": f"line {number}"})

    def prompt(self, sample: Sample) -> str:
        return self.user_prompt

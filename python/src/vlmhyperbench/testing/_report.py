"""What a self-check found."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Finding:
    """One mistake of a plug-in.

    Attributes:
        code: A short name of the kind of mistake, for programs.
        message: What is wrong, with what input, what was seen.
        fix: What to do about it.

    Example:
        >>> print(Finding("no_samples", "samples() yielded nothing.", "Yield Sample(...)."))
        no_samples: samples() yielded nothing.
            fix: Yield Sample(...).
    """

    code: str
    message: str
    fix: str

    def __str__(self) -> str:
        return f"{self.code}: {self.message}\n    fix: {self.fix}"


@dataclass
class Report:
    """The result of a self-check.

    Attributes:
        kind: `model`, `metric` or `task`.
        name: As it was asked for.
        hello: What the plug-in said of itself, None if it never came so far.
        passed: What was checked and found good.
        findings: What was found wrong.

    Example:
        >>> report = Report("metric", "cer")
        >>> report.ok
        True
    """

    kind: str
    name: str
    hello: dict[str, Any] | None = None
    passed: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """True if nothing was found."""
        return not self.findings

    @property
    def codes(self) -> list[str]:
        """The findings' codes."""
        return [finding.code for finding in self.findings]

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {"ok": self.ok, **asdict(self)}

    def __str__(self) -> str:
        lines = [f"{self.kind} {self.name}: " + (
            "no findings" if self.ok else f"{len(self.findings)} finding(s)")]
        lines += [f"  ok    {check}" for check in self.passed]
        lines += ["  FOUND " + str(finding).replace("\n", "\n  ") for finding in self.findings]
        return "\n".join(lines)

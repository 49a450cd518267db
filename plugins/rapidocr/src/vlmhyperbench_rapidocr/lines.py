"""The reading order of texts that were found somewhere on a page."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["join_lines"]

Corners = Sequence[Sequence[float]]  # (x, y) of top left, top right, bottom right, bottom left

SAME_LINE_OVERLAP = 0.5  # of the lower one's height


@dataclass(frozen=True)
class Span:
    """A text and its place on the upright page, in pixels; y grows downwards."""

    text: str
    left: float
    top: float
    bottom: float


def join_lines(texts: Sequence[str], boxes: Sequence[Corners]) -> str:
    """The texts as lines, from top to bottom; within a line from left to right, a space between.

    A text is on the line of the one above it if they share half of the height of the lower of both,
    so that the cells of a row of a table make one line. A page that is a little askew is set upright
    first, by the slope that half of its boxes exceed.

    Example:
        >>> def box(x, y):
        ...     return (x, y), (x + 50, y), (x + 50, y + 10), (x, y + 10)
        >>> join_lines(["42", "Total", "Thanks"], [box(90, 11), box(0, 10), box(0, 40)])
        'Total 42\\nThanks'
    """
    lines: list[list[Span]] = []
    for span in sorted(_upright(texts, boxes), key=lambda span: (span.top + span.bottom, span.left)):
        if lines and _on_line(span, lines[-1]):
            lines[-1].append(span)
        else:
            lines.append([span])
    return "\n".join(" ".join(span.text for span in sorted(line, key=lambda span: span.left))
                     for line in lines)


def _upright(texts: Sequence[str], boxes: Sequence[Corners]) -> list[Span]:
    angle = _slope(boxes)
    cosine, sine = math.cos(angle), math.sin(angle)
    spans: list[Span] = []
    for text, corners in zip(texts, boxes):
        x, y = (sum(float(corner[axis]) for corner in corners) / len(corners) for axis in (0, 1))
        height = (math.dist(corners[0], corners[3]) + math.dist(corners[1], corners[2])) / 2
        width = (math.dist(corners[0], corners[1]) + math.dist(corners[3], corners[2])) / 2
        middle = y * cosine - x * sine
        spans.append(Span(text, x * cosine + y * sine - width / 2, middle - height / 2,
                          middle + height / 2))
    return spans


def _slope(boxes: Sequence[Corners]) -> float:
    """The median angle of upper edges, in radians; of boxes wider than high, the others say little."""
    angles = [math.atan2(corners[1][1] - corners[0][1], corners[1][0] - corners[0][0])
              for corners in boxes
              if math.dist(corners[0], corners[1]) > math.dist(corners[0], corners[3])]
    return statistics.median(angles) if angles else 0.0


def _on_line(span: Span, line: Sequence[Span]) -> bool:
    top = sum(other.top for other in line) / len(line)
    bottom = sum(other.bottom for other in line) / len(line)
    shared = min(span.bottom, bottom) - max(span.top, top)
    return shared >= SAME_LINE_OVERLAP * min(span.bottom - span.top, bottom - top)

"""Sets lines of text on a page with Pango and Cairo, and remembers what they say.

A page is a list of rows. A row is a list of cells drawn on one baseline, and reads, left to right, as its cells
joined by single spaces: that is the ground truth, so a picture and its answer cannot drift apart.
"""

from typing import List, NamedTuple, Optional, Tuple

import cairo
import gi
import numpy
from PIL import Image

gi.require_version("Pango", "1.0")
gi.require_version("PangoCairo", "1.0")
from gi.repository import Pango, PangoCairo  # noqa: E402

Colour = Tuple[int, int, int]

# Everything that is not text is drawn lighter than this, so that it decorates without being read.
LIGHTEST_INK = 190


class Face(NamedTuple):
    family: str
    size_px: float
    bold: bool = False
    italic: bool = False

    def resized(self, factor: float) -> "Face":
        return self._replace(size_px=round(self.size_px * factor))

    def strong(self) -> "Face":
        return self._replace(bold=True)


class Cell(NamedTuple):
    text: str
    x: float
    align: str = "left"  # left: x is the left edge; right: the right edge; centre: the middle
    face: Optional[Face] = None
    ink: Optional[Colour] = None


def _context():
    # No hinting: glyphs then depend on the font files alone, not on the settings of the machine.
    options = cairo.FontOptions()
    options.set_antialias(cairo.ANTIALIAS_GRAY)
    options.set_hint_style(cairo.HINT_STYLE_NONE)
    options.set_hint_metrics(cairo.HINT_METRICS_OFF)
    context = PangoCairo.FontMap.get_default().create_context()
    PangoCairo.context_set_font_options(context, options)
    PangoCairo.context_set_resolution(context, 96)
    return context


_CONTEXT = _context()
_KNOWN_FAMILIES = set()


def _require(face: Face) -> Pango.FontDescription:
    description = Pango.FontDescription()
    description.set_family(face.family)
    description.set_absolute_size(face.size_px * Pango.SCALE)
    description.set_weight(Pango.Weight.BOLD if face.bold else Pango.Weight.NORMAL)
    description.set_style(Pango.Style.ITALIC if face.italic else Pango.Style.NORMAL)
    if face.family not in _KNOWN_FAMILIES:
        found = _CONTEXT.load_font(description).describe().get_family()
        if found != face.family:
            raise RuntimeError(f"font {face.family!r} is not installed (Pango would use {found!r})")
        _KNOWN_FAMILIES.add(face.family)
    return description


def _layout(text: str, face: Face) -> Pango.Layout:
    layout = Pango.Layout.new(_CONTEXT)
    layout.set_font_description(_require(face))
    attributes = Pango.AttrList()
    attributes.insert(Pango.attr_fallback_new(False))
    layout.set_attributes(attributes)
    layout.set_text(text, -1)
    if layout.get_unknown_glyphs_count():
        raise ValueError(f"font {face.family!r} lacks a glyph of {text!r}")
    return layout


def width_of(text: str, face: Face) -> float:
    return _layout(text, face).get_extents()[1].width / Pango.SCALE


def wrap(text: str, face: Face, width: float) -> List[str]:
    """Greedy line breaking at spaces; words are never divided."""
    lines, line = [], ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if line and width_of(longer, face) > width:
            lines.append(line)
            line = word
        else:
            line = longer
    return lines + [line]


def _checked(colour: Colour) -> Colour:
    if 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2] < LIGHTEST_INK:
        raise ValueError(f"decoration {colour} is dark enough to be read as text")
    return colour


class Page:
    """Rows from the top down. Nothing is drawn until the height is known, in `finish`."""

    def __init__(self, width: int, face: Face, margin: int = 48, ink: Colour = (28, 28, 32),
                 paper: Colour = (255, 255, 255)):
        self.width, self.face, self.margin, self.ink, self.paper = width, face, margin, ink, paper
        self.y = float(margin)
        self.leading = 1.5
        self._operations = []
        self._lines: List[str] = []
        self._ink_boxes: List[Tuple[float, float, float, float]] = []

    @property
    def left(self) -> float:
        return self.margin

    @property
    def right(self) -> float:
        return self.width - self.margin

    @property
    def middle(self) -> float:
        return self.width / 2

    def gap(self, ems: float) -> None:
        self.y += ems * self.face.size_px

    def row(self, cells: List[Cell], band: Optional[Colour] = None, full_width_band: bool = False) -> None:
        faces = [cell.face or self.face for cell in cells]
        height = self.leading * max(face.size_px for face in faces)
        baseline = self.y + 0.70 * height
        if band is not None:
            x0 = 0 if full_width_band else self.left - 12
            x1 = self.width if full_width_band else self.right + 12
            self.rectangle(x0, self.y, x1, self.y + height, band)
        previous_end = -1e9
        for cell, face in zip(cells, faces):
            if cell.text != " ".join(cell.text.split()):
                raise ValueError(f"loose spaces in {cell.text!r}")
            layout = _layout(cell.text, face)
            width = layout.get_extents()[1].width / Pango.SCALE
            x = cell.x - {"left": 0.0, "centre": width / 2, "right": width}[cell.align]
            if x < previous_end + 0.3 * face.size_px or x < 4 or x + width > self.width - 4:
                raise ValueError(f"no room for {cell.text!r}")
            previous_end = x + width
            y = baseline - layout.get_baseline() / Pango.SCALE
            ink_box = layout.get_extents()[0]
            self._ink_boxes.append((x + ink_box.x / Pango.SCALE, y + ink_box.y / Pango.SCALE,
                                    x + (ink_box.x + ink_box.width) / Pango.SCALE,
                                    y + (ink_box.y + ink_box.height) / Pango.SCALE))
            self._operations.append(("text", layout, x, y, cell.ink or self.ink))
        self._lines.append(" ".join(cell.text for cell in cells))
        self.y += height

    def line(self, text: str, align: str = "left", face: Optional[Face] = None, ink: Optional[Colour] = None,
             band: Optional[Colour] = None) -> None:
        x = {"left": self.left, "centre": self.middle, "right": self.right}[align]
        self.row([Cell(text, x, align, face, ink)], band)

    def paragraph(self, text: str, face: Optional[Face] = None) -> None:
        for line in wrap(text, face or self.face, self.right - self.left):
            self.line(line, face=face)

    def rectangle(self, x0: float, y0: float, x1: float, y1: float, colour: Colour) -> None:
        self._operations.append(("rectangle", x0, y0, x1, y1, _checked(colour)))

    def rule(self, colour: Colour = (200, 200, 204), dashed: bool = False, before: float = 0.25,
             after: float = 0.25) -> None:
        self.gap(before)
        y = round(self.y)
        if dashed:
            x = self.left
            while x < self.right:
                self.rectangle(x, y, min(x + 10, self.right), y + 2, colour)
                x += 18
        else:
            self.rectangle(self.left, y, self.right, y + 2, colour)
        self.y += 2
        self.gap(after)

    def waves(self, height: float, colour: Colour, phase: float) -> None:
        """Fine crossing waves, as on the security paper of identity documents."""
        self._operations.insert(0, ("waves", height, _checked(colour), phase))

    def torn_edge(self, colour: Colour) -> None:
        """Cuts the bottom of the page into teeth, as a receipt printer does."""
        self._operations.append(("teeth", _checked(colour)))

    def finish(self, height: Optional[int] = None) -> Tuple[Image.Image, str, Tuple[float, float, float, float]]:
        """The picture, what it says, and the box around its ink."""
        height = height or int(self.y + self.margin)
        surface = cairo.ImageSurface(cairo.FORMAT_RGB24, self.width, height)
        ctx = cairo.Context(surface)
        self._set(ctx, self.paper)
        ctx.paint()
        for operation in self._operations:
            kind = operation[0]
            if kind == "text":
                _, layout, x, y, ink = operation
                self._set(ctx, ink)
                ctx.move_to(x, y)
                PangoCairo.show_layout(ctx, layout)
            elif kind == "rectangle":
                _, x0, y0, x1, y1, colour = operation
                self._set(ctx, colour)
                ctx.rectangle(round(x0), round(y0), round(x1) - round(x0), round(y1) - round(y0))
                ctx.fill()
            elif kind == "waves":
                self._draw_waves(ctx, *operation[1:])
            elif kind == "teeth":
                self._draw_teeth(ctx, height, operation[1])
        surface.flush()
        pixels = numpy.frombuffer(surface.get_data(), numpy.uint8).reshape(height, surface.get_stride() // 4, 4)
        image = Image.fromarray(numpy.ascontiguousarray(pixels[:, :self.width, 2::-1]), "RGB")
        box = (min(b[0] for b in self._ink_boxes), min(b[1] for b in self._ink_boxes),
               max(b[2] for b in self._ink_boxes), max(b[3] for b in self._ink_boxes))
        if box[0] < 0 or box[1] < 0 or box[2] > self.width or box[3] > height:
            raise ValueError("text runs off the page: " + self._lines[0])
        return image, "\n".join(self._lines), box

    @staticmethod
    def _set(ctx, colour: Colour) -> None:
        ctx.set_source_rgb(*(channel / 255 for channel in colour))

    def _draw_waves(self, ctx, height: float, colour: Colour, phase: float) -> None:
        self._set(ctx, colour)
        ctx.set_line_width(1.2)
        for direction in (1, -1):
            for offset in range(-20, int(height) + 20, 11):
                for x in range(0, self.width + 6, 6):
                    y = offset + direction * 9 * numpy.sin(x / 37 + phase) + 3 * numpy.sin(x / 11)
                    (ctx.line_to if x else ctx.move_to)(x, y)
                ctx.stroke()

    def _draw_teeth(self, ctx, height: int, colour: Colour) -> None:
        self._set(ctx, colour)
        ctx.move_to(0, height)
        x, up = 0, False
        while x < self.width + 12:
            ctx.line_to(x, height - (12 if up else 2))
            x, up = x + 12, not up
        ctx.line_to(self.width, height)
        ctx.close_path()
        ctx.fill()

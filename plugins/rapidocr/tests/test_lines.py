import doctest
import math
import unittest

from vlmhyperbench_rapidocr import lines
from vlmhyperbench_rapidocr.lines import join_lines


def load_tests(loader, tests, pattern):
    tests.addTests(doctest.DocTestSuite(lines))
    return tests


def box(x, y, width=50, height=10, angle=0.0):
    """Corners of an upright box, turned about the page's origin."""
    corners = [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]
    cosine, sine = math.cos(angle), math.sin(angle)
    return [(px * cosine - py * sine, px * sine + py * cosine) for px, py in corners]


class JoinLinesTest(unittest.TestCase):
    def test_nothing_is_empty(self):
        self.assertEqual(join_lines([], []), "")

    def test_the_order_found_does_not_matter(self):
        texts, boxes = ["d", "a", "c", "b"], [box(80, 52), box(0, 0), box(0, 50), box(80, 3)]
        for shift in range(4):
            with self.subTest(shift):
                self.assertEqual(join_lines(texts[shift:] + texts[:shift],
                                            boxes[shift:] + boxes[:shift]), "a b\nc d")

    def test_lines_that_touch_stay_apart(self):
        self.assertEqual(join_lines(["a", "b", "c"], [box(0, 0), box(60, 6), box(0, 12)]),
                         "a\nb\nc")

    def test_a_tall_text_shares_a_line_with_a_low_one(self):
        self.assertEqual(join_lines(["TOTAL", "42"], [box(0, 0, height=40), box(90, 20)]), "TOTAL 42")

    def test_pages_askew_read_as_upright_ones(self):
        texts = [f"{row}{column}" for row in range(12) for column in "abc"]
        expected = "\n".join(" ".join(texts[row * 3:row * 3 + 3]) for row in range(12))
        for degrees in (-10, -2, 0, 2, 10):
            with self.subTest(degrees):
                boxes = [box(column * 400, row * 14, angle=math.radians(degrees))
                         for row in range(12) for column in range(3)]
                self.assertEqual(join_lines(texts, boxes), expected)

    def test_a_page_of_single_characters_has_no_slope(self):
        self.assertEqual(join_lines(["a", "b"], [box(0, 0, width=5), box(9, 1, width=5)]), "a b")


if __name__ == "__main__":
    unittest.main()

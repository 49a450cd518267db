import datetime
import decimal
import doctest
import unittest

from vlmhyperbench_datasets import columns
from vlmhyperbench_datasets.columns import Columns, to_json, to_text


def load_tests(loader, tests, pattern):
    tests.addTests(doctest.DocTestSuite(columns))
    return tests


class ImageTest(unittest.TestCase):
    def images(self, value, **options):
        return list(Columns(image=["page"], **options).row({"page": value}).images)

    def test_bytes_paths_and_structs(self):
        for value, expected in (
                (b"png", [b"png"]), ("1.png", ["1.png"]),
                ({"bytes": b"png", "path": "1.png"}, [b"png"]),
                ({"bytes": None, "path": "1.png"}, ["1.png"]),
                ([{"bytes": b"a", "path": None}, {"bytes": b"b", "path": None}], [b"a", b"b"]),
                ([], [])):
            with self.subTest(value):
                self.assertEqual(self.images(value), expected)

    def test_paths_are_in_the_folder_of_images(self):
        self.assertEqual(self.images("1.png", image_folder="pages"), ["pages/1.png"])

    def test_what_is_no_image_is_told_with_its_column(self):
        for value in (None, "", b"", 7, {"bytes": None, "path": None}, {}, [None]):
            with self.subTest(value), self.assertRaisesRegex(ValueError, "column 'page'"):
                self.images(value)

    def test_several_columns(self):
        row = Columns(image=["front", "sides.back"]).row({"front": b"1", "sides": {"back": b"2"}})
        self.assertEqual(list(row.images), [b"1", b"2"])


class RowTest(unittest.TestCase):
    def test_every_column_finds_its_place(self):
        row = Columns(question="q", answer="a", doc_class="meta.kind", question_type="t",
                      fields={"language": "meta.lang", "sum": "sum"}).row(
            {"image": b"1", "q": "What?", "a": ["x", "y"], "t": None, "sum": 1.5,
             "meta": {"kind": "receipt", "lang": "ru"}})
        self.assertEqual((row.question, row.reference, row.doc_class, row.question_type),
                         ("What?", ["x", "y"], "receipt", ""))
        self.assertEqual(row.fields, {"language": "ru", "sum": "1.5"})

    def test_a_column_with_a_dot_in_its_name(self):
        self.assertEqual(Columns(answer="a.b").row({"image": b"1", "a.b": "x"}).reference, "x")

    def test_a_struct_that_is_null_is_nothing(self):
        self.assertEqual(Columns(fields={"x": "meta.lang"}).row(
            {"image": b"1", "meta": None}).fields, {"x": ""})

    def test_a_number_leads_into_a_list(self):
        def answer(column, value):
            return Columns(answer=column).row({"image": b"1", "a": value}).reference
        self.assertEqual(answer("a.0", ["x", "y"]), "x")
        self.assertEqual(answer("a.1.text", [{}, {"text": "y"}]), "y")
        for value in ([], None, "x"):
            self.assertIsNone(answer("a.0", value))

    def test_names_that_are_taken(self):
        with self.assertRaisesRegex(ValueError, "id_of_source"):
            Columns(fields={"id": "id"})


class JsonTest(unittest.TestCase):
    def test_what_json_has_no_word_for(self):
        moment = datetime.datetime(2025, 11, 7, 12, 30)
        self.assertEqual(to_json([moment, moment.date(), decimal.Decimal("1.50"), float("nan"), b"a"]),
                         ["2025-11-07T12:30:00", "2025-11-07", "1.50", None, "YQ=="])

    def test_texts_are_canonical(self):
        self.assertEqual(to_text({"b": "я", "a": [1, None]}), '{"a":[1,null],"b":"я"}')
        self.assertEqual(to_text(datetime.date(2025, 11, 7)), "2025-11-07")


if __name__ == "__main__":
    unittest.main()

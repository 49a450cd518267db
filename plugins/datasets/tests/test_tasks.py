"""Both tasks over small files that are made here."""

import inspect
import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import pyarrow
import yaml
from pyarrow import ipc, parquet

from vlmhyperbench_datasets import HuggingFaceDatasetTask, ParquetTask
from vlmhyperbench_datasets.tables import BadFile


def table(answers, *, begin=0):
    count = len(answers)
    return pyarrow.table({
        "image": [{"bytes": b"image %d" % (begin + index), "path": None} for index in range(count)],
        "question": [f"question {begin + index}" for index in range(count)],
        "answer": answers})


class FolderTest(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.root = Path(scratch.name)

    def write(self, name, content, **options):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        parquet.write_table(content, path, **options)

    def write_arrow(self, folder, *tables, split=None):
        names = []
        (self.root / folder).mkdir(parents=True, exist_ok=True)
        for index, content in enumerate(tables):
            names.append(f"data-{index:05}-of-{len(tables):05}.arrow")
            with ipc.new_stream(str(self.root / folder / names[-1]), content.schema) as writer:
                writer.write_table(content, max_chunksize=10)
        (self.root / folder / "state.json").write_text(json.dumps(
            {"_data_files": [{"filename": name} for name in names], "_split": split}))

    def samples(self, task=ParquetTask, **params):
        made = task()
        made.load(**params)
        return [(sample, made.prompt(sample)) if not isinstance(sample, Exception) else sample
                for sample in made.samples(self.root)]

    def answers(self, task=ParquetTask, **params):
        return [sample.reference for sample, _ in self.samples(task, **params)]

    def refusal(self, task=ParquetTask, **params):
        with self.assertRaises(BadFile) as raised:
            self.samples(task, **params)
        return str(raised.exception)


class ParquetTest(FolderTest):
    def test_files_and_rows_in_order(self):
        self.write("b.parquet", table(["c", "d"], begin=2))
        self.write("a.parquet", table(["a", "b"]), row_group_size=1)
        self.assertEqual(self.answers(), ["a", "b", "c", "d"])
        sample, prompt = self.samples(path="b.parquet")[0]
        self.assertEqual((list(sample.images), prompt), ([b"image 2"], "question 2"))

    def test_more_rows_than_are_read_at_once(self):
        self.write("a.parquet", table([str(index) for index in range(1000)]), row_group_size=300)
        self.assertEqual(self.answers(), [str(index) for index in range(1000)])

    def test_types_of_columns(self):
        self.write("a.parquet", pyarrow.table({
            "page": [b"1", b"2"], "amount": [1.5, None], "lines": [["a", "b"], None],
            "meta": [{"lang": "ru", "pages": 2}, {"lang": "en", "pages": None}]}))
        (first, asked), (second, _) = self.samples(
            image="page", question="", answer="lines", doc_class="meta.lang",
            fields={"sum": "amount", "meta": "meta"})
        self.assertEqual((first.reference, first.doc_class, asked), (["a", "b"], "ru", None))
        self.assertEqual(first.fields, {"sum": "1.5", "meta": '{"lang":"ru","pages":2}'})
        self.assertEqual((second.reference, second.fields["sum"]), (None, ""))

    def test_images_are_files_beside_it(self):
        self.write("a.parquet", pyarrow.table({"image": ["1.png"], "answer": ["a"]}))
        sample, _ = self.samples(question="", image_folder="pages")[0]
        self.assertEqual(list(sample.images), ["pages/1.png"])

    def test_a_row_without_an_image_costs_itself_only(self):
        self.write("a.parquet", pyarrow.table({"image": [b"1", None, b"3"], "answer": list("abc")}))
        first, second, third = self.samples(question="")
        self.assertEqual((first[0].reference, third[0].reference), ("a", "c"))
        self.assertIn("row 1 of a.parquet: column 'image' has NoneType", str(second))

    def test_class_labels_are_names(self):
        features = {"kind": {"names": ["bill", "letter"], "_type": "ClassLabel"}}
        content = pyarrow.table({"image": [b"1", b"2", b"3"], "answer": list("abc"),
                                 "kind": [1, 0, -1]})
        for metadata, expected in (
                ({"info": {"features": features}}, ["letter", "bill", ""]),
                ({"info": None}, ["1", "0", "-1"]), ([], ["1", "0", "-1"])):
            with self.subTest(metadata):
                self.write("a.parquet",
                           content.replace_schema_metadata({"huggingface": json.dumps(metadata)}))
                self.assertEqual([sample.doc_class for sample, _ in
                                  self.samples(question="", doc_class="kind")], expected)

    def test_a_missing_column_names_those_there_are(self):
        self.write("a.parquet", pyarrow.table({"picture": [b"1"], "answer": ["a"]}))
        self.assertRegex(self.refusal(question=""), "no column 'image'; it has picture, answer")

    def test_a_broken_file_is_named(self):
        (self.root / "a.parquet").write_bytes(b"PAR1" + bytes(2000) + b"PAR1")
        self.assertRegex(self.refusal(), "a.parquet cannot be read")

    def test_a_pointer_of_git_lfs_says_what_to_run(self):
        (self.root / "a.parquet").write_text("version https://git-lfs.github.com/spec/v1\n")
        self.assertIn("git lfs pull", self.refusal())

    def test_paths_stay_inside(self):
        self.assertIn("leads out", self.refusal(path=".."))
        (self.root / "away.parquet").symlink_to(Path("/etc/hostname"))
        self.assertIn("leads out", self.refusal())
        self.assertIn("does not exist", self.refusal(path="none"))

    def test_a_folder_without_files(self):
        self.assertIn("no *.parquet", self.refusal())


class HuggingFaceTest(FolderTest):
    def answers(self, **params):
        return super().answers(HuggingFaceDatasetTask, **params)

    def refusal(self, **params):
        return super().refusal(HuggingFaceDatasetTask, **params)

    def test_a_saved_dataset(self):
        self.write_arrow(".", table(list("abc")), table(list("de"), begin=3), split="test")
        self.assertEqual(self.answers(), list("abcde"))
        self.assertEqual(self.answers(split="test"), list("abcde"))
        self.assertIn("is the split 'test'", self.refusal(split="train"))

    def test_a_saved_dataset_of_several_splits(self):
        (self.root / "dataset_dict.json").write_text('{"splits": ["train", "test"]}')
        self.write_arrow("train", table(["a"]))
        self.write_arrow("test", table([str(index) for index in range(100)]))
        self.assertEqual(self.answers(split="test"), [str(index) for index in range(100)])
        self.assertIn("one of test, train", self.refusal())
        self.assertIn("it has test, train", self.refusal(split="dev"))

    def test_a_repository(self):
        self.write("data/train-00000-of-00001.parquet", table(["a"]))
        self.write("data/test-00001-of-00002.parquet", table(["c"]))
        self.write("data/test-00000-of-00002.parquet", table(["b"]))
        self.assertEqual(self.answers(split="test"), ["b", "c"])
        self.assertIn("several splits", self.refusal())

    def test_a_repository_of_several_configurations(self):
        self.write("ru/test-00000-of-00001.parquet", table(["a"]))
        self.write("en/test-00000-of-00001.parquet", table(["b"]))
        self.write("en/train-00000-of-00001.parquet", table(["c"]))
        self.assertEqual(self.answers(config="ru"), ["a"])
        self.assertEqual(self.answers(config="en", split="train"), ["c"])
        self.assertIn("one of en, ru", self.refusal())

    def test_names_of_splits(self):
        for name, split in (("validation.parquet", "validation"), ("val/0000.parquet", "validation"),
                            ("whatever.parquet", "train"), ("dev/a.parquet", "validation")):
            with self.subTest(name):
                self.write(name, table([name]))
                self.assertEqual(self.answers(split=split), [name])
                (self.root / name).unlink()

    def test_files_that_are_no_data(self):
        (self.root / "state.json").write_text('{"_data_files": [{"filename": "../x.arrow"}]}')
        self.assertIn("does not exist", self.refusal())
        (self.root / "state.json").write_text('[')
        self.assertIn("state.json cannot be read", self.refusal())
        (self.root / "state.json").write_text('{"_data_files": [{"filename": "a.arrow"}]}')
        (self.root / "a.arrow").write_bytes(b"no arrow at all")
        self.assertIn("a.arrow cannot be read", self.refusal())


class ParameterTest(unittest.TestCase):
    def test_the_schemas_are_those_of_load(self):
        for task in (ParquetTask, HuggingFaceDatasetTask):
            parameters = inspect.signature(task.load).parameters
            self.assertEqual(list(parameters)[1:], list(task.params_schema["properties"]))

    def test_the_examples_of_entries_have_the_parameters(self):
        folder = Path(__file__).parents[1] / "registries/tasks"
        tasks = {"parquet": ParquetTask, "huggingface-dataset": HuggingFaceDatasetTask}
        entries = [yaml.safe_load(path.read_text("utf-8")) for path in folder.iterdir()]
        self.assertEqual({entry["plugin"] for entry in entries}, set(tasks))
        for entry in entries:
            properties = tasks[entry["plugin"]].params_schema["properties"]
            self.assertEqual(entry["params_schema"]["properties"],
                             {name: {key: value for key, value in schema.items()
                                     if key != "default"} for name, schema in properties.items()})

    def test_pyarrow_comes_with_the_first_sample(self):
        code = "import sys, vlmhyperbench_datasets; sys.exit('pyarrow' in sys.modules)"
        self.assertEqual(subprocess.run([sys.executable, "-c", code], timeout=60).returncode, 0)


MEMORY_PROGRAM = """
import resource, sys
from pathlib import Path
from vlmhyperbench_datasets import ParquetTask
task = ParquetTask()
task.load(question="")
count = sum(len(sample.images[0]) for sample in task.samples(Path(sys.argv[1])))
print(count, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


class MemoryTest(FolderTest):
    def peak(self):
        output = subprocess.run([sys.executable, "-c", MEMORY_PROGRAM, str(self.root)], check=True,
                                capture_output=True, text=True, timeout=120).stdout
        return tuple(map(int, output.split()))

    def test_memory_does_not_grow_with_a_row_group(self):
        image = bytes(range(256)) * 800
        content = pyarrow.table({"image": [image] * 50, "answer": ["a"] * 50})
        self.write("a.parquet", content, compression="none", use_dictionary=False)
        few_bytes, few = self.peak()
        self.write("a.parquet", pyarrow.concat_tables([content] * 16), compression="none",
                   use_dictionary=False)
        many_bytes, many = self.peak()
        self.assertEqual(many_bytes, 16 * few_bytes)
        self.assertLess((many - few) * 1024, (many_bytes - few_bytes) // 3)


if __name__ == "__main__":
    unittest.main()

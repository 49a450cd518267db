"""What the package promises of itself: examples, names, version, types of parameters."""

import ast
import doctest
import importlib
import inspect
import pkgutil
import re
import sys
import typing
import unittest
from pathlib import Path

import vlmhyperbench
from vlmhyperbench import Metric, ModelInterface, Request, Task, metric, model, task
from vlmhyperbench._registry import ATTRIBUTE
from vlmhyperbench._schema import LoadError, check_call, schema_of
from vlmhyperbench.compat import PredictorModel
from vlmhyperbench.errors import PluginError, UnsupportedError
from vlmhyperbench.testing._check_start import PEP440
from vlmhyperbench.testing._draft7 import default_problems, schema_problems, why_invalid

PACKAGE = Path(vlmhyperbench.__file__).parent
ROOT = Path(__file__).resolve().parent.parent.parent
PUBLIC_MODULES = ("vlmhyperbench", "vlmhyperbench.client", "vlmhyperbench.compat",
                  "vlmhyperbench.errors", "vlmhyperbench.testing")


def modules():
    for info in pkgutil.walk_packages([str(PACKAGE)], "vlmhyperbench."):
        if not info.name.endswith("__main__"):
            yield importlib.import_module(info.name)


class Documentation(unittest.TestCase):
    def test_examples(self):
        for module in [vlmhyperbench, *modules()]:
            with self.subTest(module.__name__):
                self.assertEqual(doctest.testmod(module).failed, 0)

    def test_readme(self):
        self.assertEqual(doctest.testfile(str(ROOT / "python" / "README.md"),
                                          module_relative=False).failed, 0)

    def test_every_public_object_is_documented_and_every_class_has_an_example(self):
        for name in PUBLIC_MODULES:
            module = importlib.import_module(name)
            for public in module.__all__:
                value = getattr(module, public)
                if not callable(value):
                    continue
                with self.subTest(module=name, name=public):
                    self.assertTrue(inspect.getdoc(value))
                    if name == "vlmhyperbench" or inspect.isclass(value):
                        self.assertIn(">>>", value.__doc__)

    def test_python_and_line_length(self):
        for path in PACKAGE.rglob("*.py"):
            text = path.read_text("utf-8")
            ast.parse(text, feature_version=(3, 10))
            for number, line in enumerate(text.splitlines(), 1):
                self.assertLessEqual(len(line), 100, f"{path}:{number}")
            self.assertLess(number, 400, path)

    def test_no_dependencies(self):
        ours = {"vlmhyperbench", *sys.stdlib_module_names}
        optional = {"pandas", "polars"}
        for path in PACKAGE.rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                names = []
                if isinstance(node, ast.Import):
                    names = [alias.name for alias in node.names]
                elif isinstance(node, ast.ImportFrom) and not node.level:
                    names = [node.module]
                for name in names:
                    self.assertIn(name.partition(".")[0], ours | optional, path)

    def test_version_is_that_of_the_project(self):
        project = (ROOT / "CMakeLists.txt").read_text()
        version = re.search(r"project\(vlmhyperbench VERSION ([\d.]+)", project)
        self.assertEqual(vlmhyperbench.__version__, version[1])


class Decorators(unittest.TestCase):
    def test_class_and_function_stay_what_they_are(self):
        @metric("m", version="1.0")
        def same(prediction, reference):
            return prediction == reference

        @model("m", version="1.0")
        class Model(ModelInterface):
            pass

        self.assertTrue(same("a", "a"))
        self.assertIsInstance(Model(), Model)
        self.assertEqual(getattr(same, ATTRIBUTE).kind, "metric")

    def test_subclass_is_no_plugin_by_inheritance(self):
        @model("m", version="1.0")
        class Model(ModelInterface):
            pass

        class Other(Model):
            pass

        self.assertNotIn(ATTRIBUTE, vars(Other))

    def test_mistakes_name_the_fix(self):
        def function(prediction, reference):
            return 1.0

        for make, text in (
                (lambda: model(ModelInterface), "write @model"),
                (lambda: model("m", version=1.0), 'version="1.0"'),
                (lambda: model("m", images=-1), "0 for no limit"),
                (lambda: model("m")(Task), "derived from vlmhyperbench.ModelInterface"),
                (lambda: model("m")(3), "class or a function"),
                (lambda: metric("m", aggregate="median"), "mean, ratio, corpus"),
                (lambda: metric("m", direction="up"), "higher, lower"),
                (lambda: metric("m", aggregate="corpus"), "width="),
                (lambda: metric("m", width=2), "width="),
                (lambda: metric("m", aggregate="corpus", width=2)(function), "needs a class"),
                (lambda: metric("m", range=(1, 0)), "lowest, highest"),
                (lambda: metric("m", range=(0, float("nan"))), "lowest, highest"),
                (lambda: task("t", metrics="cer"), "['cer']"),
                (lambda: task("t")(function), "needs a class")):
            with self.subTest(text), self.assertRaises((TypeError, ValueError)) as caught:
                make()
            self.assertIn(text, str(caught.exception))


class Schemas(unittest.TestCase):
    def test_annotations(self):
        def function(first, *, a: int, b: float = 0.5, c: typing.Optional[str] = None,
                     d: "list[str]" = (), e: typing.Literal["x", "y"] = "x", f: dict = {},
                     g=object(), h: "typing.Union[int, list[int]]" = 1, i: "str | None" = None):
            pass

        self.assertEqual(schema_of(function, skip=1), {
            "type": "object", "additionalProperties": False, "required": ["a"],
            "properties": {
                "a": {"type": "integer"}, "b": {"type": "number", "default": 0.5},
                "c": {"type": ["string", "null"], "default": None},
                "d": {"type": "array", "items": {"type": "string"}, "default": ()},
                "e": {"enum": ["x", "y"], "default": "x"}, "f": {"type": "object", "default": {}},
                "g": {}, "h": {"anyOf": [{"type": "integer"},
                                         {"type": "array", "items": {"type": "integer"}}],
                               "default": 1},
                "i": {"type": ["string", "null"], "default": None}}})

    def test_any_parameter(self):
        self.assertTrue(schema_of(lambda **params: None, skip=0)["additionalProperties"])

    def test_unknown_names_in_annotations_allow_everything(self):
        def function(*, a: "NoSuchType" = 1):  # noqa: F821
            pass

        self.assertEqual(schema_of(function, skip=0)["properties"], {"a": {"default": 1}})

    def test_classes_without_load_take_nothing(self):
        for base, decorate in ((ModelInterface, model("m")), (Metric, metric("m")),
                               (Task, task("t"))):
            plugin = getattr(decorate(type("Derived", (base,), {})), ATTRIBUTE)
            self.assertEqual(plugin.params_schema, {"type": "object", "properties": {},
                                                    "additionalProperties": False})

    def test_calls(self):
        def function(*, a: int, b: int = 2):
            pass

        check_call(function, {"a": 1})
        for params, text in (({}, "'a' is missing: it takes a, b"), ({"a": 1, "bb": 1}, "'b'?")):
            with self.assertRaisesRegex(LoadError, text.replace("?", r"\?")):
                check_call(function, params)

    def test_draft7(self):
        properties = {
            "n": {"type": "integer", "minimum": 1, "maximum": 3},
            "s": {"type": "string", "pattern": "^a", "minLength": 2},
            "l": {"type": "array", "items": {"enum": [1, "x"]}, "maxItems": 2},
            "u": {"anyOf": [{"type": "null"}, {"type": "number", "exclusiveMinimum": 0}]}}
        schema = {"type": "object", "additionalProperties": False, "required": ["n"],
                  "properties": properties}
        self.assertEqual(list(schema_problems(schema)), [])
        for value in ({"n": 1}, {"n": 3.0, "s": "ab", "l": [1, "x"], "u": None},
                      {"n": 2, "u": 0.1}):
            self.assertEqual(why_invalid(schema, value), "")
        for value in ({}, {"n": 0}, {"n": 4}, {"n": True}, {"n": "1"}, {"n": 1, "s": "a"},
                      {"n": 1, "s": "ba"}, {"n": 1, "l": [2]}, {"n": 1, "l": [1, 1, 1]},
                      {"n": 1, "l": [True]}, {"n": 1, "u": 0}, {"n": 1, "other": 1}, []):
            self.assertTrue(why_invalid(schema, value), value)

    def test_wrong_schemas(self):
        for schema in ([], {"type": "int"}, {"properties": []}, {"properties": {"a": 1}},
                       {"required": "a"}, {"properties": {"a": {"minimum": "1"}}},
                       {"properties": {"a": {"enum": []}}}, {"properties": {"a": {"pattern": "("}}},
                       {"properties": {"a": {"items": {"type": "real"}}}}):
            self.assertTrue(list(schema_problems(schema)), schema)
        self.assertTrue(list(default_problems({"properties": {"a": {"type": "integer",
                                                                    "default": "1"}}})))

    def test_versions(self):
        for version in ("1.0", "1", "1.0.0rc1", "2!1.0", "1.0.post1", "1.0.dev3", "1.0+local.1"):
            self.assertTrue(PEP440.fullmatch(version), version)
        for version in ("", "first", "1.0-x", "1..0", "1.0 beta"):
            self.assertFalse(PEP440.fullmatch(version), version)


class OldModel:
    """As the predecessor's model classes are."""

    framework = "Hugging_Face"

    def __init__(self, model_name, system_prompt="", cache_dir="model_cache"):
        self.arguments = (model_name, system_prompt, cache_dir)

    def predict_on_image(self, image_path, question):
        return f"{question} {image_path}"

    def predict_on_images(self, images, question):
        return f"{question} {len(images)}"


class OneImageModel:
    def __init__(self, model_name):
        pass

    def predict_on_image(self, image_path, question):
        return None


class Predecessor(unittest.TestCase):
    def load(self, name="OldModel", **params):
        predictor = PredictorModel()
        predictor.load(**{"class": f"{__name__}:{name}", "model_name": "qwen", **params})
        return predictor

    def test_one_image_and_several(self):
        predictor = self.load(cache_dir="/weights")
        self.assertEqual(predictor._predictor.arguments, ("qwen", "", "/weights"))
        images = [Path("/a.png"), Path("/b.png")]
        self.assertEqual(predictor.generate(Request(text="?", images=images[:1])), "? /a.png")
        self.assertEqual(predictor.generate(Request(text="?", images=images)), "? 2")

    def test_what_it_cannot_do(self):
        with self.assertRaisesRegex(UnsupportedError, "has none"):
            self.load().generate(Request(text="?"))
        with self.assertRaisesRegex(UnsupportedError, "no predict_on_images"):
            self.load("OneImageModel").generate(Request(images=[Path("/a"), Path("/b")]))
        with self.assertRaisesRegex(PluginError, "returned NoneType"):
            self.load("OneImageModel").generate(Request(images=[Path("/a")]))

    def test_wrong_parameters(self):
        with self.assertRaisesRegex(TypeError, "takes no cache_dir; it takes model_name"):
            self.load("OneImageModel", cache_dir="/weights")
        with self.assertRaisesRegex(TypeError, "has no class 'NewModel'"):
            self.load("NewModel")
        with self.assertRaisesRegex(TypeError, "write package.module:Class"):
            self.load(**{"class": "OldModel"})
        with self.assertRaisesRegex(TypeError, "unknown parameters: beams"):
            self.load(beams=1)


if __name__ == "__main__":
    unittest.main()

"""Planted mistakes, one plug-in each, and what the self-check must say of them."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from vlmhyperbench.testing import Report, self_check
from vlmhyperbench.testing.__main__ import main

FIXTURES = Path(__file__).parent / "fixtures"
PATIENT = {"timeout_s": 60, "hello_timeout_s": 60, "exit_timeout_s": 30}
HASTY = {**PATIENT, "timeout_s": 1}
IMPATIENT = {**PATIENT, "exit_timeout_s": 1}

# (kind, plug-in, options, code of a finding, part of its fix)
MISTAKES = (
    ("model", "bad_models:ReturnsNumber", PATIENT, "wrong_type", "yield its pieces"),
    ("model", "bad_models:ReturnsNone", PATIENT, "wrong_type", "Return the answer as str"),
    ("model", "bad_models:YieldsBytes", PATIENT, "wrong_type", "Yield str"),
    ("model", "bad_models:YieldsNone", PATIENT, "wrong_type", "Yield str"),
    ("model", "bad_models:ReturnsTextAtEnd", PATIENT, "wrong_type", "must be yielded"),
    ("model", "bad_models:YieldsNothing", PATIENT, "empty_answer", "Yield the text"),
    ("model", "bad_models:Unwritten", PATIENT, "not_implemented", "generate(self, request)"),
    ("model", "bad_models:PrintFlood", PATIENT, "print_flood", "Print less"),
    ("model", "bad_models:AsksPerson", PATIENT, "reads_stdin", "a parameter of load()"),
    ("model", "bad_models:LoadRaises", PATIENT, "load_failed", "raised the exception"),
    ("model", "bad_models:LoadHangs", HASTY, "hangs", "time limit"),
    ("model", "bad_models:GenerateHangs", HASTY, "hangs", "time limit"),
    ("model", "bad_models:EatsMemory", PATIENT, "out_of_memory", "memory_mb"),
    ("model", "bad_models:EatsMemoryAtLoad", PATIENT, "out_of_memory", "memory_mb"),
    ("model", "bad_models:ImportsAtLoad", PATIENT, "missing_dependency",
     "'a_package_that_nobody_has' to `dependencies`"),
    ("model", "bad_models:NeedsEnvironment", PATIENT, "needs_environment", "parameter of load()"),
    ("model", "bad_models:ExitsPolitely", PATIENT, "sys_exit", "Raise an exception"),
    ("model", "bad_models:ExitsRudely", PATIENT, "crashed", "os._exit()"),
    ("model", "bad_models:Segfaults", PATIENT, "crashed", "faulthandler"),
    ("model", "bad_models:IgnoresCancel", PATIENT, "cancel_ignored", "GeneratorExit"),
    ("model", "bad_models:Remembers", PATIENT, "state_leak", "in self"),
    ("model", "bad_models:LeavesThread", IMPATIENT, "does_not_exit", "daemon=True"),
    ("model", "bad_models:LeavesProcess", IMPATIENT, "leftover_processes", "unload()"),
    ("model", "bad_models:UnloadRaises", PATIENT, "exit_status", "unload()"),
    ("model", "bad_models:DiesOfBrokenImage", PATIENT, "broken_image", "BadImageError"),
    ("model", "bad_models:CountsNothing", PATIENT, "usage_missing", "Usage("),
    ("model", "bad_models:OddVersion", PATIENT, "wrong_version", 'version="1.0"'),
    ("model", "bad_models:NoVersion", PATIENT, "missing_version", "version=\"1.0\""),
    ("model", "bad_models:NoPlugin", PATIENT, "no_plugin", "@model("),
    ("model", "bad_models:GenerateHung", PATIENT, "unknown_object", "name of the class"),
    ("model", "bad_models:SchemaIsNone", PATIENT, "wrong_schema", "params_schema"),
    ("model", "bad_models:SchemaIsNoJson", PATIENT, "wrong_schema", "JSON"),
    ("model", "bad_models:DefaultDisobeys", PATIENT, "wrong_default", "the default"),
    ("model", "bad_models:ParameterNotInSchema", PATIENT, "parameter_not_in_schema", "'width'"),
    ("model", "bad_models:PropertyNotInLoad", PATIENT, "property_not_in_load", "`beams`"),
    ("model", "bad_models:NeedsParameter", PATIENT, "wrong_params", "--params"),
    ("model", "bad_models:ParameterNotRequired", {**PATIENT, "params": {"weights": "x"}},
     "parameter_not_required", "`required`"),
    ("model", "bad_models:OwnSamplesFail", PATIENT, "samples_hook_failed", "return a list"),
    ("model", "good:same", PATIENT, "wrong_kind", "vlmhyperbench.metrics"),
    ("model", "nobody-has-this", PATIENT, "unknown_entry_point", "pyproject.toml"),
    ("model", "no_such_module:Model", PATIENT, "unknown_module", "entry point"),
    ("model", "needs_package:Model", PATIENT, "missing_dependency",
     "'a_package_that_nobody_has' to `dependencies`"),
    ("model", "import_raises:Model", PATIENT, "import_failed", "import import_raises"),
    ("model", "import_hangs:Model", {**PATIENT, "hello_timeout_s": 1}, "import_hangs", "load()"),
    ("model", "import_slow:slow", {**PATIENT, "hello_timeout_s": 8}, "slow_import", "load()"),
    ("model", "bad_models:BatchSizeIsText", PATIENT, "wrong_batch_size", "an int from 1 to 256"),
    ("model", "bad_models:BatchSizeTooLarge", PATIENT, "wrong_batch_size", "from 1 to 256"),
    ("model", "bad_models:BatchUnwritten", PATIENT, "wrong_batch_size", "generate_batch(self, "),
    ("model", "bad_models:BatchReturnsList", PATIENT, "wrong_type", "Make it a generator"),
    ("model", "bad_models:BatchYieldsTexts", PATIENT, "wrong_type", "(index, text)"),
    ("model", "bad_models:BatchCountsFromOne", PATIENT, "wrong_index", "from 0"),
    ("model", "bad_models:BatchEndsAndGoesOn", PATIENT, "answer_after_end", "nothing more"),
    ("model", "bad_models:BatchSorts", PATIENT, "answers_swapped", "wherever the model"),
    ("model", "bad_models:BatchMixesPieces", PATIENT, "answers_swapped", "in `requests`"),
    ("model", "bad_models:BatchForgetsLast", PATIENT, "unanswered_in_batch", "every one"),
    ("model", "bad_models:BatchAlwaysFull", PATIENT, "batch_failed", "raised the exception"),
    ("model", "bad_models:BatchRaisesForAll", PATIENT, "failure_shared", "(index, exception)"),
    ("model", "bad_models:BatchEndsWithOne", PATIENT, "cancel_shared", "go on with the others"),
    ("metric", "version_is_number:bad", PATIENT, "import_failed", "work"),
    ("metric", "bad_metrics:returns_text", PATIENT, "wrong_type", "float(x)"),
    ("metric", "bad_metrics:returns_nan", PATIENT, "not_finite", "divisions by zero"),
    ("metric", "bad_metrics:returns_infinity", PATIENT, "not_finite", "Return None"),
    ("metric", "bad_metrics:in_percent", PATIENT, "out_of_range", "range="),
    ("metric", "bad_metrics:random_score", PATIENT, "not_deterministic", "seed"),
    ("metric", "bad_metrics:Remembers", PATIENT, "not_deterministic", "in self"),
    ("metric", "bad_metrics:divides_by_length", PATIENT, "crash_on_empty", "answer nothing"),
    ("metric", "bad_metrics:ascii_only", PATIENT, "unicode_error", "any Unicode"),
    ("metric", "bad_metrics:latin_only", PATIENT, "crash_on_unicode", "any Unicode"),
    ("metric", "bad_metrics:wrong_direction", PATIENT, "wrong_direction", "'higher'"),
    ("metric", "bad_metrics:hangs", HASTY, "hangs", "time limit"),
    ("metric", "bad_metrics:scores_nothing", PATIENT, "no_scores", "self_check_samples"),
    ("metric", "bad_metrics:always_fails", PATIENT, "score_failed", "raised the exception"),
    ("metric", "bad_metrics:no_pair", PATIENT, "wrong_type", "(numerator, denominator)"),
    ("metric", "bad_metrics:negative_denominator", PATIENT, "negative_denominator", "length"),
    ("metric", "bad_metrics:zero_denominator", PATIENT, "zero_denominator", "None"),
    ("metric", "bad_metrics:ChangingWidth", PATIENT, "wrong_width", "width=2"),
    ("metric", "bad_metrics:AggregateRemembers", PATIENT, "aggregate_disagrees", "in self"),
    ("metric", "bad_metrics:AggregateDividesByZero", PATIENT, "aggregate_failed", "exception"),
    ("metric", "bad_metrics:NoValue", PATIENT, "no_value", "where there are samples"),
    ("metric", "bad_metrics:TooFewOfBatch", PATIENT, "wrong_type", "for each"),
    ("metric", "bad_metrics:DependsOnBatch", PATIENT, "not_deterministic", "in self"),
    ("task", "bad_tasks:NoSamples", PATIENT, "no_samples", "--root"),
    ("task", "bad_tasks:ReturnsNone", PATIENT, "wrong_type", "Yield Sample(...)"),
    ("task", "bad_tasks:YieldsDict", PATIENT, "wrong_type", "Yield Sample(...)"),
    ("task", "bad_tasks:ImageMissing", PATIENT, "image_missing", "relative to `root`"),
    ("task", "bad_tasks:ImageOutside", PATIENT, "image_outside", "inside of it"),
    ("task", "bad_tasks:ImageAbsolute", PATIENT, "image_outside", "inside of it"),
    ("task", "bad_tasks:ImageLinkedOutside", PATIENT, "image_outside", "as bytes"),
    ("task", "bad_tasks:ImageIsPixels", PATIENT, "unknown_image", "PNG"),
    ("task", "bad_tasks:OneImageWithoutList", PATIENT, "wrong_type", "a list"),
    ("task", "bad_tasks:ReferenceIsSet", PATIENT, "not_json", "lists and dicts"),
    ("task", "bad_tasks:ReferenceIsNan", PATIENT, "not_json", "finite numbers"),
    ("task", "bad_tasks:FieldIsList", PATIENT, "wrong_field", "json.dumps"),
    ("task", "bad_tasks:FieldIsReserved", PATIENT, "reserved_field", "Sample.doc_class"),
    ("task", "bad_tasks:FieldsDiffer", PATIENT, "fields_differ", "the same fields"),
    ("task", "bad_tasks:FieldTwice", PATIENT, "duplicate_field", "once"),
    ("task", "bad_tasks:FieldMissing", PATIENT, "field_missing", "Sample(fields=...)"),
    ("task", "bad_tasks:UnknownGrouping", PATIENT, "unknown_grouping", "by_doc_type"),
    ("task", "bad_tasks:Unordered", PATIENT, "not_deterministic", "Sort"),
    ("task", "bad_tasks:WritesDataset", PATIENT, "writes_dataset", "read-only"),
    ("task", "bad_tasks:Raises", PATIENT, "samples_failed", "exception"),
    ("task", "bad_tasks:AsksNothing", PATIENT, "nothing_asked", "prompt()"),
)

GOOD = (
    ("model", "good:Echo", {"params": {"times": 2}}),
    ("model", "good:shout", {}),
    ("model", "good:Choir", {}),
    ("model", "good:Choir", {"params": {"size": 1}}),
    ("metric", "good:same", {"params": {"ignore_case": True}}),
    ("metric", "good:by_language", {"samples": [["a", "a", {"language": "ru"}], ["", "b"]]}),
    ("metric", "good:LengthError", {}),
    ("metric", "good:Precision", {}),
    ("metric", "good:JsonOnly", {}),
    ("task", "good:Pages", {}),
    ("task", "good:Words", {}),
)


def setUpModule():
    sys.path.insert(0, str(FIXTURES))
    unittest.addModuleCleanup(sys.path.remove, str(FIXTURES))


def install(folder, name, version, entry_points):
    """Writes what pip leaves of an installed package."""
    info = Path(folder) / f"{name}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (info / "entry_points.txt").write_text(entry_points)


class PlantedMistakes(unittest.TestCase):
    def test_each_is_found_and_its_fix_is_named(self):
        with ThreadPoolExecutor(max(4, os.cpu_count() or 1)) as pool:
            reports = pool.map(lambda case: self_check(case[0], case[1], **case[2]), MISTAKES)
            for (kind, name, _, code, fix), report in zip(MISTAKES, reports):
                with self.subTest(kind=kind, name=name):
                    found = [finding for finding in report.findings if finding.code == code]
                    self.assertTrue(found, report)
                    self.assertIn(fix, found[0].fix)
                    self.assertTrue(found[0].message)
                    self.assertFalse(report.ok)

    def test_good_plugins_have_no_findings(self):
        with ThreadPoolExecutor(max(4, os.cpu_count() or 1)) as pool:
            reports = pool.map(lambda case: self_check(*case[:2], **PATIENT, **case[2]), GOOD)
            for (kind, name, _), report in zip(GOOD, reports):
                with self.subTest(kind=kind, name=name):
                    self.assertTrue(report.ok, report)
                    self.assertEqual(report.hello["kind"], kind)
                    self.assertIn("it ends when it is told to", report.passed)


class InstalledPlugins(unittest.TestCase):
    """What entry points and the metadata of a package have to do with it."""

    def check(self, version, entry_points, kind, name):
        with tempfile.TemporaryDirectory() as folder:
            install(folder, "a_plugin", version, entry_points)
            path = os.pathsep.join([folder, *filter(None, sys.path)])
            return self_check(kind, name, **PATIENT, env={"PYTHONPATH": path})

    def test_version_comes_from_the_package(self):
        report = self.check("3.4", "[vlmhyperbench.models]\nbad = bad_models:NoVersion\n", "model",
                            "bad")
        self.assertEqual(report.hello["version"], "3.4")
        self.assertTrue(report.ok, report)

    def test_version_of_the_only_plugin_differs_from_the_package(self):
        report = self.check("3.4", "[vlmhyperbench.metrics]\nsame = good:same\n", "metric", "same")
        self.assertEqual(report.codes, ["version_differs"])
        self.assertIn("Leave version= of the decorator out", report.findings[0].fix)

    def test_several_plugins_may_have_versions_of_their_own(self):
        report = self.check("3.4", "[vlmhyperbench.metrics]\nsame = good:same\n"
                            "precision = good:Precision\n", "metric", "same")
        self.assertTrue(report.ok, report)

    def test_entry_point_of_another_name(self):
        report = self.check("1.0", "[vlmhyperbench.metrics]\nequal = good:same\n", "metric",
                            "equal")
        self.assertEqual(report.codes, ["name_differs"])

    def test_entry_point_in_the_wrong_group(self):
        report = self.check("1.0", "[vlmhyperbench.models]\nsame = good:same\n", "model", "same")
        self.assertEqual(report.codes, ["wrong_kind"])
        self.assertIn("vlmhyperbench.metrics", report.findings[0].fix)

    def test_misspelt_name_lists_what_is_installed(self):
        report = self.check("1.0", "[vlmhyperbench.metrics]\nsame = good:same\n", "metric", "sane")
        self.assertIn("Did you mean 'same'?", report.findings[0].message)


class CommandLine(unittest.TestCase):
    def run_main(self, *arguments):
        done = subprocess.run(
            [sys.executable, "-m", "vlmhyperbench.testing", *arguments], capture_output=True,
            text=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))})
        return done.returncode, done.stdout, done.stderr

    def test_clean(self):
        status, out, _ = self.run_main("metric", "good:same")
        self.assertEqual(status, 0)
        self.assertIn("no findings", out)

    def test_findings_as_json(self):
        status, out, _ = self.run_main("metric", "bad_metrics:returns_text", "--json")
        self.assertEqual(status, 1)
        report = json.loads(out)
        self.assertFalse(report["ok"])
        self.assertEqual(report["hello"]["name"], "bad")
        self.assertEqual({"code", "message", "fix"}, set(report["findings"][0]))

    def test_wrong_usage(self):
        for arguments in (["metric"], ["poem", "x"], ["metric", "x", "--params", "[]"],
                          ["metric", "x", "--timeout", "-1"], ["metric", "x", "--samples", "/no"]):
            with self.subTest(arguments), self.assertRaises(SystemExit) as caught:
                sys.stderr, kept = open(os.devnull, "w"), sys.stderr
                try:
                    main(arguments)
                finally:
                    sys.stderr.close()
                    sys.stderr = kept
            self.assertEqual(caught.exception.code, 2)

    def test_text_of_a_report(self):
        self.assertIn("no findings", str(Report("metric", "x")))

#!/usr/bin/env python3
"""Python plug-ins through the real program: installed, described, checked, run, offline.

One workspace and, for most of it, one layer of packages serve all tests: an install takes seconds.
"""

import base64
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import harness
import plugin_kit
import tutorial
import wheels
from plugin_kit import KIT, write_entry, write_pairs


def setUpModule():
    try:
        tutorial.check_machine()
    except FileNotFoundError as error:
        raise unittest.SkipTest(str(error))
    PluginCase.place = plugin_kit.Place(tempfile.mkdtemp(prefix="vlmhb-plugins."))
    unittest.addModuleCleanup(shutil.rmtree, PluginCase.place.folder, ignore_errors=True)


class PluginCase(harness.TestCase):
    place = None  # that of all tests, which each have experiments of their own

    def config(self, name, runs, **more):
        """An experiment with the kit's metrics, model and task, and a dataset of four rows."""
        path = self.place.config(name, runs=runs, **more)
        self.folder_of_config = path.parent
        for metric in ("same", "letters", "f1"):
            write_entry(path.parent, "metric", metric, schema={"ignore_case": {"type": "boolean"}}
                        if metric == "same" else None)
        write_entry(path.parent, "model", "stems", schema={"joint": {"type": "string"}})
        write_entry(path.parent, "task", "pairs", schema={"style": {"type": "string"}},
                    metrics=["same"])
        rows = [("0.png", "Total 5", "invoice"), ("1.png", "total 6", "invoice"),
                ("2.png", "Dear Ann", "letter"), ("3.png", "", "letter")]
        (path.parent / "d").mkdir(exist_ok=True)
        for image, _, _ in rows:
            (path.parent / "d" / image).write_bytes(harness.png())
        (path.parent / "d/annotation.csv").write_text("image_path;question;answer;doc_class\n"
                                                      + "".join(f"{a};?;{b};{c}\n"
                                                                for a, b, c in rows))
        return path

    def write_answers(self, *texts):
        (self.folder_of_config / "answers.csv").write_text(
            "id;model_answer\n" + "".join(f"{i};{text}\n" for i, text in enumerate(texts)))

    def run_it(self, config, *options, code=0, verb="run"):
        result = self.place.with_wheels(verb, config, *options)
        self.assert_exit(result, code)
        return result


class NewPackagesTest(PluginCase):
    def test_packages_made_by_new_work_together(self):
        """The three documented commands for each kind; then all of them in one run."""
        folder = self.place.folder / "new"
        folder.mkdir()
        for kind in ("metric", "model", "task"):
            name = f"my-{kind}"
            self.assert_exit(self.place.vlmhb("registry", "new", kind, name, cwd=folder), 0)
            data = ["--dataset", folder / name / "example"] if kind == "task" else []
            valid = self.place.vlmhb("registry", "validate", folder / name, "--wheels",
                                     self.place.wheels, *data)
            self.assert_exit(valid, 0)
            self.assertRegex(valid.stdout, f"^ok +{kind} {name} 0.1.0\n$")
            self.assert_exit(self.place.vlmhb("registry", "add", folder / name), 0)
        config = self.place.config("together", runs=[
            {"name": "r", "task": "my-task", "dataset": str(folder / "my-task/example"),
             "model": "my-model", "metrics": ["my-metric", "cer"]}])
        self.run_it(config)
        size = (folder / "my-task/example/board.png").stat().st_size
        [row] = self.place.answers("together", "r")
        self.assertEqual((row["outcome"], row["model_answer"]), ("ok", f"I see {size} bytes"))
        self.assertEqual(self.place.values("together", "r")["my-metric"], 0.0)
        [sample] = self.place.metrics("together", "r", "metrics_by_id.csv")
        self.assertEqual((sample["answer"], sample["source"]), ("a chessboard", "line 1"))
        report = json.loads((self.place.workspace / "experiments/together/report/report.json")
                            .read_text())
        self.assertEqual([run["run"] for run in report["runs"]], ["r"])
        manifest = json.loads((self.place.run_folder("together", "r") / "manifest.json")
                              .read_text())
        self.assertEqual(manifest["model"]["version"], "0.1.0")

    def test_validate_says_what_is_wrong_and_how_to_mend_it(self):
        self.assert_exit(self.place.vlmhb("registry", "new", "metric", "planted",
                                          cwd=self.place.folder), 0)
        package = self.place.folder / "planted"
        code = package / "src/planted/__init__.py"
        code.write_text(code.read_text().replace("    if not expected:\n        return None\n", ""))
        wrong = self.place.vlmhb("registry", "validate", package, "--wheels", self.place.wheels)
        self.assert_exit(wrong, 2)
        self.assertRegex(wrong.stdout, r"wrong metric planted 0.1.0\n +\w+: .*ZeroDivisionError")
        self.assertIn("fix: ", wrong.stdout)
        told = self.place.vlmhb("registry", "validate", package, "--wheels", self.place.wheels,
                                "--json")
        self.assert_exit(told, 2)
        answer = json.loads(told.stdout)
        self.assertFalse(answer["valid"])
        [entry] = answer["entries"]
        self.assertIn("ZeroDivisionError", entry["problems"][0])
        self.assertEqual(entry["self_check"]["findings"][0]["code"], "crash_on_empty")

    def test_add_twice_and_by_force(self):
        self.assert_exit(self.place.vlmhb("registry", "new", "model", "added",
                                          cwd=self.place.folder), 0)
        package, target = self.place.folder / "added", self.place.folder / "to"
        add = ["registry", "--experiment", target, "add", package]
        for _ in range(2):
            self.assert_exit(self.place.vlmhb(*add), 0)
        [copy] = (target / "registries/models").iterdir()
        [source] = json.loads(copy.read_text())["packages"]
        self.assertEqual((source["type"], os.path.normpath(source["path"])),
                         ("local", str(package)))
        entry = package / "registries/models/added.yaml"
        entry.write_text(entry.read_text().replace("I see", "Behold"))
        refused = self.place.vlmhb(*add)
        self.assert_exit(refused, 2)
        self.assertIn("--force", refused.stderr)
        self.assert_exit(self.place.vlmhb(*add, "--force"), 0)
        self.assertEqual(json.loads(copy.read_text())["params"], {"greeting": "Behold"})


class MetricsTest(PluginCase):
    def score(self, name, metrics, *answers, code=0):
        config = self.config(name, [{"name": "r", "task": "ocr", "dataset": "./d", "model": "m",
                                     "answers": "answers.csv", "metrics": metrics,
                                     "group_by": ["by_doc_type", "general"]}],
                             bootstrap={"resamples": 200})
        self.write_answers(*answers)
        return self.run_it(config, code=code)

    def test_means_ratios_and_corpora_of_groups_with_intervals(self):
        self.score("groups", ["same", "letters", "f1"], "Total 5", "Total 6", "Dear Bob", "x")
        table = {(row["group"], row["metric"]): row for row in
                 self.place.metrics("groups", "r")}
        value = {key: float(row["value"]) for key, row in table.items() if row["value"]}
        self.assertEqual(value["", "same"], 1 / 3)
        self.assertEqual(value["invoice", "same"], 0.5)
        self.assertEqual(value["letter", "same"], 0.0)
        self.assertEqual(value["", "letters"], (7 + 6 + 5) / (7 + 7 + 8))
        self.assertEqual(value["letter", "letters"], 5 / 8)
        self.assertEqual(value["invoice", "f1"], 2 * 3 / 8)
        self.assertAlmostEqual(value["", "f1"], 2 * 4 / (7 + 6))
        self.assertEqual([table["", name]["unscorable"] for name in ("same", "letters", "f1")],
                         ["1", "1", "0"])
        for name in ("same", "letters", "f1"):
            low, high = (float(table["", name][end]) for end in ("ci_low", "ci_high"))
            self.assertTrue(0 <= low <= value["", name] <= high <= 1, (name, low, high))
            self.assertLess(low, high)
        self.assertFalse((self.place.run_folder("groups", "r")
                          / "evaluation/metric_errors.csv").exists())

    def test_a_metric_that_crashes_on_a_sample_costs_that_score_only(self):
        result = self.score("crash", ["same"], "Total 5", "crash", "Dear Ann", "")
        self.assertIn("metric_errors.csv", result.stderr)
        [error] = self.place.metrics("crash", "r", "metric_errors.csv")
        self.assertEqual((error["id"], error["metric"]), ("1", "same"))
        self.assertIn("this answer is too much", error["error"])
        general = self.place.metrics("crash", "r")[0]
        self.assertEqual((general["value"], general["count"], general["unscorable"]),
                         ("1", "2", "2"))

    def test_wrong_parameters_and_names_are_found_before_anything_starts(self):
        for metrics, words in (([{"name": "same", "params": {"ignore_caes": True}}],
                                ["ignore_caes"]),
                               (["sane"], ["sane", "same"]),
                               (["same@>=2"], ["same", "1.0"])):
            with self.subTest(metrics=metrics):
                result = self.score("wrong", metrics, "x", code=2)
                for word in words:
                    self.assertIn(word, result.stderr)
                self.assertFalse((self.place.workspace / "experiments/wrong").exists())

    def test_a_parameter_that_only_the_plugin_refuses_is_found_before_anything_starts(self):
        config = self.config("own", [{"name": "r", "task": "ocr", "dataset": "./d", "model": "m",
                                      "answers": "answers.csv", "metrics": [
                                          {"name": "same", "params": {"colour": "red"}}]}])
        write_entry(config.parent, "metric", "same", schema={"colour": {"type": "string"}})
        self.write_answers("x")
        result = self.run_it(config, code=2)
        self.assertIn("colour", result.stderr)
        self.assertFalse((self.place.workspace / "experiments/own").exists())

    def test_a_plugin_that_its_package_does_not_have(self):
        config = self.config("absent", [
            {"name": name, "task": "ocr", "dataset": "./d", "model": "m", "answers": "answers.csv",
             "metrics": [name]} for name in ("same", "absent")])
        write_entry(config.parent, "metric", "absent", plugin="smae")
        self.write_answers("Total 5", "x", "x", "x")
        result = self.run_it(config, code=3)
        self.assertIn("Did you mean 'same'", result.stderr)
        self.assertAlmostEqual(self.place.values("absent", "same")["same"], 1 / 3)
        self.assertFalse((self.place.run_folder("absent", "absent")
                          / "evaluation/result.json").exists())

    def test_two_versions_with_two_versions_of_a_package(self):
        for version in ("1.0", "2.0"):
            wheels.make_wheel(self.place.wheels, "ruler", version)
            wheels.make_wheel(
                self.place.wheels, "measure", version, entry_points="[vlmhyperbench.metrics]\n"
                "measure = measure:measure\n",
                requires=["vlmhyperbench>=0.1", f"ruler=={version}"], source=f"""
import ruler
from vlmhyperbench import metric

@metric("measure", version={version!r})
def measure(prediction, reference):
    return float(ruler.__version__)
""")
        config = self.config("versions", [
            {"name": name, "task": "ocr", "dataset": "./d", "model": "m", "answers": "answers.csv",
             "metrics": [reference]}
            for name, reference in (("old", "measure@<2"), ("new", "measure@>=2"))])
        for version in ("1.0", "2.0"):
            write_entry(config.parent, "metric", "measure", version=version, packages=[
                {"type": "pypi", "name": "measure", "version": version}])
        self.write_answers("a", "b", "c", "d")
        self.run_it(config)
        for name, version in (("old", "1.0"), ("new", "2.0")):
            self.assertEqual(self.place.values("versions", name)["measure"], float(version))
            manifest = (self.place.run_folder("versions", name) / "manifest.json").read_text()
            [metric] = json.loads(manifest)["stages"]["evaluate"]["packages"]
            self.assertEqual((metric["plugin"]["name"], metric["plugin"]["version"]),
                             ("measure", version))
            locked = {package["name"]: package["version"]
                      for package in metric["packages"]["lock"]["packages"]}
            self.assertEqual((locked["measure"], locked["ruler"]), (version, version))


class TasksAndModelsTest(PluginCase):
    def pairs(self, name, *lines, dataset="./pairs", **more):
        config = self.config(name, [{"name": "r", "task": "pairs", "dataset": dataset,
                                     "model": "stems", "model_params": {"joint": "&"}, **more}])
        write_pairs(config.parent / "pairs", *[lines] if lines else [])
        return config

    def test_a_task_a_model_and_a_metric_in_one_run_and_again(self):
        config = self.pairs("again")
        self.run_it(config)
        self.assertEqual([row["model_answer"] for row in self.place.answers("again", "r")],
                         ["a&b / two / plain: yes?", "b&a / two / plain: no?"])
        self.assertEqual(self.place.values("again", "r"), {"same": 0.0})

        before = self.known_files()
        self.assertIn("Nothing to do", self.run_it(config).stderr)
        other = self.pairs("other", dataset=str(config.parent / "pairs"))
        self.assertNotIn("importing", self.run_it(other).stderr)
        self.assertEqual(len(self.place.answers("other", "r")), 2)
        self.assertEqual(self.known_files(), before, "nothing was imported or described again")

        (config.parent / "pairs/pairs.txt").write_text("b.png a.png changed\n")
        told = self.run_it(config)
        self.assertIn("importing", told.stderr)
        self.assertEqual([row["model_answer"] for row in self.place.answers("again", "r")],
                         ["b&a / two / plain: changed?"])
        self.assertLessEqual(before.items(), self.known_files().items(), "kept beside the new one")

    def test_a_model_that_answers_several_requests_together(self):
        config = self.pairs("together", *[f"{first}.png b.png x" for first in "ab" * 8],
                            model="choir", model_params={}, concurrency=4)
        write_entry(config.parent, "model", "choir")
        self.run_it(config)
        answers = [row["model_answer"].split() for row in self.place.answers("together", "r")]
        self.assertEqual([stem for _, _, stem in answers], list("ab" * 8))
        self.assertGreater(max(int(count) for _, count, _ in answers), 1)
        self.assertEqual({row["gpu_memory_mb"] for row in self.place.answers("together", "r")},
                         {"2.000"})

    def test_a_request_that_ends_its_process_takes_no_other_with_it(self):
        lines = [f"a.png b.png {answer}" for answer in ("x", "crash", *"yz" * 5)]
        config = self.pairs("crashing", *lines, model="choir", model_params={}, concurrency=4)
        write_entry(config.parent, "model", "choir")
        self.run_it(config, code=1)
        outcomes = [row["outcome"] for row in self.place.answers("crashing", "r")]
        self.assertEqual(outcomes, ["ok", "crashed"] + ["ok"] * 10)

    def known_files(self):
        """What imports and descriptions are kept in, with the times of their making."""
        cache = self.place.workspace / "cache"
        imported = list((cache / "data/imports").rglob("annotation.csv"))
        described = list((cache / "env/hello").iterdir())
        self.assertTrue(imported and described)
        return {str(file): file.stat().st_mtime_ns for file in imported + described}

    def test_bad_samples_are_named_or_left_out(self):
        lines = ("a.png b.png yes", "lost.png b.png no", "b.png a.png no")
        told = self.run_it(self.pairs("bad", *lines), code=1)
        self.assertIn("sample 1", told.stderr)
        self.assertIn("no lost.png", told.stderr)
        self.assertIn("skip_bad", told.stderr)

        config = self.pairs("skipped", *lines, dataset="some")
        entry = config.parent / "registries/datasets/some.json"
        entry.parent.mkdir(parents=True)
        entry.write_text(json.dumps({"name": "some", "version": "1", "task": "pairs", "path":
                                     "../../pairs", "skip_bad": True, "params": {"style": "s"}}))
        self.run_it(config)
        self.assertEqual([row["model_answer"] for row in self.place.answers("skipped", "r")],
                         ["a&b / two / s: yes?", "b&a / two / s: no?"])

    def test_a_package_that_cannot_be_installed_fails_its_run_alone(self):
        config = self.config("nowhere", [
            {"name": name, "task": "ocr", "dataset": "./d", "model": name, "metrics": ["cer"]}
            for name in ("stems", "lost")])
        write_entry(config.parent, "model", "lost", plugin="stems", packages=[
            {"type": "pypi", "name": "nowhere-to-be-found"}])
        result = self.run_it(config, code=3)
        self.assertIn("nowhere-to-be-found", result.stderr)
        self.assertEqual(len(self.place.answers("nowhere", "stems")), 4)
        self.assertFalse((self.place.run_folder("nowhere", "lost")
                          / "inference/answers.csv").exists())

    def test_foreign_formats_by_their_path(self):
        config = self.config("foreign", [
            {"name": name, "task": "vqa", "dataset": path, "model": "stems", "metrics": ["cer"]}
            for name, path in (("jsonl", "./qa.jsonl"), ("tsv", "./qa.tsv"))])
        (config.parent / "qa.jsonl").write_text(json.dumps(
            {"image": ["d/0.png", "d/1.png"], "question": "Сколько?", "answer": "2"}) + "\n")
        image = base64.b64encode(harness.png(shade=7)).decode()
        (config.parent / "qa.tsv").write_text(
            f"index\timage\tquestion\tanswer\n0\t{image}\twhat\tgrey\n1\t0\twhich\tsame\n")
        self.run_it(config)
        self.assertEqual([row["model_answer"] for row in self.place.answers("foreign", "jsonl")],
                         ["0+1 /  / Сколько?"])
        answers = [row["model_answer"] for row in self.place.answers("foreign", "tsv")]
        self.assertEqual([answer.partition(" ")[2] for answer in answers],
                         ["/  / what", "/  / which"])
        self.assertEqual(len({answer.partition(" ")[0] for answer in answers}), 1, "one image")

    def test_a_folder_that_looks_like_no_dataset(self):
        config = self.config("nothing", [{"task": "vqa", "dataset": "./heap", "model": "stems"}])
        (config.parent / "heap").mkdir()
        (config.parent / "heap/notes.doc").write_text("not a dataset")
        result = self.run_it(config, code=2)
        self.assertIn("annotation.csv", result.stderr)
        self.assertIn("vlmhb data inspect", result.stderr)

    def test_a_class_of_the_predecessor(self):
        config = self.config("old", [{"name": "r", "task": "ocr", "dataset": "./d",
                                      "model": "predecessor", "prompt": "total?",
                                      "metrics": ["cer"]}])
        write_entry(config.parent, "model", "predecessor", params={
            "class": "kit:OldModel", "model_name": "tiny"}, schema={
                "class": {"type": "string"}, "model_name": {"type": "string"}})
        self.run_it(config)
        self.assertEqual([row["model_answer"] for row in self.place.answers("old", "r")],
                         ["tiny: total?"] * 4)


class KilledTest(PluginCase):
    def kill_when_it_says(self, config, word, works=lambda: True):
        """SIGKILL as soon as it has said that and `works`."""
        running = subprocess.Popen(self.place.argv("run", config, "--wheels", self.place.wheels),
                                   stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
                                   env=self.place.environment())
        self.addCleanup(running.stderr.close)
        said = ""
        for line in running.stderr:
            said += line
            if line.startswith(word):
                break
        else:
            self.fail(f"it never said {word!r}:\n{said}")
        deadline = time.monotonic() + harness.DEADLINE_S
        while not works() and time.monotonic() < deadline:
            time.sleep(0.01)  # until it works, not for a while
        running.kill()
        self.assertEqual(running.wait(harness.DEADLINE_S), -signal.SIGKILL)

    def test_an_import_that_was_killed_is_made_anew(self):
        config = self.config("killed", [{"name": "r", "task": "pairs", "dataset": "./pairs",
                                         "model": "stems"}])
        write_pairs(config.parent / "pairs", ["a.png b.png yes", "block"])
        imports = self.place.workspace / "cache/data/imports"
        self.kill_when_it_says(config, "importing", works=lambda: self.unfinished(imports))
        self.assertEqual(len(self.unfinished(imports)), 1)
        write_pairs(config.parent / "pairs", ["a.png b.png yes"])
        self.run_it(config)
        self.assertEqual([row["model_answer"] for row in self.place.answers("killed", "r")],
                         ["a+b / two / plain: yes?"])
        self.assertEqual(self.unfinished(imports), [], "nothing is left of the killed one")

    @staticmethod
    def unfinished(imports):
        return [path.parent for path in imports.glob("*/output")]

    def test_an_install_that_was_killed_is_made_anew(self):
        wheels.make_wheel(self.place.wheels, "another", "1.0")
        config = self.config("installed", [{"name": "r", "task": "ocr", "dataset": "./d",
                                            "model": "stems", "metrics": ["cer"]}])
        write_entry(config.parent, "model", "stems", packages=[
            *KIT, {"type": "pypi", "name": "another", "version": "1.0"}])
        self.kill_when_it_says(config, "installing")
        self.run_it(config)
        self.assertEqual(len(self.place.answers("installed", "r")), 4)
        cache = self.place.workspace / "cache/env"
        layers = [path.name for path in cache.iterdir() if path.is_dir()
                  and path.name not in ("hello", "locks", "pythons")]
        self.assertEqual([name for name in layers if len(name) != 64], [])


if __name__ == "__main__":
    unittest.main()

"""Prompts of a collection in JSON with templates: checked before anything starts, shown, asked, and
changed without repeating what they do not concern."""

import json
import unittest

import harness


class Prompts(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.e = self.experiment(rows=4, ask_log="/data/out/asked.log")
        self.e.model("other", ask_log="/data/out/asked.log")
        self.e.config["runs"] = [{"name": name, "task": "ocr", "dataset": "d", "model": name,
                                  "prompt_collection": "p.json"} for name in ("scripted", "other")]
        self.collection = {
            "system_prompt": "You read {{ doc_class }}s.",
            "user_prompt": "Answer: {{ question }}",
            "type_mapping": {"invoice": {"user_prompt": "No. {{ data_index }} as "
                                                        "{{ '{{' }}\"a\": {}{{ '}}' }}"}},
            "models": {"oth*": {"fixed_prompt": "Read."}}}
        self.write()

    def write(self):
        path = self.e.folder / "prompt_collections" / "ocr" / "p.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"prompt_config": self.collection}))

    def show(self, *options):
        # The config follows the verb, which here has two words.
        command = self.e.command(*options, verb="prompts")
        return harness.subprocess.run(command[:2] + ["show"] + command[2:], capture_output=True,
                                      text=True, timeout=harness.DEADLINE_S, check=False)

    def prompts(self, run):
        """What the plug-in was asked with, by id."""
        log = self.e.run_folder(run) / "inference" / "asked.log"
        return [line.split("\t")[1] for line in sorted(log.read_text().splitlines())]

    def test_what_is_shown_is_what_is_asked(self):
        shown = self.show("--json", "--run", "scripted")
        self.assert_exit(shown, 0)
        self.assertFalse(self.e.workspace.exists())
        (run,) = json.loads(shown.stdout)["runs"]
        self.assertEqual(len(run["samples"]), 3)
        first, second = run["samples"][:2]
        self.assertEqual(first["user"], {"text": "No. 0 as {{\"a\": {}}}", "source": "mapping",
                                         "place": "/type_mapping/invoice/user_prompt"})
        self.assertEqual(second["user"], {"text": "Answer: What is it?", "source": "default",
                                          "place": "/user_prompt"})
        self.assertEqual(first["system"]["text"], "You read invoices.")
        self.assert_exit(self.e.run(), 0)
        self.assertEqual(self.prompts("scripted")[:3],
                         [sample["user"]["text"] for sample in run["samples"]])
        self.assertEqual(self.prompts("other"), ["Read."] * 4)

    def test_people_are_shown_the_same(self):
        shown = self.show("--limit", "2")
        self.assert_exit(shown, 0)
        self.assertIn("mapping, /type_mapping/invoice/user_prompt", shown.stdout)
        self.assertIn("You read invoices.", shown.stdout)
        self.assertIn("fixed, /fixed_prompt", shown.stdout)
        self.assertEqual(shown.stdout.count("sample 1, line 3"), 2, shown.stdout)
        self.assertNotIn("sample 2", shown.stdout)
        wrong = self.show("--run", "othre")
        self.assert_exit(wrong, 2)
        self.assertIn("Did you mean 'other'?", wrong.stderr)

    def test_a_mistake_is_found_before_anything_starts(self):
        self.collection["user_prompt"] = "Answer: {{ qestion }}"
        self.collection["type_mapping"]["invoice"]["user_promt"] = "x"
        self.write()
        found = self.e.run(verb="validate")
        self.assert_exit(found, 2)
        self.assertIn("p.json, /prompt_config/type_mapping/invoice/user_promt: ", found.stderr)
        self.assertIn("Did you mean 'user_prompt'?", found.stderr)
        del self.collection["type_mapping"]["invoice"]["user_promt"]
        self.write()
        found = self.e.run()
        self.assert_exit(found, 2)
        self.assertIn("p.json, /prompt_config/user_prompt: {{ qestion }}: the samples have no such "
                      "field. Did you mean 'question'?", found.stderr)
        self.assertFalse(self.e.workspace.exists())

    def test_another_models_part_changes_nothing(self):
        self.assert_exit(self.e.run(), 0)
        self.collection["models"]["oth*"]["fixed_prompt"] = "Read again."
        self.write()
        stages = {stage["id"]: stage["reuse"] for stage in
                  json.loads(self.e.run("--json", verb="plan").stdout)["stages"]}
        self.assertTrue(stages["scripted/infer"])
        self.assertFalse(stages["other/infer"])

    def test_names_are_checked_once_an_import_has_been_made(self):
        source = self.e.folder / "qa.jsonl"
        source.write_text("".join(
            json.dumps({"image": f"datasets/ocr/d/images/{name}", "answer": "a",
                        "question": "{{ x }}?", "doc_class": "note"}) + "\n"
            for name in self.e.images))
        self.e.config["runs"] = [{"name": "scripted", "task": "ocr", "dataset": "./qa.jsonl",
                                  "model": "scripted", "prompt": "{{ question }} {{ qestion }}"}]
        self.assert_exit(self.e.run(verb="validate"), 0)
        shown = self.show()
        self.assert_exit(shown, 0)
        self.assertIn("has not been imported yet", shown.stdout)
        found = self.e.run()
        self.assert_exit(found, 2)
        self.assertIn("{{ qestion }}: the samples have no such field.", found.stderr)
        self.e.config["runs"][0]["prompt"] = "{{ question }} {{ doc_class }}"
        self.assert_exit(self.e.run(), 0)
        self.assertEqual(self.prompts("scripted"), ["{{ x }}? note"] * 4)


if __name__ == "__main__":
    unittest.main()

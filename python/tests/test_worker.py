"""The worker as its host sees it."""

import base64
import json
import os
import sys
import tempfile
import textwrap
import unittest
from pathlib import Path

TESTS = Path(__file__).parent
sys.path.insert(0, str(TESTS.parent.parent / "tests" / "plugins"))
from plugin_client import PluginClient, PluginGone  # noqa: E402

PNG = (TESTS / "fixtures" / "pages" / "1.png").read_bytes()


class WorkerCase(unittest.TestCase):
    """Writes a plug-in's module and talks to a worker that runs it."""

    def start(self, kind, code, name="plugin_under_test:plugin", params=None, hello=None):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        source = "from vlmhyperbench import *\n" + textwrap.dedent(code)
        (self.folder / "plugin_under_test.py").write_text(source, "utf-8")
        errors = open(self.folder / "stderr", "wb")
        self.addCleanup(errors.close)
        path = os.pathsep.join([folder.name, *filter(None, sys.path)])
        worker = PluginClient([sys.executable, "-m", "vlmhyperbench.worker", kind, name],
                              stderr=errors, env={**os.environ, "PYTHONPATH": path,
                                                  "TMPDIR": folder.name})
        self.addCleanup(worker.__exit__)
        self.hello = worker.ask({"type": "hello", "protocol": 1})
        if self.hello["type"] == "hello":
            self.loaded = worker.ask({"type": "load", "params": params or {}})
        return worker

    def errors(self):
        return (self.folder / "stderr").read_text("utf-8")


class Models(WorkerCase):
    def model(self, body, decorator='@model("m", version="1.0")', **options):
        return self.start("model", f"{decorator}\ndef plugin(request, *, size: int = 1):\n"
                          + textwrap.indent(textwrap.dedent(body), "    "), **options)

    def answer(self, body, content="What?", **options):
        deltas, last = self.model(body, **options).generate(1, content)
        return "".join(deltas), last

    def test_hello(self):
        self.model("yield 'a'", decorator='@model("m", version="1.0", images=2, system=False)')
        self.assertEqual(self.hello, {
            "type": "hello", "protocol": 1, "kind": "model", "name": "m", "version": "1.0",
            "params_schema": {"type": "object", "additionalProperties": False,
                              "properties": {"size": {"type": "integer", "default": 1}}},
            "capabilities": {"streaming": True, "cancel": True, "images": 2, "system": False}})

    def test_other_protocol_is_unsupported(self):
        worker = self.model("return ''")
        self.assertEqual(worker.ask({"type": "hello", "protocol": 2})["code"], "unsupported")

    def test_finish_and_usage(self):
        text, done = self.answer("""
            yield "half an"
            return Finish("length", Usage(prompt_tokens=7))
            """)
        self.assertEqual(text, "half an")
        self.assertEqual(done, {"type": "done", "id": 1, "finish_reason": "length",
                                "usage": {"prompt_tokens": 7}})

    def test_request_as_the_model_sees_it(self):
        content = [{"type": "image", "media_type": "image/png",
                    "data": base64.b64encode(PNG).decode()},
                   {"type": "image", "path": str(TESTS / "fixtures" / "pages" / "2.png")},
                   {"type": "text", "text": "one"}, {"type": "text", "text": "two"}]
        worker = self.model("""
            import json
            paths = [str(path) for path in request.images]
            sizes = [len(path.read_bytes()) for path in request.images]
            parts = request.messages[1]["content"]
            assert [part.get("path") for part in parts[:2]] == paths and "data" not in parts[0]
            return json.dumps([request.system, request.text, paths, sizes, request.params])
            """)
        worker.send({"type": "generate", "id": 1, "params": {"seed": 3},
                     "messages": [{"role": "system", "content": "Be short."},
                                  {"role": "user", "content": content}]})
        system, text, paths, sizes, params = json.loads(worker.receive()["text"])
        self.assertEqual((system, text, params), ("Be short.", "one\ntwo", {"seed": 3}))
        self.assertEqual(sizes, [len(PNG)] * 2)
        self.assertEqual(worker.receive()["finish_reason"], "stop")
        self.assertTrue(paths[0].endswith(".png"))
        self.assertFalse(os.path.exists(paths[0]), "it is gone after the request")
        self.assertTrue(os.path.exists(paths[1]))

    def test_standard_output_and_input_are_out_of_the_way(self):
        text, done = self.answer("""
            import os, subprocess, sys
            print("printed")
            os.write(1, b"written\\n")
            subprocess.run(["echo", "by a child"])
            return repr(sys.stdin.read())
            """)
        self.assertEqual((text, done["finish_reason"]), ("''", "stop"))
        for line in ("printed", "written", "by a child"):
            self.assertIn(line, self.errors())

    def test_text_becomes_valid_utf8(self):
        text, _ = self.answer(r"yield 'a\ud83d\ude00b\ud800c\x00'")
        self.assertEqual(text, "a😀b\ufffdc\x00")

    def test_long_pieces_are_cut(self):
        deltas, done = self.model("yield 'ж' * (10 << 20)").generate(1, "?")
        self.assertEqual([len(text) for text in deltas], [4 << 20, 4 << 20, 2 << 20])
        self.assertEqual(done["type"], "done")

    def test_cancel_ends_a_stream(self):
        worker = self.model("""
            while True:
                yield "a" * 1000
            """)
        worker.send({"type": "generate", "id": 7, "messages": []})
        worker.receive()
        worker.send({"type": "cancel", "id": 6})
        worker.send({"type": "cancel", "id": 7})
        while (message := worker.receive())["type"] == "delta":
            pass
        self.assertEqual(message, {"type": "done", "id": 7, "finish_reason": "cancelled"})

    def test_cancelled_is_seen_by_a_model_that_does_not_stream(self):
        worker = self.model("""
            import time
            print("begun", flush=True)
            while not request.cancelled:
                time.sleep(0.001)
            return "never mind"
            """)
        worker.send({"type": "generate", "id": 7, "messages": []})
        worker.send({"type": "cancel", "id": 7})
        while (message := worker.receive())["type"] == "delta":
            pass
        self.assertEqual(message["finish_reason"], "cancelled")
        worker.send({"type": "shutdown"})
        self.assertEqual(worker.wait(), 0)

    def test_odd_ids_are_refused(self):
        worker = self.model("return 'fine'")
        for request_id in ([1], {}, "1", 1.5, True, None):
            worker.send({"type": "cancel", "id": request_id})
            error = worker.ask({"type": "generate", "id": request_id, "messages": []})
            self.assertEqual((error["type"], error["code"]), ("error", "bad_request"))
            self.assertNotIn("id", error)
        self.assertEqual(worker.generate(1, "?")[0], ["fine"])

    def test_host_that_goes_away_ends_a_stream(self):
        worker = self.model("""
            while True:
                yield "a"
            """)
        worker.send({"type": "generate", "id": 7, "messages": []})
        worker.receive()
        worker.process.stdin.close()
        worker.process.stdout.close()
        worker.wait()

    def test_errors_by_kind(self):
        for statement, code in (
                ("raise ValueError('x')", "internal"), ("raise MemoryError", "out_of_memory"),
                ("raise BadRequestError('x')", "bad_request"),
                ("raise BadImageError('x')", "bad_image"),
                ("raise UnsupportedError('x')", "unsupported"),
                ("raise type('OutOfMemoryError', (RuntimeError,), {})('CUDA')", "out_of_memory"),
                ("raise OSError('cannot identify image file')", "bad_image"),
                ("raise OSError('disk error')", "internal"),
                ("raise SystemExit(3)", "internal"), ("return 5", "internal")):
            with self.subTest(statement):
                _, error = self.answer(statement)
                self.assertEqual((error["type"], error["id"], error["code"], error["retryable"]),
                                 ("error", 1, code, False))

    def test_traceback_shows_the_plugins_code_only(self):
        _, error = self.answer("raise ValueError('x')")
        self.assertEqual(error["message"], "ValueError: x")
        self.assertIn("plugin_under_test.py", error["traceback"])
        self.assertNotIn("_model_service.py", error["traceback"])

    def test_retryable(self):
        _, error = self.answer("raise PluginError('busy', retryable=True)")
        self.assertTrue(error["retryable"])

    def test_too_many_images_are_refused(self):
        image = {"type": "image", "path": str(TESTS / "fixtures" / "pages" / "1.png")}
        _, error = self.answer("return ''", [image, image],
                               decorator='@model("m", version="1.0", images=1)')
        self.assertEqual(error["code"], "unsupported")
        self.assertIn("at most 1 image, the request has 2", error["message"])

    def test_unknown_parameter(self):
        self.model("return ''", params={"sise": 3})
        self.assertEqual(self.loaded["code"], "load_failed")
        self.assertIn("Did you mean 'size'?", self.loaded["message"])

    def test_second_load(self):
        worker = self.model("return str(size)", params={"size": 3})
        self.assertEqual(self.loaded, {"type": "loaded"})
        self.assertEqual(worker.ask({"type": "load", "params": {}})["code"], "bad_request")
        self.assertEqual(worker.generate(1, "?")[0], ["3"])

    def test_load_again_after_a_failure(self):
        worker = self.start("model", """
            @model("m", version="1.0")
            class plugin(ModelInterface):
                def load(self, *, path: str):
                    self.text = open(path).read()
                def generate(self, request):
                    return self.text
                def unload(self):
                    print("unloaded")
            """, params={"path": "/nonexistent"})
        self.assertEqual((self.loaded["type"], self.loaded["code"]), ("error", "load_failed"))
        self.assertIn("FileNotFoundError", self.loaded["traceback"])
        file = self.folder / "text"
        file.write_text("hello")
        self.assertEqual(worker.ask({"type": "load", "params": {"path": str(file)}}),
                         {"type": "loaded"})
        self.assertEqual(worker.generate(1, "?")[0], ["hello"])
        worker.send({"type": "shutdown"})
        self.assertEqual(worker.wait(), 0)
        self.assertIn("unloaded", self.errors())

    def test_plugin_that_cannot_be_imported_tells_why(self):
        worker = self.start("model", "import a_package_that_nobody_has\n")
        self.assertEqual((self.hello["type"], self.hello["code"]), ("error", "load_failed"))
        self.assertIn("`dependencies`", self.hello["message"])
        self.assertIn("Traceback", self.errors())
        worker.send({"type": "shutdown"})
        self.assertEqual(worker.wait(), 1)

    def test_wrong_usage(self):
        with PluginClient([sys.executable, "-m", "vlmhyperbench.worker", "poem"], stderr=-3,
                          env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}) as worker:
            with self.assertRaises(PluginGone):
                worker.receive()
            self.assertEqual(worker.wait(), 2)


class Metrics(WorkerCase):
    def scores(self, code, predictions, references=None, fields=None, **options):
        self.worker = self.start("metric", code, **options)
        reply = self.worker.ask({"type": "compute", "id": 3, "predictions": predictions,
                                 "references": references or predictions, "fields": fields or {}})
        self.assertEqual((reply["type"], reply["id"]), ("scores", 3), reply)
        return reply["scores"]

    def test_function_with_fields_and_parameters(self):
        scores = self.scores("""
            @metric("m", version="1.0", range=(0, None), unit="s")
            def plugin(prediction, reference, *, fields, factor: float = 1.0):
                return len(prediction) * factor if fields["use"] == "yes" else None
            """, ["ab", "abc"], fields={"use": ["yes", "no"], "other": ["", ""]},
            params={"factor": 0.5})
        self.assertEqual(scores, [1.0, None])
        self.assertEqual(self.hello["capabilities"], {"aggregate": "mean", "direction": "higher",
                                                      "range": [0, None], "unit": "s"})

    def test_one_failure_costs_its_sample(self):
        scores = self.scores("""
            @metric("m", version="1.0")
            def plugin(prediction, reference):
                return 1 / len(prediction)
            """, ["a", "", "ab"])
        self.assertEqual(scores[0::2], [1.0, 0.5])
        self.assertIn("ZeroDivisionError", scores[1]["error"])
        self.assertIn("plugin_under_test.py", scores[1]["traceback"])

    def test_a_batch_of_failures_fits_into_a_frame(self):
        scores = self.scores("""
            @metric("m", version="1.0")
            def plugin(prediction, reference):
                raise ValueError("x" * 100_000)
            """, ["a"] * 3000)
        self.assertEqual(sum("traceback" in score for score in scores), 20)

    def test_what_is_no_score(self):
        values = {"nan": "float('nan')", "inf": "float('inf')", "text": "'0.5'", "list": "[1]",
                  "bool": "True", "int": "3", "huge": "10**400", "fraction": "Fraction(1, 2)"}
        table = ", ".join(f"{key!r}: {value}" for key, value in values.items())
        scores = self.scores(f"""
            from fractions import Fraction
            @metric("m", version="1.0")
            def plugin(prediction, reference):
                return {{{table}}}[prediction]
            """, list(values))
        by_name = dict(zip(values, scores))
        for name in ("nan", "inf", "text", "list", "huge"):
            self.assertIn("error", by_name[name], name)
        self.assertEqual((by_name["bool"], by_name["int"], by_name["fraction"]), (1.0, 3.0, 0.5))
        self.assertIn("To do: return None where there is no score", by_name["nan"]["error"])

    def test_corpus(self):
        scores = self.scores("""
            @metric("m", version="1.0", aggregate="corpus", width=2)
            class plugin(Metric):
                def statistics(self, prediction, reference, fields):
                    return None if prediction == "skip" else (len(prediction), 1)
                def aggregate(self, sums):
                    return sums[0] / sums[1] if sums[1] else None
            """, ["ab", "skip", "abcd"])
        self.assertEqual(scores, [[2.0, 1.0], None, [4.0, 1.0]])
        values = self.worker.ask({"type": "aggregate", "id": 4, "sums": [[6, 2], [0, 0]]})
        self.assertEqual(values, {"type": "values", "id": 4, "values": [3.0, None]})
        error = self.worker.ask({"type": "aggregate", "id": 5, "sums": [[6]]})
        self.assertEqual((error["code"], error["id"]), ("bad_request", 5))

    def test_scores_of_a_batch(self):
        scores = self.scores("""
            @metric("m", version="1.0", aggregate="ratio")
            class plugin(Metric):
                def score_batch(self, predictions, references, fields):
                    assert len(predictions) == len(references) == len(fields)
                    return [(len(predictions), len(text)) if text != "bad" else ValueError("no")
                            for text in predictions]
            """, ["ab", "bad", "abcd"])
        self.assertEqual(scores[0::2], [[3.0, 2.0], [3.0, 4.0]])
        self.assertEqual(scores[1]["error"], "ValueError: no")
        empty = self.worker.ask({"type": "compute", "id": 4, "predictions": [], "references": []})
        self.assertEqual(empty["scores"], [])

    def test_a_batch_that_raises_is_scored_one_by_one(self):
        scores = self.scores("""
            @metric("m", version="1.0", aggregate="corpus", width=1)
            class plugin(Metric):
                def score_batch(self, predictions, references, fields):
                    return [[1 / len(text)] for text in predictions]
                def aggregate(self, sums):
                    return sums[0]
            """, ["a", "", "ab"])
        self.assertEqual(scores[0::2], [[1.0], [0.5]])
        self.assertIn("ZeroDivisionError", scores[1]["error"])

    def test_a_batch_with_too_few_scores(self):
        self.worker = self.start("metric", """
            @metric("m", version="1.0")
            class plugin(Metric):
                def score_batch(self, predictions, references, fields):
                    return [1.0]
            """)
        error = self.worker.ask({"type": "compute", "id": 3, "predictions": ["a", "b"],
                                 "references": ["a", "b"]})
        self.assertEqual((error["type"], error["id"]), ("error", 3))
        self.assertIn("a score, None or an exception for each", error["message"])

    def test_state_of_the_fields_is_not_shared(self):
        scores = self.scores("""
            @metric("m", version="1.0")
            def plugin(prediction, reference, *, fields):
                fields["seen"] = fields.get("seen", 0) + 1
                return fields["seen"]
            """, ["a", "b"])
        self.assertEqual(scores, [1.0, 1.0])


class Tasks(WorkerCase):
    def samples(self, body, **options):
        """(samples, attachments, last message)"""
        self.worker = self.start("task", "@task('t', version='1.0')\nclass plugin(Task):\n"
                                 + textwrap.indent(textwrap.dedent(body), "    "), **options)
        (self.folder / "a.png").write_bytes(PNG)
        self.worker.send({"type": "samples", "id": 2, "root": str(self.folder)})
        samples, blocks, self.sizes = [], [], []
        while (message := self.worker.receive())["type"] == "samples":
            for sample in message["samples"]:
                for image in sample.get("images", []):
                    if isinstance(image, dict):
                        image["attachment"] += len(blocks)
            samples += message["samples"]
            blocks += self.worker.blocks
            self.sizes.append(len(message["samples"]))
        return samples, blocks, message

    def test_everything_of_a_sample(self):
        samples, blocks, last = self.samples("""
            def samples(self, root):
                yield Sample(images=["a.png", root / "a.png", b"GIF89a", bytearray(b"BM1")],
                             reference={"sum": 1}, fields={"n": 1, "b": True, "none": None},
                             doc_class="bill", question_type="sum")
            def prompt(self, sample):
                return Prompt("How much?", "Be short.")
            """)
        self.assertEqual(last, {"type": "done", "id": 2})
        self.assertEqual(blocks, [b"GIF89a", b"BM1"])
        self.assertEqual(samples, [{
            "images": ["a.png", "a.png", {"attachment": 0, "name": "image-2.gif"},
                       {"attachment": 1, "name": "image-3.bmp"}],
            "prompt": "How much?", "system": "Be short.", "reference": {"sum": 1},
            "doc_class": "bill", "question_type": "sum",
            "fields": {"n": "1", "b": "true", "none": ""}}])

    def test_one_failure_costs_its_sample(self):
        samples, _, last = self.samples("""
            def samples(self, root):
                for number in range(3):
                    yield Sample(reference=number)
                yield BadImageError("page 4 is cut off")
                yield Sample(images=["../a.png"])
                yield Sample(reference=self)
            def prompt(self, sample):
                number = sample.reference if isinstance(sample.reference, int) else 0
                return "?" * (6 // (1 - number))
            """)
        self.assertEqual(last["type"], "done")
        self.assertEqual(samples[0]["prompt"], "??????")
        self.assertIn("ZeroDivisionError", samples[1]["error"])
        self.assertIn("traceback", samples[1])
        self.assertEqual(samples[3], {"error": "page 4 is cut off"})
        self.assertIn("outside of the dataset's folder", samples[4]["error"])
        self.assertIn("is no JSON", samples[5]["error"])

    def test_exception_between_samples_ends_the_import(self):
        samples, _, last = self.samples("""
            def samples(self, root):
                yield Sample(reference="a")
                raise ValueError("line 2 is broken")
            """)
        self.assertEqual((last["type"], last["code"], last["id"]), ("error", "internal", 2))
        self.assertIn("line 2 is broken", last["message"])

    def test_batches_are_bounded(self):
        samples, _, _ = self.samples("""
            def samples(self, root):
                for number in range(600):
                    yield Sample(reference=number)
            """)
        self.assertEqual(self.sizes, [256, 256, 88])
        self.assertEqual([sample["reference"] for sample in samples], list(range(600)))

    def test_batches_are_bounded_in_bytes(self):
        _, blocks, _ = self.samples("""
            def samples(self, root):
                for number in range(6):
                    yield Sample(images=[bytes([number]) * (3 << 20)])
            """)
        self.assertEqual(self.sizes, [3, 3])
        self.assertEqual([(block[0], len(block)) for block in blocks],
                         [(number, 3 << 20) for number in range(6)])

    def test_too_large_samples(self):
        samples, _, last = self.samples("""
            def samples(self, root):
                yield Sample(images=[bytes((64 << 20) + 1)])
                yield Sample(reference="x" * (33 << 20))
                yield Sample(reference="fine")
            """)
        self.assertEqual(last["type"], "done")
        self.assertEqual(["error" in sample for sample in samples], [True, True, False])


if __name__ == "__main__":
    unittest.main()

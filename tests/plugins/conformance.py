#!/usr/bin/env python3
"""Checks that a plug-in keeps the plug-in protocol (docs/formats/plugin-protocol.md).

    conformance.py [--kind KIND] [--load JSON] [--image FILE] [--root FOLDER] PLUGIN [ARG...]

--kind is model (the default), metric or task. --load is the object sent as load parameters. --image
is an image that a model can read; with it the model is asked about the image by path and as base64.
--root is the dataset of a task. Exit status 0: it conforms.
For authors of plug-ins as much as for this project's own tests; needs nothing but Python.
"""

import argparse
import base64
import contextlib
import json
import math
import os
import struct
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from plugin_client import MAX_FRAME_BYTES, PluginClient, PluginGone  # noqa: E402

ERROR_CODES = {"bad_request", "bad_image", "out_of_memory", "load_failed", "unsupported",
               "internal"}
MOST_REQUESTS = 256
OPTIONS = None


def image_parts():
    """The same image by path and inside of the request; a bare text without --image."""
    if OPTIONS.image is None:
        return [[{"type": "text", "text": "What is it?"}]]
    with open(OPTIONS.image, "rb") as file:
        data = base64.b64encode(file.read()).decode()
    path = {"type": "image", "path": os.path.abspath(OPTIONS.image)}
    inline = {"type": "image", "media_type": "image/png", "data": data}
    return [[part, {"type": "text", "text": "What is it?"}] for part in (path, inline)]


class Conformance:
    """What every kind of plug-in does."""

    def setUp(self):
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        self.plugin = stack.enter_context(PluginClient(OPTIONS.plugin))

    def load(self):
        """What `loaded` says."""
        loaded = self.plugin.ask({"type": "load", "params": OPTIONS.load})
        self.assertEqual(loaded["type"], "loaded", loaded)
        return loaded

    def assert_error(self, message, codes=None, request_id=None):
        self.assertEqual(message["type"], "error", message)
        self.assertIn(message["code"], codes or ERROR_CODES)
        self.assertTrue(message["message"].strip())
        self.assertIsInstance(message.get("retryable", False), bool)
        self.assertEqual(message.get("id"), request_id)

    def test_hello_names_the_plugin(self):
        hello = self.plugin.ask({"type": "hello", "protocol": 1, "unknown": "ignored"})
        self.assertEqual(hello["type"], "hello")
        self.assertEqual(hello["protocol"], 1)
        self.assertEqual(hello["kind"], OPTIONS.kind)
        self.assertTrue(hello["name"])
        self.assertTrue(hello["version"])

    def test_unknown_type_is_unsupported(self):
        self.assert_error(self.plugin.ask({"type": "sing"}), {"unsupported"})
        self.assertEqual(self.plugin.ask({"type": "hello", "protocol": 1})["type"], "hello")

    def test_frames_in_any_pieces(self):
        payload = json.dumps({"type": "hello", "protocol": 1}).encode()
        frame = struct.pack("<I", len(payload)) + payload
        for byte in frame:
            self.plugin.send_bytes(bytes([byte]))
        self.assertEqual(self.plugin.receive()["type"], "hello")
        self.plugin.send_bytes(frame * 3)
        for _ in range(3):
            self.assertEqual(self.plugin.receive()["type"], "hello")

    def test_shutdown_ends_it_with_status_0(self):
        self.load()
        self.plugin.send({"type": "shutdown"})
        self.assertEqual(self.plugin.wait(), 0)

    def test_host_that_goes_away_ends_it(self):
        self.plugin.process.stdin.close()
        self.plugin.wait()

    def test_broken_frames_end_it(self):
        for data in (struct.pack("<I", MAX_FRAME_BYTES + 1), struct.pack("<I", 3) + b"[1]",
                     struct.pack("<I", 2) + b"\xff\xff"):
            with PluginClient(OPTIONS.plugin) as plugin:
                plugin.send_bytes(data)
                with self.assertRaises(PluginGone):
                    plugin.receive()
                self.assertNotEqual(plugin.wait(), 0)


class ModelConformance(Conformance, unittest.TestCase):
    def assert_answer(self, deltas, done):
        self.assertEqual(done["type"], "done", done)
        self.assertIn(done["finish_reason"], {"stop", "length"})
        self.assertTrue(all(isinstance(text, str) for text in deltas))
        for key, value in done.get("usage", {}).items():
            self.assertIn(key, {"prompt_tokens", "completion_tokens"})
            self.assertGreaterEqual(value, 0)

    def test_one_load_serves_many_requests(self):
        self.load()
        answers = []
        for number, content in enumerate(image_parts() * 2, start=1):
            deltas, done = self.plugin.generate(number, content)
            self.assert_answer(deltas, done)
            answers.append("".join(deltas))
        if OPTIONS.image is not None:
            self.assertEqual(answers[0], answers[2], "the same request, another answer")

    def test_unknown_generate_params_are_ignored(self):
        self.load()
        params = {"temperature": 0.0, "seed": 1, "max_tokens": 4096, "of_the_future": [1]}
        self.assert_answer(*self.plugin.generate(1, image_parts()[0], params))

    def test_generate_before_load_is_an_error(self):
        _, last = self.plugin.generate(5, "early")
        self.assert_error(last, {"bad_request"}, 5)

    def test_malformed_request_is_an_error_and_the_next_one_is_answered(self):
        self.load()
        _, last = self.plugin.generate(1, [{"type": "hologram"}])
        self.assert_error(last, {"bad_request", "unsupported"}, 1)
        self.assert_error(self.plugin.ask({"type": "generate", "id": 2}), {"bad_request"}, 2)
        self.assert_answer(*self.plugin.generate(3, image_parts()[0]))

    def test_unreadable_image_is_an_error_and_the_next_one_is_answered(self):
        if OPTIONS.image is None:
            self.skipTest("no --image")
        self.load()
        with tempfile.NamedTemporaryFile(suffix=".png") as broken:
            broken.write(b"\x89PNG\r\n\x1a\n broken")
            broken.flush()
            _, last = self.plugin.generate(1, [{"type": "image", "path": broken.name}])
            self.assert_error(last, {"bad_image"}, 1)
        _, last = self.plugin.generate(2, [{"type": "image", "path": "/nonexistent/a.png"}])
        self.assert_error(last, {"bad_image"}, 2)
        _, last = self.plugin.generate(3, [{"type": "image", "data": "!!!not base64!!!"}])
        self.assert_error(last, {"bad_image", "bad_request"}, 3)
        self.assert_answer(*self.plugin.generate(4, image_parts()[0]))

    def test_as_many_requests_at_a_time_as_it_says(self):
        count = self.load().get("requests", 1)
        self.assertTrue(type(count) is int and 1 <= count <= MOST_REQUESTS, count)
        content = image_parts()[0]
        for first in (1, count + 1):
            ids = range(first, first + count)
            for request_id in ids:
                self.plugin.send_request(request_id, content)
            ended = self.plugin.receive_answers(ids)
            for request_id in ids:
                self.assert_answer(*ended[request_id])

    def test_cancelling_one_of_several_leaves_the_others(self):
        count = self.load().get("requests", 1)
        if count == 1:
            self.skipTest("it takes one request at a time")
        for request_id in range(count):
            self.plugin.send_request(request_id, image_parts()[0])
        self.plugin.send({"type": "cancel", "id": 0})
        ended = self.plugin.receive_answers(range(count))
        self.assertIn(ended.pop(0)[1]["finish_reason"], {"cancelled", "stop", "length"})
        for deltas, done in ended.values():
            self.assert_answer(deltas, done)

    def test_late_cancel_is_harmless(self):
        self.load()
        self.assert_answer(*self.plugin.generate(1, image_parts()[0]))
        self.plugin.send({"type": "cancel", "id": 1})
        self.assert_answer(*self.plugin.generate(2, image_parts()[0]))


class MetricConformance(Conformance, unittest.TestCase):
    PREDICTIONS = ["12.50", "", "Итого: 12,50 ₽", "x" * 1000]
    REFERENCES = ["12.50", "Total", "Итого: 12,60 ₽", "y"]

    def compute(self, request_id, **changes):
        return self.plugin.ask({"type": "compute", "id": request_id,
                                "predictions": self.PREDICTIONS, "references": self.REFERENCES,
                                **changes})

    def capabilities(self):
        return self.plugin.ask({"type": "hello", "protocol": 1}).get("capabilities", {})

    def assert_score(self, score, aggregate, width):
        if score is None or isinstance(score, dict) and score["error"].strip():
            return
        numbers = [score] if aggregate == "mean" else score
        self.assertEqual(len(numbers), {"mean": 1, "ratio": 2, "corpus": width}[aggregate])
        for number in numbers:
            self.assertIsInstance(number, (int, float))
            self.assertTrue(math.isfinite(number))

    def test_capabilities(self):
        capabilities = self.capabilities()
        self.assertIn(capabilities["aggregate"], {"mean", "ratio", "corpus"})
        self.assertIn(capabilities["direction"], {"higher", "lower"})
        self.assertEqual("width" in capabilities, capabilities["aggregate"] == "corpus")

    def test_one_score_for_each_prediction(self):
        capabilities = self.capabilities()
        self.load()
        fields = {"doc_class": ["a", "b", "c", "d"], "of_the_future": ["", "", "", ""]}
        for request_id, changes in enumerate(({}, {"fields": {}}, {"fields": fields}), start=1):
            reply = self.compute(request_id, **changes)
            self.assertEqual((reply["type"], reply["id"]), ("scores", request_id), reply)
            self.assertEqual(len(reply["scores"]), len(self.PREDICTIONS))
            for score in reply["scores"]:
                self.assert_score(score, capabilities["aggregate"], capabilities.get("width"))

    def test_no_predictions_no_scores(self):
        self.load()
        reply = self.compute(1, predictions=[], references=[])
        self.assertEqual((reply["type"], reply.get("scores")), ("scores", []), reply)

    def test_aggregate(self):
        capabilities = self.capabilities()
        self.load()
        if capabilities["aggregate"] != "corpus":
            reply = self.plugin.ask({"type": "aggregate", "id": 1, "sums": [[1, 2]]})
            self.assert_error(reply, {"bad_request", "unsupported"}, 1)
            return
        scores = [score for score in self.compute(1)["scores"] if isinstance(score, list)]
        reply = self.plugin.ask({"type": "aggregate", "id": 2, "sums": scores * 2})
        self.assertEqual((reply["type"], reply["id"]), ("values", 2), reply)
        self.assertEqual(reply["values"][:len(scores)], reply["values"][len(scores):])
        for value in reply["values"]:
            self.assertTrue(value is None or math.isfinite(value))

    def test_compute_before_load_is_an_error(self):
        self.assert_error(self.compute(5), {"bad_request"}, 5)

    def test_malformed_request_is_an_error_and_the_next_one_is_answered(self):
        self.load()
        for request_id, changes in enumerate((
                {"predictions": ["a"]}, {"predictions": [1, 2, 3, 4]}, {"references": "text"},
                {"fields": {"a": ["too few"]}}), start=1):
            self.assert_error(self.compute(request_id, **changes), {"bad_request"}, request_id)
        self.assertEqual(self.compute(9)["type"], "scores")


class TaskConformance(Conformance, unittest.TestCase):
    KEYS = {"images", "prompt", "system", "reference", "doc_class", "question_type", "fields",
            "error", "traceback"}

    def samples(self, request_id, root):
        """(samples with the bytes of their attachments in place, last message)"""
        self.plugin.send({"type": "samples", "id": request_id, "root": root})
        samples = []
        while (message := self.plugin.receive())["type"] == "samples":
            self.assertEqual(message["id"], request_id)
            self.assertTrue(1 <= len(message["samples"]) <= 256)
            for sample in message["samples"]:
                self.assert_sample(sample, len(self.plugin.blocks))
                samples.append((sample, [self.plugin.blocks[image["attachment"]]
                                         for image in sample.get("images", [])
                                         if isinstance(image, dict)]))
        return samples, message

    def assert_sample(self, sample, block_count):
        self.assertLessEqual(set(sample), self.KEYS)
        if "error" in sample:
            self.assertTrue(sample["error"].strip())
            return
        for image in sample["images"]:
            if isinstance(image, dict):
                self.assertIn(image["attachment"], range(block_count))
                self.assertTrue(image["name"])
            else:
                self.assertTrue(os.path.isfile(os.path.join(OPTIONS.root, image)), image)
                self.assertFalse(os.path.isabs(image))
        for name, value in sample.get("fields", {}).items():
            self.assertIsInstance(value, str, name)

    def test_samples_are_the_same_twice(self):
        self.load()
        samples, last = self.samples(1, os.path.abspath(OPTIONS.root))
        self.assertEqual(last, {"type": "done", "id": 1})
        self.assertTrue(samples)
        again, _ = self.samples(2, os.path.abspath(OPTIONS.root))
        self.assertEqual(samples, again)

    def test_samples_before_load_is_an_error(self):
        _, last = self.samples(5, OPTIONS.root)
        self.assert_error(last, {"bad_request"}, 5)

    def test_malformed_request_is_an_error_and_the_next_one_is_answered(self):
        self.load()
        for request_id, root in enumerate(("/nonexistent/folder", 7), start=1):
            _, last = self.samples(request_id, root)
            self.assert_error(last, {"bad_request"}, request_id)
        _, last = self.samples(9, os.path.abspath(OPTIONS.root))
        self.assertEqual(last["type"], "done", last)


CASES = {"model": ModelConformance, "metric": MetricConformance, "task": TaskConformance}


def main():
    global OPTIONS
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", choices=sorted(CASES), default="model")
    parser.add_argument("--load", type=json.loads, default={}, metavar="JSON")
    parser.add_argument("--image", metavar="FILE")
    parser.add_argument("--root", metavar="FOLDER", default=".")
    parser.add_argument("plugin", nargs=argparse.REMAINDER)
    OPTIONS = parser.parse_args()
    if not OPTIONS.plugin:
        parser.error("which plug-in?")
    result = unittest.TextTestRunner().run(
        unittest.defaultTestLoader.loadTestsFromTestCase(CASES[OPTIONS.kind]))
    sys.exit(0 if result.wasSuccessful() else 1)


if __name__ == "__main__":
    main()

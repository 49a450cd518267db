#!/usr/bin/env python3
"""Tests vlmhb-scripted-worker itself: `scripted_worker_test.py PROGRAM`."""

import os
import signal
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from plugin_client import PluginClient, PluginGone  # noqa: E402

PROGRAM = None


def image(name):
    return [{"type": "image", "path": "/images/" + name}, {"type": "text", "text": "Имя?\nДата?"}]


class ScriptedWorker(unittest.TestCase):
    def start(self, params, **popen_options):
        plugin = PluginClient([PROGRAM], **popen_options)
        self.addCleanup(plugin.__exit__)
        self.load_reply = plugin.ask({"type": "load", "params": params})
        return plugin

    def behave(self, behaviour, **params):
        return self.start({"behaviour": {"x.png": behaviour}, **params},
                          stderr=subprocess.PIPE)

    def test_answer_is_made_from_the_template_in_pieces(self):
        plugin = self.start({"answer": "{image}: {prompt} {x}", "delta_count": 3, "usage": True})
        deltas, done = plugin.generate(1, image("a.png"))
        self.assertEqual("".join(deltas), "a.png: Имя?\nДата? {x}")
        self.assertEqual(len(deltas), 3)
        self.assertEqual(done["usage"], {"prompt_tokens": 1, "completion_tokens": 3})

    def test_usage_is_sent_as_it_is(self):
        plugin = self.start({"usage": {"prompt_tokens": 5, "completion_tokens": 6}})
        _, done = plugin.generate(1, image("a.png"))
        self.assertEqual(done["usage"], {"prompt_tokens": 5, "completion_tokens": 6})
        _, done = self.start({}).generate(1, image("a.png"))
        self.assertNotIn("usage", done)

    def test_image_inside_of_the_request_has_a_name(self):
        content = [{"type": "image", "media_type": "image/png", "data": "QUJD"}]
        deltas, _ = self.start({}).generate(1, content)
        self.assertRegex(deltas[0], r"^data-[0-9a-f]{8}$")

    def test_every_request_is_logged_before_it_fails(self):
        with tempfile.TemporaryDirectory() as folder:
            log = os.path.join(folder, "asks")
            for _ in range(2):
                plugin = self.behave("crash", ask_log=log)
                plugin.generate(1, image("a.png"))
                with self.assertRaises(PluginGone):
                    plugin.generate(2, image("x.png"))
            with open(log, encoding="utf-8") as file:
                self.assertEqual(file.read(), "a.png\tИмя? Дата?\nx.png\tИмя? Дата?\n" * 2)

    def test_crashes(self):
        plugin = self.behave("crash")
        with self.assertRaises(PluginGone):
            plugin.generate(1, image("x.png"))
        self.assertEqual(plugin.wait(), -signal.SIGABRT)
        self.assertIn(b"scripted crash", plugin.process.stderr.read())

    def test_crash_midway_comes_after_a_delta(self):
        plugin = self.behave("crash_midway", answer="abcd", delta_count=2)
        plugin.send({"type": "generate", "id": 1,
                     "messages": [{"role": "user", "content": image("x.png")}]})
        self.assertEqual(plugin.receive()["text"], "ab")
        with self.assertRaises(PluginGone):
            plugin.receive()

    def test_crash_once(self):
        with tempfile.TemporaryDirectory() as folder:
            marker = os.path.join(folder, "marker")
            for params in ({"crash_once": marker}, {"behaviour": {"*": "crash_once:" + marker}}):
                with self.assertRaises(PluginGone):
                    self.start(params, stderr=subprocess.PIPE).generate(1, image("a.png"))
                deltas, _ = self.start(params).generate(1, image("a.png"))
                self.assertEqual(deltas, ["a.png"])
                os.remove(marker)

    def test_exit_status(self):
        plugin = self.behave("exit:3")
        with self.assertRaises(PluginGone):
            plugin.generate(1, image("x.png"))
        self.assertEqual(plugin.wait(), 3)

    def test_hangs_until_killed(self):
        plugin = self.behave("hang")
        plugin.timeout_s = 0.2
        with self.assertRaises(TimeoutError):
            plugin.generate(1, image("x.png"))
        self.assertIsNone(plugin.process.poll())

    def test_errors(self):
        for behaviour, code, retryable in (("error:bad_image", "bad_image", False),
                                           ("error:bad_request", "bad_request", False),
                                           ("error:unsupported", "unsupported", False),
                                           ("error:internal", "internal", False),
                                           ("retry", "internal", True),
                                           ("oom", "out_of_memory", False)):
            plugin = self.behave(behaviour)
            _, last = plugin.generate(1, image("x.png"))
            self.assertEqual((last["type"], last["code"], last["retryable"]),
                             ("error", code, retryable), behaviour)
            deltas, _ = plugin.generate(2, image("a.png"))
            self.assertEqual(deltas, ["a.png"])

    def test_broken_output(self):
        with self.assertRaises(PluginGone):
            self.behave("garbage").generate(1, image("x.png"))
        with self.assertRaises(UnicodeDecodeError):
            self.behave("invalid_utf8").generate(1, image("x.png"))

    def test_printing_does_not_break_the_frames(self):
        plugin = self.behave("print")
        deltas, _ = plugin.generate(1, image("x.png"))
        self.assertEqual(deltas, ["x.png"])
        plugin.send({"type": "shutdown"})
        plugin.wait()
        self.assertIn(b"no frame", plugin.process.stderr.read())

    def test_special_answers(self):
        deltas, done = self.behave("empty").generate(1, image("x.png"))
        self.assertEqual((deltas, done["finish_reason"]), ([], "stop"))
        _, done = self.behave("length").generate(1, image("x.png"))
        self.assertEqual(done["finish_reason"], "length")
        deltas, _ = self.behave("eat:20").generate(1, image("x.png"))
        self.assertEqual(deltas, ["x.png"])
        deltas, _ = self.behave("slow:10").generate(1, image("x.png"))
        self.assertEqual(deltas, ["x.png"])

    def test_load_that_fails(self):
        for params in ({"anwser": "x"}, {"behaviour": {"x.png": "dance"}},
                       {"ask_log": "/nonexistent/log"}):
            self.start(params)
            self.assertEqual((self.load_reply["type"], self.load_reply["code"]),
                             ("error", "load_failed"))
        with self.assertRaises(PluginGone):
            self.start({"crash_on_load": True}, stderr=subprocess.DEVNULL)
        with self.assertRaises(TimeoutError):
            self.start({"hang_on_load": True}, timeout_s=0.2)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()

"""What the end-to-end tests share: small experiments with the scripted plug-in, and the real program.

Only Python's standard library. Every test has a temporary folder of its own; nothing uses the network or a
fixed port. VLMHB and VLMHB_SCRIPTED_WORKER name the programs under test.
"""

import csv
import json
import os
import pathlib
import shutil
import struct
import subprocess
import tempfile
import unittest
import zlib

VLMHB = os.environ.get("VLMHB", "build/release/vlmhb")
SCRIPTED_WORKER = os.environ.get(
    "VLMHB_SCRIPTED_WORKER", "build/release/workers/vlmhb-scripted-worker")
DEADLINE_S = 120  # generous: a hang fails, a slow machine does not


def png(width=4, height=4, shade=128):
    """A grey PNG."""
    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    rows = (b"\0" + bytes([shade]) * width) * height
    return (b"\x89PNG\r\n\x1a\n"
            + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


class Experiment:
    """A folder with a config, a dataset of one image a row, and the scripted model."""

    def __init__(self, folder, rows=12, processes=1, **model_params):
        self.folder = pathlib.Path(folder)
        self.workspace = self.folder / "workspace"
        self.dataset = self.folder / "datasets" / "ocr" / "d"
        self.images = [f"{i:04}.png" for i in range(rows)]
        (self.dataset / "images").mkdir(parents=True)
        for name in self.images:
            (self.dataset / "images" / name).write_bytes(png())
        self.write_annotation([self.row(i) for i in range(rows)])
        self.model("scripted", processes=processes, **model_params)
        self.config = {"name": "e", "runs": [{"task": "ocr", "dataset": "d", "model": "scripted"}]}

    def row(self, i):
        return [str(i), "test", f"images/{self.images[i]}", "What is it?", self.images[i],
                "letter" if i % 2 else "invoice", "full_text", ""]

    def write_annotation(self, rows, raw=""):
        text = "data_index;split;image_path;question;answer;doc_class;question_type;answer_bbox\r\n"
        text += "".join(";".join(row) + "\r\n" for row in rows) + raw
        (self.dataset / "annotation.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())

    def model(self, name, processes=1, cpus=1, memory_mb=512, **params):
        entry = {"name": name, "version": "1.0.0", "description": "scripted",
                 "framework": "Test", "command": [str(pathlib.Path(SCRIPTED_WORKER).resolve())],
                 "params_schema": {"type": "object", "additionalProperties": True},
                 "params": params,
                 "resources": {"cpus": cpus, "memory_mb": memory_mb, "processes": processes}}
        folder = self.folder / "registries" / "models"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.json").write_text(json.dumps(entry))

    def write_config(self):
        path = self.folder / "experiment.json"
        path.write_text(json.dumps(self.config))
        return path

    def command(self, *options, verb="run"):
        return [str(pathlib.Path(VLMHB).resolve()), verb, str(self.write_config()),
                "--workspace", str(self.workspace), *options]

    def run(self, *options, verb="run", **keywords):
        """Runs to the end; the result has returncode, stdout, stderr as text."""
        return subprocess.run(self.command(*options, verb=verb), capture_output=True, text=True,
                              timeout=DEADLINE_S, **keywords)

    def start(self, *options):
        return subprocess.Popen(self.command(*options), stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)

    def run_folder(self, run=None):
        runs = self.workspace / "experiments" / "e" / "runs"
        return runs / run if run else next(p for p in sorted(runs.iterdir()))

    def manifest(self, run=None):
        return json.loads((self.run_folder(run) / "manifest.json").read_text())

    def answers(self, run=None):
        return read_csv(self.run_folder(run) / "inference" / "answers.csv")

    def asked(self):
        """Images in the order in which the scripted plug-in was asked (needs ask_log)."""
        log = self.run_folder() / "inference" / "asked.log"
        if not log.exists():
            return []
        return [line.split("\t")[0] for line in log.read_text().splitlines()]


def read_csv(path):
    with open(path, encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


def journal_ids(path):
    """Ids of the whole frames of a journal, as a reader that knows only the format finds them."""
    try:
        data = pathlib.Path(path).read_bytes()
    except FileNotFoundError:
        return []
    ids, at = [], 8
    while at + 8 <= len(data):
        length, crc = struct.unpack_from("<II", data, at)
        payload = data[at + 8:at + 8 + length]
        if len(payload) < length or zlib.crc32(payload) != crc:
            break
        frame = json.loads(payload)
        if "id" in frame:
            ids.append(frame["id"])
        at += 8 + length
    return ids


class TestCase(unittest.TestCase):
    maxDiff = 4000

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="vlmhb-e2e."))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def experiment(self, **keywords):
        return Experiment(self.folder, **keywords)

    def assert_exit(self, result, code):
        self.assertEqual(result.returncode, code,
                         f"stdout:\n{result.stdout}\nstderr:\n{result.stderr}")

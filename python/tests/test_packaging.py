"""The wheel and the sdist, built offline: same input, same bytes."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path

import vlmhyperbench

PROJECT = Path(__file__).resolve().parent.parent
BUILD = """
import os, sys
from setuptools import build_meta
source, target = sys.argv[1:]  # setuptools changes sys.argv
os.chdir(source)
build_meta.build_wheel(target)
build_meta.build_sdist(target)
"""


def can_build():
    done = subprocess.run([sys.executable, "-c", "import setuptools, wheel"], capture_output=True)
    return done.returncode == 0


@unittest.skipUnless(can_build(), "setuptools and wheel are not installed")
class Packaging(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def build(self, name):
        """Builds a copy of the project, which no earlier build has touched."""
        source, target = self.folder / name, self.folder / f"{name}-dist"
        shutil.copytree(PROJECT, source, ignore=shutil.ignore_patterns(
            "build", "dist", "*.egg-info", "__pycache__", ".mypy_cache"))
        target.mkdir()
        subprocess.run([sys.executable, "-c", BUILD, source, target], check=True,
                       capture_output=True,
                       env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000"})
        return {file.name: file for file in target.iterdir()}

    def test_wheel(self):
        first, second = self.build("first"), self.build("a/second")
        name = f"vlmhyperbench-{vlmhyperbench.__version__}"
        wheel = first[f"{name}-py3-none-any.whl"]
        self.assertEqual({wheel.name, f"{name}.tar.gz"}, set(first))
        digests = [hashlib.sha256(files[wheel.name].read_bytes()).hexdigest()
                   for files in (first, second)]
        self.assertEqual(digests[0], digests[1])
        self.check_content(wheel, name)
        self.check_worker(wheel)

    def check_content(self, wheel, name):
        with zipfile.ZipFile(wheel) as archive:
            names = set(archive.namelist())
            metadata = archive.read(f"{name}.dist-info/METADATA").decode()
        modules = {str(path.relative_to(PROJECT / "src"))
                   for path in (PROJECT / "src").rglob("*.py")}
        self.assertLessEqual(modules | {"vlmhyperbench/py.typed", f"{name}.dist-info/LICENSE",
                                        f"{name}.dist-info/entry_points.txt"}, names)
        self.assertFalse([file for file in names if "test_" in file])
        self.assertIn(f"Version: {vlmhyperbench.__version__}\n", metadata)
        self.assertIn("Requires-Python: >=3.10", metadata)
        self.assertNotIn("Requires-Dist", metadata)

    def check_worker(self, wheel):
        """The worker runs from the wheel and finds the plug-in that the wheel has."""
        done = subprocess.run(
            [sys.executable, "-m", "vlmhyperbench.worker", "model", "predecessor"],
            input=b"\x1d\0\0\0" + b'{"type":"hello","protocol":1}', capture_output=True,
            env={**os.environ, "PYTHONPATH": str(wheel)})
        self.assertIn(b'"name":"predecessor"', done.stdout)
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
"""Runs a page of docs/tutorials: writes its files, executes its commands, compares what they print.

    tutorial.py PAGE...     prints every command with what it said; VLMHB names the program

What a fenced block is, the words behind its language say:

- `file=PATH`: the content of this file
- `run`: commands of a shell, run in the tutorial's folder; `run exit=2`: which end with this status
- `output`: lines that the commands before have printed, among others and in any order (runs are
  done side by side); `...` stands for any text

Every block of a shell must be run. Plug-ins are installed without the internet: `vlmhb` is a script
that adds `--wheels` to the real one.
"""

import dataclasses
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import harness
import wheels

BLOCK = re.compile(r"^```(\w*)([^\n]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class Block:
    language: str
    words: tuple
    text: str
    line: int

    def option(self, name, otherwise=None):
        found = [word.partition("=")[2] for word in self.words if word.startswith(name + "=")]
        return found[0] if found else otherwise


def blocks(page):
    text = pathlib.Path(page).read_text(encoding="utf-8")
    return [Block(match[1], tuple(match[2].split()), match[3],
                  text.count("\n", 0, match.start()) + 1) for match in BLOCK.finditer(text)]


def missing_lines(shown, printed):
    """Lines of `shown` that are not among the lines `printed`, whatever their order."""
    lines = [line.strip() for line in printed.splitlines()]
    missing = []
    for wanted in filter(None, map(str.strip, shown.splitlines())):
        pattern = ".*".join(map(re.escape, wanted.split("...")))
        found = [line for line in lines if re.fullmatch(pattern, line)]
        if not found:
            missing.append(wanted)
        elif "..." not in wanted:
            lines.remove(found[0])
    return missing


def check_machine():
    """FileNotFoundError that says what is to be installed."""
    for module, package in (("pip", "python3-pip"), ("venv", "python3-venv"),
                            ("ensurepip", "python3-venv")):
        done = subprocess.run(["/usr/bin/python3", "-c", f"import {module}"], capture_output=True)
        if done.returncode != 0:
            raise FileNotFoundError(f"/usr/bin/python3 has no {module}: apt-get install {package}")
    wheels.system_wheels()


def raise_assertion(text):
    raise AssertionError(text)


class Tutorial:
    """A folder in which pages are followed, one after the other."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.home = self.folder / "home"
        self.work = self.folder / "work"
        self.work.mkdir(parents=True)
        (self.home / "bin").mkdir(parents=True)
        self.wheels = wheels.build_wheels(self.folder / "wheels")
        self._write_program()
        self.environment = {
            "PATH": f"{self.home / 'bin'}:/usr/bin:/bin", "HOME": str(self.home),
            "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1", "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.wheels), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}

    def take_environments(self, other):
        """Begins with what was installed for another one; it lies in a cache, known by content."""
        cache = pathlib.Path("vlmhb-workspace/cache/env")
        shutil.copytree(other.work / cache, self.work / cache, symlinks=True)

    def _write_program(self):
        program = self.home / "bin" / "vlmhb"
        program.write_text(f"""#!/bin/sh
case "$1 $2 $*" in
  *--wheels*) ;;
  run\\ *|plan\\ *|registry\\ validate\\ *) set -- "$@" --wheels {self.wheels} ;;
esac
exec {pathlib.Path(harness.VLMHB).resolve()} "$@"
""")
        program.chmod(0o755)

    def follow(self, page, tell=lambda text: None, fail=raise_assertion):
        """Follows a page; AssertionError with its line where it cannot be followed.

        `fail` is told where only what is shown differs from what is printed.
        """
        printed = None
        for block in blocks(page):
            where = f"{page}:{block.line}"
            if name := block.option("file"):
                path = self.work / name
                assert path.resolve().is_relative_to(self.work.resolve()), where
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(block.text, encoding="utf-8")
                tell(f"--- {name}\n")
            elif "run" in block.words:
                printed = self._execute(block, where)
                tell(f"$ {block.text}{printed}\n")
            elif "output" in block.words:
                assert printed is not None, f"{where}: nothing was run before"
                if missing := missing_lines(block.text, printed):
                    fail(f"{where}: not printed: {missing}\nprinted:\n{printed}")
            else:
                assert block.language != "sh", f"{where}: commands that are not run"

    def _execute(self, block, where):
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", block.text], cwd=self.work,
                              env=self.environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=harness.DEADLINE_S)
        expected = int(block.option("exit", "0"))
        assert done.returncode == expected, (
            f"{where}: exit status {done.returncode}, not {expected}\n{done.stdout}")
        return done.stdout


def main(pages):
    folder = tempfile.mkdtemp(prefix="vlmhb-tutorial.")
    try:
        tutorial = Tutorial(folder)
        for page in pages:
            tutorial.follow(page, tell=lambda text: print(text, end="", flush=True), fail=print)
    except AssertionError as error:
        print(error)
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

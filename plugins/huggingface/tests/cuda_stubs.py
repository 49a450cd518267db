#!/usr/bin/env python3
"""Lets `import torch` work without the CUDA libraries that its wheel wants and a CPU never calls.

PyPI's wheel of torch for Linux on x86-64 is linked to 2.5 GB of libraries in other wheels. For tests
on a CPU those are left out (`pip install --no-deps torch`), and an empty library of the same name
stands beside libtorch for each of them: it defines the symbols that the loader looks for, and every
function in it returns 999. Needs gcc and readelf (Debian: gcc, binutils).

    cuda_stubs.py SITE_PACKAGES
"""

from __future__ import annotations

import collections
import ctypes
import re
import subprocess
import sys
import tempfile
from pathlib import Path

CUDA_NAME = re.compile(r"(cu|nccl|nvrtc|nvshmem|nvml|cupti)[A-Za-z0-9]*\w*$")


def readelf(option: str, path: Path) -> list[str]:
    return subprocess.run(["readelf", option, "-W", str(path)], check=True, capture_output=True,
                          text=True).stdout.splitlines()


class Symbols:
    """What the libraries of torch need and define together."""

    def __init__(self, libraries: list[Path]) -> None:
        self.needed: set[str] = set()
        self.versions: dict[str, set[str]] = collections.defaultdict(set)  # soname -> versions
        self.versioned: dict[str, set[str]] = collections.defaultdict(set)  # version -> symbols
        self.plain: set[str] = set()
        self.defined: set[str] = set()
        for library in libraries:
            self._read_needs(library)
            self._read_symbols(library)

    def _read_needs(self, library: Path) -> None:
        for line in readelf("-d", library):
            if found := re.search(r"\(NEEDED\).*\[(.+)\]", line):
                self.needed.add(found[1])
        soname = ""
        for line in readelf("-V", library):
            if found := re.search(r"Version: \d+ +File: (\S+)", line):
                soname = found[1]
            elif (found := re.search(r"Name: (\S+) +Flags", line)) and soname:
                self.versions[soname].add(found[1])

    def _read_symbols(self, library: Path) -> None:
        for line in readelf("--dyn-syms", library):
            columns = line.split()
            if len(columns) < 8 or not columns[0].endswith(":"):
                continue
            name, _, version = columns[7].partition("@")
            if columns[6] != "UND":
                self.defined.add(name)
            elif version:
                self.versioned[version.strip("@")].add(name)
            else:
                self.plain.add(name)


def on_system(soname: str) -> bool:
    try:
        ctypes.CDLL(soname)
    except OSError:
        return False
    return True


def build_stub(soname: str, symbols: Symbols, folder: Path) -> None:
    versions = {version: sorted(symbols.versioned[version])
                for version in sorted(symbols.versions.get(soname, ()))}
    names = {name for members in versions.values() for name in members}
    names |= {name for name in symbols.plain - symbols.defined if CUDA_NAME.match(name)}
    script = "".join("%s { global: %s };\n" % (version, " ".join(f"{name};" for name in members))
                     if members else "%s {};\n" % version for version, members in versions.items())
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch, "stub.c")
        source.write_text("".join(f"int {name}(void) {{ return 999; }}\n" for name in sorted(names)))
        command = ["gcc", "-shared", "-fPIC", "-w", "-fno-builtin", f"-Wl,-soname,{soname}",
                   "-o", str(folder / soname), str(source)]
        if script:
            version_script = Path(scratch, "stub.map")
            version_script.write_text(script)
            command.append(f"-Wl,--version-script,{version_script}")
        subprocess.run(command, check=True)


def main(site_packages: Path) -> None:
    folder = site_packages / "torch" / "lib"
    libraries = [path for path in sorted(folder.glob("*.so*")) if path.is_file()]
    shipped = {path.name for path in libraries}
    shipped |= {path.name for path in site_packages.glob("nvidia/**/*.so*")}
    symbols = Symbols(libraries)
    missing = sorted(name for name in symbols.needed if name not in shipped and not on_system(name))
    for soname in missing:
        build_stub(soname, symbols, folder)
    print(f"{len(missing)} stubs in {folder}: {' '.join(missing)}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

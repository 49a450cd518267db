"""Wheels and packages made on the spot, so that tests of injected packages need no index."""

import base64
import hashlib
import pathlib
import shutil
import zipfile

# Of Debian's python3-setuptools-whl and python3-wheel-whl.
SYSTEM_WHEELS = pathlib.Path("/usr/share/python-wheels")


def system_wheels():
    """The wheels that build packages; FileNotFoundError says what to install."""
    found = []
    for name in ("setuptools", "wheel"):
        files = sorted(SYSTEM_WHEELS.glob(f"{name}-*.whl"))
        if not files:
            raise FileNotFoundError(f"no wheel of {name} in {SYSTEM_WHEELS}: apt-get install "
                                    f"python3-{name}-whl")
        found.append(files[-1])
    return found


def build_wheels(folder):
    """Makes a folder for `--wheels` with what builds packages, and returns it."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for wheel in system_wheels():
        shutil.copy(wheel, folder)
    return folder


def make_wheel(folder, name, version, requires=(), source=None, entry_points=None):
    """Writes <name>-<version>-py3-none-any.whl: a module with __version__, or `source`."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    metadata += "".join(f"Requires-Dist: {requirement}\n" for requirement in requires)
    files = {
        f"{name}/__init__.py": source or f"__version__ = {version!r}\n",
        f"{info}/METADATA": metadata,
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\n"
                         "Tag: py3-none-any\n",
    }
    if entry_points is not None:
        files[f"{info}/entry_points.txt"] = entry_points
    record = ""
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=")
        record += f"{path},sha256={digest.decode()},{len(text.encode())}\n"
    files[f"{info}/RECORD"] = record + f"{info}/RECORD,,\n"
    wheel = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in files.items():
            archive.writestr(zipfile.ZipInfo(path), text)
    return wheel


def make_source(folder, name, version):
    """Writes a package's folder that brings its own build backend: this file."""
    folder = pathlib.Path(folder) / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n')
    (folder / "backend.py").write_text(
        pathlib.Path(__file__).read_text() + f"""

def build_wheel(folder, config_settings=None, metadata_directory=None):
    return make_wheel(folder, {name!r}, {version!r}).name
""")

#!/usr/bin/env python3
"""Are the bills of materials valid CycloneDX 1.6? Judged by the schema that cyclonedx-python-lib brings along.

    tests/sbom/check.py          runs an experiment with and without Python packages, isolated and not
    tests/sbom/check.py FILE...  only judges these

Needs tests/sbom/requirements.txt; without it the exit status is 77.
"""

import json
import pathlib
import sys
import tempfile

try:
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator
except ImportError:
    print("skipped: pip install -r tests/sbom/requirements.txt", file=sys.stderr)
    sys.exit(77)

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
import harness  # noqa: E402
import injection_test  # noqa: E402
import wheels  # noqa: E402


def make_documents(folder, sandbox):
    """Bills of all kinds of stages, the Python model's among them."""
    experiment = harness.Experiment(folder, rows=1)
    wheels.make_wheel(experiment.folder / "wheels", "Some_Package", "1.0+local")
    injection_test.python_model(experiment, "python", package="Some_Package", packages=[
        {"type": "pypi", "name": "Some_Package", "version": "1.0+local"}])
    experiment.config["runs"] = [{"task": "ocr", "dataset": "d", "model": name, "metrics": ["cer"]}
                                 for name in ("scripted", "python")]
    done = experiment.run("--wheels", str(experiment.folder / "wheels"), "--sandbox", sandbox)
    if done.returncode != 0:
        sys.exit(f"exit status {done.returncode}\n{done.stderr}")
    return sorted(experiment.workspace.rglob("sbom.json"))


def problems(file):
    text = file.read_text()
    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if error is not None:
        return [str(error)]
    # The schema cannot say this, the specification does.
    references = [part.get("bom-ref") for part in json.loads(text)["components"]]
    return ["two components have one bom-ref"] if len(references) != len(set(references)) else []


def main():
    files = [pathlib.Path(name) for name in sys.argv[1:]]
    with tempfile.TemporaryDirectory(prefix="v.") as folder:
        if not files:
            # Short names: without isolation the path of a socket is below this folder.
            for name, sandbox in (("1", "auto"), ("2", "none")):
                made = make_documents(pathlib.Path(folder) / name, sandbox)
                if not any("pkg:pypi/some-package@1.0" in file.read_text() for file in made):
                    sys.exit(f"--sandbox {sandbox}: no bill names the injected package")
                files += made
        found = [f"{file}: {problem}" for file in files for problem in problems(file)]
    print("\n".join(found) or f"{len(files)} bills of materials are valid CycloneDX 1.6")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

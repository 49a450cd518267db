#!/usr/bin/env python3
"""Checks the layering: ARCHITECTURE.md's module table, CMake's DEPS and every #include agree.

    check_includes.py [REPOSITORY]

Each finding is a line on standard error; the exit status is 0 only if there is none.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else
                    pathlib.Path(__file__).resolve().parent.parent)
WORKERS_MAY_USE = {"base", "os", "worker"}
# Modules that decide and never do: no files, no processes, no threads, no clock.
PURE = {"plan", "metrics"}
IMPURE_HEADERS = re.compile(
    r"(fstream|iostream|cstdio|thread|ctime|unistd\.h|fcntl\.h|sys/.*|stdio\.h|boost/asio.*)$")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
findings = []


def report(where, text):
    findings.append(f"{where}: {text}")


def module_table():
    """module -> set of the modules it may use, in the table's order."""
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    table = re.search(r"<!-- modules:begin -->(.*?)<!-- modules:end -->", text, re.DOTALL)
    if table is None:
        sys.exit("ARCHITECTURE.md has no table between modules:begin and modules:end")
    modules = {}
    for line in table.group(1).strip().splitlines()[2:]:
        name, may_use, _ = (cell.strip() for cell in line.strip().strip("|").split("|"))
        modules[name] = {module.strip() for module in may_use.split(",") if module.strip()}
    return modules


def cmake_deps(module):
    """The modules in DEPS of src/<module>/CMakeLists.txt."""
    text = (ROOT / "src" / module / "CMakeLists.txt").read_text(encoding="utf-8")
    call = re.search(r"vlmhb_module\(\s*(\w+)(?:\s+DEPS\s+([a-z_\s]*))?[^)]*\)", text)
    if call is None or call.group(1) != module:
        report(f"src/{module}/CMakeLists.txt", f"no vlmhb_module({module} DEPS ...)")
        return set()
    return {dep for dep in (call.group(2) or "").split() if not dep.startswith("dep_")}


def check_table(table):
    for module, may_use in table.items():
        for unknown in may_use - table.keys():
            report("ARCHITECTURE.md", f"'{module}' may use '{unknown}', which has no row")
    # Depth first; a module that is reached again while it is open closes a circle.
    state = {}

    def visit(module, path):
        if state.get(module) == "open":
            report("ARCHITECTURE.md", "a circle: " + " -> ".join(path + [module]))
        if module in state or module not in table:
            return
        state[module] = "open"
        for used in sorted(table[module]):
            visit(used, path + [module])
        state[module] = "done"

    for module in table:
        visit(module, [])
    folders = {path.parent.name for path in (ROOT / "src").glob("*/CMakeLists.txt")}
    for module in sorted(folders - table.keys()):
        report(f"src/{module}", "the module has no row in ARCHITECTURE.md")
    for module in sorted(table.keys() - folders):
        report("ARCHITECTURE.md", f"'{module}' has a row, but no src/{module}/CMakeLists.txt")
    return folders & table.keys()


def check_file(path, owner, allowed, modules):
    """`allowed`: modules that the file may include, its own too."""
    text = path.read_text(encoding="utf-8")
    where = path.relative_to(ROOT)
    is_test = path.stem.endswith("_test")
    for quote, name in INCLUDE.findall(text):
        used = name.split("/")[0]
        if quote == '"' and "/" in name and used not in modules:
            report(where, f'"{name}" is in no module')
        elif quote == '"' and "/" in name and used not in allowed:
            report(where, f'"{name}": {owner} does not depend on {used}')
        elif quote == "<" and owner in PURE and not is_test and IMPURE_HEADERS.match(name):
            report(where, f"<{name}>: {owner} is pure")
        elif owner == "orchestrator" and not is_test and re.match(
                r"env/(?!env_manager\.h|lone_stage\.h|fake_)", name):
            report(where, f'"{name}": orchestrator names no concrete environment')
    if owner not in {"cli", "os"} and not is_test and re.search(r"\b(GetEnv|getenv|secure_getenv)\(", text):
        report(where, "only cli reads the process environment")


def main():
    table = module_table()
    for module in sorted(check_table(table)):
        deps = cmake_deps(module)
        for extra in sorted(deps - table[module]):
            report(f"src/{module}/CMakeLists.txt", f"'{extra}' is not in ARCHITECTURE.md's row")
        for path in sorted((ROOT / "src" / module).rglob("*")):
            if path.suffix in {".h", ".cc"}:
                check_file(path, module, deps | {module}, table.keys())
    for path in sorted((ROOT / "workers").glob("*/*")):
        if path.suffix in {".h", ".cc"} and path.name != "main.cc":
            check_file(path, "a worker", WORKERS_MAY_USE, table.keys())
    for finding in findings:
        print(finding, file=sys.stderr)
    print(f"{len(table)} modules, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())

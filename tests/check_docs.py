#!/usr/bin/env python3
"""Checks that the documentation is true where a program can tell.

    check_docs.py [REPOSITORY]

- docs/errors.md has the table of src/base/error.cc
- links between the pages, and to headings in them, lead somewhere
- files, scripts, `vlmhb` verbs and options that the pages name exist

Each finding is a line on standard error; the exit status is 0 only if there is none.
"""

import pathlib
import re
import sys
import urllib.parse

ROOT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else
                    pathlib.Path(__file__).resolve().parent.parent)
NOT_OURS = {"build", ".git", ".cache", "vlmhb-workspace", "node_modules"}
TOP_FOLDERS = ("src", "workers", "tests", "docs", "scripts", "examples", "registries", "fuzz",
               "bench", "cmake", "python", ".ci")
findings = []


def report(where, text):
    findings.append(f"{where}: {text}")


def read(path):
    return (ROOT / path).read_text(encoding="utf-8")


def pages():
    for path in sorted(ROOT.rglob("*.md")):
        if not NOT_OURS & set(path.relative_to(ROOT).parts):
            yield path


# --- docs/errors.md ---

def check_error_table():
    rows = re.findall(r'\{"(\w+)", (true|false), (\d+), (\d+)\}', read("src/base/error.cc"))
    code = [(name, "yes" if retryable == "true" else "no", exit_status, http)
            for name, retryable, exit_status, http in rows]
    table = re.search(r"<!-- errors:begin -->(.*?)<!-- errors:end -->", read("docs/errors.md"),
                      re.DOTALL)
    if table is None:
        report("docs/errors.md", "no table between errors:begin and errors:end")
        return
    page = [tuple(cell.strip() for cell in line.strip().strip("|").split("|"))[:4]
            for line in table.group(1).strip().splitlines()[2:]]
    if not code:
        report("src/base/error.cc", "its table is not found any more; teach this test")
    for row in code:
        if row not in page:
            report("docs/errors.md", f"no row {' | '.join(row)}, as src/base/error.cc has it")
    for row in page:
        if row not in code:
            report("docs/errors.md", f"row {' | '.join(row)} is not in src/base/error.cc")


# --- links ---

def without_code_blocks(text):
    return re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)


def anchors(text):
    """GitHub's anchors of the headings."""
    names = set()
    for heading in re.findall(r"^#+ +(.+?)\s*$", without_code_blocks(text), re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").lower()
        names.add(re.sub(r"[^\w\- ]", "", plain).replace(" ", "-"))
    return names


def check_links(path, text):
    where = path.relative_to(ROOT)
    prose = re.sub(r"`[^`\n]*`", "", without_code_blocks(text))
    for target in re.findall(r"\]\(([^)\s]+)[^)]*\)", prose):
        target = urllib.parse.unquote(target)
        if re.match(r"[a-z]+:", target):
            continue
        file_name, _, anchor = target.partition("#")
        linked = (path.parent / file_name).resolve() if file_name else path
        if not linked.exists():
            report(where, f"link to {target} leads nowhere")
        elif anchor and linked.suffix == ".md":
            if anchor not in anchors(linked.read_text(encoding="utf-8")):
                report(where, f"link to {target}: no such heading")


# --- commands and files that are named ---

def cli_words():
    """(verbs, options) that the sources of the command line define."""
    text = "\n".join(path.read_text(encoding="utf-8")
                     for path in sorted((ROOT / "src" / "cli").glob("*.cc")))
    verbs = set(re.findall(r'add_subcommand\(\s*"([\w-]+)"', text))
    options = set(re.findall(r"--[a-z][a-z-]*", text)) | {"--help", "--version"}
    return verbs, options


def code_of(text):
    """Inline code and the lines of code blocks."""
    for block in re.findall(r"^```[^\n]*\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        yield from block.replace("\\\n", " ").splitlines()
    yield from re.findall(r"`([^`\n]+)`", without_code_blocks(text))


def check_command(where, words, verbs, options):
    for position, word in enumerate(words):
        if word.startswith("#"):
            return
        if position == 0 and not word.startswith("-"):
            if re.fullmatch(r"[a-z-]+", word) and verbs and word not in verbs:
                report(where, f"`vlmhb {word}`: no such verb")
        option = word.split("=")[0]
        if option.startswith("--") and option not in options:
            report(where, f"`vlmhb ... {option}`: no such option")


def check_code(path, text, verbs, options):
    where = path.relative_to(ROOT)
    for code in code_of(text):
        for command in re.split(r"[|;&]+", code):
            words = command.replace("$ ", "").split()
            if words and re.fullmatch(r"(\S*/)?vlmhb", words[0]):
                check_command(where, words[1:], verbs, options)
        for name in re.findall(r"(?:^|[\s(])((?:\./)?(?:%s)/[\w./-]*[\w/])(?=$|[\s):,;])"
                               % "|".join(map(re.escape, TOP_FOLDERS)), code):
            if re.search(r"/[A-Z_]+(\.\w+)?$", name):
                continue  # a placeholder: src/cli/VERB.cc
            # Relative to the page or to the repository.
            if not ((ROOT / name).exists() or (path.parent / name).exists()):
                report(where, f"`{name}` does not exist")


def main():
    check_error_table()
    verbs, options = cli_words()
    count = 0
    for path in pages():
        text = path.read_text(encoding="utf-8")
        check_links(path, text)
        check_code(path, text, verbs, options)
        count += 1
    for finding in findings:
        print(finding, file=sys.stderr)
    print(f"{count} pages, {len(verbs)} verbs, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())

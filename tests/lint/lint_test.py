#!/usr/bin/env python3
"""Negative controls of tools/lint: each case breaks one rule, and exactly that must be found.

    lint_test.py COMPILER    (the C++ compiler, for the cases on object files)

A case is a text file: a line on why, `expect: file:line: part of the message` lines, then files as
`-- path --` and their contents, laid over the files of cases/clean.txt. `@@` is taken out of the
contents, so that no file here holds what the linter forbids. `repeat: path: N: line` appends a line
N times. A case with one file `object.cc` is compiled and checked with --objects, and with the
`allow: PREFIX` of the case.
"""
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
LINT = HERE.parents[1] / "tools" / "lint"


def read_case(path):
    head, *files = re.split(r"^-- (\S+) --\n", path.read_text(), flags=re.M)
    expected = re.findall(r"^expect: (.*)$", head, flags=re.M)
    tree = {name: text.replace("@@", "") for name, text in zip(files[::2], files[1::2])}
    for name, count, line in re.findall(r"^repeat: (\S+): (\d+): (.*)$", head, flags=re.M):
        tree[name] = tree.get(name, "") + f"{line}\n" * int(count)
    return expected, tree


def lint_tree(tree, folder):
    for name, text in tree.items():
        file = folder / name.replace("@@", "")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    subprocess.run(["git", "-C", folder, "init", "-q"], check=True)
    return [LINT, "--root", folder]


def lint_object(tree, folder, compiler, allowed):
    (folder / "object.cc").write_text(tree["object.cc"])
    subprocess.run([compiler, "-std=c++20", "-O1", "-c", "object.cc"], check=True, cwd=folder)
    subprocess.run(["ar", "rc", "object.a", "object.o"], check=True, cwd=folder)
    return [LINT, "--objects", folder / "object.a", *(f"--allow={prefix}" for prefix in allowed)]


def wrong(path, clean, compiler):
    """What is wrong with the linter's answer to this case; empty if nothing is."""
    expected, tree = read_case(path)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        is_object = "object.cc" in tree
        allowed = re.findall(r"^allow: (.*)$", path.read_text(), flags=re.M)
        command = (lint_object(tree, folder, compiler, allowed) if is_object else
                   lint_tree({**clean, **tree}, folder))
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = [line.replace(name + "/", "") for line in done.stdout.splitlines()[:-1]]
    missed = [e for e in expected if not any(e in line for line in found)]
    extra = [line for line in found if not any(e in line for e in expected)]
    if done.returncode != bool(expected):
        extra.append(f"exit code {done.returncode} {done.stderr}")
    return [f"  not found: {e}" for e in missed] + [f"  not expected: {line}" for line in extra]


def main():
    compiler = sys.argv[1]
    _, clean = read_case(HERE / "cases" / "clean.txt")
    cases = sorted((HERE / "cases").glob("*.txt"))
    failed = 0
    for path in cases:
        complaints = wrong(path, clean, compiler)
        failed += bool(complaints)
        print("\n".join([f"{path.stem}: {'FAILED' if complaints else 'ok'}", *complaints]))
    print(f"{len(cases)} cases, {failed} failed")
    return 1 if failed or len(cases) < 20 else 0


if __name__ == "__main__":
    sys.exit(main())

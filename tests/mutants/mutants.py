#!/usr/bin/env python3
"""Breaks the product, one line at a time, and says whether the tests notice.

    mutants.py            all mutants
    mutants.py NAME…      these
    mutants.py --two SEED two of them, which the (hexadecimal) seed chooses
    mutants.py --check    tries only whether all patches still apply
    mutants.py --source NAME COPY
                          writes the source that this one breaks, broken

A mutant is a file NAME.patch: a sentence on what is broken, then `test: TARGET FILTER` (the target
that must turn red and the GoogleTest filter of the tests in it), then the patch. They are tried in
a copy of the working tree, below build/mutants. Exit code 1 if one survives, or does not apply or
compile any more.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TREE = ROOT / "build" / "mutants" / "tree"
BUILD = TREE / "build" / "dev"
TEST_SECONDS = 300
# So that git takes the copy for what it is: no part of a repository.
ALONE = {**os.environ, "GIT_CEILING_DIRECTORIES": str(TREE.parent)}


class Mutant:
    def __init__(self, path):
        self.name = path.stem
        self.path = path
        header, _, self.patch = path.read_text().partition("\n\n")
        self.sentence, test = header.split("\n")
        self.target, self.filter = re.fullmatch(r"test: (\S+) (\S+)", test).groups()


def copy_tree():
    """A fresh one each time: a build that is older than its sources would be believed."""
    shutil.rmtree(TREE, ignore_errors=True)
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True,
                            text=True).stdout
    for name in filter(None, listed.split("\0")):
        (TREE / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, TREE / name)
    run(["cmake", "--preset", "dev"])


def run(command, cwd=TREE, **more):
    """Quiet unless it fails; a failure ends everything."""
    done = subprocess.run(command, cwd=cwd, env=ALONE, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, **more)
    if done.returncode != 0:
        sys.exit(f"mutants: {' '.join(map(str, command))} failed\n{done.stdout}")


def build(targets):
    run(["cmake", "--build", "--preset", "dev", "--target", *sorted(targets)])


def test(mutant):
    return [BUILD / "bin" / mutant.target, f"--gtest_filter={mutant.filter}"]


def has_tests(mutant):
    """A filter that names no test any more passes whatever is broken."""
    listed = subprocess.run([*test(mutant), "--gtest_list_tests"], cwd=BUILD, check=True,
                            capture_output=True, text=True).stdout
    return any(line.startswith("  ") for line in listed.split("\n"))


def passes(mutant):
    """Also what takes too long, or is killed, has not passed."""
    try:
        return subprocess.run(test(mutant), cwd=BUILD, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, timeout=TEST_SECONDS).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def apply(mutant, *how):
    run(["git", "apply", *how, "-"], input=mutant.patch)


def caught(mutant):
    apply(mutant)
    build([mutant.target])
    survived = passes(mutant)
    apply(mutant, "-R")
    print(f"{'SURVIVES' if survived else 'caught':8}  {mutant.name}: {mutant.sentence}", flush=True)
    return not survived


def chosen(mutants, arguments):
    if arguments[:1] == ["--two"]:
        seed = int(arguments[1], 16)
        first = seed % len(mutants)
        second = (first + 1 + seed // len(mutants) % (len(mutants) - 1)) % len(mutants)
        return [mutants[first], mutants[second]]
    return [m for m in mutants if not arguments or m.name in arguments]


def check(mutants):
    for mutant in mutants:
        run(["git", "apply", "--check", "-"], cwd=ROOT, input=mutant.patch)
    print(f"mutants: {len(mutants)} apply")


def write_source(mutant, copy):
    """For a program that is built with it, and without all the others."""
    changed = re.findall(r"^\+\+\+ b/(\S+)$", mutant.patch, re.MULTILINE)
    if len(changed) != 1:
        sys.exit(f"mutants: {mutant.name} changes not one source: {changed}")
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder) / changed[0]
        source.parent.mkdir(parents=True)
        shutil.copy2(ROOT / changed[0], source)
        run(["git", "apply", "-"], cwd=folder, input=mutant.patch)
        shutil.copy(source, copy)
    return 0


def main():
    if sys.argv[1:2] == ["--source"]:
        name, copy = sys.argv[2:]
        return write_source(Mutant(HERE / f"{name}.patch"), copy)
    if sys.argv[1:] == ["--check"]:
        return check([Mutant(path) for path in sorted(HERE.glob("*.patch"))])
    mutants = chosen([Mutant(path) for path in sorted(HERE.glob("*.patch"))], sys.argv[1:])
    copy_tree()
    build({m.target for m in mutants})
    for mutant in {(m.target, m.filter): m for m in mutants}.values():
        if not has_tests(mutant):
            sys.exit(f"mutants: {mutant.target} has no test {mutant.filter}")
        if not passes(mutant):
            sys.exit(f"mutants: {mutant.target} {mutant.filter} fails without any mutant")
    count = sum([caught(m) for m in mutants])
    print(f"mutants: {count}/{len(mutants)} caught")
    return 0 if count == len(mutants) else 1


if __name__ == "__main__":
    sys.exit(main())

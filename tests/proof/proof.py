#!/usr/bin/env python3
"""Keeps the results of checks that are too long for CI, and says when they are out of date.

    proof.py record STAGE NAME=COUNT… -- FOLDER…   writes STAGE.json for the commit checked out
    proof.py since STAGE                           the commit that STAGE.json speaks for
    proof.py reaches STAGE NAME=COUNT…             those counts reach their floors
    proof.py check                                 every stage of floors.json has a proof that holds
    proof.py counts LOG [NAME…]                    prints what the tests in a log of ctest's have
                                                   counted; fails if one of COUNTED did not

A proof holds while each count reaches its floor in floors.json and at most MAX_COMMITS commits have
touched its folders since; of what CI runs in full on every commit (WHOLE_IN_CI) none ages. It names
the folders' tree ids and no commit, so that it survives a rebase; its age is counted from the
commit that brought it in.
"""
import itertools
import json
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
MAX_COMMITS = 40
WHOLE_IN_CI = {"asan"}
# How the lines begin with which tests say how much they have proven: ctest shows them to nobody.
COUNTED = {
    "crash-matrix": r"crash matrix of .*: \d",
    "kill": r"kill: \w+=\d",
    "power-loss": r"power loss: \w+=\d",
    "io-faults": r"I/O faults: \w+=\d",
    "corruption": r"corruption: \w+=\d",
    "identity": r"ways of .*: ",
    "rebuild": r"rebuild: \d",
    "histories": r"replayed \d",
    "model": r"model: ",
}
NUMBER = re.compile(r"\d+(?!\d| x )")  # the 2 of "2 x 4 activities" is none


def git(*arguments):
    done = subprocess.run(["git", "-C", HERE.parents[1], *arguments], check=True,
                          capture_output=True, text=True)
    return done.stdout.strip()


def floors_of():
    return json.loads((HERE / "floors.json").read_text())


def tree_ids(folders):
    return {folder: git("ls-tree", "--object-only", "HEAD", folder) for folder in folders}


def path_of(stage):
    return HERE / f"{stage}.json"


def commit_of(stage):
    """The commit that last changed the proof; empty while that is not committed."""
    if git("status", "--porcelain", "--", path_of(stage)):
        return ""
    return git("log", "-1", "--format=%H", "--", path_of(stage))


def counts_of(arguments):
    return {name: int(count) for name, count in (a.split("=") for a in arguments)}


def too_few(counts, floors):
    for name, floor in floors.items():
        if counts.get(name, 0) < floor:
            return f"{counts.get(name, 0)} {name}, the floor is {floor}"
    return ""


def reaches(stage, *arguments):
    why = too_few(counts_of(arguments), floors_of()[stage])
    sys.exit(f"proof: {stage}: {why}" if why else 0)


def record(stage, *arguments):
    split = arguments.index("--")
    folders = arguments[split + 1:]
    changes = [line for line in git("status", "--porcelain", "--", *folders).splitlines()
               if "tests/proof/" not in line]
    if changes:
        sys.exit(f"proof: {stage} passed, but is not recorded: commit first {changes[0]}")
    counts = counts_of(arguments[:split])
    proof = {"stage": stage, "counts": counts, "folders": tree_ids(folders)}
    path_of(stage).write_text(json.dumps(proof, indent=2) + "\n")
    print(f"proof: {stage} {counts} written to tests/proof/{stage}.json; commit it")


def since(stage):
    commit = commit_of(stage) if path_of(stage).exists() else ""
    if not commit:
        commit = git("rev-list", "--max-count=2", "HEAD").splitlines()[-1]
    print(commit)


def complaint(stage, floors):
    """Why the proof of `stage` does not hold; empty if it does."""
    again = f"run tools/prove {stage} and commit tests/proof/{stage}.json"
    if not path_of(stage).exists():
        return f"there is no proof; {again}"
    proof = json.loads(path_of(stage).read_text())
    if why := too_few(proof["counts"], floors):
        return f"{why}; {again}"
    return "" if stage in WHOLE_IN_CI else stale(stage, proof["folders"], again)


def stale(stage, folders, again):
    commit = commit_of(stage)
    if not commit or tree_ids(folders) == folders:
        return ""
    if git("rev-parse", "--is-shallow-repository") == "true":
        return "its age cannot be told in a shallow clone; git fetch --unshallow"
    touched = int(git("rev-list", "--count", f"{commit}..HEAD", "--", *folders))
    if touched > MAX_COMMITS:
        return f"{touched} commits since touched what it covers, {MAX_COMMITS} allowed; {again}"
    return ""


def lines_in(log):
    """All lines but those of tests that have a proof notice what is wrong: Suite.Notices…"""
    notices = False
    for line in pathlib.Path(log).read_text(encoding="utf-8", errors="replace").splitlines():
        if line == "Output:" or line.startswith("[ RUN "):
            notices = ".Notice" in line
        elif not notices:
            yield line


def summed(lines):
    """Of lines that differ in their numbers only, one with the sums of these."""
    sums, times = {}, {}
    for line in lines:
        text = NUMBER.sub("\0", line)
        numbers = map(int, NUMBER.findall(line))
        sums[text] = [a + b for a, b in zip(sums.get(text, itertools.repeat(0)), numbers)]
        times[text] = times.get(text, 0) + 1
    for text, numbers in sums.items():
        parts = itertools.zip_longest(text.split("\0"), numbers, fillvalue="")
        line = "".join(f"{part}{number}" for part, number in parts)
        yield line if times[text] == 1 else f"{line} (sum of {times[text]})"


def counts(log, *names):
    lines = list(lines_in(log))
    for name in names or COUNTED:
        own = [line for line in lines if re.match(COUNTED[name], line)]
        if not own:
            sys.exit(f"proof: {name}: no test in {log} has counted anything")
        print(*summed(own), sep="\n")


def check():
    floors = floors_of()
    complaints = {stage: complaint(stage, floors[stage]) for stage in floors}
    for path in HERE.glob("*.json"):
        if path.stem != "floors" and path.stem not in floors:
            complaints[path.stem] = "has no floor; add one to tests/proof/floors.json"
    for stage, why in complaints.items():
        print(f"{stage}: {why or 'holds'}")
    sys.exit(1 if any(complaints.values()) else 0)


if __name__ == "__main__":
    commands = {"record": record, "since": since, "reaches": reaches, "check": check,
                "counts": counts}
    commands[sys.argv[1]](*sys.argv[2:])

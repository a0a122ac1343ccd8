#!/usr/bin/env python3
"""clang-tidy on the sources named on standard input, two at a time.

    tidy.py BUILD < LIST

BUILD holds compile_commands.json. A source that passed before is left out as long as the compiler
sees the same text (headers and comments included), is called the same way, and clang-tidy and what
it is asked are the same: BUILD/passed has a file for each such state. So a run that was broken off,
or found something, is not begun anew. Exit code 1 if something was found.
"""
import concurrent.futures
import hashlib
import json
import pathlib
import shlex
import subprocess
import sys

TIDY = "clang-tidy-19"
FILE_SECONDS = 900


def output(*command, cwd=None):
    return subprocess.run(command, cwd=cwd, check=True, capture_output=True,
                          timeout=FILE_SECONDS).stdout


def commands_of(build):
    entries = json.loads((build / "compile_commands.json").read_text())
    return {entry["file"]: entry for entry in entries}


def state_of(source, entry, asked):
    """Of all that clang-tidy's answer for `source` depends on."""
    command = shlex.split(entry["command"])
    at = command.index("-o")
    seen = output(*command[:at], "-E", "-C", source, cwd=entry["directory"])
    return hashlib.sha256(asked + entry["command"].encode() + seen).hexdigest()


def check(source, entry, build, asked):
    """One of "passed", "as before" and "found"; what was found is printed."""
    stamp = build / "passed" / state_of(source, entry, asked)
    if stamp.exists():
        return "as before"
    done = subprocess.run([TIDY, "-p", build, "--quiet", source], text=True, timeout=FILE_SECONDS,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode != 0:
        print(done.stdout + done.stderr, flush=True)
        return "found"
    stamp.touch()
    return "passed"


def main(build):
    sources = [str(pathlib.Path(line).resolve()) for line in sys.stdin.read().split()]
    commands = commands_of(build)
    unknown = [source for source in sources if source not in commands]
    if unknown:
        sys.exit(f"tidy: {build} has no compile command for {unknown[0]}; no target compiles it")
    (build / "passed").mkdir(exist_ok=True)
    asked = output(TIDY, "--version") + pathlib.Path(".clang-tidy").read_bytes()
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        results = list(pool.map(lambda source: check(source, commands[source], build, asked),
                                sources))
    counts = {result: results.count(result) for result in ("passed", "as before", "found")}
    print("tidy:", ", ".join(f"{count} {result}" for result, count in counts.items()))
    return 1 if counts["found"] else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve()))

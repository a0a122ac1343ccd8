#!/usr/bin/env python3
"""guides.py GUIDE --bin DIR [--images OLD NEW]: a guide of KubeDB's, command by command.

DIR holds ratchetd. GUIDE is the name of a file in tests/e2e/guides: the commands that the guide
tells its reader to type, and what they print. Starts a real Kubernetes (tests/cluster/run).

Such a file has steps, with an empty line between them. A step begins with "$ ", and is what a shell
is given; "> " begin the lines that it must print, all of them, white space aside. In these "*"
stands for one word, and "> ..." for any lines. "within N s" asks again until it prints that. "# "
begins a remark, "images: " names the images that the guide needs, if --images does not. {OLD} and
{NEW} stand for the catalogue's names of their versions.
"""
import dataclasses
import fnmatch
import pathlib
import subprocess
import sys
import time

import cluster
from cluster import check
from suite import parser_of, say, with_both_roles
from upgrade_group import TAG, add_release

GUIDES = pathlib.Path(__file__).resolve().parent / "guides"


@dataclasses.dataclass
class Step:
    """What is typed, what must be printed, and for how long it may be asked again."""
    line: int
    command: str = ""
    expected: list = dataclasses.field(default_factory=list)
    seconds: int = 0


def steps_of(text):
    """The steps of a guide; ValueError that names the line for what is none."""
    steps, step = [], None
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith(("# ", "images: ")):
            step = step if line.strip() else None
        elif line.startswith("$ ") and step is None:
            step = Step(number, line[2:])
            steps.append(step)
        elif step is None:
            raise ValueError(f"line {number}: a step begins with '$ '")
        elif line.startswith("> "):
            step.expected.append(line[2:].split())
        elif line.startswith("within ") and line.endswith(" s"):
            step.seconds = int(line.split()[1])
        elif step.expected:
            raise ValueError(f"line {number}: neither '> ' nor 'within N s'")
        else:
            step.command += "\n" + line
    return steps


def images_of(text):
    named = [line.split()[1:] for line in text.splitlines() if line.startswith("images: ")]
    return named[0] if named else []


def fits(lines, expected):
    """Whether lines of words are those expected: "..." alone stands for any lines."""
    if not expected:
        return not lines
    if expected[0] == ["..."]:
        return any(fits(lines[skip:], expected[1:]) for skip in range(len(lines) + 1))
    return bool(lines) and same(lines[0], expected[0]) and fits(lines[1:], expected[1:])


def same(words, wanted):
    return len(words) == len(wanted) and all(
        fnmatch.fnmatchcase(word, want) for word, want in zip(words, wanted))


def take(step, names):
    """Types the command until it prints what it must. How long that took."""
    command, expected = step.command, step.expected
    for name, value in names.items():
        command = command.replace("{" + name + "}", value)
        expected = [[word.replace("{" + name + "}", value) for word in line] for line in expected]
    begun = time.monotonic()
    while True:
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=300,
                              check=False)
        printed = done.stdout + done.stderr
        lines = [line.split() for line in printed.splitlines() if line.strip()]
        if fits(lines, expected):
            return time.monotonic() - begun
        wanted = "\n".join(" ".join(line) for line in expected)
        check(time.monotonic() - begun < step.seconds,
              f"line {step.line}: $ {command}\n--- printed:\n{printed}--- expected:\n{wanted}")
        time.sleep(0.5)


def names_of(images):
    names = {"OLD": cluster.version_of(images[0])}
    names["NEW"] = cluster.version_of(images[1]) if len(images) > 1 else add_release()
    return names


def story(guide, images):
    names = names_of(images)
    for step in steps_of((GUIDES / guide).read_text()):
        took = take(step, names)
        if step.command.startswith("kubectl create ns "):
            cluster.let_hold_databases(step.command.split()[-1])
        say(f"{took:5.1f} s  $ {step.command.splitlines()[0][:80]}")


def main():
    parser = parser_of(__doc__)
    parser.add_argument("guide", choices=sorted(path.name for path in GUIDES.iterdir()))
    parser.add_argument("--images", nargs=2)
    options = parser.parse_args()
    images = options.images or images_of((GUIDES / options.guide).read_text())
    return cluster.in_its_own(__file__, " ".join(images),
                              lambda: with_both_roles(options.bin.resolve(), lambda programs: story(
                                  options.guide, images)),
                              RATCHET_SECOND_TAG=TAG)


if __name__ == "__main__":
    sys.exit(main())

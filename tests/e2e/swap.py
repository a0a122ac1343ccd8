#!/usr/bin/env python3
"""swap.py SOURCE COPY: a copy of a workflow's source with two steps in the other order.

A build of it must fail `ratchetctl replay` on every log of the real one.
"""
import pathlib
import sys

FIRST = "  co_await wf.step(protect_pod, the_pod(upgrade, workload));\n"
SECOND = "  co_await wf.step(prepare_shutdown, the_shutdown(upgrade, workload, wf.now()));\n"


def main():
    source, copy = map(pathlib.Path, sys.argv[1:])
    text = source.read_text(encoding="utf-8")
    if text.count(FIRST + SECOND) != 1:
        print(f"{source}: expected once, one after the other:\n{FIRST}{SECOND}", file=sys.stderr)
        return 1
    copy.write_text(text.replace(FIRST + SECOND, SECOND + FIRST), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""lines_test.py BENCH DIR: every workload at a hundredth of its size, on logs in DIR.

The command line is the one by which peers are compared, and each line of output has the fields that
are compared of its workload, as numbers. Red if a workload or a field is missing, renamed or empty,
and if `bench` fails: then a log was not whole, or had not exactly its events.
"""
import json
import subprocess
import sys

EVERY = {"rep", "server_peak_mb", "server_cpu_s", "fsync_p50_us", "verified_events"}
STEPS = {"steps_per_s", "workflows_per_s", "p50_ms", "p99_ms", "wal_bytes_per_step", "syncs"}
KILLED = {"ready_s", "release_to_done_s", "restart_to_done_s", "steps_repeated_after",
          "steps_missing"}
WORKLOADS = "w1,w2,w3,w4,w6-replay,w7-suspended,w8-growth"
LINES = [
    ("w1", STEPS | {"bytes_per_step_after"}),
    ("w2-s1", STEPS),
    ("w2-s10", STEPS),
    ("w3", {"starts_per_s", "all_done_after_last_due_s", "syncs"}),
    ("w4", KILLED),
    ("w6-replay", {"events_per_s"}),
    ("w7-suspended", KILLED | {"resident_mb"}),
    *[("w8-growth", STEPS | {"events_before"})] * 3,
]
FIRST = 7  # the number of the only repetition


def complaints(line, workload, fields):
    if (line.get("peer"), line.get("workload"), line.get("rep")) != ("ratchet", workload, FIRST):
        return [f"it is not of repetition {FIRST} of ratchet's {workload}"]
    return [f"{field} is {line.get(field)!r}, no number" for field in sorted(EVERY | fields)
            if isinstance(line.get(field), bool) or not isinstance(line.get(field), (int, float))]


def main():
    bench, folder = sys.argv[1:]
    done = subprocess.run([bench, f"--workloads={WORKLOADS}", "--reps=1", f"--rep0={FIRST}",
                           f"--dir={folder}", "--scale=0.01"], stdout=subprocess.PIPE, text=True,
                          check=True)
    print(done.stdout, end="")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    if len(lines) != len(LINES):
        return f"{len(lines)} lines, not {len(LINES)}"
    wrong = [f"{line}: {what}" for line, (workload, fields) in zip(lines, LINES)
             for what in complaints(line, workload, fields)]
    return "\n".join(wrong)


if __name__ == "__main__":
    sys.exit(main() or 0)

#!/usr/bin/env python3
"""million.py [--bin DIR] [--events N] [--log DIR]: what each command costs on a large log.

Makes a log of N events (1 000 000) with the engine, in a folder of its own or in DIR, which is
kept; runs each command of ratchetctl on it, those that change a log on a backup of it; prints its
time, the most memory that it had, and how much it printed. What steers a run is the daemon's work,
and not among them. Figures, not verdicts; but a command that ends otherwise than it should, or an
export that has not every event, is an error.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
WELL, NOT_FOUND, TIMED_OUT, SELF_CONSISTENT = 0, 2, 6, 7


class Ctl:
    """ratchetctl with the workflows of the log."""

    def __init__(self, programs, folder, log):
        self.program, self.folder, self.log = programs / "bench_ctl", folder, log

    def make(self, events):
        subprocess.run([self.program, "make", self.log, str(events)], check=True)

    def measure(self, words, expected, log=None):
        """Seconds, megabytes of memory, bytes printed; what it printed is in the file `out`."""
        begin = time.monotonic()
        with open(self.folder / "out", "wb") as out:
            done = subprocess.run([self.program, "ctl", "--log", log or self.log, *words],
                                  stdout=out, stderr=subprocess.PIPE, text=True, cwd=self.folder,
                                  check=False)
        took = time.monotonic() - begin
        if done.returncode != expected:
            raise SystemExit(f"million: {' '.join(words)} ended with {done.returncode}, not "
                             f"{expected}:\n{done.stderr}")
        return took, float(done.stderr.splitlines()[-1]), (self.folder / "out").stat().st_size

    def document(self, *words):
        self.measure(["-o", "json", *words], WELL)
        return json.loads((self.folder / "out").read_text())


def commands(older):
    """Each with the exit code that it must have. `older`: a file with an older checkpoint."""
    for words in ("runs", "runs --state running", "runs --sort duration --reverse --limit 20",
                  "runs --about short-7", "runs --ids", "-o json runs", "show long-0",
                  "show waiting-0", "explain waiting-0", "history long-0", "history short-0",
                  "-o wide history long-0", "-o json history long-0", "diff short-0 short-1",
                  "report long-0 --to report.html", "replay", "replay long-0",
                  "replay long-0 --until 20", "replay short-0 --step", "verify",
                  f"verify --anchor {older}", "checkpoint", "checkpoint --size 1000",
                  "prove long-0", f"prove --from {older}", "evidence long-0 --to evidence.json"):
        yield words, WELL
    yield "evidence check evidence.json", SELF_CONSISTENT
    for words in ("export --tiles tiles", "export --jsonl", "export --jsonl --run long-0",
                  "-o yaml history long-0", "backup --to backup"):
        yield words, WELL
    yield "plan long-0", NOT_FOUND  # it is no upgrade
    yield "runs --watch --timeout 0.1", TIMED_OUT
    yield "history waiting-0 --follow --timeout 0.1", TIMED_OUT
    for words in ("completion bash", "help", "version"):
        yield words, WELL


def care(longer):
    """On a backup, one after the other. `longer`: a file for the checkpoint of a longer log."""
    reason = "--reason bench --by bench"
    repair = f"repair --to-anchor backup/checkpoint {reason} --into repaired"
    restore = f"restore --anchor {longer} --accept-loss {reason}"
    prune = f"prune --completed-before 2100-01-01 {reason}"
    for words in ("rebuild --dry-run", "rebuild", f"{repair} --dry-run", repair):
        yield words, "backup"
    yield f"adopt {reason} --dry-run", "repaired"
    yield f"adopt {reason}", "repaired"
    yield None, "repaired"  # it is longer than the backup now
    for words in (f"{restore} --dry-run", restore, f"release waiting-0 {reason}",
                  f"{prune} --dry-run", prune, "verify"):
        yield words, "backup"


def count_lines(file):
    with open(file, "rb") as lines:
        return sum(1 for _ in lines)


def measure_all(ctl, events):
    folder = ctl.folder
    whole = ctl.document("verify")
    if whole["events"] != events:
        raise SystemExit(f"million: the log has {whole['events']} events, not {events}")
    older = folder / "older"
    older.write_text(ctl.document("checkpoint", "--size", "1000")["checkpoint"])
    print(f"{whole['records']} records, {whole['runs']} runs, {whole['events']} events\n")
    print(f"{'seconds':>8} {'peak MB':>8} {'printed kB':>11}  command")
    for words, expected in commands(older.name):
        show(words, ctl.measure(words.split(), expected))
        if words == "export --jsonl" and count_lines(folder / "out") != events:
            raise SystemExit(f"million: the export has {count_lines(folder / 'out')} events, "
                             f"not {events}")
    measure_care(ctl)


def show(words, measured):
    took, peak, printed = measured
    print(f"{took:>8.2f} {peak:>8.1f} {printed / 1000:>11.1f}  {words}", flush=True)


def measure_care(ctl):
    longer = ctl.folder / "longer"
    for words, log in care(longer.name):
        if words is not None:
            show(words, ctl.measure(words.split(), WELL, log))
            continue
        ctl.measure(["checkpoint"], WELL, log)
        longer.write_bytes((ctl.folder / "out").read_bytes())


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--bin", type=pathlib.Path, default=SOURCE / "build/release/bin")
    parser.add_argument("--events", type=int, default=1_000_000, help="a multiple of 5000")
    parser.add_argument("--log", type=pathlib.Path, help="made there if there is none; is kept")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        log = (options.log or pathlib.Path(folder) / "log").resolve()
        ctl = Ctl(options.bin.resolve(), pathlib.Path(folder), log)
        if not log.exists():
            begin = time.monotonic()
            ctl.make(options.events)
            print(f"made in {time.monotonic() - begin:.0f} s: ", end="")
        measure_all(ctl, options.events)
    return 0


if __name__ == "__main__":
    sys.exit(main())

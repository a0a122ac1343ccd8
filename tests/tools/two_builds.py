#!/usr/bin/env python3
"""two_builds.py NEW OLD: two builds of the programs (folders with them) read each other's logs.

What is proved: what the new ratchetctl says about a log holds everything that the old one says
about it, whichever build wrote the log, or both in turns: fields are only ever added, exit codes
stay.
Each build checks evidence and verifies backups of the other, and exports the same tiles.
A command that the old build does not have yet is named, not compared.
"""
import filecmp
import json
import pathlib
import subprocess
import sys
import tempfile

RUNS = "5"
# RUN stands for the newest run, OTHER for the one before, BACKUP for a folder.
DOCUMENTS = ("runs", "runs --newest 2", "show RUN", "explain RUN", "history RUN", "diff RUN OTHER",
             "verify", "checkpoint", "checkpoint --size 10", "prove RUN", "replay")
LINES = ("export --jsonl", "export --jsonl --run RUN")
TEXTS = ("runs", "show RUN", "history RUN", "verify", "report RUN")


class Build:
    def __init__(self, name, programs):
        self.name, self.programs = name, pathlib.Path(programs).resolve()

    def write(self, log):
        """Appends runs to the log, which it makes if there is none."""
        done = subprocess.run([self.programs / "transparency_log", "record", log, RUNS],
                              capture_output=True, text=True, check=False)
        require(done.returncode == 0, f"{self.name} cannot write {log}: {done.stderr}")

    def ctl(self, log, words):
        return subprocess.run([self.programs / "ratchetctl", "--log", log, *words],
                              capture_output=True, text=True, check=False)


def require(holds, complaint):
    if not holds:
        sys.exit(f"two_builds: {complaint}")


def missing(old, new, where=""):
    """What the newer document lacks of the older one; empty: nothing."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key, value in old.items():
            if key not in new:
                return f"{where}.{key} is gone"
            lack = missing(value, new[key], f"{where}.{key}")
            if lack:
                return lack
        return ""
    if isinstance(old, list) and isinstance(new, list):
        if len(old) != len(new):
            return f"{where} has {len(new)} elements, not {len(old)}"
        lacks = (missing(a, b, f"{where}[{i}]") for i, (a, b) in enumerate(zip(old, new)))
        return next((lack for lack in lacks if lack), "")
    return "" if old == new else f"{where} is {new!r}, not {old!r}"


class Comparison:
    def __init__(self, old, new, folder):
        self.old, self.new, self.folder = old, new, folder
        self.compared = 0

    def words(self, command, log):
        ids = [run["run"] for run in json.loads(self.old.ctl(log, ["-o", "json", "runs"]).stdout)]
        names = {"RUN": ids[-1], "OTHER": ids[-2]}
        return [names.get(word, word) for word in command.split()]

    def both(self, log, what, words):
        """What the two builds say; nothing if the old one has no such command."""
        old, new = self.old.ctl(log, words), self.new.ctl(log, words)
        if old.returncode == 1 and new.returncode != 1:
            print(f"  only the new build has: {what}")
            return None
        require(old.returncode == new.returncode,
                f"{what} on {log.name}: exit code {new.returncode}, with the old build "
                f"{old.returncode}\n{old.stderr}{new.stderr}")
        self.compared += 1
        return old.stdout, new.stdout

    def read(self, log):
        for command in DOCUMENTS:
            said = self.both(log, command, ["-o", "json", *self.words(command, log)])
            if said:
                self.compare(log, command, json.loads(said[0]), json.loads(said[1]))
        for command in LINES:
            said = self.both(log, command, self.words(command, log))
            if said:
                old, new = ([json.loads(line) for line in text.splitlines()] for text in said)
                self.compare(log, command, old, new)
        for command in TEXTS:
            said = self.both(log, command, self.words(command, log))
            require(said is None or said[1], f"{command} on {log.name} says nothing")

    def compare(self, log, command, old, new):
        lack = missing(old, new)
        require(not lack, f"{command} on {log.name}: in what the new build says, {lack}")

    def exchange(self, log):
        """What one build takes out of the log, the other checks."""
        for maker, judge in ((self.old, self.new), (self.new, self.old)):
            file = self.folder / f"{log.name}.{maker.name}.evidence"
            run = self.words("RUN", log)
            made = maker.ctl(log, ["evidence", *run, "--to", file])
            require(made.returncode == 0, f"evidence by {maker.name}: {made.stderr}")
            anchor = self.folder / "anchor"
            anchor.write_text(maker.ctl(log, ["checkpoint"]).stdout)
            checks = [build.ctl(log, ["evidence", "check", file, "--anchor", anchor])
                      for build in (maker, judge)]
            # 4: neither build has the workflow, so neither re-performs it; all else holds.
            require(checks[0].returncode in (0, 4) and
                    checks[0].returncode == checks[1].returncode,
                    f"evidence by {maker.name}: {checks[0].returncode}, checked by {judge.name}: "
                    f"{checks[1].returncode} {checks[1].stderr}{checks[1].stdout}")
            backup = self.folder / f"{log.name}.{maker.name}.backup"
            made = maker.ctl(log, ["backup", "--to", backup])
            require(made.returncode == 0, f"backup by {maker.name}: {made.stderr}")
            require(judge.ctl(backup, ["verify", "--anchor", anchor]).returncode == 0,
                    f"the backup by {maker.name} is not whole, says {judge.name}")
            maker.ctl(log, ["export", "--tiles", self.folder / f"{log.name}.{maker.name}.tiles"])
            self.compared += 2
        same_tree(*(self.folder / f"{log.name}.{build.name}.tiles"
                    for build in (self.old, self.new)))
        self.compared += 1


def same_tree(one, other):
    compared = filecmp.dircmp(one, other)
    require(not compared.left_only and not compared.right_only and not compared.diff_files,
            f"{one} and {other} differ: {compared.left_only + compared.right_only}"
            f"{compared.diff_files}")
    for name in compared.common_dirs:
        same_tree(one / name, other / name)


def main(new_programs, old_programs):
    old, new = Build("old", old_programs), Build("new", new_programs)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        comparison = Comparison(old, new, folder)
        for name, writers in (("of_old", [old]), ("of_new", [new]), ("rolled_out", [old, new]),
                              ("rolled_back", [new, old, new])):
            log = folder / name
            for writer in writers:
                writer.write(log)
            comparison.read(log)
            comparison.exchange(log)
            print(f"{name}: written by {', then '.join(w.name for w in writers)}; both agree")
        print(f"{comparison.compared} comparisons")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

#!/usr/bin/env python3
"""A proof that is missing, too thin, too old or of unknown age does not pass."""
import json
import pathlib
import shutil
import subprocess
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent


class Proof(unittest.TestCase):
    def setUp(self):
        keeper = tempfile.TemporaryDirectory()
        self.addCleanup(keeper.cleanup)
        self.root = pathlib.Path(keeper.name) / "repository"
        (self.root / "tests" / "proof").mkdir(parents=True)
        shutil.copy(HERE / "proof.py", self.root / "tests" / "proof")
        self.floors({"kill": {"points": 5}})
        self.git("init", "-q")
        self.change("store")
        self.commit()

    def git(self, *arguments):
        subprocess.run(["git", "-C", self.root, "-c", "user.name=a", "-c", "user.email=a@b",
                        *arguments], check=True, capture_output=True)

    def floors(self, floors):
        (self.root / "tests" / "proof" / "floors.json").write_text(json.dumps(floors))

    def change(self, folder):
        (self.root / folder).mkdir(exist_ok=True)
        with open(self.root / folder / "file", "a", encoding="utf-8") as file:
            file.write("a line\n")

    def commit(self):
        self.git("add", "-A")
        self.git("commit", "-qm", "a change")

    def commits(self, folder, count):
        for _ in range(count):
            self.change(folder)
            self.commit()

    def proof(self, *arguments, root=None):
        script = (root or self.root) / "tests" / "proof" / "proof.py"
        done = subprocess.run([script, *arguments], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    def record(self, points):
        return self.proof("record", "kill", f"points={points}", "--", "store")

    def test_a_proof_holds_for_40_commits(self):
        self.record(5)
        self.commit()
        self.commits("store", 40)
        self.commits("docs", 2)
        self.assertEqual(self.proof("check"), (0, "kill: holds\n"))

    def test_a_proof_fails_after_41_commits(self):
        self.record(5)
        self.commit()
        self.commits("store", 41)
        self.assertIn("41 commits since touched what it covers", self.proof("check")[1])
        self.assertEqual(self.proof("check")[0], 1)

    def test_what_ci_runs_in_full_is_proven_by_it_but_for_its_count(self):
        self.floors({"asan": {"tests": 5}})
        self.proof("record", "asan", "tests=5", "--", "store")
        self.commit()
        self.commits("store", 41)
        self.assertEqual(self.proof("check"), (0, "asan: holds\n"))
        self.assertEqual(self.proof("reaches", "asan", "tests=5")[0], 0)
        self.floors({"asan": {"tests": 6}})
        self.assertEqual(self.proof("check")[0], 1)
        code, text = self.proof("reaches", "asan", "tests=5")
        self.assertEqual((code, text), (1, "proof: asan: 5 tests, the floor is 6\n"))

    def test_a_missing_proof_fails(self):
        code, text = self.proof("check")
        self.assertEqual(code, 1)
        self.assertIn("kill: there is no proof; run tools/prove kill", text)

    def test_a_count_under_its_floor_fails(self):
        self.record(4)
        self.commit()
        code, text = self.proof("check")
        self.assertEqual(code, 1)
        self.assertIn("4 points, the floor is 5", text)

    def test_a_proof_without_a_floor_fails(self):
        self.record(5)
        self.floors({})
        self.assertEqual(self.proof("check")[0], 1)

    def test_what_is_not_committed_is_not_recorded(self):
        self.change("store")
        code, text = self.record(5)
        self.assertEqual(code, 1)
        self.assertIn("commit first", text)
        self.assertFalse((self.root / "tests" / "proof" / "kill.json").exists())

    def counts(self, *lines):
        log = self.root.parent / "LastTest.log"
        log.write_text("".join(f"{line}\n" for line in lines))
        return self.proof("counts", log, "crash-matrix", "kill")

    def test_what_tests_count_is_summed(self):
        code, text = self.counts(
            "Output:", "[ RUN      ] Trip.Ends", "crash matrix of trip: 5 points (3 + 2 x 1)",
            "[ RUN      ] Trip.Notices", "crash matrix of trip: 100 points (100 + 2 x 100)",
            "Output:", "crash matrix of trip: 17 points (7 + 2 x 5)", "kill: appends=6", "other: 1")
        self.assertEqual((code, text), (0, "crash matrix of trip: 22 points (10 + 2 x 6) (sum of 2)"
                                           "\nkill: appends=6\n"))

    def test_what_counts_nothing_has_proven_nothing(self):
        code, text = self.counts("Output:", "crash matrix of trip: 5 points", "kill: holds")
        self.assertEqual(code, 1)
        self.assertIn("proof: kill: no test in ", text)

    def test_a_shallow_clone_knows_no_age(self):
        self.record(5)
        self.commit()
        self.commits("store", 1)
        clone = self.root.parent / "clone"
        self.git("clone", "-q", "--depth=1", f"file://{self.root}", clone)
        code, text = self.proof("check", root=clone)
        self.assertEqual(code, 1)
        self.assertIn("git fetch --unshallow", text)


if __name__ == "__main__":
    unittest.main()

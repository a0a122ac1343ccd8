#!/usr/bin/env python3
"""damaged_logs_test.py RATCHETCTL TRANSPARENCY_LOG: commands that read a log, on damaged ones.

What is proved: of a log whose files are damaged, cut or gone a command says what it says of the
whole one, or it ends with an exit code that docs/OPERATING.md has for damage, and says why. That it
has fewer runs, or that there is no such run, is said of no damaged log.
"""
import concurrent.futures
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

RATCHETCTL = TRANSPARENCY_LOG = ""
NO_LOG, DAMAGED, UNREADABLE, ABORTED = 2, 3, 5, -6
COMMANDS = ("runs", "-o json runs --state completed", "show run-1", "-o yaml explain run-1",
            "history run-1 --hints", "-o json history run-1", "diff run-1 run-2", "replay",
            "replay run-1 --until 2", "report run-1", "verify", "checkpoint", "prove run-1",
            "evidence run-1", "export --jsonl")
NO_PART_OF_IT = ("LOG", "LOCK", "IDENTITY", "OPTIONS")  # RocksDB's, and not read


def say(log, words):
    """(exit code, standard output), and standard error."""
    done = subprocess.run([RATCHETCTL, "--log", log, *words.split()], capture_output=True,
                          timeout=60, check=False, env={**os.environ, "TZ": "UTC"})
    return (done.returncode, done.stdout), done.stderr


def damages(content):
    """In words, and what is left; None: nothing."""
    for at in (len(content) // 3, len(content) - 1):
        flipped = bytes([content[at] ^ 1])
        yield f"byte {at} flipped", content[:at] + flipped + content[at + 1:]
    yield "the second half gone", content[:len(content) // 2]
    yield "deleted", None


class DamagedLogsTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.log = self.folder / "whole"
        for _ in range(2):  # opened again, it has a table beside its write-ahead log
            subprocess.run([TRANSPARENCY_LOG, "record", self.log, "3"], check=True)
        self.whole = {words: say(self.log, words)[0] for words in COMMANDS}

    def test_no_command_tells_another_story(self):
        kinds, refused = set(), 0
        for file in sorted(self.log.iterdir()):
            if file.name.startswith(NO_PART_OF_IT):
                continue
            kinds.add(file.suffix or file.name.partition("-")[0])
            for how, left in damages(file.read_bytes()):
                copy = self.copy_with(file.name, left)
                refused += sum(self.all_at_once(lambda words: self.is_refused(
                    copy, words, f"{file.name}, {how}: {words}")))
        self.assertEqual(kinds, {".sst", ".log", "CURRENT", "MANIFEST", "breadcrumb"})
        self.assertGreater(refused, 12 * len(COMMANDS))

    @staticmethod
    def all_at_once(look):
        """A damaged log is looked at again and again for some milliseconds before it is refused."""
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            return list(pool.map(look, COMMANDS))

    def copy_with(self, name, content):
        copy = self.folder / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(self.log, copy)
        if content is None:
            (copy / name).unlink()
        else:
            (copy / name).write_bytes(content)
        return copy

    def is_refused(self, copy, words, what):
        said, why = say(copy, words)
        if said == self.whole[words]:
            return False
        code, out = said
        allowed = (DAMAGED, UNREADABLE, ABORTED)
        if not (copy / "CURRENT").exists():
            allowed = (NO_LOG,)
        self.assertIn(code, allowed, f"{what}: {out} {why}")
        self.assertTrue(why or b"PROBLEM" in out, f"{what}: nobody says why")
        return True


if __name__ == "__main__":
    TRANSPARENCY_LOG = sys.argv.pop()
    RATCHETCTL = sys.argv.pop()
    unittest.main()

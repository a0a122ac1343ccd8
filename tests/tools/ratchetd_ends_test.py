#!/usr/bin/env python3
"""ratchetd_ends_test.py RATCHETD LOG_HOLDER: how the daemon ends when it is started wrongly.

What is wrong is said with its place and what to do, and the exit code is that of docs/OPERATING.md.
LOG_HOLDER is tests/store/log_holder.cc.
"""
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

RATCHETD, LOG_HOLDER = sys.argv[1:3]
WRONG, LOCKED, HALTED = 1, 3, 4
NOBODY = "127.0.0.1:1"
KUBECONFIG = f"""
current-context: here
contexts: [{{name: here, context: {{cluster: here}}}}]
clusters: [{{name: here, cluster: {{server: "http://{NOBODY}"}}}}]
"""


class Ends(unittest.TestCase):
    def setUp(self):
        keeper = tempfile.TemporaryDirectory()
        self.addCleanup(keeper.cleanup)
        self.folder = pathlib.Path(keeper.name)
        self.log = self.folder / "log"
        self.kubeconfig = self.folder / "kubeconfig"
        self.kubeconfig.write_text(KUBECONFIG)

    def words(self, kubeconfig=None):
        return [RATCHETD, "--role", "ops-manager", "--no-api", "--log", str(self.log),
                "--kubeconfig", str(kubeconfig or self.kubeconfig)]

    def end(self, words=None, **environment):
        """(exit code, what was said) of a daemon that ends by itself."""
        done = subprocess.run(words or self.words(), capture_output=True, text=True, timeout=30,
                              check=False, env={"PATH": os.environ["PATH"], **environment})
        return done.returncode, done.stdout + done.stderr

    def expect(self, ended, code, *parts):
        self.assertEqual(ended[0], code, ended[1])
        for part in parts:
            self.assertIn(str(part), ended[1])

    def fill_log(self):
        """A log with records, left behind by a process that was killed."""
        holder = subprocess.Popen([LOG_HOLDER, str(self.log), "300"], stdout=subprocess.PIPE)
        self.assertEqual(holder.stdout.read(1), b"x")
        holder.kill()
        holder.communicate()

    def test_without_a_log(self):
        self.expect(self.end([RATCHETD, "--role", "ops-manager"]), WRONG, "--log DIR")

    def test_a_kubeconfig_that_is_not_there(self):
        absent = self.folder / "absent"
        self.expect(self.end(self.words(absent)), WRONG, f"cannot read {absent}", "check the path")
        self.assertFalse(self.log.exists())

    def test_no_kubeconfig_at_all(self):
        words = self.words()[:-2]
        self.expect(self.end(words, HOME=str(self.folder)), WRONG, "no API server is known",
                    "--kubeconfig", self.folder / ".kube/config")

    def test_a_kubeconfig_that_is_none(self):
        self.kubeconfig.write_text("kind: Pod\n")
        self.expect(self.end(), WRONG, self.kubeconfig, "this file is not a kubeconfig")

    def test_a_key_that_is_none(self):
        absent, key = self.folder / "absent.pem", self.folder / "key.pem"
        self.expect(self.end([*self.words(), "--anchor-key", str(absent)]), WRONG,
                    f"--anchor-key: cannot read {absent}")
        key.write_text("a secret\n")
        ended = self.end([*self.words(), "--anchor-key", str(key)])
        self.expect(ended, WRONG, f"--anchor-key {key}")
        self.assertNotIn("a secret", ended[1])

    def test_a_folder_that_holds_something_else(self):
        self.log.mkdir()
        (self.log / "holiday.jpg").write_text("x")
        self.expect(self.end(), WRONG, self.log, "holiday.jpg")

    def test_a_damaged_log(self):
        self.fill_log()
        file = max(self.log.glob("*.log"), key=lambda file: file.stat().st_size)
        content = bytearray(file.read_bytes())
        content[len(content.rstrip(b"\0")) // 2] ^= 1
        file.write_bytes(content)
        self.expect(self.end(), HALTED, self.log, "restore a backup", "ratchetctl repair")

    def test_a_record_that_was_edited(self):
        """The anchor does not see it, nor does the opening: it is below the hash of 256 records."""
        self.fill_log()
        subprocess.run([LOG_HOLDER, str(self.log), "edit", "5"], check=True)
        self.expect(self.end(), HALTED, "HALTED: one of the records 0 to 255 was changed",
                    "restore a backup")

    def test_nobody_answers_and_the_log_is_open_meanwhile(self):
        said = self.folder / "said"
        with open(said, "wb") as out:
            daemon = subprocess.Popen(self.words(), stdout=out, stderr=out)
        try:
            deadline = time.monotonic() + 20
            while "trying again" not in said.read_text() and time.monotonic() < deadline:
                time.sleep(0.05)
            for part in ("the tree of the log was checked: 0 records",
                         f"API server {NOBODY}, by the kubeconfig {self.kubeconfig}",
                         "lease default/ratchet-ops-manager cannot be acquired", NOBODY):
                self.assertIn(part, said.read_text())
            self.expect(self.end(), LOCKED, self.log, "another process", "stop that one")
            daemon.send_signal(signal.SIGTERM)
            self.assertEqual(daemon.wait(timeout=15), 0)
        finally:
            if daemon.poll() is None:
                daemon.kill()
                daemon.wait()


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])

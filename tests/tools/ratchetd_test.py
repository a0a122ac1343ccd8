#!/usr/bin/env python3
"""ratchetd_test.py RATCHETD: the daemon as a process, where no API server answers.

What is proved: on loopback it serves by the token in its log's folder alone; it says lines of JSON;
SIGTERM and SIGINT end it soon, streams of events properly; and what keeps it from starting (a
damaged log, a log that is open, a wrong folder, a port that is taken) has the exit code that
docs/OPERATING.md gives it, and is told. Its work on a cluster is tests/cluster and tests/e2e.
"""
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse

RATCHETD = ""
WELL, USAGE, LOG_LOCKED, HALTED = 0, 1, 3, 4
SOON = 10  # seconds; its grace is 5


class RatchetdTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.log = self.folder / "log"
        nobody = socket.socket()  # bound and not listening: who connects is refused
        nobody.bind(("127.0.0.1", 0))
        self.addCleanup(nobody.close)
        self.kubeconfig = self.folder / "kubeconfig"
        self.kubeconfig.write_text(json.dumps({
            "current-context": "x",
            "contexts": [{"name": "x", "context": {"cluster": "x"}}],
            "clusters": [{"name": "x", "cluster": {
                "server": f"http://127.0.0.1:{nobody.getsockname()[1]}"}}]}))

    def start(self, *words):
        """A process; what it says is in a file of its own."""
        said = self.folder / f"said-{time.monotonic_ns()}"
        own = {name: value for name, value in os.environ.items()
               if not name.startswith(("RATCHET", "KUBE"))}
        with open(said, "wb") as out:
            process = subprocess.Popen(
                [RATCHETD, "--role=ops-manager", f"--log={self.log}", "--log-format=json",
                 f"--kubeconfig={self.kubeconfig}", *words],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=own)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        process.said = said
        return process

    def api(self, process):
        """Where it listens, and its token."""
        file, end = self.log / "api.json", time.monotonic() + SOON
        while not file.exists():
            self.assertIsNone(process.poll(), process.said.read_text())
            self.assertLess(time.monotonic(), end, process.said.read_text())
            time.sleep(0.01)
        self.assertEqual(file.stat().st_mode & 0o777, 0o600)
        found = json.loads(file.read_text())
        url = urllib.parse.urlsplit(found["url"])
        self.assertEqual(url.hostname, "127.0.0.1")
        return url, found["token"]

    def ask(self, url, path, token=None):
        """The answer of a connection of its own, which is closed with the test."""
        connection = http.client.HTTPConnection(url.hostname, url.port, timeout=SOON)
        self.addCleanup(connection.close)
        headers = {"X-Ratchet-User": "ann"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        connection.request("GET", path, headers=headers)
        return connection.getresponse()

    def ends(self, process, code, words=""):
        self.assertEqual(process.wait(timeout=SOON), code, process.said.read_text())
        self.assertIn(words, process.said.read_text())

    def test_it_serves_who_has_the_token_and_ends_what_it_serves_properly(self):
        for how in (signal.SIGTERM, signal.SIGINT):
            process = self.start()
            url, token = self.api(process)
            self.assertEqual(self.ask(url, "/healthz").status, 200)
            self.assertEqual(self.ask(url, "/readyz").status, 503, "it waits for its Lease")
            for wrong in (None, "wrong", token + "x"):
                self.assertEqual(self.ask(url, "/v1/runs", wrong).status, 401)
            self.assertEqual(self.ask(url, "/v1/runs", token).status, 200)
            self.assertIn(b"ratchet_ready 0\n", self.ask(url, "/metrics", token).read())
            events = self.ask(url, "/v1/events", token)
            self.assertEqual(events.readline(), b"retry: 2000\n")
            process.send_signal(how)
            self.assertEqual(events.read(), b"\n")  # IncompleteRead if it was cut
            self.ends(process, WELL, f"stops: signal {int(how)}")
            self.assertFalse((self.log / "api.json").exists())
            for line in process.said.read_text().splitlines():
                self.assertLessEqual({"time", "level", "message"}, json.loads(line).keys(), line)

    def test_a_log_that_is_open_is_left_alone(self):
        first = self.start()
        url, token = self.api(first)
        self.ends(self.start(), LOG_LOCKED, "is open for writing in another process")
        self.assertEqual(self.ask(url, "/v1/runs", token).status, 200)

    def test_a_damaged_log_halts_it(self):
        process = self.start()
        self.api(process)
        process.terminate()
        self.ends(process, WELL)
        (self.log / "CURRENT").unlink()
        before = sorted(file.name for file in self.log.iterdir())
        self.ends(self.start(), HALTED, "the log is damaged")
        self.assertEqual(sorted(file.name for file in self.log.iterdir()), before)

    def test_what_is_set_up_wrongly_is_told(self):
        self.ends(self.start("--api-port=soon"), USAGE, "--api-port")
        self.ends(self.start(f"--config={self.folder / 'absent'}"), USAGE, "cannot read")
        self.kubeconfig.write_text("{}")
        self.ends(self.start(), USAGE, "is not a kubeconfig")

    def test_a_log_that_is_none_is_told(self):
        self.log.write_text("a file")
        self.ends(self.start(), USAGE, "is no folder")
        self.log = self.folder / "absent" / "log"
        self.ends(self.start(), USAGE, "create its parent folder")

    def test_a_port_that_is_taken_is_told(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            self.ends(self.start(f"--api-port={port}"), USAGE, f"port {port}")


if __name__ == "__main__":
    RATCHETD = sys.argv.pop(1)
    unittest.main()

#!/usr/bin/env python3
"""terminal_test.py RATCHETCTL TRANSPARENCY_LOG: what people at a terminal get, and pipes do not.

What is proved: on a terminal states are coloured and lines are not wider than it; with NO_COLOR
nothing is coloured; what is piped is neither coloured nor shortened.
"""
import fcntl
import os
import pathlib
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
import unittest

RATCHETCTL = TRANSPARENCY_LOG = ""
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
COMMANDS = ("runs", "show run-1", "history run-1 --hints", "diff run-1 run-2", "verify")
COLUMNS = 60


def environment(**more):
    own = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    return {**own, "TERM": "xterm", **more}


class TerminalTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.log = pathlib.Path(folder.name) / "log"
        subprocess.run([TRANSPARENCY_LOG, "record", self.log, "3"], check=True)

    def on_terminal(self, words, **more):
        """What is printed on one of 60 columns."""
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
        with subprocess.Popen([RATCHETCTL, "--log", self.log, *words.split()], stdout=theirs,
                              stderr=subprocess.DEVNULL, env=environment(**more)) as process:
            os.close(theirs)
            said = b""
            try:
                while part := os.read(ours, 65536):
                    said += part
            except OSError:  # the other end is closed
                pass
            os.close(ours)
        self.assertEqual(process.returncode, 0, words)
        return said.decode().replace("\r\n", "\n")

    def piped(self, words):
        return subprocess.run([RATCHETCTL, "--log", self.log, *words.split()], check=True,
                              stdout=subprocess.PIPE, text=True, env=environment()).stdout

    def test_states_are_coloured_and_wide_columns_give_way(self):
        for words in COMMANDS:
            self.assertRegex(self.on_terminal(words), COLOUR, words)
        for words in ("runs", "show run-1", "history run-1 --hints"):
            table = COLOUR.sub("", self.on_terminal(words)).splitlines()[1:]
            self.assertLessEqual(max(map(len, table)), COLUMNS, table)

    def test_no_color_is_obeyed(self):
        for words in COMMANDS:
            self.assertNotIn("\x1b", self.on_terminal(words, NO_COLOR="1"), words)

    def test_what_is_piped_is_plain_and_whole(self):
        for words in COMMANDS:
            said = self.piped(words)
            self.assertNotIn("\x1b", said, words)
            self.assertNotIn("…", said, words)


if __name__ == "__main__":
    TRANSPARENCY_LOG = sys.argv.pop()
    RATCHETCTL = sys.argv.pop()
    unittest.main()

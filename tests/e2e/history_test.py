#!/usr/bin/env python3
"""Histories compare by their commands and completions, in order."""
import unittest

import history


def event(name, step="", command=0, kind="command"):
    return {"event": name, "name": step, "command": command, "class": kind, "turn": 1}


RUN = [event("RunStarted", "update", kind="completion"), event("StepScheduled", "pause", 1),
       event("StepCompleted", "pause", 1, kind="completion")]


class Comparing(unittest.TestCase):
    def test_hints_do_not_count(self):
        hint = event("AttemptFailed", "pause", 1, kind="hint")
        self.assertEqual(history.kinds_of([RUN[0], hint, *RUN[1:]]), history.kinds_of(RUN))

    def test_a_repeated_decision_is_found(self):
        twice = history.kinds_of([*RUN[:2], *RUN[1:]])
        self.assertIn("event 3 is StepScheduled pause #1",
                      history.parted(history.kinds_of(RUN), twice))

    def test_a_missing_and_a_further_event_are_found(self):
        whole, short = history.kinds_of(RUN), history.kinds_of(RUN[:2])
        self.assertIn("2 commands and completions, not 3", history.parted(whole, short))
        self.assertIn("3 commands and completions, not 2", history.parted(short, whole))

    def test_equal_histories_are_equal(self):
        self.assertEqual(history.parted(history.kinds_of(RUN), history.kinds_of(RUN)), "")


if __name__ == "__main__":
    unittest.main()

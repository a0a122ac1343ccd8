#!/usr/bin/env python3
"""Histories compare by their commands and completions, turn by turn."""
import unittest

import history


def event(name, step="", command=0, kind="command", turn=0):
    return {"event": name, "name": step, "command": command, "class": kind, "turn": turn}


RUN = [event("RunStarted", "update", kind="completion"), event("StepScheduled", "pause", 1),
       event("StepCompleted", "pause", 1, kind="completion", turn=1)]


class Comparing(unittest.TestCase):
    def test_hints_do_not_count(self):
        hint = event("AttemptFailed", "pause", 1, kind="hint", turn=1)
        later = {**RUN[2], "turn": 2}  # the hint has a turn of its own
        self.assertEqual(history.kinds_of([*RUN[:2], hint, later]), history.kinds_of(RUN))

    def test_an_event_in_another_turn_is_found(self):
        late = history.kinds_of([RUN[0], {**RUN[1], "turn": 1}, {**RUN[2], "turn": 2}])
        self.assertEqual("event 2 is StepScheduled pause #1 in turn 2, not StepScheduled pause #1 "
                         "in turn 1", history.parted(history.kinds_of(RUN), late))

    def test_a_repeated_decision_is_found(self):
        twice = history.kinds_of([*RUN[:2], *RUN[1:]])  # of the same turn
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

#!/usr/bin/env python3
"""What is taken off a limit of time: all of a stall within it, of one at its edge the part within,
and nothing for beats that come nearly on time."""
import unittest

from stalls import LATE, Stalls


class Between(unittest.TestCase):
    def test_only_what_is_within_counts(self):
        stalls = Stalls()
        stalls.note(-100.0, -97.0)
        stalls.note(-96.0, -96.0 + LATE / 2)
        self.assertEqual(stalls.between(-101.0, -90.0), 3.0)
        self.assertEqual(stalls.between(-99.0, -98.0), 1.0)
        self.assertEqual(stalls.between(-98.0, -90.0), 1.0)
        self.assertEqual(stalls.between(-97.0, -90.0), 0.0)


if __name__ == "__main__":
    unittest.main()

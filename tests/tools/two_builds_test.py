#!/usr/bin/env python3
"""A document that lost or changed something is not taken for one that only gained."""
import unittest

from two_builds import missing


class Missing(unittest.TestCase):
    def test_what_was_added_is_no_loss(self):
        self.assertEqual(missing({"a": 1, "b": [{"c": 2}]}, {"a": 1, "b": [{"c": 2, "d": 3}]}), "")

    def test_a_field_that_is_gone(self):
        self.assertEqual(missing({"a": {"b": 1}}, {"a": {}}), ".a.b is gone")

    def test_a_value_that_changed(self):
        self.assertEqual(missing([{"a": 1}], [{"a": "1"}]), "[0].a is '1', not 1")

    def test_another_kind_of_value(self):
        self.assertEqual(missing({"a": [1]}, {"a": {"0": 1}}), ".a is {'0': 1}, not [1]")

    def test_elements_that_came_or_went(self):
        self.assertEqual(missing([1], [1, 2]), " has 2 elements, not 1")


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
"""What is proved: a guide that prints something else, or whose file is malformed, is noticed."""
import unittest

from guides import GUIDES, fits, images_of, steps_of


def words(text):
    return [line.split() for line in text.splitlines()]


class Guides(unittest.TestCase):
    def test_a_step_has_a_command_its_output_and_a_time(self):
        (step,) = steps_of("# why\n$ kubectl apply -f - <<E\na: 1\nE\n> made  *\nwithin 30 s\n")
        self.assertEqual(step.command, "kubectl apply -f - <<E\na: 1\nE")
        self.assertEqual(step.expected, [["made", "*"]])
        self.assertEqual((step.line, step.seconds), (2, 30))

    def test_what_is_no_step_is_said(self):
        for text, line in (("> out", "line 1"), ("$ a\n> b\nrest", "line 3")):
            with self.assertRaisesRegex(ValueError, line):
                steps_of(text)

    def test_every_line_and_every_word_counts(self):
        wanted = words("NAME  READY\nmy-group-*  3/3")
        self.assertTrue(fits(words("NAME READY\nmy-group-1 3/3"), wanted))
        for other in ("NAME READY", "NAME READY\nmy-group-1 2/3", "NAME READY\nmy-group-1 3/3 9s",
                      "NAME READY\nmy-group-1 3/3\nmy-group-2 3/3", ""):
            self.assertFalse(fits(words(other), wanted), other)

    def test_dots_stand_for_any_lines(self):
        wanted = words("...\nb\n...")
        for text in ("b", "a\nb", "a\na\nb\nc"):
            self.assertTrue(fits(words(text), wanted), text)
        self.assertFalse(fits(words("a\nc"), wanted))

    def test_all_guides_are_read(self):
        for path in GUIDES.iterdir():
            self.assertGreater(len(steps_of(path.read_text())), 5, path.name)
            self.assertTrue(images_of(path.read_text()), path.name)

    def test_all_guides_are_followed(self):
        registered = (GUIDES.parent / "CMakeLists.txt").read_text().split()
        for path in GUIDES.iterdir():
            self.assertIn(path.name, registered)


if __name__ == "__main__":
    unittest.main()

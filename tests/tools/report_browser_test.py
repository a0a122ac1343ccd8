#!/usr/bin/env python3
"""report_browser_test.py REPORT_PAGES FOLDER: the page of `ratchetctl report`, as a browser has it.

What is proved: a page shows all that it says, within its width, readable by light and by dark, and
so does its print, which stays light; it asks for nothing, says nothing on the console, and what
people have put on the record stays text. Each of these has a page that is broken on purpose, and
must be noticed.
REPORT_PAGES is the program that writes the pages, FOLDER keeps them and what they looked like.
"""
import html
import pathlib
import re
import subprocess
import sys
import unicodedata
import unittest

from browser import Browser, Page, Pixels, text_of_pdf

GOLDEN = pathlib.Path(__file__).resolve().parent / "report.html"
HIGH = 600               # of the first screen
HIGHEST = 8000           # of the pictures that are kept
SLACK = 2                # CSS pixels
LEAST_CONTRAST = 4.5     # WCAG 2.1, 1.4.3
LEAST_MARKS = 0.01       # of the first screen: less is blank
LEAST_DIFFERENCE = 40    # of a bar to the page, in its strongest channel of 255
WHITE = (255, 255, 255)
DARKEST = 64             # channels of the ground that a browser gets which prefers dark, at most
HOSTILE_WORDS = ("</title></td></table><script>alert('x')</script>\"><img "
                 "src=http://outside.invalid/i onerror=alert(2)><style>* { display: none }</style>"
                 "&amp;")

# What stands where. A ground is the colour behind a text; null: the page's.
MEASURE = """() => {
  const box = element => {
    const at = element.getBoundingClientRect();
    return [at.left + scrollX, at.top + scrollY, at.right + scrollX, at.bottom + scrollY];
  };
  const ground = element => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (colour !== 'rgba(0, 0, 0, 0)') return colour;
    }
    return null;
  };
  const texts = [];
  for (const element of document.body.querySelectorAll('*')) {
    if (element.closest('script, style, title')) continue;
    const own = [...element.childNodes].filter(node => node.nodeType === Node.TEXT_NODE)
      .map(node => node.data).join('').trim();
    if (!own) continue;
    const style = getComputedStyle(element);
    texts.push({text: own, box: box(element), ground: ground(element),
                colour: element.ownerSVGElement ? style.fill : style.color});
  }
  const heading = [...document.querySelectorAll('h2')].find(each => each.innerText === 'Steps');
  const rows = heading ? [...heading.nextElementSibling.querySelectorAll('tbody tr')] : [];
  const picture = document.querySelector('svg');
  const page = document.documentElement;
  return {
    title: document.title,
    headline: document.querySelector('h1')?.innerText ?? '',
    width: page.clientWidth, wide: page.scrollWidth, high: page.scrollHeight,
    texts: texts,
    cells: [...document.querySelectorAll('td')].map(cell => cell.innerText),
    steps: rows.filter(row => row.getBoundingClientRect().height > 0)
      .map(row => [...row.cells].map(cell => cell.innerText)),
    picture: picture && {
      box: box(picture),
      bars: [...picture.querySelectorAll('rect[class^=bar-]')].map(box),
      labels: [...picture.querySelectorAll('text')].map(box)},
    active: [...document.querySelectorAll('script, img, iframe, object, embed, link, base, form, ' +
      '[src], [href], [onload], [onerror]')].map(element => element.outerHTML.slice(0, 80)),
  };
}"""


def steps_in(source):
    """The rows of the table of steps, as the source has them."""
    table = source.partition("<h2>Steps</h2>")[2].partition("<h2>")[0]
    return [[" ".join(html.unescape(cell).split())
             for cell in re.findall(r"<td[^>]*>(.*?)</td>", row, re.S)]
            for row in re.findall(r"<tr>(<td.*?)</tr>", table, re.S)]


def contrast(one, other):
    """Of two colours, by WCAG 2.1: 1 to 21."""
    def luminance(colour):
        parts = [part / 255 for part in colour]
        red, green, blue = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
                            for part in parts]
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def colour_in(text):
    """None: no plain colour."""
    match = re.fullmatch(r"rgb\((\d+), (\d+), (\d+)\)", text)
    return match and tuple(map(int, match.groups()))


class Sight:
    """A page as it was seen once, and what is wrong with it."""

    def __init__(self, browser, path, scheme, width):
        self.url = path.resolve().as_uri()
        self.source = path.read_text(encoding="utf-8")
        with Page(browser, self.url, width, HIGH, scheme) as page:
            self.seen = page.evaluate(MEASURE)
            self.screen = Pixels(page.picture(0, 0, width, HIGH, scale=0.25))
            high = min(max(self.seen["high"], 1), HIGHEST)
            self.whole = page.picture(0, 0, width, high, scale=0.5)
            self.bars = self._bars(page)
            self.pdf = page.printed()
            page.emulate(scheme, "print")
            self.paper = Pixels(page.picture(0, 0, width, HIGH, scale=0.25)).at(1, 1)
        self.printed = text_of_pdf(self.pdf)
        self.requests, self.said, self.dialogs = page.requests, page.said, page.dialogs
        self.canvas = self.screen.at(1, 1)

    def _bars(self, page):
        """The colour in the middle of every bar of the picture."""
        picture = self.seen["picture"]
        if picture is None or not picture["bars"] or picture["box"][2] - picture["box"][0] < 1:
            return []
        left, top = (int(side) for side in picture["box"][:2])
        right, bottom = (int(side) + 1 for side in picture["box"][2:])
        pixels = Pixels(page.picture(left, top, right - left, bottom - top))
        middles = [(int((bar[0] + bar[2]) / 2) - left, int((bar[1] + bar[3]) / 2) - top)
                   for bar in picture["bars"]]
        return [pixels.at(x, y) if 0 <= x < pixels.width and 0 <= y < pixels.height else None
                for x, y in middles]

    def complaints(self):
        return [*self._about_what_it_did(), *self._about_content(), *self._about_texts(),
                *self._about_picture(), *self._about_print()]

    def _about_what_it_did(self):
        yield from (f"asks for {url}" for url in self.requests if url != self.url)
        yield from (f"the console has: {text}" for text in self.said)
        yield from (f"a dialog opened: {text}" for text in self.dialogs)
        yield from (f"not only text and pictures of its own: {tag}" for tag in self.seen["active"])

    def _about_content(self):
        if self.screen.share_unlike(self.canvas) < LEAST_MARKS:
            yield "blank"
        if not self.seen["title"] or self.seen["title"] != self.seen["headline"]:
            yield f"the title is {self.seen['title']!r}, the headline {self.seen['headline']!r}"
        if self.seen["steps"] != steps_in(self.source):
            yield f"shows other steps than it has: {self.seen['steps']}"
        if self.seen["wide"] > self.seen["width"]:
            yield f"wider than the page: {self.seen['wide']} of {self.seen['width']}"

    def _about_texts(self):
        for text in self.seen["texts"]:
            left, top, right, bottom = text["box"]
            what = text["text"][:40]
            if right - left < 1 or bottom - top < 1 or left < -SLACK or top < -SLACK:
                yield f"not shown: {what}"
            if right > self.seen["width"] + SLACK:
                yield f"cut off: {what}"
            colour = colour_in(text["colour"])
            ground = self.canvas if text["ground"] is None else colour_in(text["ground"])
            if colour is None or ground is None:
                yield f"no plain colours: {text['colour']} on {text['ground']}: {what}"
            elif contrast(colour, ground) < LEAST_CONTRAST:
                yield f"hardly readable: {colour} on {ground}: {what}"

    def _about_picture(self):
        picture = self.seen["picture"]
        if picture is None:
            if self.seen["steps"]:
                yield "no picture"
            return
        left, top, right, bottom = picture["box"]
        if right - left < self.seen["width"] / 2 or bottom - top < 1:
            yield f"the picture has no size: {picture['box']}"
        if len(picture["bars"]) != len(self.seen["steps"]):
            yield f"{len(picture['bars'])} bars for {len(self.seen['steps'])} steps"
        for box in picture["bars"] + picture["labels"]:
            inside = (box[0] >= left - SLACK and box[1] >= top - SLACK and
                      box[2] <= right + SLACK and box[3] <= bottom + SLACK)
            if not inside or box[2] - box[0] < 1 or box[3] - box[1] < 1:
                yield f"outside of the picture, or nothing: {box} of {picture['box']}"
        first = min((bar[0] for bar in picture["bars"]), default=right)
        names = [label for label in picture["labels"] if abs(label[0] - left) <= SLACK]
        if len(names) != len(picture["bars"]):
            yield f"{len(names)} names for {len(picture['bars'])} bars"
        yield from (f"a name runs into the bars: {name}" for name in names if name[2] > first)
        for colour in self.bars:
            if colour is None or max(abs(one - other) for one, other in
                                     zip(colour, self.canvas)) < LEAST_DIFFERENCE:
                yield f"a bar is not seen: {colour} on {self.canvas}"

    def _about_print(self):
        # A cell may wrap within a word; the names in the picture never do.
        text = "".join(unicodedata.normalize("NFKC", self.printed).split())
        if self.printed.count("\f") == 0:
            yield "prints no page"
        if self.paper != WHITE:
            yield f"prints on {self.paper}"
        names = [f"{step[0]}{step[1]}" for step in steps_in(self.source)]
        for part in ["".join(self.seen["headline"].split()), *names]:
            if part not in text:
                yield f"does not print {part}"
        if self.seen["texts"] and "".join(self.seen["texts"][-1]["text"].split()) not in text:
            yield "does not print its end"


class Looks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        FOLDER.mkdir(parents=True, exist_ok=True)
        subprocess.run([REPORT_PAGES, FOLDER], check=True, timeout=60)
        cls.golden = GOLDEN.read_text(encoding="utf-8")
        cls.browser = cls.enterClassContext(Browser())
        print(f"in {cls.browser.version}", file=sys.stderr)

    def look(self, path, scheme="light", width=800):
        sight = Sight(self.browser, path, scheme, width)
        kept = FOLDER / f"{path.stem}-{scheme}-{width}"
        kept.with_suffix(".png").write_bytes(sight.whole)
        kept.with_suffix(".pdf").write_bytes(sight.pdf)
        return sight

    def look_at_text(self, name, source, scheme="light"):
        path = FOLDER / f"{name}.html"
        path.write_text(source, encoding="utf-8")
        return self.look(path, scheme)


class Pages(Looks):
    def test_of_an_upgrade(self):
        for scheme, width in (("light", 800), ("dark", 800), ("light", 1280)):
            with self.subTest(scheme=scheme, width=width):
                sight = self.look(GOLDEN, scheme, width)
                self.assertEqual(sight.complaints(), [])
                if scheme == "dark":
                    self.assertLess(max(sight.canvas), DARKEST)
                else:
                    self.assertEqual(sight.canvas, WHITE)
                self.assertEqual(sight.seen["title"],
                                 "Upgrade of demo/db from 10.11.6 to 11.8.6")
                self.assertGreaterEqual(len(sight.seen["steps"]), 20)
                self.assertGreaterEqual(sight.printed.count("\f"), 2)

    def test_of_one_that_took_hours(self):
        sight = self.look(FOLDER / "window.html")
        self.assertEqual(sight.complaints(), [])
        longest = max(bar[2] - bar[0] for bar in sight.seen["picture"]["bars"])
        self.assertGreater(longest, sight.seen["width"] / 2)

    def test_of_one_that_was_refused(self):
        self.assertEqual(self.look(FOLDER / "blocked.html").complaints(), [])

    def test_of_a_run_with_markup_on_its_record(self):
        for width in (800, 1280):
            with self.subTest(width=width):
                sight = self.look(FOLDER / "hostile.html", width=width)
                self.assertEqual(sight.complaints(), [])
                self.assertEqual(sight.seen["title"], "Run porto")
                self.assertGreaterEqual(sight.seen["cells"].count(HOSTILE_WORDS), 2)


class BrokenPages(Looks):
    """Each of them is the golden page, or the hostile one, with one thing changed."""

    def changed(self, *changes, source=None):
        source = self.golden if source is None else source
        for old, new in changes:
            self.assertIn(old, source)
            source = source.replace(old, new)
        return source

    def styled(self, style):
        return self.changed(("</style>", style + "\n</style>"))

    def assert_noticed(self, name, source, *wanted, scheme="light"):
        """Each of the wanted is the beginning of a complaint."""
        complaints = self.look_at_text(name, source, scheme).complaints()
        for complaint in wanted:
            self.assertTrue(any(each.startswith(complaint) for each in complaints),
                            f"{complaint!r} is not among {complaints}")

    def test_a_blank_one(self):
        self.assert_noticed("blank", "<!DOCTYPE html><title>x</title><body></body>", "blank")

    def test_one_that_asks_for_an_image(self):
        image = ("</body>", '<img src="http://outside.invalid/i.png"></body>')
        allowed = ("default-src 'none'", "default-src *")
        self.assert_noticed("image", self.changed(image, allowed),
                            "asks for http://outside.invalid/i.png", "not only text")
        self.assert_noticed("image_refused", self.changed(image), "the console has: ")

    def test_one_that_has_a_script(self):
        script = ("</body>", "<script>alert('x'); console.log('y')</script></body>")
        allowed = ("default-src 'none'", "default-src 'unsafe-inline'")
        self.assert_noticed("script", self.changed(script, allowed),
                            "a dialog opened: x", "the console has: log")

    def test_one_that_does_not_escape(self):
        hostile = (FOLDER / "hostile.html").read_text(encoding="utf-8")
        words = html.escape(HOSTILE_WORDS).replace("&#x27;", "&#39;")
        self.assert_noticed("unescaped", self.changed((words, HOSTILE_WORDS), source=hostile),
                            "not only text", "not shown: ")

    def test_one_that_is_too_wide(self):
        self.assert_noticed("wide", self.styled("td { white-space: nowrap; }"),
                            "wider than the page", "cut off")

    def test_one_that_is_hardly_readable(self):
        self.assert_noticed("faint", self.styled(".faint { color: #a0a0a0; }"), "hardly readable")

    def test_one_that_is_dark_by_half(self):
        source = self.styled("@media screen and (prefers-color-scheme: dark) "
                             "{ body { color: #1c2126; } }")
        self.assert_noticed("half_dark", source, "hardly readable", scheme="dark")
        self.assertEqual(self.look_at_text("half_dark", source).complaints(), [])

    def test_one_that_prints_dark(self):
        source = self.styled("@media (prefers-color-scheme: dark) "
                             "{ body { background: #16191d; } }")
        self.assert_noticed("dark_print", source, "prints on ", scheme="dark")

    def test_one_that_hides_a_step(self):
        self.assert_noticed("hidden", self.styled("tbody tr:nth-child(20) { display: none; }"),
                            "shows other steps")

    def test_one_whose_picture_is_broken(self):
        self.assert_noticed("flat", self.styled("svg { height: 0; }"), "the picture has no size")
        self.assert_noticed("names", self.styled("svg { font-size: 22px; }"), "a name runs into")
        self.assert_noticed("bars", self.styled(".bar-wait, .outage { fill: none; }"),
                            "a bar is not seen")

    def test_one_that_prints_less(self):
        self.assert_noticed("half_printed",
                            self.styled("@media print { svg, table { display: none; } }"),
                            "does not print 3look_at_database")


if __name__ == "__main__":
    REPORT_PAGES, FOLDER = sys.argv[1], pathlib.Path(sys.argv[2])
    unittest.main(argv=sys.argv[:1])

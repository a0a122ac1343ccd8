#!/usr/bin/env python3
"""The code in docs/WRITING_WORKFLOWS.md is the code that is compiled and run.

    docs_test.py           fails if a block differs from its source, or has none
    docs_test.py --write   copies the sources into the page

A block of code in the page follows a line that names its source:

    <!-- tests/examples/refund.cc: refund -->      a region, from `// doc: refund` to `// doc end`
    <!-- tests/library/program/CMakeLists.txt -->  a whole file

Blocks without a language show output or a layout and need no source.
"""
import pathlib
import re
import sys
import textwrap

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = "docs/WRITING_WORKFLOWS.md"
BLOCK = re.compile(r"^(?:<!-- (?P<source>\S+?)(?:: (?P<region>.+?))? -->\n)?"
                   r"```(?P<language>\w+)\n(?P<code>.*?)^```$", re.M | re.S)


def code_of(root, source, region):
    """The text of a region, or of a whole file; a complaint if there is none."""
    path = root / source
    if not path.is_file():
        raise LookupError(f"there is no file {source}")
    text = path.read_text()
    if region is None:
        return text
    found = re.findall(rf"^ *(?://|#) doc: {re.escape(region)}\n(.*?)^ *(?://|#) doc end$", text,
                       re.M | re.S)
    if len(found) != 1:
        raise LookupError(f"{source} has {len(found)} regions `doc: {region}`, not one")
    return textwrap.dedent(found[0])


def check(root, page):
    """(complaints, the page as it should be, number of blocks)"""
    complaints, blocks = [], 0

    def one(match):
        nonlocal blocks
        blocks += 1
        line = page.count("\n", 0, match.start()) + 1
        if match["source"] is None:
            complaints.append(f"{PAGE}:{line}: a block of {match['language']} without a line "
                              "<!-- file: region --> that names its compiled source")
            return match[0]
        try:
            code = code_of(root, match["source"], match["region"])
        except LookupError as error:
            complaints.append(f"{PAGE}:{line}: {error}")
            return match[0]
        if code != match["code"]:
            complaints.append(f"{PAGE}:{line}: differs from {match['source']}; "
                              "run tests/examples/docs_test.py --write")
        head = match[0][:match.start("code") - match.start()]
        return f"{head}{code}```"

    return complaints, BLOCK.sub(one, page), blocks


def controls(root, page):
    """What must be found: a changed word, a region that is gone, a block without a source."""
    marked = next(m for m in BLOCK.finditer(page) if m["region"])
    changed = page.replace(marked["code"], marked["code"] + "// not compiled\n", 1)
    gone = page.replace(f": {marked['region']} -->", ": nowhere -->", 1)
    bare = page + "\n```cpp\nint x;\n```\n"
    return [name for name, text in {"changed": changed, "gone": gone, "bare": bare}.items()
            if not check(root, text)[0]]


def main():
    page = (ROOT / PAGE).read_text()
    complaints, fresh, blocks = check(ROOT, page)
    if "--write" in sys.argv:
        (ROOT / PAGE).write_text(fresh)
        complaints = check(ROOT, fresh)[0]
    complaints += [f"this test does not notice a block that is {name}"
                   for name in controls(ROOT, fresh)]
    print("\n".join([*complaints, f"{blocks} blocks of code, {len(complaints)} complaints"]))
    return 1 if complaints or blocks < 10 else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""The house rules that a text search can hold: lengths, headers, leftovers, names with their unit last.

Quick, no compiler. Prints "file:line: what, what is wanted" for each breach and exits 1. tests/layers holds the layers,
script/tidy what needs a compiler, script/fmt the layout.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
FILE_LINES_MAX = 600
LINE_CHARACTERS_MAX = 120
CODE_LINE_CHARACTERS_MAX = 120  # of .h and .cc
FOLDERS = ["src", "tests", "fuzz", "bench", "script", "cmake", "deploy", ".ci", "web"]
CODE = {".h", ".cc"}
TEXT = CODE | {".py", ".cmake", ".txt", ".sh", ""}  # "": scripts without a suffix, Dockerfile
DATA = ("corpus", "testdata", "__pycache__")

# (what, pattern on a line, files it is looked for in). The patterns are split so that they do not find themselves.
LEFTOVERS = [
    ("unfinished work belongs in an issue", re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b"), TEXT),
    ("a path of one machine", re.compile(r"(?<![\w.])/(wo" r"rk|ho" r"me|ro" r"ot|Us" r"ers)/[\w.]"),
     TEXT | {".md", ".yaml"}),
    ("trailing white space", re.compile(r"[ \t]+$"), TEXT),
    ("a tab", re.compile(r"\t"), CODE | {".py"}),
    ("libstdc++ 12 has no such header; fmt is used", re.compile(r"#\s*include <(format|print)>"), CODE),
]
# The unit comes last and is spelled out: body_bytes_max, timeout_ms, kJwtBytesMax, delay_seconds.
NAMES = [
    ("the bound comes after the unit (body_bytes_max, kBodyBytesMax)",
     re.compile(r"\b(?:\w+_)?(?:max|min)_bytes_?\b|\bk\w*(?:Max|Min)Bytes\b")),
    ("units are bytes, ms, us, ns, seconds",
     re.compile(r"\b(?!tv_)[a-z]\w*_(?:sec|secs|msec|msecs|millis|usec|num_bytes)_?\b")),
]


def files():
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            parts = path.relative_to(ROOT).parts
            if path.is_file() and not any(name in parts for name in DATA):
                yield path
    yield from sorted(ROOT.glob("*.md"))
    yield ROOT / "CMakeLists.txt"


def code_of(line):
    """The line without its comment and string literals."""
    return re.sub(r"//.*", "", re.sub(r'"(\\.|[^"\\])*"', '""', line))


def inside_raw_strings(lines):
    """The numbers of lines that a raw string literal of C++ touches: they are data and may be long."""
    end = None
    for number, line in enumerate(lines, 1):
        if end is None and (opened := list(re.finditer(r'R"([^("\s]{0,16})\(', line))):
            end = f'){opened[-1].group(1)}"'
            line = line[opened[-1].end():]
            yield number
        elif end is not None:
            yield number
        if end is not None and end in line:
            end = None


def check_lines(path, lines):
    raw = set(inside_raw_strings(lines)) if path.suffix in CODE else set()
    characters_max = CODE_LINE_CHARACTERS_MAX if path.suffix in CODE else LINE_CHARACTERS_MAX
    for number, line in enumerate(lines, 1):
        if path.suffix in TEXT and len(line) > characters_max and number not in raw:
            yield number, f"{len(line)} characters; wrap it before {characters_max}"
        for what, pattern, suffixes in LEFTOVERS:
            if path.suffix in suffixes and pattern.search(line):
                yield number, what
        if path.suffix in CODE:
            for what, pattern in NAMES:
                found = pattern.search(code_of(line))
                if found:
                    yield number, f"'{found.group(0)}': {what}"


def own_header_is_not_first(path, lines):
    """The line of the first #include of a source file that has a header of its own and includes another one first."""
    header = path.with_suffix(".h")
    if path.suffix != ".cc" or not header.exists():
        return None
    for number, line in enumerate(lines, 1):
        match = re.match(r'\s*#\s*include ["<]([^">]+)', line)
        if match:
            return None if pathlib.PurePath(match.group(1)).name == header.name else number
    return 1


def check_file(path):
    text = path.read_text(errors="replace")
    lines = text.splitlines()
    if path.suffix in TEXT and len(lines) > FILE_LINES_MAX:
        yield len(lines), f"{len(lines)} lines; split the file before {FILE_LINES_MAX}"
    if path.suffix in TEXT and text and not text.endswith("\n"):
        yield len(lines), "the last line has no end"
    if path.suffix == ".h" and "#pragma once" not in lines:
        yield 1, "a header begins with #pragma once"
    if (number := own_header_is_not_first(path, lines)):
        yield number, f"own header first: {path.with_suffix('.h').name}"
    yield from check_lines(path, lines)


def main():
    checked, problems = 0, []
    for path in files():
        checked += 1
        problems += [f"{path.relative_to(ROOT)}:{number}: {what}" for number, what in check_file(path)]
    print("\n".join(problems) if problems else f"{checked} files in style")
    return 1 if problems or not checked else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""The pages against the code: limits.md is up to date, no relative link is dead, every key is documented and known.

Quick, no build. Prints "file:line: what" for each breach and exits 1.
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CONFIGURATION = ROOT / "docs/configuration.md"
SETTINGS = ROOT / "src/cli"


def pages():
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def prose(text):
    """[(number, line)] without fenced code blocks and code spans."""
    fenced = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif not fenced:
            yield number, re.sub(r"`[^`]*`", "", line)


def anchors(path):
    """The anchors GitHub gives a page's headings."""
    text = re.sub(r"^```.*?^```", "", path.read_text(), flags=re.M | re.S)
    for heading in re.findall(r"^#+ +(.*)$", text, re.M):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        yield re.sub(r"[^\w\- ]", "", words).strip().replace(" ", "-")


def check_links():
    for page in pages():
        for number, line in prose(page.read_text()):
            for target in re.findall(r"\]\(([^)\s]+)\)", line):
                if re.match(r"[a-z]+:", target):
                    continue
                name, _, anchor = target.partition("#")
                path = (page.parent / name).resolve() if name else page
                if not path.exists():
                    yield f"{page.relative_to(ROOT)}:{number}: {target} is not there"
                elif anchor and path.suffix == ".md" and anchor not in anchors(path):
                    yield f"{page.relative_to(ROOT)}:{number}: {target}: no such heading"


def documented_keys():
    """{key: line} of the first column of the tables whose first heading is "key"."""
    keys, in_table = {}, False
    for number, line in enumerate(CONFIGURATION.read_text().splitlines(), 1):
        if not line.startswith("|"):
            in_table = False
        elif re.match(r"\| *key *\|", line):
            in_table = True
        elif in_table:
            for key in re.findall(r"`([a-z0-9_.]+)`", line.split("|")[1]):
                keys[key] = number
    return keys


def known_keys():
    """{key: (file, line)}: every "section.key" that a table of settings begins a row with. A row whose accepted values
    are "" exists only to refuse the key."""
    keys = {}
    for path in sorted(SETTINGS.glob("*settings.cc")):
        text = path.read_text()
        for match in re.finditer(r'[({]\s*"([a-z0-9_]+(?:\.[a-z0-9_]+)+)",(\s*"")?', text):
            if not match.group(2):
                keys[match.group(1)] = (path, text.count("\n", 0, match.start(1)) + 1)
    return keys


def check_keys():
    documented, known = documented_keys(), known_keys()
    if not known or not documented:
        yield f"{SETTINGS.relative_to(ROOT)}: no settings found; has their table moved?"
        return
    for key in sorted(documented.keys() - known.keys()):
        yield f"{CONFIGURATION.relative_to(ROOT)}:{documented[key]}: {key}: no such key in {SETTINGS.relative_to(ROOT)}"
    for key in sorted(known.keys() - documented.keys()):
        path, line = known[key]
        yield f"{path.relative_to(ROOT)}:{line}: {key}: not in {CONFIGURATION.relative_to(ROOT)}"


def check_limits():
    done = subprocess.run([sys.executable, str(ROOT / "script/limits-doc"), "--check"], capture_output=True, text=True)
    if done.returncode != 0:
        yield done.stderr.strip()


def main():
    problems = [*check_links(), *check_keys(), *check_limits()]
    print("\n".join(problems) if problems else f"{len(pages())} pages hold")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""The second lock on the layers: #include lines against the table in src/CMakeLists.txt.

Checks that a file of src/<module>/ includes only its own module, what the module's row names and what
those may use; that outside headers appear only in modules whose row names their library. Quick: no compiler.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SRC = ROOT / "src"

# Outside headers -> the modules that may include them (the table's "outside libraries" column).
OUTSIDE = {
    r"fmt/": None,  # everywhere
    r"boost/json": {"base"},
    r"boost/(asio|beast)": {"net"},
    r"openssl/": {"crypto", "net"},
    r"zlib": {"net"},
    r"re2/": {"model", "promql"},
    r"sqlite3": {"catalog"},
    r"yaml-cpp/": {"cli"},
    r"CLI/": {"cli"},
    r"pugixml": {"awsclient"},
    r"protozero/": {"wire"},
    r"snappy": {"wire", "tsdb"},
    r"zstd": {"wire", "tsdb", "journal"},
    r"xxhash": {"base"},
}


def read_table():
    uses = {}
    for line in (SRC / "CMakeLists.txt").read_text().splitlines():
        match = re.match(r"sluice_module\((\w+)(.*)\)", line)
        if match:
            row = re.search(r"USES ([\w ]+?)(?= LIBRARIES|$)", match.group(2))
            uses[match.group(1)] = set(row.group(1).split()) if row else set()
    return uses


def closure(uses):
    reach = {}
    def visit(module):
        if module not in reach:
            reach[module] = set()
            for used in uses[module]:
                reach[module] |= {used} | visit(used)
        return reach[module]
    for module in uses:
        visit(module)
    return reach


def check_file(path, module, reach, modules):
    problems = []
    lines = path.read_text().splitlines()
    where = path.relative_to(ROOT)
    for number, line in enumerate(lines, 1):
        match = re.match(r'\s*#\s*include\s*[<"]([^>"]+)[>"]', line)
        if not match:
            continue
        header = match.group(1)
        target = header.split("/")[0]
        if target in modules and "/" in header:
            if target != module and target not in reach[module]:
                problems.append(f"{where}:{number}: {module} may not use {target} (src/CMakeLists.txt has the table)")
            continue
        for pattern, allowed in OUTSIDE.items():
            if re.match(pattern, header) and allowed is not None and module not in allowed:
                problems.append(f"{where}:{number}: <{header}> belongs to {', '.join(sorted(allowed))} only")
    return problems


def main():
    uses = read_table()
    if not uses:
        print("no sluice_module() rows found in src/CMakeLists.txt")
        return 1
    reach = closure(uses)
    problems = []
    for module in uses:
        for path in sorted((SRC / module).rglob("*")):
            if path.suffix in (".h", ".cc"):
                problems += check_file(path, module, reach, uses.keys())
    print("\n".join(problems) if problems else "layers hold")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

"""The checks of the tree find what they are there for, and leave alone what looks like it."""
import importlib.machinery
import importlib.util
import pathlib
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def load(path):
    loader = importlib.machinery.SourceFileLoader(path.name.replace("-", "_").removesuffix(".py"), str(path))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


STYLE, DOCS, LIMITS = (load(path)
                       for path in (HERE / "check_style.py", HERE / "check_docs.py", ROOT / "script/limits-doc"))


class Style(unittest.TestCase):
    def found(self, name, text, others=()):
        with tempfile.TemporaryDirectory(prefix="sluice-tools-") as directory:
            for other in others:
                pathlib.Path(directory, other).touch()
            path = pathlib.Path(directory, name)
            path.write_text(text)
            return [f"{number}: {what}" for number, what in STYLE.check_file(path)]

    def test_a_file_in_style_passes(self):
        self.assertEqual(self.found("a.h", "#pragma once\n\nint body_bytes_max = 1;  // max_bytes in a comment\n"), [])

    def test_long_lines_and_files(self):
        self.assertEqual(len(self.found("a.py", "x" * 121 + "\n")), 1)
        self.assertEqual(len(self.found("a.cc", "x\n" * 601)), 1)
        self.assertEqual(self.found("a.cc", 'auto text = R"(' + "x" * 300 + '\n' + "y" * 300 + ')";\n'), [])
        self.assertEqual(len(self.found("a.cc", 'auto text = R"(x)";\n' + "y" * 300 + "\n")), 1)

    def test_headers(self):
        self.assertEqual(self.found("a.h", "int x;\n"), ["1: a header begins with #pragma once"])
        self.assertEqual(self.found("a.cc", '#include <string>\n#include "a.h"\n', ["a.h"]),
                         ["1: own header first: a.h"])
        self.assertEqual(self.found("a.cc", '// Why.\n#include "m/a.h"\n#include <string>\n', ["a.h"]), [])
        self.assertEqual(len(self.found("a.cc", "#include <" "format>\n")), 1)

    def test_leftovers(self):
        for text in ("// TO" "DO: later\n", "path = '/ho" "me/somebody/x'\n", "int x; \n", "\tint x;\n", "int x;"):
            with self.subTest(text):
                self.assertEqual(len(self.found("a.cc", text)), 1)
        self.assertEqual(self.found("a.cc", 'url = "https://example.org/wo" "rk/x";\n'), [])

    def test_units_come_last(self):
        for text in ("size_t max_bytes = 1;\n", "constexpr size_t kBodyMaxBytes = 1;\n", "int delay_secs;\n"):
            with self.subTest(text):
                self.assertEqual(len(self.found("a.cc", text)), 1)
        self.assertEqual(self.found("a.cc", 'time.tv_sec = 1; log("max_bytes");\n'), [])


class Limits(unittest.TestCase):
    HEADER = """namespace sluice::limits {

// First. A note,
// on two lines.
inline constexpr size_t kBodyBytesMax = 16 << 20;   ///< compressed
                                                    ///< as received
inline constexpr int64_t kFutureMsMax = 24 * 60 * 60 * 1000;

// Second.
/// Before it.
inline constexpr size_t kThingsMax = 1'000;
}  // namespace sluice::limits
"""

    def test_values_sections_and_comments(self):
        self.assertEqual(LIMITS.read_header(self.HEADER), [
            ("First", "A note, on two lines.", [["kBodyBytesMax", 16 << 20, "compressed as received"],
                                                ["kFutureMsMax", 86_400_000, ""]]),
            ("Second", "", [["kThingsMax", 1000, "Before it."]])])
        self.assertIn("| `body_bytes_max` | 16 MiB | compressed as received |", LIMITS.page(self.HEADER))
        self.assertIn("| `future_ms_max` | 24 hours | |", LIMITS.page(self.HEADER))

    def test_a_value_it_cannot_read_is_an_error(self):
        with self.assertRaises(ValueError):
            LIMITS.read_header(self.HEADER.replace("16 << 20", "sizeof(int)"))
        with self.assertRaises(ValueError):
            LIMITS.read_header(self.HEADER.replace("kThingsMax = ", "kThingsMax{} // "))


class Docs(unittest.TestCase):
    def test_anchors_are_githubs(self):
        with tempfile.TemporaryDirectory(prefix="sluice-tools-") as directory:
            page = pathlib.Path(directory, "page.md")
            page.write_text("# Changing it, while it runs\n```\n# no heading\n```\n## A [link](x.md) & `code`\n")
            self.assertEqual(list(DOCS.anchors(page)), ["changing-it-while-it-runs", "a-link--code"])

    def test_keys_are_found_on_both_sides(self):
        self.assertIn("web.tls.cert_file", DOCS.documented_keys())
        self.assertIn("web.tls.cert_file", DOCS.known_keys())
        self.assertNotIn("aws.root_secret_access_key", DOCS.known_keys(), "a row that only refuses")


if __name__ == "__main__":
    unittest.main()

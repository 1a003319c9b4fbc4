"""Brings the generated parts of the documentation up to date."""

from __future__ import annotations

import argparse
import os
import sys

from docs.generate.pages import ROOT, fresh


def main() -> int:
    """Write every file whose generated part has changed, or only name it."""
    parser = argparse.ArgumentParser(prog="python -m docs.generate", description=main.__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if a file is out of date")
    check = parser.parse_args().check
    os.environ["MERBENCH_PLUGINS"] = ""  # the lists name built-in plugins only
    old = {path: text for path, text in fresh().items() if not path.exists() or path.read_text("utf-8") != text}
    for path, text in old.items():
        if not check:
            path.write_text(text, "utf-8", newline="\n")
        print(f"{path.relative_to(ROOT)} {'is out of date; run: python -m docs.generate' if check else 'written'}")
    return 1 if check and old else 0


if __name__ == "__main__":
    sys.exit(main())

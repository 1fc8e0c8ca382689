#!/usr/bin/env python3
"""Prints the bytes of machine code that belong to some crates and modules.

Reads what `cargo xtask bloat --format json` prints. Usage: code_of.py CRATE-OR-MODULE…, where a module is written with its
path, such as std::sys::backtrace.
"""

import json
import sys


def main(wanted: list[str]) -> None:
    report = json.load(sys.stdin)
    modules = [name for name in wanted if "::" in name]
    total = sum(crate["bytes"] for crate in report["crates"] if crate["name"] in wanted)
    for function in report["functions"]:
        name = function["name"]
        of_a_module = any(function["crate"] == module.split("::")[0] and module in name for module in modules)
        # These two frame the program's own main, and hold what was inlined of it.
        if of_a_module and "short_backtrace" not in name:
            total += function["bytes"]
    print(total)


if __name__ == "__main__":
    main(sys.argv[1:])

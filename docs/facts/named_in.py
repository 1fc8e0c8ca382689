#!/usr/bin/env python3
"""Prints the bytes of all functions whose symbol fits a pattern: also the generic code of core and alloc that was compiled
for the types of other crates.

Reads what `nm --defined-only -S` prints. Usage: named_in.py PATTERN
"""

import re
import sys


def main(pattern: str) -> None:
    wanted = re.compile(pattern)
    sizes = {}
    for line in sys.stdin:
        address, *rest = line.split()
        is_function = len(rest) == 3 and rest[1] in "tTwW"
        # Equal functions may have several names at one address; "short_backtrace" frames the program's own main.
        if is_function and wanted.search(rest[2]) and "short_backtrace" not in rest[2]:
            sizes[address] = int(rest[0], 16)
    print(sum(sizes.values()))


if __name__ == "__main__":
    main(sys.argv[1])

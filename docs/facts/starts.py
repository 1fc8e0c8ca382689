#!/usr/bin/env python3
"""Prints the milliseconds that 100 starts of a program take, one after another: the best of three rounds.

The best round is the one that other work on the machine disturbed least. Usage: starts.py PROGRAM [ARGUMENT…]
"""

import subprocess
import sys
import time

ROUNDS = 3
STARTS = 100


def round_of_starts(command: list[str]) -> float:
    begin = time.perf_counter()
    for _ in range(STARTS):
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begin


if __name__ == "__main__":
    print(round(1000 * min(round_of_starts(sys.argv[1:]) for _ in range(ROUNDS))))

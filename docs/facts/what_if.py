#!/usr/bin/env python3
"""Prints what one setting of `dist` means for word_freq, in bytes, by `cargo xtask what-if`.

Usage: what_if.py SETTING average (what it saves, on average over all orders of the settings)
       what_if.py SETTING without (the file of dist without it)
"""

import json
import subprocess
import sys


def main(key: str, what: str) -> None:
    command = ["cargo", "xtask", "what-if", "--program", "word_freq", "--profile", "dist", "--format", "json"]
    answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    setting = next(setting for setting in json.loads(answer.stdout)["settings"] if setting["key"] == key)
    print(round(-setting["average_change_bytes"]) if what == "average" else setting["without_bytes"])


if __name__ == "__main__":
    main(*sys.argv[1:])

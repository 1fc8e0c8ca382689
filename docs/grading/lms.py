#!/usr/bin/env python3
"""Reads a filled-in gradebook as the LMS's own import would, and ends with 1 when the import would refuse or misread it.

    docs/grading/lms.py canvas|moodle|brightspace TEMPLATE FILLED [FEEDBACK.zip]

Prints what would be imported, one line for each change: the key that the LMS finds the student by, the column, the grade; then
for each feedback file whose it would be. The rules are those of the LMSs' public documentation, and of Canvas's and Moodle's
public source: `lib/gradebook_importer.rb` and `infer_comment_context_from_filename` in instructure/canvas-lms,
`mod/assign/feedback/offline/importgradeslib.php` and `mod/assign/feedback/file/importziplib.php` in moodle/moodle, "Importing
grades" on community.d2l.com. None was tried in a live LMS. Each check is also given a file that was broken on purpose, and must
notice.
"""

import csv
import io
import pathlib
import re
import sys
import zipfile


class Refused(Exception):
    """The import would refuse it, or take something else than what was meant."""


def need(is_met, why):
    if not is_met:
        raise Refused(why)


def text_of(data):
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16")
    return data.decode("utf-8-sig")


def rows_of(data, separators=","):
    text = text_of(data)
    found = {}
    for separator in separators:
        first = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))[:3]
        widths = {len(row) for row in first}
        found[separator] = widths.pop() if len(widths) == 1 else 0
    separator = max(found, key=lambda key: found[key])
    rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True) if row]
    need(rows, "nothing in it")
    need(all(len(row) == len(rows[0]) for row in rows), "a row has more or fewer cells than the first one")
    return rows


def decimal(text):
    """Canvas and Moodle read `7,5` and `7.5` alike."""
    need(re.fullmatch(r"\d+([.,]\d+)?", text), f"{text!r} isn't a number")
    return float(text.replace(",", "."))


def same_outside(template, filled, columns):
    need(len(template) == len(filled), "not as many rows as in the template")
    for number, (before, after) in enumerate(zip(template, filled), 1):
        for column, (old, new) in enumerate(zip(before, after)):
            need(column in columns or old == new, f"row {number}: the cell {old!r} became {new!r}")


def canvas(template, filled):
    before, after = rows_of(template, ",;"), rows_of(filled, ",;")
    head = after[0]
    two_names = head[0] == "LastName"
    at = 2 if two_names else 1
    need(("Student" in head[0] or two_names) and "ID" in head[at], "the head line isn't Canvas's")
    need("Section" in head, "there is no column Section")
    possible = next((row for row in after if "Points Possible" in row[0]), None)
    need(possible is not None, "the row of possible points is gone")
    assignments = [index for index, name in enumerate(head) if re.fullmatch(r"(.*)\s\((\d+)\)", name)]
    writable = [index for index in assignments if not re.search(r"read\s+only", possible[index])]
    students = {}
    for row in after[1:]:
        is_note = all(re.fullmatch(r"\s*(Muted|Manual Posting.*)?\s*", cell, re.I) for cell in row)
        if row is not possible and not is_note:
            students[id(row)] = row
    rows = {number for number, row in enumerate(after) if id(row) in students}
    same_outside([row for number, row in enumerate(before) if number not in rows],
                 [row for number, row in enumerate(after) if number not in rows], ())
    same_outside(before, after, writable)
    changes = []
    for old, new in zip(before, after):
        for column in writable:
            if id(new) in students and old[column] != new[column]:
                need(old[column].upper() not in ("EX", "N/A"), f"{new[at]}: excused, and graded all the same")
                changes.append((new[at], head[column], decimal(new[column])))
    return changes


def moodle(template, filled):
    before, after = rows_of(template), rows_of(filled)
    head = after[0]
    for name in ("Identifier", "Grade", "Last modified (grade)"):
        need(name in head, f"there is no column {name}")
    key, grade = head.index("Identifier"), head.index("Grade")
    lower = [name.lower() for name in head]
    most = lower.index("maximum grade") if "maximum grade" in lower else None
    lock = head.index("Grade can be changed") if "Grade can be changed" in head else None
    same_outside(before, after, (grade,))
    need(before[0] == head, "the head line changed")
    changes = []
    for old, new in zip(before[1:], after[1:]):
        need(re.fullmatch(r"Participant \d+", new[key]), f"{new[key]!r} isn't a participant")
        if old[grade] == new[grade]:
            continue
        need(lock is None or new[lock] != "No", f"{new[key]}: the grade is locked")
        value = decimal(new[grade])
        # Moodle silently skips what is out of range.
        if most is None or value <= decimal(new[most]):
            changes.append((new[key], "Grade", value))
    return changes


def brightspace(template, filled):
    before, after = rows_of(template, ",\t"), rows_of(filled, ",\t")
    head = after[0]
    need("OrgDefinedId" in head or "Username" in head, "neither OrgDefinedId nor Username")
    need(head[-1] == "End-of-Line Indicator", "the last column isn't End-of-Line Indicator")
    need(all(row[-1] == "#" for row in after[1:]), "a row doesn't end in #")
    items = {}
    for index, name in enumerate(head):
        found = re.fullmatch(r"(.+) Points Grade(?: <Numeric(?: MaxPoints:(\S+))?[^>]*>)?", name)
        if found:
            items[index] = float(found[2]) if found[2] else None
    same_outside(before[:1], after[:1], ())
    same_outside(before, after, items)
    key = head.index("OrgDefinedId") if "OrgDefinedId" in head else head.index("Username")
    changes = []
    for old, new in zip(before[1:], after[1:]):
        for column, most in items.items():
            if old[column] != new[column]:
                value = float(new[column])
                changes.append((new[key], head[column], value if most is None else min(value, most)))
    return changes


def feedback(lms, path):
    """Whose each file would be, and under which name the student gets it."""
    owners = []
    with zipfile.ZipFile(path) as archive:
        need(archive.testzip() is None, "the archive is damaged")
        for name in archive.namelist():
            owners.append((owner(lms, name), archive.read(name)))
    for (_, shown), content in owners:
        # A file named .zip must be one: the student opens it by its name.
        need(not shown.endswith(".zip") or content.startswith(b"PK"), f"{shown} isn't a zip")
    return [who for who, _ in owners]


def owner(lms, name):
    if lms == "moodle":
        need(not re.search(r"(^|/)[.~][^/]*$", name), f"{name}: Moodle passes over hidden files")
        parts = name.split("/")
        while parts:
            info = parts.pop(0).split("_", 4)
            if len(info) < 4 or not info[1].isdigit() or info[2:4] != ["assignsubmission", "file"]:
                continue
            return info[1], "/".join((info[4:] or [""]) + parts).lstrip("/")
        raise Refused(f"{name}: no participant in it")
    if lms == "canvas":
        base = name.split("/")[-1]
        parts = [part for part in base.split("_") if part != "LATE"]
        numbers = [part for part in parts if part.isdigit()]
        need(len(numbers) >= 2 and not parts[-1].startswith("link"), f"{name}: no user and attachment in it")
        # The name that the student had given to the file.
        return numbers[0], base.split(f"_{numbers[1]}_", 1)[1]
    found = re.fullmatch(r"(\d+-\d+) - (.+) - (.+)/([^/]+)", name)
    need(found, f"{name}: not in a folder of the download")
    return found[1], found[4]


READERS = {"canvas": canvas, "moodle": moodle, "brightspace": brightspace}


def controls(lms, template, filled):
    """Each of these would harm the import, so each must be noticed."""
    text = text_of(filled)
    lines = text.splitlines(keepends=True)
    broken = {
        "a row is gone": "".join(lines[:-1]),
        "a cell lost its quotes or its separator": text.replace(lines[-1], lines[-1].replace(",", "", 1)),
        "the head line is another": text.replace("ID", "Id").replace("Identifier", "Name").replace("OrgDefinedId", "Org"),
        "an id is another": re.sub(r"(\d{3,})(?=[^\n]*\n?\Z)", r"\g<1>9", text, count=1),
    }
    if lms == "canvas":
        broken["the possible points are others"] = re.sub(r"(Points Possible[^\n]*?,)(\d)", r"\g<1>9\2", text, count=1)
    if lms == "brightspace":
        broken["an indicator is gone"] = text[: text.rindex("#")] + text[text.rindex("#") + 1 :]
    for what, data in broken.items():
        need(data != text, f"the control `{what}` changes nothing")
        try:
            READERS[lms](template, data.encode())
        except (Refused, ValueError, IndexError, csv.Error):
            continue
        raise Refused(f"not noticed: {what}")


def main(lms, template, filled, archive=None):
    template, filled = pathlib.Path(template).read_bytes(), pathlib.Path(filled).read_bytes()
    try:
        changes = READERS[lms](template, filled)
        controls(lms, template, filled)
        for key, column, grade in changes:
            print(f"{key}: {column} = {grade:g}")
        if archive:
            for who, shown in feedback(lms, archive):
                print(f"{who} gets {shown}")
    except (Refused, ValueError, csv.Error, zipfile.BadZipFile) as error:
        sys.exit(f"{lms}: {error}")


if __name__ == "__main__":
    if len(sys.argv) not in (4, 5) or sys.argv[1] not in READERS:
        sys.exit(__doc__)
    main(*sys.argv[1:])

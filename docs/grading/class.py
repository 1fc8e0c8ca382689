#!/usr/bin/env python3
"""Makes a class of invented students, to see grading at work and to prove it.

    docs/grading/class.py FOLDER [--layout LAYOUT] [EXERCISE ...]

FOLDER gets `submissions/`, `roster.csv`, `policy.toml`, `overrides.toml`, and `expected.csv`: what each student must get,
known from what was put in, not from a grader. The same call always makes the same bytes. `--compare FOLDER/grades/grades.csv`
compares a finished run with what was expected, and ends with 1 when a row differs.

LAYOUT is what `submissions/` looks like: `plain` (the default), or the download of canvas, moodle, moodle-flat, blackboard,
brightspace, gradescope or classroom. An LMS has one assignment for each download, so name one exercise. The roster then has
the columns by which that LMS's names are found in it (`lms_id`, `login`), and FOLDER gets `gradebook.csv`, which is what the LMS
itself exports: its gradebook, or Moodle's grading worksheet.
"""

import csv
import gzip
import io
import os
import pathlib
import sys
import tarfile
import zipfile
from datetime import datetime, timedelta, timezone

ROOT = pathlib.Path(__file__).resolve().parents[2]
DUE = datetime(2026, 5, 31, 22, 0, tzinfo=timezone.utc)
PER_DAY, GRACE, MOST = 10, 60, 50
POINTS = {"ex1": 10, "ex2": 10, "ex3": 10}


def course(path):
    return (ROOT / path).read_text(encoding="utf-8")


MANIFEST = {name: course(f"exercises/{name}/starter/Cargo.toml") for name in ("ex1", "ex3")}
ANSWERS = {name: course(f"exercises/{name}/starter/answers.toml") for name in ("ex2", "ex3")}

# ex1: what stands below the starter, and the points: 4 for the profile, 2 for the output, 4 for the size. The comments of
# its exercise.toml say which setting the size needs: `lto` and `strip`.
SMALL = {"opt-level": '"z"', "lto": "true", "panic": '"abort"', "strip": "true"}


def table(name, settings):
    return f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in settings.items())


def small(**changes):
    """The settings of the solution; a change to None leaves one out."""
    settings = {**SMALL, **{key.replace("_", "-"): value for key, value in changes.items()}}
    return {key: value for key, value in settings.items() if value is not None}


def renamed(old, new):
    return {new if key == old else key: value for key, value in SMALL.items()}


EX1 = {
    "right": (table("profile.release", SMALL), 10),
    "right with s": (table("profile.release", small(opt_level='"s"')), 10),
    "right in another order": (table("profile.release", dict(reversed(SMALL.items()))), 10),
    "misspelled key": (table("profile.release", renamed("opt-level", "optlevel")), 6),
    "underscore": (table("profile.release", renamed("opt-level", "opt_level")), 6),
    "wrong table": (table("profile.dev", SMALL), 2),
    "unknown table": (table("profiles.release", SMALL), 2),
    "reserved name": (table("profile.debug", {"inherits": '"release"', **SMALL}), 0),
    "custom profile without inherits": (table("profile.small", SMALL), 0),
    "wrong type": (table("profile.release", small(panic="true")), 0),
    "number in quotes": (table("profile.release", small(strip='"yes"')), 0),
    "missing lto": (table("profile.release", small(lto=None)), 2),
    "missing strip": (table("profile.release", small(strip=None)), 2),
    "missing panic": (table("profile.release", small(panic=None)), 6),
    "wrong value": (table("profile.release", small(opt_level="3")), 6),
    "syntax error": ("[profile.release]\nopt-level = z\nlto = true\n", 0),
    "duplicate key": (table("profile.release", SMALL) + 'strip = "symbols"\n', 0),
    "untouched": ("", 2),
}

# ex2: answers, each judged by itself: 2, 2, 2, 3, 0 and 1 points.
RIGHT2 = {
    "largest-crate": '"serde_json"',
    "largest-crate-size": '"23.1KiB"',
    "functions": '"backtrace"',
    "setting": '"none"',
    "kept-by": '"DisplayBacktrace"',
}
EX2 = {
    "right": (RIGHT2, 10),
    "in bytes": ({**RIGHT2, "largest-crate-size": "24000"}, 10),
    "wrong crate": ({**RIGHT2, "largest-crate": '"serde_core"'}, 8),
    "std": ({**RIGHT2, "largest-crate": '"std"'}, 8),
    "not a number": ({**RIGHT2, "largest-crate-size": '"a lot"'}, 8),
    "far off": ({**RIGHT2, "largest-crate-size": '"2.3MiB"'}, 8),
    "wrong group": ({**RIGHT2, "functions": '"json"'}, 8),
    "no option": ({**RIGHT2, "functions": '"allocator"'}, 8),
    "the folk answer": ({**RIGHT2, "setting": '"strip"'}, 7),
    "only some goals": ({"largest-crate": '"serde_json"', "functions": '"backtrace"'}, 5),
    "answer missing": ({key: value for key, value in RIGHT2.items() if key != "setting"}, 7),
    "syntax error": ({**RIGHT2, "functions": "backtrace"}, 0),
    "duplicate key": ({**RIGHT2, "setting": '"strip"\nsetting = "none"'}, 0),
    "untouched": (None, 0),
}
WHY = (
    "The code of the backtrace comes compiled with the toolchain, so my profile can not change it.",
    "Any panic may want a backtrace; std is built before I say how.",
    "Because std is shipped as object code and every panic can reach it.",
)

# ex3: 3 points for `dist`; 1 for `release`, 1 for the output, 2 for the size and 1 for s or z, all of which need `dist`; and 1
# for each of two answers.
DIST = {"inherits": '"release"', "opt-level": '"s"', "lto": "true", "codegen-units": "1", "panic": '"abort"', "strip": "true"}
RIGHT3 = {"smaller": '"s"', "download": '"dist"', "busy-server": '"release"'}


def dist(name="profile.dist", **changes):
    settings = {**DIST, **{key.replace("_", "-"): value for key, value in changes.items()}}
    return table(name, {key: value for key, value in settings.items() if value is not None})


EX3 = {
    "right": (dist(), RIGHT3, 10),
    "right with z": (dist(opt_level='"z"'), RIGHT3, 10),
    "z is smaller": (dist(), {**RIGHT3, "smaller": '"z"'}, 9),
    "both answers wrong": (dist(), {**RIGHT3, "download": '"release"', "busy-server": '"dist"'}, 8),
    "release is small too": (table("profile.release", {"opt-level": '"s"'}) + "\n" + dist(opt_level=None), RIGHT3, 9),
    "without inherits": (dist(inherits=None), RIGHT3, 2),
    "reserved name": (dist(name="profile.package"), RIGHT3, 2),
    "another name": (dist(name="profile.small"), RIGHT3, 2),
    "without codegen-units": (dist(codegen_units=None), RIGHT3, 2),
    "opt-level 3": (dist(opt_level="3"), RIGHT3, 2),
    "answers only": ("", RIGHT3, 2),
    "manifest only": (dist(), None, 7),
    "syntax error": (dist() + "strip == true\n", RIGHT3, 2),
    "untouched": ("", None, 0),
}


def answered(text, answers):
    """The starter's answers.toml with these answers in their places; `None` leaves it as it is."""
    if answers is None:
        return text
    lines = []
    for line in text.splitlines():
        key = line.split(" = ")[0]
        if key in answers:
            line = f"{key} = {answers[key]}"
        lines.append(line)
    return "\n".join(lines) + "\n"


def files_of(exercise, variant, number):
    """The files of a variant by their path in the exercise, and the points for them."""
    if exercise == "ex1":
        below, points = EX1[variant]
        return {"Cargo.toml": MANIFEST["ex1"] + below}, points
    if exercise == "ex2":
        answers, points = EX2[variant]
        if answers is not None and variant != "only some goals":
            answers = {**answers, "why": f'"{WHY[number % len(WHY)]}"'}
        return {"answers.toml": answered(ANSWERS["ex2"], answers)}, points - (variant == "only some goals")
    below, answers, points = EX3[variant]
    return {"Cargo.toml": MANIFEST["ex3"] + below, "answers.toml": answered(ANSWERS["ex3"], answers)}, points


# What else a student may put in an exercise. None of it is taken, so none of it may change a grade.
SMUGGLED = {
    "config": {".cargo/config.toml": '[build]\nrustflags = ["-Cprefer-dynamic"]\n'},
    "build.rs": {"build.rs": 'fn main() {\n    println!("cargo::warning=was here");\n}\n'},
    "target": {"target/release/word_freq": "#!/bin/sh\necho the: 3\n", "target/.rustc_info.json": "{}\n"},
    "main.rs": {"src/main.rs": 'fn main() {\n    println!("the: 3");\n}\n'},
    "toolchain": {"rust-toolchain.toml": '[toolchain]\npath = "/tmp"\n'},
    "notes": {"notes.txt": "what I tried\n", "measure.sh": "ls -l target/release\n"},
}


class Student:
    """One of the class: what they hand in, how, and when."""

    def __init__(self, number):
        self.id = f"s{number:03}"
        self.number = number
        self.work = {}  # exercise -> variant
        self.extra = {}  # path -> text, beside the exercises' files
        self.layout = ("folder", "zip", "tar.gz", "checkout", "zip in a folder")[number % 5]
        self.rejected = set()  # exercises that cannot be taken
        self.days_late = 0
        self.extension = 0  # days
        self.is_there = True


def the_class():
    students = [Student(number) for number in range(1, 61)]
    one, two, three = list(EX1), list(EX2), list(EX3)
    for student in students:
        n = student.number
        # Half of the class is right, as a class is; the others try every way to be wrong.
        student.work = {
            "ex1": one[n // 2 % len(one)] if n % 2 else ("right", "right with s", "right in another order")[n // 2 % 3],
            "ex2": two[n // 2 % len(two)] if n % 2 == 0 else "right",
            "ex3": three[n // 2 % len(three)] if n % 3 else "right",
        }
        if n % 7 == 0:
            student.days_late = n // 7 % 8
        if n % 21 == 0:
            student.extension = 7
    by = {student.number: student for student in students}
    for n, what in ((11, "config"), (12, "build.rs"), (13, "target"), (14, "main.rs"), (15, "toolchain"), (16, "notes")):
        by[n].extra = {f"ex1/{path}": text for path, text in SMUGGLED[what].items()}
    # A prebuilt program must not help an untouched manifest.
    by[13].work["ex1"] = "untouched"
    by[20].work = {"ex1": "right"}
    by[21].work = {"ex2": "right"}
    by[22].work = {}
    by[22].layout = "folder"  # an empty one
    by[23].work, by[23].is_there = {}, False  # in the roster alone
    by[24].layout, by[24].rejected = "symlink", {"ex1"}
    by[25].layout, by[25].rejected = "hostile zip", {"ex1", "ex2", "ex3"}
    by[26].layout, by[26].rejected = "damaged zip", {"ex1", "ex2", "ex3"}
    by[58].id, by[58].layout = "<img src=x onerror=alert(58)>", "folder"
    by[59].id, by[59].layout = "=2+5+cmd s059", "zip"
    by[60].id, by[60].layout = "s060 ünï ::error::", "folder"
    return students


PACKAGE = '[package]\nname = "word_freq"\nversion = "0.1.0"\nedition = "2024"\npublish = false\n'


def tree_of(student, exercises):
    """Every file that a student hands in, by its path, and the points by exercise."""
    files, points = {}, {}
    for exercise, variant in student.work.items():
        if exercise not in exercises:
            continue
        own, got = files_of(exercise, variant, student.number)
        if exercise == "ex1" and student.number == 12:
            # The manifest asks for the build script. That table is the course's, so it is built without.
            own["Cargo.toml"] = own["Cargo.toml"].replace(PACKAGE, PACKAGE + 'build = "build.rs"\n')
        files.update({f"{exercise}/{path}": text for path, text in own.items()})
        points[exercise] = 0 if exercise in student.rejected else got
    files.update({path: text for path, text in student.extra.items() if path.split("/")[0] in points})
    return files, points


def write(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data if isinstance(data, bytes) else data.encode())


def zipped(files, hostile=False):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(path, (2026, 5, 30, 12, 0, 0)), text)
        if hostile:
            archive.writestr(zipfile.ZipInfo("../../../s001/ex1/Cargo.toml", (2026, 5, 30, 12, 0, 0)), "[package]\n")
    return buffer.getvalue()


def tarred(files):
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as packed, tarfile.open(fileobj=packed, mode="w") as archive:
        for path, text in sorted(files.items()):
            entry, data = tarfile.TarInfo(path), text.encode()
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


# What else an LMS knows about a student: its own number, a login, a name as people write it.
FIRST = ("Jane", "Max", "Mei", "Ann", "Jörg", "Zoë", "Lê", "Omar", "Ravi", "Ida")
LAST = ("Doe", "Roe", "Lin", "Lee", "van Dyk", "O'Neil")


def lms_number(student):
    return 10_000 + student.number


def person(student):
    """First and last name; the number in the last one keeps sixty students apart."""
    return FIRST[student.number % 10], f"{LAST[student.number % 6]} {student.number:03}"


def login(student):
    return f"u{student.number:03}"


def squashed(text):
    """A name as Canvas has it in a file: letters and digits in lower case."""
    return "".join(c for c in text.lower() if c.isalnum())


def hand_in_to(layout, folder, student, files, exercise):
    """The student's work as the LMS exports it: an archive for most, single files for some, folders where it keeps them."""
    if not student.is_there:
        return
    first, last = person(student)
    number, name = lms_number(student), f"{first} {last}"
    top = {path.removeprefix(f"{exercise}/"): text for path, text in files.items()}
    # The three ways in which students upload: an archive with the folder, an archive of the files, the files themselves.
    way = ("folder", "files", "bare")[student.number % 3] if all("/" not in path for path in top) else "folder"
    archive = {"folder": zipped(files), "files": zipped(top), "bare": b""}[way]
    if student.layout == "hostile zip":
        way, archive = "folder", zipped(files, hostile=True)
    if student.layout == "damaged zip":
        way, archive = "folder", zipped(files)[:-40]
    uploads = list(top.items()) if way == "bare" else [(f"{exercise}.zip", archive)]
    late = "_LATE" if student.days_late else ""
    match layout:
        case "canvas":
            for at, (file, data) in enumerate(uploads):
                if student.number % 10 == 4:  # uploaded for the second time
                    stem, dot, ending = file.rpartition(".")
                    file = f"{stem}-1{dot}{ending}"
                write(folder / f"{squashed(last + first)}{late}_{number}_{900_000 + 10 * student.number + at}_{file}", data)
        case "moodle":
            place = folder / f"{name}_{number}_assignsubmission_file_"
            for file, data in uploads:
                write(place / file, data)
            if student.number % 4 == 0:
                write(folder / f"{name}_{number}_assignsubmission_onlinetext_" / "onlinetext.html", "<p>Hello</p>\n")
        case "moodle-flat":
            for file, data in uploads:
                write(folder / f"{name}_{number}_assignsubmission_file_{file}", data)
        case "blackboard":
            stem = f"Exercise {exercise[2:]}_{login(student)}_attempt_2026-05-30-11-59-12"
            for file, data in uploads:
                write(folder / f"{stem}_{file}", data)
            write(folder / f"{stem}.txt", f"Name: {name} ({login(student)})\nAssignment: Exercise {exercise[2:]}\n")
            if student.number % 5 == 0:  # an earlier attempt, which was empty
                earlier = stem.replace("05-30", "05-29")
                write(folder / f"{earlier}_{exercise}.zip", zipped({f"{exercise}/Cargo.toml": "not yet\n"}))
                write(folder / f"{earlier}.txt", f"Name: {name} ({login(student)})\n")
        case "brightspace":
            for file, data in uploads:
                write(folder / f"{number}-456 - {name} - May 30, 2026 1159 PM" / file, data)
            if student.number % 5 == 0:
                earlier = zipped({f"{exercise}/Cargo.toml": "not yet\n"})
                write(folder / f"{number}-456 - {name} - May 30, 2026 1258 AM" / f"{exercise}.zip", earlier)
            write(folder / "index.html", "<html></html>\n")
        case "gradescope":  # it unpacks archives itself
            place = folder / f"submission_{900_000 + student.number}"
            if student.rejected:
                write(place / f"{exercise}.zip", archive)
            elif files:
                for path, text in (files if way == "folder" else top).items():
                    write(place / path, text)
            else:
                place.mkdir()
            with open(folder / "submission_metadata.yml", "a", encoding="utf-8") as file:
                file.write(f"submission_{900_000 + student.number}:\n  :submitters:\n  - :name: {name}\n"
                           f"    :sid: {student.id}\n    :email: s{student.number:03}@example.org\n  :score: 0.0\n")
        case "classroom":
            place = folder / f"size-{exercise}-{login(student)}"
            write(place / ".git/HEAD", "ref: refs/heads/main\n")
            if student.rejected:
                write(place / f"{exercise}.zip", archive)
            elif student.number % 2:
                write(place / "README.md", "# The workshop\n")
                for path, text in files.items():
                    write(place / "exercises" / path, text)
            else:
                for path, text in top.items():
                    write(place / path, text)


def gradebook(layout, students, exercise):
    """What the LMS exports for grades to be put in: the columns and rows that it wants back."""
    people = [(student, *person(student)) for student in students]
    title, most = f"Exercise {exercise[2:]}", POINTS[exercise]
    match layout:
        case "canvas":
            head = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", f"{title} (4242)", "Final Score"]
            rows = [["    Points Possible", "", "", "", "", most, "(read only)"]]
            rows += [[f"{last}, {first}", lms_number(s), s.id, login(s), "Lab 1", "", ""] for s, first, last in people]
            rows += [["Student, Test", 99999, "", "abcdef", "Lab 1", "", ""]]
        case "moodle" | "moodle-flat":
            head = ["Identifier", "Full name", "Email address", "Status", "Grade", "Maximum Grade",
                    "Last modified (submission)", "Last modified (grade)", "Feedback comments"]
            rows = [[f"Participant {lms_number(s)}", f"{first} {last}", f"s{s.number:03}@example.org", "Submitted for grading",
                     "", f"{most}.00", "-", "-", ""] for s, first, last in people]
        case "blackboard":
            head = ["Last Name", "First Name", "Username", "Student ID", f"{title} [Total Pts: {most}] |4242"]
            rows = [[last, first, login(s), s.id, ""] for s, first, last in people]
        case "brightspace":
            head = ["OrgDefinedId", "Username", "Last Name", "First Name", f"{title} Points Grade", "End-of-Line Indicator"]
            rows = [[f"#{s.id}", login(s), last, first, "", "#"] for s, first, last in people]
        case "gradescope":
            head = ["First Name", "Last Name", "SID", "Email", f"{title}", f"{title} - Max Points"]
            rows = [[first, last, s.id, f"s{s.number:03}@example.org", "", most] for s, first, last in people]
        case "classroom":
            head = ["identifier", "github_username", "github_id", "name"]
            rows = [[s.id, login(s), lms_number(s), f"{first} {last}"] for s, first, last in people]
    return head, rows


def hand_in(folder, student, files):
    place = folder / student.id
    if not student.is_there:
        return
    match student.layout:
        case "zip":
            write(folder / f"{student.id}.zip", zipped(files))
        case "zip in a folder":  # as GitHub and learning platforms pack a repository
            write(folder / f"{student.id}.zip", zipped({f"workshop-main/exercises/{path}": text for path, text in files.items()}))
        case "tar.gz":
            write(folder / f"{student.id}.tar.gz", tarred(files))
        case "hostile zip":
            write(folder / f"{student.id}.zip", zipped(files, hostile=True))
        case "damaged zip":
            write(folder / f"{student.id}.zip", zipped(files)[:-40])
        case "checkout":  # GitHub Classroom: a clone with all of the course around
            write(place / "README.md", "# The workshop\n")
            write(place / ".git/HEAD", "ref: refs/heads/main\n")
            for path, text in files.items():
                write(place / "exercises" / path, text)
        case layout:
            place.mkdir(parents=True)
            for path, text in files.items():
                write(place / path, text)
            if layout == "symlink" and "ex1/Cargo.toml" in files:
                (place / "ex1/Cargo.toml").unlink()
                os.symlink("/etc/passwd", place / "ex1/Cargo.toml")


OVERRIDES = {("s003", "ex1"): (7.5, "explained the mistake in the lab"), ("s026", "ex1"): (4, "sent the file by mail")}


LAYOUTS = ("plain", "canvas", "moodle", "moodle-flat", "blackboard", "brightspace", "gradescope", "classroom")


def main(folder, exercises, layout):
    if layout not in LAYOUTS:
        sys.exit(f"there is no layout {layout}; name any of {', '.join(LAYOUTS)}")
    if layout != "plain" and len(exercises) != 1:
        sys.exit("an LMS has a download for each assignment: name one exercise")
    unknown = [exercise for exercise in exercises if exercise not in POINTS]
    if unknown:
        sys.exit(f"there is no work for {', '.join(unknown)}; name any of {', '.join(POINTS)}")
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        sys.exit(f"{folder} is there already; remove it, or name another folder")
    expected, roster = [], []
    students = the_class()
    if layout != "plain":
        for student in students:
            # Hostile names are tried in the plain layout; an LMS knows its students. It has no links and no empty folders.
            student.id = f"s{student.number:03}"
            if student.layout == "symlink":
                student.layout, student.rejected = "folder", set()
            if exercises[0] not in student.work and not student.rejected:
                student.is_there = False
    for student in students:
        files, points = tree_of(student, exercises)
        if layout == "plain":
            hand_in(folder / "submissions", student, files)
        else:
            hand_in_to(layout, folder / "submissions", student, files, exercises[0])
        submitted = DUE + timedelta(days=student.days_late, minutes=-30)
        stamp = lambda time: time.strftime("%Y-%m-%dT%H:%M:%SZ")
        extension = DUE + timedelta(days=student.extension) if student.extension else None
        name = ("<b>Student</b>", "=HYPERLINK(1)")[student.number % 2] if student.number > 57 else "Student"
        first, last = person(student)
        known = [] if layout == "plain" else [lms_number(student), login(student)]
        name, last = (name, f"{student.number:03}") if layout == "plain" else (first, last)
        roster.append([student.id, name, last, f"s{student.number:03}@example.org", stamp(DUE),
                       stamp(extension) if extension else "", stamp(submitted) if student.is_there else "", *known])
        for exercise in exercises:
            # If something was handed in but none of it is work for a graded exercise, a person looks at it.
            status = "graded" if exercise in points else "rejected" if student.is_there and not points else "not-handed-in"
            if student.is_there and exercise in student.rejected:
                status = "rejected"
            raw = OVERRIDES.get((student.id, exercise), (points.get(exercise, 0),))[0]
            # For each day begun after the grace period; never more than the points there are.
            late = (submitted - (extension or DUE) - timedelta(minutes=GRACE)) / timedelta(days=1)
            days = -int(-late // 1) if late > 0 and status != "not-handed-in" else 0
            off = min(min(days * PER_DAY, MOST) / 100 * POINTS[exercise], raw)
            expected.append([student.id, exercise, f"{raw - off:g}", status])
    columns = ["student_id", "first_name", "last_name", "email", "due", "extension", "submitted"]
    tables = [("expected.csv", ["student_id", "assignment", "score", "status"], expected)]
    if layout != "plain":
        columns += ["lms_id", "login"]
        tables.append(("gradebook.csv", *gradebook(layout, students, exercises[0])))
    for name, head, rows in [("roster.csv", columns, roster), *tables]:
        with open(folder / name, "w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows([head, *rows])
    write(folder / "policy.toml", f"[late]\nper-day-percent = {PER_DAY}\ngrace-minutes = {GRACE}\nmax-percent = {MOST}\n")
    write(folder / "overrides.toml", "\n".join(
        f'[[override]]\nstudent = "{student}"\nexercise = "{exercise}"\npoints = {points}\nreason = "{reason}"\n'
        for (student, exercise), (points, reason) in OVERRIDES.items() if exercise in exercises))
    print(f"{len(roster)} students, {len(expected)} expected rows in {folder}")


def compare(grades):
    """Every row of a run against what was put in; says each one that differs."""
    with open(grades, newline="", encoding="utf-8") as file:
        found = {(row["student_id"].lstrip("'"), row["assignment"]): row for row in csv.DictReader(file)}
    with open(grades.parent.parent / "expected.csv", newline="", encoding="utf-8") as file:
        expected = list(csv.DictReader(file))
    wrong = 0
    for row in expected:
        # A report changes two colons, which some servers treat as a command.
        key = (row["student_id"].replace(" ::error::", " :\\u{3a}error:\\u{3a}"), row["assignment"])
        got = found.pop(key, None)
        if got is None or (got["score"], got["status"]) != (row["score"], row["status"]):
            wrong += 1
            print(f"{key[0]} {key[1]}: expected {row['score']} {row['status']}, got {got and (got['score'], got['status'])}")
    for key in found:
        wrong += 1
        print(f"{key[0]} {key[1]}: nobody put it in")
    print(f"{len(expected) - wrong} of {len(expected)} rows are right" if not wrong else f"{wrong} rows are wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "--compare":
        sys.exit(compare(pathlib.Path(sys.argv[2])))
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    words = sys.argv[2:]
    layout = "plain"
    if "--layout" in words:
        at = words.index("--layout")
        layout = words[at + 1] if at + 1 < len(words) else ""
        del words[at : at + 2]
    main(pathlib.Path(sys.argv[1]), words or sorted(POINTS), layout)

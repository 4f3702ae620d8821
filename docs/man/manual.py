#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Writes a manual page from what the program says of itself, so that the two cannot differ.

  manual.py turnpiked PROGRAM          turnpiked(8), from PROGRAM --help
  manual.py turnpike.yaml PROGRAM      turnpike.yaml(5), from PROGRAM --dump-config=markdown
  manual.py turnpikectl PROGRAM        turnpikectl(1), from PROGRAM --help and PROGRAM COMMAND --help
  manual.py turnpike-perf SCRIPT       turnpike-perf(1), from SCRIPT --help

The page goes to standard output. Markdown is only as much as docs/configuration.md uses: headings, paragraphs, lists, tables, `code`.
"""
import re
import subprocess
import sys

FILES = """.SH FILES
.TP
.I /etc/turnpike/turnpike.yaml
The configuration that the service reads; see
.BR turnpike.yaml (5).
.TP
.I /var/lib/turnpike/books.json
The books of the last run of the service.
.SH SEE ALSO
.BR turnpike.yaml (5),
.I /usr/share/doc/turnpike/
"""


def roff(text):
    """Text in which nothing is taken for a request or an escape."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^([.'])", r"\\&\1", text)


def inline(text):
    return re.sub(r"`([^`]*)`", r"\\fB\1\\fR", roff(text.replace("\\|", "|")))


def head(name, section, what):
    return f'.TH {name.upper()} {section} "" turnpike\n.SH NAME\n{roff(name)} \\- {what}\n'


def said(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


def options(lines):
    """Lines of --help that begin with an option, as a list."""
    for line in lines:
        option, _, text = line.strip().partition(" ")
        name, _, argument = (option if "[" in option or not text or text.startswith(" ") else f"{option} {text.split(' ', 1)[0]}").partition(" ")
        text = text.removeprefix(argument).strip()
        yield f".TP\n\\fB{roff(name)}\\fR" + (f" \\fI{roff(argument)}\\fR" if argument else "") + f"\n{roff(text)}\n"


def daemon(program):
    intro, usage, *rest = said(program, "--help").strip().split("\n\n")
    listed = [line for line in rest[0].splitlines() if line.startswith("  --")]
    page = head("turnpiked", 8, roff(intro.removeprefix("turnpiked ").rstrip("."))) + ".SH SYNOPSIS\n"
    page += roff(usage.removeprefix("usage: ")) + "\n.SH OPTIONS\n" + "".join(options(listed))
    for paragraph in rest[1:]:
        title, _, text = paragraph.partition(":")
        page += f".SH {title.upper()}\n"
        page += "".join(two_columns(text.strip("\n").splitlines())) if title == "signals" else roff(" ".join(text.split())) + "\n"
    return page + FILES


def table_row(line):
    cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]
    if not "".join(cells).strip("-"):
        return ""
    return f".TP\n{inline(cells[0])}\n" + inline("; ".join(cell for cell in cells[1:] if cell)) + "\n"


def configuration(program):
    page, heading_row = head("turnpike.yaml", 5, "configuration of turnpiked") + ".SH DESCRIPTION\n", True
    for line in re.sub(r"(?<=\w)\n(?=[\w-])", " ", said(program, "--dump-config=markdown")).splitlines():
        if line.startswith(("<!--", "# ")):
            continue
        if line.startswith("|"):
            page += "" if heading_row else table_row(line)
            heading_row = False
            continue
        heading_row = True
        if line.startswith("## "):
            page += f".SH {inline(line[3:])}\n"
        elif line.startswith("* "):
            page += f".IP \\[bu] 2\n{inline(line[2:])}\n"
        else:
            page += f"{inline(line)}\n" if line else ".PP\n"
    return re.sub(r"(\.PP\n)+(?=\.SH|\.TP|\.IP|\.PP|$)", "", re.sub(r"(\.SH [^\n]*\n)(\.PP\n)+", r"\1", page))


def two_columns(lines):
    """Lines `  NAME   what it is`, as a list; the others as they are."""
    for line in lines:
        match = re.fullmatch(r"  (\S.*?)  +(.*)", line)
        yield f".TP\n\\fB{roff(match[1])}\\fR\n{roff(match[2])}\n" if match else f"{roff(line.strip())}\n"


def client(program):
    usage, *rest = said(program, "--help").strip().split("\n\n")
    usage, what = usage.split("\n", 1)
    page = head("turnpikectl", 1, "asks and changes a running turnpiked") + ".SH SYNOPSIS\n" + roff(usage.removeprefix("Usage: "))
    page += "\n.SH DESCRIPTION\n" + roff(what) + "\n"
    for block in rest:
        title, *lines = block.splitlines()
        if not lines:
            page += f".PP\n{roff(title)}\n"
            continue
        page += f".SH {title.upper()}\n" + "".join(two_columns(lines))
        for line in lines if title == "Commands" else []:
            words = re.match(r"  (\S+(?: \S+)*)", line)[1]
            first, *others = (line for line in said(program, *words.split(), "--help").splitlines() if line)
            page += f".SS {roff(words)}\n.nf\n{roff(first.removeprefix('Usage: '))}\n.fi\n.PP\n" + "".join(two_columns(others))
    return page + ".SH SEE ALSO\n.BR turnpiked (8)\n"


def benchmarks(script):
    page, paragraphs = head("turnpike-perf", 1, "benchmarks of turnpike"), said(sys.executable, script, "--help").strip().split("\n\n")
    page += ".SH SYNOPSIS\n" + roff(" ".join(paragraphs[0].removeprefix("usage: run.py").split())).join(["turnpike\\-perf ", "\n"])
    page += ".SH DESCRIPTION\n"
    for paragraph in paragraphs[1:]:
        lines = [roff(re.sub(r" *\(?default /[^)]*\)?", "", line)) for line in paragraph.splitlines()]
        table = any(line.startswith(" ") for line in lines)
        page += ".PP\n" + "\n".join([".nf", *lines, ".fi"] if table else lines) + "\n"
    return page


if __name__ == "__main__":
    PAGES = {"turnpiked": daemon, "turnpikectl": client, "turnpike.yaml": configuration, "turnpike-perf": benchmarks}
    sys.stdout.write(PAGES[sys.argv[1]](sys.argv[2]))

"""Messages as compilers write them."""

import _vedalia


def build_report(p, msg):
    return "%s:%s:%s-%s: %s" % (p.file, p.line, p.column, p.column_end, msg)


def print_report(p, msg="ERROR"):
    _vedalia.say("report", build_report(p, msg) + "\n", p)

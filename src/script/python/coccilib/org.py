"""Messages as links of Emacs' org mode."""

import _vedalia


def build_link(p, msg, color):
    return "[[view:%s::face=%s::linb=%s::colb=%s::cole=%s][%s]]" % (
        p.file, color, p.line, p.column, p.column_end, msg)


def _place(p):
    return "%s::%s" % (p.file, p.line)


def _safe(msg):
    return msg.replace("[", "@(").replace("]", ")")


def print_todo(p, msg="", color="ovl-face1"):
    _vedalia.say("org", "* TODO %s\n" % build_link(p, msg or _place(p), color), p)


def print_link(p, msg="", color="ovl-face1"):
    _vedalia.say("org", "%s\n" % build_link(p, msg or _place(p), color), p)


def print_safe_todo(p, msg="", color="ovl-face1"):
    print_todo(p, _safe(msg), color)


def print_safe_link(p, msg="", color="ovl-face1"):
    print_link(p, _safe(msg), color)


def print_main(msg, p, color="ovl-face1"):
    print_todo(p[0], "%s %s" % (msg, _place(p[0])) if msg else _place(p[0]), color)


def print_sec(msg, p, color="ovl-face2"):
    print_link(p[0], msg, color)


def print_secs(msg, ps, color="ovl-face2"):
    for p in ps:
        print_link(p, msg, color)

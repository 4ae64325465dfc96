"""The Python side of the interpreter: the engine calls `run` and `value`, the other modules print through `say`."""

import sys

from coccilib import elems

keep = True
exited = False
said = []
files = []
bound = frozenset()
own = []
namespace = {"__name__": "__main__"}
compiled = {}
steps = 0

#: How many lines of Python a script may run: more than any rule needs, and over in seconds.
STEPS = 1_000_000


def start(rule_file, arguments, virtual_rules):
    """Make the names that every script finds."""
    sys.argv = list(arguments)
    sys.stdout, sys.stderr = Stream("print"), Stream("error")
    exec(
        # In the place of `os`, which scripts have not: `os.path`, and nothing else that works.
        "import _dummy_os\n"
        # Some modules compile patterns of bytes, which need their encodings.
        "import encodings\n"
        "import encodings, encodings.latin_1, encodings.utf_8, encodings.ascii\n"
        "import coccinelle, coccilib, coccilib.elems, coccilib.org, coccilib.report\n"
        "from coccilib.iteration import Iteration\n"
        "from coccinelle import *\n"
        "cocci = Cocci()\n",
        namespace,
    )
    namespace["Cocci"].cocci_file = rule_file
    namespace["open"] = no_file
    for name in virtual_rules:
        setattr(namespace["coccinelle"], name, name)
        namespace[name] = name


def run(code, of_files, of_bound, inputs, merged, outputs):
    """Run a script: `(failure, keep, exited, said, values)`."""
    begin(of_files, of_bound)
    failure = attempt(lambda: script(code, inputs, merged, outputs))
    module = namespace["coccinelle"]
    values = [(name,) + made(getattr(module, name)) for name in outputs if hasattr(module, name)]
    return failure, keep, exited, list(said), values


def value(code, of_files, inputs):
    """The value of an expression: `(failure, whether it is true, its text, said)`."""
    begin(of_files, ())
    result = []
    failure = attempt(lambda: result.append(expression(code, inputs)))
    answer = result[0] if result else None
    return failure, bool(answer), str(answer), list(said)


def begin(of_files, of_bound):
    global keep, exited, files, bound
    keep, exited = True, False
    files, bound = of_files, frozenset(of_bound)
    said.clear()


def script(code, inputs, merged, outputs):
    bind(inputs, merged, outputs)
    exec(compiled_once(code, "exec"), namespace)


def expression(code, inputs):
    bind(inputs, (), ())
    return eval(compiled_once(code, "eval"), namespace)


def bind(inputs, merged, outputs):
    """Bind the metavariables: those of the script before are gone from the module, not from the globals."""
    module = namespace["coccinelle"]
    for name in set(own).union(outputs):
        if hasattr(module, name):
            delattr(module, name)
    own[:] = [name for name, _, _ in inputs]
    for name, kind, what in inputs:
        what = seen(kind, what)
        setattr(module, name, what)
        namespace[name] = what
    for name, of in merged:
        namespace[name] = [getattr(module, of)]


def seen(kind, what):
    """A metavariable as scripts see it."""
    if kind == "list":
        return elems.TermList(*what)
    if kind == "places":
        return tuple(elems.Location(*fields) for fields in what)
    return what


def compiled_once(code, mode):
    """The code object of `(file, line, text)`; lines count as in the file."""
    key = code, mode
    if key not in compiled:
        file, line, text = code
        if mode == "eval":
            text = "(" + text + ")"
        compiled[key] = compile("\n" * (line - 1) + text, file, mode)
    return compiled[key]


def attempt(action):
    """What went wrong, as `(message, line)`, or nothing."""
    global steps
    steps = 0
    sys.settrace(step)
    try:
        action()
    except SyntaxError as error:
        return "SyntaxError: %s" % error.msg, str(error.lineno or 0)
    except SystemExit:
        return None
    except Endless as error:
        return "no end after %d lines" % STEPS, str(error.line)
    except BaseException as error:
        message, hint = told(error)
        return message, str(last_line(error.__traceback__)), hint
    finally:
        sys.settrace(None)
    return None


#: What scripts can do instead of what they cannot.
INSTEAD = "scripts compute and print, and reach neither files nor processes; what they print can be sent to a file"


def told(error):
    """What an exception says, and how to go on."""
    if isinstance(error, NoFiles):
        return str(error), INSTEAD
    if isinstance(error, ModuleNotFoundError) and error.name:
        return "there is no module `%s` for scripts" % error.name, INSTEAD
    if "FileIO" in str(error):
        return "it asks for `os` or `io`, which scripts do not have", INSTEAD
    return "%s: %s" % (type(error).__name__, error), ""


class NoFiles(Exception):
    """A script wants to open a file."""


def no_file(path, *_arguments, **_named):
    """`open` of scripts."""
    raise NoFiles("it wants to open `%s`, and scripts have no files" % (path,))


class Endless(BaseException):
    """A script has run for too long."""

    def __init__(self, line):
        self.line = line


def step(frame, _event, _argument):
    """Count the lines that run."""
    global steps
    steps += 1
    if steps > STEPS:
        sys.settrace(None)
        raise Endless(frame.f_lineno if is_rule_file(frame) else 0)
    return step


def last_line(trace):
    """The innermost line of the rule file."""
    line = 0
    while trace is not None:
        if is_rule_file(trace.tb_frame):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def is_rule_file(frame):
    return frame.f_code.co_filename == namespace["Cocci"].cocci_file


def say(kind, text, place=None):
    """Print `text`; what it is about goes along."""
    at = () if place is None else (place.file, place.line, place.column, place.line_end, place.column_end)
    said.append((kind, text, tuple(str(part) for part in at)))


def made(what):
    """A value that a script gave to an output variable, as `(kind, text, place)`."""
    if isinstance(what, Made):
        return what.kind, what.text, what.place
    return "ident", str(what), ()


class Stream:
    """Where `print` goes."""

    encoding = "utf-8"

    def __init__(self, kind):
        self.kind = kind

    def write(self, text):
        say(self.kind, text)
        return len(text)

    def writelines(self, lines):
        for line in lines:
            self.write(line)

    def flush(self):
        pass

    def isatty(self):
        return False


class Made:
    """A piece of code that a script made for an output variable."""

    def __init__(self, kind, text, place=()):
        self.kind, self.text, self.place = kind, text, place

    def __str__(self):
        return self.text

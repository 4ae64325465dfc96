"""The module that scripts see as `coccinelle`: the engine puts the metavariables into it."""

from coccilib import output
import _vedalia


class Cocci(output.Console):
    """What `cocci` is an instance of."""

    cocci_file = ""

    def include_match(self, keep):
        _vedalia.keep = bool(keep)

    def exit(self):
        _vedalia.exited = True

    def files(self):
        return list(_vedalia.files)

    def has_env_binding(self, rule, name):
        return (rule, name) in _vedalia.bound

    def add_pending_instance(self, files, virtual_rules, virtual_identifiers, extend_virtual_ids):
        raise NotImplementedError("a script cannot start another run of its rule file here")

    def make_ident(self, text):
        return _vedalia.Made("ident", text)

    def make_expr(self, text):
        return _vedalia.Made("expr", text)

    def make_stmt(self, text):
        return _vedalia.Made("stmt", text)

    def make_stmt_with_env(self, _env, text):
        return _vedalia.Made("stmt", text)

    def make_type(self, text):
        return _vedalia.Made("type", text)

    def make_pragmainfo(self, text):
        return _vedalia.Made("pragma", text)

    def make_listlen(self, length):
        return _vedalia.Made("length", str(length))

    def make_position(self, file, element, line, column, line_end, column_end):
        place = tuple(str(part) for part in (file, element, line, column, line_end, column_end))
        return _vedalia.Made("position", "%s:%s:%s" % (file, line, column), place)

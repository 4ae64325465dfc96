"""Further runs of a rule file that a script asks for."""

from coccinelle import Cocci


class Iteration:
    """One further run."""

    def __init__(self):
        self._files = None
        self._rules = []
        self._identifiers = {}

    def set_files(self, files):
        self._files = list(files)

    def add_virtual_rule(self, rule):
        self._rules.append(rule)

    def add_virtual_identifier(self, name, value):
        if name in self._identifiers:
            raise ValueError("multiple values specified for %s" % name)
        self._identifiers[name] = value

    def register(self):
        Cocci().add_pending_instance(self._files, self._rules, list(self._identifiers.items()), False)

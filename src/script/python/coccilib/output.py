"""What the `cocci` object of a script can print."""

from coccilib import org


class Output:
    """The part of `cocci` that does not depend on the engine."""

    def include_match(self, keep):
        pass

    def register_match(self, include, messages):
        self.include_match(include)

    def combine(self, variable, locations):
        """The variable, at these places."""
        variable.location = locations[0]
        variable.locations = list(locations)
        return variable

    def finalise(self):
        pass

    def print_main(self, *args):
        org.print_main(*args)

    def print_sec(self, *args):
        org.print_sec(*args)

    def print_secs(self, *args):
        org.print_secs(*args)


class Console(Output):
    """Prints what a script registers."""

    def register_match(self, include, messages):
        self.include_match(include)
        if include:
            for variable, message in messages:
                at = variable.location
                print("%s:%s:%s: %s - %s" % (at.file, at.line, at.column, message, variable))

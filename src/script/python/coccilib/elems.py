"""What metavariables are to a script where a string does not do."""


class Location:
    """A place of a position metavariable; every number is a string."""

    def __init__(self, file, current_element, current_element_line, current_element_column,
                 current_element_line_end, current_element_column_end, line, column, line_end, column_end):
        self.file = file
        self.current_element = current_element
        self.current_element_line = current_element_line
        self.current_element_column = current_element_column
        self.current_element_line_end = current_element_line_end
        self.current_element_column_end = current_element_column_end
        self.line = line
        self.column = column
        self.line_end = line_end
        self.column_end = column_end


class TermList:
    """A list of arguments, parameters, fields or initialisers: its text, and its elements."""

    def __init__(self, expr, elements):
        self.expr = expr
        self.elements = elements

    def __getitem__(self, at):
        return self.elements[at]

    def __len__(self):
        return len(self.elements)

    def __str__(self):
        return self.expr

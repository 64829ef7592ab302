"""What can be wrong with a template, and with a row in it."""


class TemplateProblem(ValueError):
    """A template that cannot be used at all; `line` counts from the template's first."""

    def __init__(self, message: str, line: int = 1) -> None:
        super().__init__(message)
        self.line = line


class RowProblem(ValueError):
    """A row that this template cannot show: `reason` is a code, `line` the template's, `part` the key that it stands under."""

    def __init__(self, reason: str, message: str, line: int = 1) -> None:
        super().__init__(message)
        self.reason = reason
        self.line = line
        self.part = "instruction"

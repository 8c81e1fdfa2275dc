"""How a probe says that it did not pass; whatever else is raised is a failure of what was tried."""


class SkippedError(Exception):
    """A probe cannot run here; the message says why."""


class WrongAnswerError(Exception):
    """The engine gave another answer than the right one."""

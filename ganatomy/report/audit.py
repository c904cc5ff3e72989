"""What a page says for an audit: who, what, when, and how to verify it."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Audit:
    """The facts of a run that an auditor asks for, and how to verify them.

    Parameters
    ----------
    facts : dict of str to str
        Names and values; the page shows those that are not empty.
    intended_use, limits : str
        What the run is for, and what its figures do not say.
    record : str
        Where date and user of the run are found: a sentence.
    commands : dict of str to str
        Commands that verify the run, each with what it says.
    """

    facts: dict[str, str] = field(default_factory=dict)
    intended_use: str = ""
    limits: str = ""
    record: str = ""
    commands: dict[str, str] = field(default_factory=dict)

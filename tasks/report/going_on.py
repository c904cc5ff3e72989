"""How a run stands that is at work, in the sentences at the head of its page."""

from dataclasses import dataclass


@dataclass(frozen=True)
class GoingOn:
    """A run at one moment.

    Attributes
    ----------
    at : str
        Date and time of that moment.
    stands : str
        How many stages are done and what time is left; "" where nobody has told yet.
    at_work, to_come : list of str
        Stages.
    """

    at: str
    stands: str
    at_work: list[str]
    to_come: list[str]

    def is_at_work(self, stage: str) -> bool:
        """Whether a stage has begun and not ended."""
        return stage in self.at_work

    def sentences(self) -> list[str]:
        """Say what is done, what is at work, what is yet to come, and how one sees more."""
        told = [f"Done as of {self.at}: {self.stands or 'not told yet'}."]
        if self.at_work:
            told.append(f"At work: {', '.join(self.at_work)}.")
        if self.to_come:
            told.append(f"Yet to come: {', '.join(self.to_come)}.")
        more = "Reload this page to see more: it is made anew now and then while the run goes on."
        return [*told, f"{more} What later stages find may change how this is to be read."]

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
        How many stages are done, and what time is left.
    done, at_work, to_come : list of str
        Stages.
    """

    at: str
    stands: str
    done: list[str]
    at_work: list[str]
    to_come: list[str]

    def is_at_work(self, stage: str) -> bool:
        """Say whether a stage has begun and not ended."""
        return stage in self.at_work

    def sentences(self) -> list[str]:
        """Say what is done, what is at work, what is yet to come, and how one sees more."""
        lists = {"Done": self.done, "At work": self.at_work, "Yet to come": self.to_come}
        told = [f"As of {self.at}: {self.stands}."]
        told += [f"{what}: {', '.join(stages)}." for what, stages in lists.items() if stages]
        more = "Reload this page to see more: it is made anew now and then while the run goes on."
        return [*told, f"{more} What later stages find may change how this is to be read."]

"""Whether GANs are retrained, and by whose function: as stage `inputs` has written it down."""

from dataclasses import dataclass

from ganatomy.files import read_json
from tasks.shared.provenance import RETRAINING


@dataclass(frozen=True)
class Way:
    """The way in which GANs are retrained.

    Attributes
    ----------
    left_out : str
        Why none is; "" where they are.
    train : str
        ``module:function`` of an adopted GAN's author; "" for our own training.
    ours : bool
        The base GAN was trained elsewhere, and the retrained ones are small ones of ours.
    """

    left_out: str = ""
    train: str = ""
    ours: bool = False

    @property
    def not_packed(self) -> str:
        """Say why no GANs are trained side by side; "" where they are."""
        return self.left_out or (self.train and f"{self.train} trains GANs one by one")


def load_way() -> Way:
    """Read it; where nothing is written all is as ever."""
    told = read_json(RETRAINING) if RETRAINING.exists() else {}
    return Way(told.get("left_out", ""), told.get("train", ""), told.get("ours", False))

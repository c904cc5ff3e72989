"""A network that nobody gave, in the place of one."""

from typing import Any, NoReturn

from torch import nn

from ganatomy.errors import InputError


class Absent(nn.Module):
    """Stand for a generator or a discriminator that is not there; to call it is an `InputError`.

    Whoever explains a GAN asks `is_there` before, and leaves out with its reason what needs it.

    Parameters
    ----------
    name : str
        ``generator`` or ``discriminator``.

    Examples
    --------
    >>> is_there(Absent("discriminator")), is_there(nn.Identity())
    (False, True)
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def forward(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse."""
        raise InputError(
            f"there is no {self.name}",
            self.name,
            f"Give one, or leave out what needs a {self.name}.",
        )


def is_there(network: nn.Module) -> bool:
    """Say whether a network was given."""
    return not isinstance(network, Absent)

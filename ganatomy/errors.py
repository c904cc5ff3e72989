"""The one exception that a user of GANatomy is meant to read."""

GIVE = "Give what is there, or make it first."  # remedy for a file that is missing
REMAKE = "Remove it and make it anew."  # remedy for what is damaged


class InputError(ValueError):
    """Something the user gave cannot be used.

    Parameters
    ----------
    what : str
        What is wrong, with the offending value.
    where : str
        The file, folder or argument it was found in: ``min_images``, ``root=given``.
    remedy : str
        What to do about it. Arguments stand between backticks.

    Examples
    --------
    >>> str(InputError("0 images", "num_images", "Give at least one."))
    '0 images [num_images]. Give at least one.'
    """

    def __init__(self, what: str, where: str, remedy: str) -> None:
        super().__init__(f"{what} [{where}]. {remedy}")
        self.what = what
        self.where = where
        self.remedy = remedy

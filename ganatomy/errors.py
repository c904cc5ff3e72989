"""The one exception that a user of GANatomy is meant to read."""


class InputError(ValueError):
    """Something the user gave cannot be used.

    Parameters
    ----------
    what : str
        What is wrong, with the offending value.
    where : str
        The file, folder or parameter it was found in.
    remedy : str
        What to do about it.
    """

    def __init__(self, what: str, where: str, remedy: str) -> None:
        super().__init__(f"{what} [{where}]. {remedy}")
        self.what = what
        self.where = where
        self.remedy = remedy

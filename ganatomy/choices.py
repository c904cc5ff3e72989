"""Which devices there are to choose from. No torch here.

What can be chosen is a ``Literal`` beside what it chooses: here, in `gan/settings.py` and in the
files `choices.py` of packages. Type checkers read it, the library's tuples and the types of the
pipeline's parameters are made from it, so each list stands once.
"""

from typing import Literal

Device = Literal["auto", "cpu", "cuda"]

"""The raw repeats: what was read out of every retrained GAN, as tables."""

from typing import NamedTuple

import pandas as pd


class ReadOut(NamedTuple):
    """The result of `read_out`.

    Attributes
    ----------
    repeats : DataFrame
        The raw repeats, one row per member and readout: variant, features (joined by "+"), mode,
        is_null, seed, share, readout, value.
    class_shares : DataFrame
        Members at the end of training: variant, is_null, seed, class_name, share (of the fakes,
        as the evaluator sees them). Without rows where the held-out images have no classes.
    diverged : DataFrame
        Members with no or with non-finite outputs, which are in no other table: variant, features,
        mode, is_null, seed, share.
    """

    repeats: pd.DataFrame
    class_shares: pd.DataFrame
    diverged: pd.DataFrame

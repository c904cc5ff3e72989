"""A map in two dimensions of where images lie, and how far it can be trusted."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

FEWEST = 12
"""Images below which there is no map."""
NEIGHBOURS = 5
"""Of each image on the map: those that trustworthiness asks about."""

_MOST_AXES = 50  # of the features, by PCA, before they are embedded


def embedded(features: Array, seed: int) -> tuple[Array, float]:
    """Lay vectors out in two dimensions by t-SNE (van der Maaten & Hinton 2008).

    Parameters
    ----------
    features : ndarray of shape (n, f)
        `FEWEST` vectors and more, not all alike.
    seed : int

    Returns
    -------
    ndarray of shape (n, 2)
    float in [0, 1]
        Trustworthiness (Venna & Kaski 2001): 1 where the nearest `NEIGHBOURS` on the map are also
        near in the features, 0.5 for a map that has nothing to do with them.
    """
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE, trustworthiness

    features = np.asarray(features, dtype=float)
    axes = min(_MOST_AXES, *features.shape)
    reduced = PCA(axes, svd_solver="full").fit_transform(features)
    layout = TSNE(perplexity=min(30.0, (len(features) - 1) / 3), init="pca", random_state=seed)
    points = np.asarray(layout.fit_transform(reduced), dtype=float)
    return points, float(trustworthiness(features, points, n_neighbors=NEIGHBOURS))

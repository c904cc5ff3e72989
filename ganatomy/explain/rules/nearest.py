"""Images of a region that one set lacks, beside the nearest that it has."""

import torch

from ganatomy.explain.rules.table import ConceptTable


def nearest_by_concepts(table: ConceptTable, others: ConceptTable) -> torch.Tensor:
    """Find for each image of a table the nearest of others, shape (n,), int64.

    The distance is Euclidean over concepts, each in its standard deviations over the others.

    Examples
    --------
    >>> one, other = (
    ...     ConceptTable(("size",), ("",), torch.tensor(values).double()[:, None])
    ...     for values in ([2.9], [1.0, 3.0, 9.0])
    ... )
    >>> nearest_by_concepts(one, other).tolist()
    [1]
    """
    spread = others.values.std(0, correction=0)
    scale = torch.where(spread > 0, spread, 1.0)
    return torch.cdist(table.values / scale, others.values / scale).argmin(1)

"""Names that this data does not have, refused before the long stages.

The check decides nothing of what the stages that make it write. So it is imported by a name that
`tasks.shared.closure` does not follow, and its parameters are not theirs in dvc.yaml: else another
list of features, or an edit to one, would have everything behind these stages run again.
"""

from importlib import import_module

from ganatomy.data.dataset import Dataset

_NAMES = "tasks.shared.wrong_names"


def refuse_wrong_names(train: Dataset) -> None:
    """Refuse what the user wrote in params.yaml and this training data does not have.

    Raises
    ------
    InputError
        Of the first such feature, target or concept, or of a conditional GAN without classes.
    """
    import_module(_NAMES).check_names(train)

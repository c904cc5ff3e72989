"""What LIME does not explain of a GAN of which a part was not given."""

from ganatomy.explain.networks.subjects import Subjects


def missing(subjects: Subjects) -> tuple[str, ...]:
    """Say what there is not, and for want of which part, as the ends of sentences.

    Examples
    --------
    >>> import torch
    >>> head = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(16, 1))
    >>> alone = Subjects.of(None, head, real=torch.rand(3, 1, 4, 4))
    >>> [reason.partition(",")[0] for reason in missing(alone)]
    ['no generator was given', 'no generated images were given']
    """
    if not subjects.has_discriminator:
        return (
            "no discriminator was given, so that no part of an image is hidden: there is no logit "
            "to ask for",
        )
    told = []
    if not subjects.has_generator:
        told.append(
            "no generator was given, so that none of its latents is weighed and no part of its "
            "images exchanged for a more usual one"
        )
    for images, name in ((subjects.real, "real"), (subjects.fake, "generated")):
        if not len(images):
            told.append(f"no {name} images were given, so that D is explained at others alone")
    return tuple(told)

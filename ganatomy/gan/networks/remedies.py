"""What to do about an output of the wrong shape, and about a forward that fails."""

import torch

_SIZES = "Build the layers for the image_size and channels that the constructor gets."


def for_shape(returned: tuple[int, ...], expected: tuple[int, ...]) -> str:
    """Suggest a remedy for an output of shape `returned`.

    Parameters
    ----------
    returned, expected : tuple of int
        Other than each other. `expected` is (n,) of a discriminator, (n, c, s, s) of a generator.
    """
    if len(returned) == 0:
        return "Give one value for each image: leave out the mean or sum over the whole batch."
    if returned[0] != expected[0]:
        return (
            "Keep the images of the batch as the first axis: a view or flatten has folded another "
            "axis into it, or lost it."
        )
    return _of_logits(returned) if len(expected) == 1 else _of_images(returned, expected)


def _of_logits(returned: tuple[int, ...]) -> str:
    if len(returned) == 2 and returned[1] == 1:
        return "return logits.squeeze(1)"
    if all(side == 1 for side in returned[1:]):
        return "return logits.flatten()"
    if len(returned) == 2:
        return (
            f"Give one logit for each image, not {returned[1]}: end in nn.Linear(..., 1) and "
            "squeeze(1); of one logit for each class take that of the label."
        )
    axes = ", ".join(map(str, range(1, len(returned))))
    if len(returned) == 4 and returned[1] > 1:
        return (
            f"These are {returned[1]} feature maps: end in a convolution to one channel, and "
            f"return logits.mean(({axes}))."
        )
    return (
        "This is a logit for each patch (PatchGAN): return their mean for each image, "
        f"logits.mean(({axes}))."
    )


def _of_images(returned: tuple[int, ...], expected: tuple[int, ...]) -> str:
    _, channels, height, width = expected
    shape = ", ".join(map(str, expected[1:]))
    if len(returned) == 2 and returned[1] == channels * height * width:
        return f"return images.reshape(-1, {shape})"
    if returned[1:] == (height, width) and channels == 1:
        return "return images.unsqueeze(1)"
    if returned[1:] == (height, width, channels):
        return "return images.permute(0, 3, 1, 2): channels come before rows and columns."
    return _SIZES


def for_error(error: Exception, inputs: tuple[torch.Tensor, ...]) -> str:
    """Suggest a remedy for what a forward raised, called with `inputs`: images, latents, labels."""
    text = str(error)
    if "view size is not compatible" in text:
        return "Mend forward; `view` on an image or feature map should be `reshape` or `flatten`."
    if isinstance(error, TypeError) and "positional argument" in text:
        if len(inputs) == 2:
            return (
                "With `conditional` a discriminator is given the classes, too: let forward take "
                "(images, labels=None), or set `conditional` to false."
            )
        return "forward is called with this one tensor: give every other argument a default."
    return "Mend forward: it must take input of this shape."

"""The code of an adopted GAN, as it was when it was adopted: what its weights are loaded with."""

from ganatomy.gan_files import ADOPTED
from tasks.shared.adopted import import_from
from tasks.shared.artifact_paths import CODE, GAN


def import_kept_code() -> None:
    """Have this process look for modules there first."""
    if (GAN / ADOPTED).is_file() and (GAN / CODE).is_dir():
        import_from(GAN / CODE)

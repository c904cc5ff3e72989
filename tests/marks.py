"""The mark of a generated image as others read it: Pillow, or the blocks of a GIF file, and XML."""

import io
from xml.etree import ElementTree

from PIL import Image

_DESCRIPTION = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}Description"


def mark_in(content: bytes) -> dict[str, str]:
    """The properties of a file's XMP packet by their names without namespace; {} without one."""
    xmp = _of_gif(content) if content.startswith(b"GIF8") else _of_others(content)
    if not xmp:
        return {}
    (told,) = ElementTree.fromstring(xmp.decode().strip("\ufeff")).iter(_DESCRIPTION)
    return {name.rpartition("}")[2]: text for name, text in told.attrib.items() if text}


def source_in(content: bytes) -> str | None:
    """What a file says of the digital source of its image."""
    return mark_in(content).get("DigitalSourceType")


def _of_others(content: bytes) -> bytes:
    with Image.open(io.BytesIO(content)) as image:
        return bytes(image.info.get("xmp", b""))


def _of_gif(content: bytes) -> bytes:
    """Go through the blocks of a GIF file up to the application block of XMP."""
    place = 13 + (3 * 2 ** ((content[10] & 7) + 1) if content[10] & 0x80 else 0)
    while content[place] == 0x21:  # an extension
        name, start = content[place + 3 : place + 14], place + 14
        if content[place + 1] == 0xFF and name == b"XMP DataXMP":
            return content[start : content.index(b'<?xpacket end="r"?>', start) + 19]
        place += 2
        while content[place]:
            place += content[place] + 1
        place += 1
    return b""

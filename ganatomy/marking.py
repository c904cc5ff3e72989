"""Image files that say, for machines, that a generator made what they show.

The mark is an XMP packet with the term of IPTC's vocabulary of digital sources, and the SHA-256 of
the generator's weights. It is put beside the pixels, which stay as they are; no torch here.
"""

import struct
import zlib
from dataclasses import dataclass, replace
from pathlib import Path

from ganatomy.files import sha256_of

_TERMS = "http://cv.iptc.org/newscodes/digitalsourcetype/"
_PNG, _JPEG, _GIF = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a"
_PNG_HEAD = len(_PNG) + 25  # with the chunk IHDR, which comes first
_JPEG_NAME = b"http://ns.adobe.com/xap/1.0/\x00"
_GIF_NAME = b"\x21\xff\x0bXMP DataXMP"
# read as blocks whose first byte is their length, the packet ends here wherever a block begins
_GIF_END = bytes([1, *range(255, -1, -1), 0])
_OF_GENERATOR = ("generator_ema.safetensors", "generator.safetensors", "generator.program")
_BEGIN, _END = b"<?xpacket begin=", b'<?xpacket end="r"?>'


@dataclass(frozen=True)
class Mark:
    """A statement of a file about where its image is from.

    Parameters
    ----------
    term : str
        Of IPTC's vocabulary: ``trainedAlgorithmicMedia``, or
        ``compositeWithTrainedAlgorithmicMedia`` where other things stand beside.
    is_published : bool
        Whether it was made by the generator that is published, and no other.
    generator : str
        SHA-256 of that generator's weights, as a file of them has it; "" where it is not known.
    """

    term: str
    is_published: bool = True
    generator: str = ""

    def by(self, generator: str) -> "Mark":
        """Name the generator that is published; images of another one are not ascribed to it."""
        return replace(self, generator=generator) if self.is_published else self


GENERATED = Mark("trainedAlgorithmicMedia")
"""Images that the generator made, and nothing else."""
MIXED = Mark("compositeWithTrainedAlgorithmicMedia")
"""Such images with maps over them, or with real images or a drawing beside them."""


def of_others(mark: Mark) -> Mark:
    """Mark what generators made that are not published: earlier ones, or retrained ones."""
    return replace(mark, is_published=False)


def digest_of_generator(folder: Path) -> str:
    """Hash the weights that name a GAN: those of its published generator.

    Returns
    -------
    str
        What ``sha256sum`` says of ``generator_ema.safetensors`` in that folder, or of an adopted
        GAN of ``generator.safetensors`` or ``generator.program``; "" without such a file.
    """
    files = (folder / name for name in _OF_GENERATOR)
    return next((sha256_of(path) for path in files if path.is_file()), "")


def marked(content: bytes, mark: Mark) -> bytes:
    """Put a mark into a PNG, JPEG or GIF file; the same file and mark, the same bytes.

    A file that has one keeps it: who made the image knew more.

    Raises
    ------
    ValueError
        It is no such file.

    Examples
    --------
    >>> from io import BytesIO
    >>> from PIL import Image
    >>> file = BytesIO()
    >>> Image.new("L", (8, 8)).save(file, "PNG")
    >>> b"trainedAlgorithmicMedia" in marked(file.getvalue(), GENERATED)
    True
    """
    return with_packet(content, b"" if packet_of(content) else packet(mark))


def packet(mark: Mark) -> bytes:
    """Write a mark as an XMP packet."""
    version = f'\n  Iptc4xmpExt:AISystemVersionUsed="sha256:{mark.generator}"'
    return (
        f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
 <rdf:Description rdf:about=""
  xmlns:xmp="http://ns.adobe.com/xap/1.0/"
  xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
  xmp:CreatorTool="GANatomy"
  Iptc4xmpExt:DigitalSourceType="{_TERMS}{mark.term}"
  Iptc4xmpExt:AISystemUsed="generator of a GAN"{version if mark.generator else ""}/>
</rdf:RDF>
</x:xmpmeta>
""".encode()
        + _END
    )


def packet_of(content: bytes) -> bytes:
    """Find the XMP packet of an image file that was marked here; b"" where there is none."""
    begin = content.find(_BEGIN)
    end = content.find(_END, begin)
    return content[begin : end + len(_END)] if 0 <= begin < end else b""


def with_packet(content: bytes, xmp: bytes) -> bytes:
    """Put an XMP packet into a PNG, JPEG or GIF file; an empty one changes nothing.

    Raises
    ------
    ValueError
        It is no such file.
    """
    if not xmp:
        return content
    if content.startswith(_PNG):
        return _inserted(content, _PNG_HEAD, _png_chunk(xmp))
    if content.startswith(_JPEG):
        segment = _JPEG_NAME + xmp
        head = b"\xff\xe1" + struct.pack(">H", len(segment) + 2)
        return _inserted(content, _after_jfif(content), head + segment)
    if content.startswith(_GIF):
        return _inserted(content, _after_loop(content), _GIF_NAME + xmp + _GIF_END)
    raise ValueError(f"no PNG, JPEG or GIF file: it begins with {content[:8]!r}")


def _inserted(content: bytes, place: int, more: bytes) -> bytes:
    return content[:place] + more + content[place:]


def _png_chunk(xmp: bytes) -> bytes:
    """An iTXt chunk: keyword, not compressed, no language, no translated keyword, text."""
    body = b"iTXt" + b"XML:com.adobe.xmp" + bytes(5) + xmp
    return struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))


def _after_jfif(content: bytes) -> int:
    """Behind the segment APP0, which has to come first where there is one."""
    if content[2:4] != b"\xff\xe0":
        return 2
    return 4 + int.from_bytes(content[4:6], "big")


def _after_loop(content: bytes) -> int:
    """Behind the colours of all pictures, and how often they are shown, which comes first."""
    flags = content[10]
    place = 13 + (3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0)
    loop = b"\x21\xff\x0bNETSCAPE2.0"
    return place + (len(loop) + 5) * content[place:].startswith(loop)

"""Which kind of file this is, by its first bytes and never by its name."""

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")  # read on purpose; all else is refused
LISTED = ", ".join(FORMATS)
HEAD_BYTES = 512  # how much of a file `format_of` looks at

# What a suffix promises: a file of such a name that cannot be used is refused by name and reason,
# any other file that is no picture is only counted.
_PROMISED = (
    "png apng jpg jpeg jpe jfif webp bmp dib gif tif tiff avif heic heif jp2 j2k jpx jxl ico cur "
    "psd tga pcx ppm pgm pbm pnm eps svg dds icns exr hdr xcf cr2 nef dng arw"
)
PICTURE_SUFFIXES = frozenset(f".{suffix}" for suffix in _PROMISED.split())

_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"II*\0\x10\0\0\0CR", "Canon raw"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
    (b"%!PS", "PostScript"),
    (b"\xc5\xd0\xd3\xc6", "PostScript"),
    (b"8BPS", "Photoshop"),
    (b"\0\0\1\0", "ICO"),
    (b"\0\0\2\0", "CUR"),
    (b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"\0\0\0\x0cJXL ", "JPEG XL"),
    (b"\xff\x0a", "JPEG XL"),
    (b"DDS ", "DDS"),
    (b"icns", "ICNS"),
    (b"\x76\x2f\x31\x01", "OpenEXR"),
    (b"#?RADIANCE", "Radiance HDR"),
    (b"gimp xcf", "GIMP"),
    (b"SIMPLE  =", "FITS"),
    (b"\x01\xda", "SGI"),
    (b"\x59\xa6\x6a\x95", "Sun raster"),
    (b"qoif", "QOI"),
)
_BRANDS = {b"avif": "AVIF", b"avis": "AVIF", b"mif1": "HEIF", b"msf1": "HEIF"}
_HEIC = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx")
_NETPBM = (b"P1", b"P2", b"P3", b"P4", b"P5", b"P6", b"Pf", b"PF")
_BMP_HEADERS = (12, 16, 40, 52, 56, 64, 108, 124)  # sizes that exist
_OTHERS: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "PDF"),
    (b"PK\3\4", "ZIP"),
    (b"\x1f\x8b", "gzip"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!", "RAR"),
    (b"\x7fELF", "program"),
    (b"MZ", "program"),
    (b"\x89HDF", "HDF5"),
    (b"\x93NUMPY", "NumPy"),
    (b"version https://git-lfs", "Git LFS pointer"),
)


def format_of(head: bytes) -> str | None:
    """Name the picture format that a file's first `HEAD_BYTES` bytes belong to; None if none does.

    Only `FORMATS` can be read; the others are named so that a message can say what a file is.
    """
    for start, name in _STARTS:
        if head.startswith(start):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADERS:
        return "BMP"
    if head[4:8] == b"ftyp":
        return "HEIC" if head[8:12] in _HEIC else _BRANDS.get(head[8:12])
    if head[:2] in _NETPBM and head[2:3].isspace():
        return "Netpbm"
    if b"<svg" in head[:HEAD_BYTES]:
        return "SVG"
    return None


def _content_of(head: bytes) -> str:
    """Say in words what a file holds that is no picture."""
    for start, name in _OTHERS:
        if head.startswith(start):
            return name
    if head[:HEAD_BYTES].lstrip()[:14].lower().startswith((b"<!doctype html", b"<html")):
        return "HTML"
    try:
        text = head[:HEAD_BYTES].decode("utf-8", "strict" if len(head) < HEAD_BYTES else "ignore")
    except UnicodeDecodeError:
        return "unknown"
    return "text" if all(c.isprintable() or c.isspace() for c in text) else "unknown"


def refusal_of(head: bytes) -> str:
    """Say why a file that begins like this is not read; "" for one of `FORMATS`."""
    kind = format_of(head)
    if kind in FORMATS:
        return ""
    if kind is not None:
        return f"a {kind} file, none of {LISTED}: convert it"
    return f"not an image ({_content_of(head)} content), none of {LISTED}" if head else "empty file"

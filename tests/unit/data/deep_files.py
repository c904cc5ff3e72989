"""Files of more bits or channels than Pillow writes, made from their specifications."""

import struct
import zlib

import numpy as np
from numpy.typing import NDArray


def png_of(deep: NDArray[np.uint16]) -> bytes:
    """PNG of 16 bits a channel, RGB or RGBA, each row filtered by `Sub`."""
    height, width, count = deep.shape
    step = 2 * count
    rows = np.frombuffer(deep.astype(">u2").tobytes(), np.uint8).reshape(height, -1)
    before = np.pad(rows, ((0, 0), (step, 0)))[:, :-step]
    filtered = np.insert(rows - before, 0, 1, axis=1).tobytes()
    head = struct.pack(">IIBBBBB", width, height, 16, {3: 2, 4: 6}[count], 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(filtered)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def tiff_of(
    pixels: NDArray[np.uint8] | NDArray[np.uint16], order: str = "<", *, packed: bool = False
) -> bytes:
    """TIFF of RGB and further channels, 8 or 16 bits each, in one strip."""
    height, width, count = pixels.shape
    data = pixels.astype(pixels.dtype.newbyteorder(order)).tobytes()
    data = zlib.compress(data) if packed else data
    bits_at = 8
    data_at = bits_at + 2 * count
    entries = [
        (256, 3, 1, width),
        (257, 3, 1, height),
        (258, 3, count, bits_at),
        (259, 3, 1, 8 if packed else 1),
        (262, 3, 1, 2),  # RGB
        (273, 4, 1, data_at),
        (277, 3, 1, count),
        (278, 3, 1, height),
        (279, 4, 1, len(data)),
    ]
    if count > 3:
        # unspecified extra samples; up to two fit into the entry itself
        assert count <= 5
        entries.append((338, 3, count - 3, 0))
    table = struct.pack(f"{order}H", len(entries))
    for tag, kind, number, value in entries:
        short = kind == 3 and number == 1
        form = f"{order}HHIHH" if short else f"{order}HHII"
        table += struct.pack(form, tag, kind, number, value, *([0] if short else []))
    bits = struct.pack(f"{order}{count}H", *[8 * pixels.itemsize] * count)
    head = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HI", 42, data_at + len(data))
    return head + bits + data + table + struct.pack(f"{order}I", 0)

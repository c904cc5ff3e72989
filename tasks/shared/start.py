"""What the process of a stage does first: die with its parent, keep a log, have last words.

No torch here: all this is in place before it is imported, so that an import that fails, for want
of memory say, is told like any other error.
"""

import os
import signal
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from ganatomy.errors import InputError
from ganatomy.files import cannot_write
from tasks.shared import parent
from tasks.shared.events import RUN_DIR, Events, from_environment, log_path

BAD_INPUT = 2
FAILED = 1
_OUT_OF_MEMORY = (  # as the loader, the kernel and torch say it
    "failed to map segment",
    "Cannot allocate memory",
    "can't allocate memory",
    "out of memory",
)
_MORE_MEMORY = (
    "Close other programs, or lower the stage's batch size, image size or counts in params.yaml."
)

_begun = ""


def begin_if_stage() -> None:
    """Begin where this process was started as ``python -m tasks.<stage>``."""
    words = sys.orig_argv
    for place, word in enumerate(words[1:], 1):
        if words[place - 1] == "-m" and word.startswith("tasks."):
            _end_at_once_by_ctrl_c()
            begin("@".join([word.removeprefix("tasks."), *words[place + 1 :]]))


def _end_at_once_by_ctrl_c() -> None:
    """Until the stage runs there is nothing to put away, and a traceback would tell nobody."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def hear_ctrl_c() -> None:
    """Let Ctrl-C raise KeyboardInterrupt again, unless whoever started this wants it ignored."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def begin(name: str) -> str:
    """Tie this process to its parent and its output to its log; return the stage's name."""
    global _begun
    parent.hold()
    name = os.environ.get("DVC_STAGE") or name.replace(os.sep, "_")
    if _begun != name:
        _begun = name
        _redirect_output(name)
        sys.excepthook = _last_words
    return name


def tell(events: Events, error: Exception) -> int:
    """Say why a stage ends in a sentence, the traceback in its log; return the exit code."""
    if isinstance(error, InputError):
        from tasks.shared.keys import keyed  # pydantic takes longer than all else here

        events.error(str(keyed(error, _begun.partition("@")[0])), BAD_INPUT)
        return BAD_INPUT
    with suppress(OSError):  # the log may lie on the disk that is full
        traceback.print_exception(error)
    full = cannot_write(error)
    notes = "".join(f" ({note})" for note in getattr(error, "__notes__", ()))
    words = f"{type(error).__name__}: {error}{notes}"
    if isinstance(error, MemoryError) or any(text in words for text in _OUT_OF_MEMORY):
        words = f"out of memory ({words.splitlines()[0].rstrip(': ')}). {_MORE_MEMORY}"
    lasting = full is not None or isinstance(error, SyntaxError)
    events.error(full or words, FAILED, lasting=lasting)
    return FAILED


def _last_words(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Report what nobody has caught: an error while a stage's module is imported."""
    if isinstance(error, Exception):
        tell(from_environment(_begun), error)
    else:
        sys.__excepthook__(kind, error, trace)


def _redirect_output(name: str) -> None:
    """Send what the stage prints to its log, when there is a listener to keep one."""
    folder = os.environ.get(RUN_DIR)
    if not folder:
        return
    path = log_path(Path(folder), name)
    path.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)

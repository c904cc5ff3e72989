"""`python -m deploy.servers up|down|status`: Prefect, MLflow and one worker, for this project only.

They go on without the terminal that started them; logs, process ids and addresses are in
.ganatomy/servers. Everything listens on 127.0.0.1, where nobody has to log in.

Exit codes: 0 done (status: all is up), 1 failed (status: not all is up), 2 bad input.
"""

import argparse
import contextlib
import fcntl
import os
import signal
import sys
from collections.abc import Iterator

from deploy.servers.ending import down
from deploy.servers.starting import tell, up
from deploy.servers.state import FOLDER, BadInput, Failed, Up, say
from flows import settings
from flows.masking import masked
from flows.settings import ROOT
from ganatomy.errors import InputError


def main() -> int:
    """Parse the command line and do it."""
    parser = argparse.ArgumentParser(
        prog="python -m deploy.servers", description=__doc__.split("\n")[0]
    )
    parser.add_argument("what", choices=("up", "down", "status"))
    what = parser.parse_args().what
    os.chdir(ROOT)  # so that relative paths, as in sqlite:///mlflow.db, mean this project
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        settings.prepare(ROOT)
        if what == "status":
            return _status()
        with _alone():
            return up(ROOT) if what == "up" else down(ROOT)
    except (BadInput, InputError) as error:
        print(masked(f"error: {error}"), file=sys.stderr)
        return 2
    except Failed as error:
        print(masked(f"error: {error}"), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Hold the folder: two at once would each end, or start, what the other did."""
    (ROOT / FOLDER).mkdir(parents=True, exist_ok=True)
    with (ROOT / FOLDER / "lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BadInput(
                "another `make up` or `make down` is at work here: wait for it"
            ) from None
        yield


def _status() -> int:
    found = Up.read(ROOT)
    alive = found.alive() if found is not None else []
    for name in ("prefect", "mlflow", "worker"):
        say(name, "up" if name in alive else "not up")
    if found is None or len(alive) < 3:
        return 1
    tell(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())

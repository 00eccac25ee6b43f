"""Files with secrets in them: replaced whole or not at all, for their owner only."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def replacing(path: Path) -> Iterator[Callable[[str], None]]:
    """Give a function that replaces a file's content, once.

    The new file is made at once, so that what can't be written is known before there
    is anything to lose. It is on the disk, under its name, when the function returns;
    whatever happens before leaves the old one as it was.

    Args:
        path: The file; where it is a link, what it leads to is replaced.

    Raises:
        OSError: It can't be written.
    """
    path = path.resolve()
    # Made with mode 600.
    handle, made = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as new:
            if path.is_dir():
                raise IsADirectoryError(path)

            def write(text: str) -> None:
                new.write(text)
                new.flush()
                os.fsync(new.fileno())
                Path(made).replace(path)
                _sync_folder(path.parent)

            yield write
    finally:
        with suppress(FileNotFoundError):
            Path(made).unlink()


def _sync_folder(folder: Path) -> None:
    """Have the new name on the disk too, where the system can."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

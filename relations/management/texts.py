"""What the commands that read a folder of documents share."""

from pathlib import Path

from django.core.management.base import CommandError

from relations import verifying


def read_folder(folder: Path) -> dict[str, tuple[Path, bytes]]:
    """The files of `folder` by the SHA-256 of their bytes. Raises CommandError where they cannot be read."""
    if not folder.is_dir():
        raise CommandError(f"There is no folder {folder}: give the one that holds the texts of the sources.")
    paths = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    try:
        return verifying.read_files(paths)
    except OSError as error:
        raise CommandError(f"{error.filename} cannot be read: {error.strerror}.") from error

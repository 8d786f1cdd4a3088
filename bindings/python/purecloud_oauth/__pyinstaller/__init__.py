"""The hook by which PyInstaller puts the native library into a program."""

from pathlib import Path


def hook_folders():
    """Returns the folders of hooks; PyInstaller finds this function by an entry point of the package."""
    return [str(Path(__file__).parent)]

"""The hook with which PyInstaller adds the native library to a program."""

from pathlib import Path


def hook_folders():
    """Returns the folders of hooks. PyInstaller finds this function through an entry point of the package."""
    return [str(Path(__file__).parent)]

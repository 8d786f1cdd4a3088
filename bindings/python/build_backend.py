"""maturin, as pip and others call it, and what it leaves to do.

The library goes without the symbols that only the generator reads; the package gets the types that the generator
has written; and the list of what the library is made of does not say where that was.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from base64 import urlsafe_b64encode
from hashlib import sha256
from pathlib import Path

import maturin
from maturin import (
    build_sdist,
    get_requires_for_build_sdist,
    get_requires_for_build_wheel,
    prepare_metadata_for_build_wheel,
)

__all__ = [
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
    "prepare_metadata_for_build_wheel",
]

ROOT = Path(__file__).absolute().parents[2]

CRATE = ROOT / "bindings" / "native"

LIBRARIES = (".so", ".dylib", ".dll")


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    generated = target_folder() / "maturin" / "uniffi" / "purecloud_oauth._native"
    shutil.rmtree(generated, ignore_errors=True)  # maturin takes whatever lies there, from whenever.
    name = maturin.build_wheel(wheel_directory, config_settings, metadata_directory)
    finish(Path(wheel_directory, name), (generated / "purecloud_oauth.pyi").read_bytes())
    return name


def target_folder():
    if shutil.which("cargo") is None:
        return ROOT / "target"  # maturin has brought a cargo of its own.
    described = subprocess.check_output(["cargo", "metadata", "--no-deps", "--format-version=1"], cwd=CRATE)
    return Path(json.loads(described)["target_directory"])


def finish(wheel, types):
    """Writes the wheel anew, with what was said above, and with a list of its files that fits."""
    with zipfile.ZipFile(wheel) as packed:
        contents = {entry: packed.read(entry) for entry in packed.infolist()}
    record = next(entry for entry in contents if entry.filename.endswith(".dist-info/RECORD"))
    del contents[record]
    contents[zipfile.ZipInfo("purecloud_oauth/__init__.pyi", record.date_time)] = types
    lines = []
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for entry, content in contents.items():
            if entry.filename.endswith(LIBRARIES):
                content = stripped(content)
            elif ".dist-info/sboms/" in entry.filename:
                content = content.replace(CRATE.resolve().parents[1].as_uri().encode(), b"file://")
            entry.external_attr = entry.external_attr or 0o644 << 16
            packed.writestr(entry, content, zipfile.ZIP_DEFLATED)
            digest = urlsafe_b64encode(sha256(content).digest()).rstrip(b"=").decode()
            lines.append(f"{entry.filename},sha256={digest},{len(content)}\n")
        packed.writestr(record, "".join(lines) + f"{record.filename},,\n")


def stripped(library):
    if sys.platform == "win32":
        return library  # The symbols are in a file of their own there.
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "library")
        file.write_bytes(library)
        subprocess.run(["strip", *(["-x"] if sys.platform == "darwin" else []), str(file)], check=True)
        return file.read_bytes()

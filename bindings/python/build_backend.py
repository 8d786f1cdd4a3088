"""The build backend: calls maturin and completes the wheel.

Strips the symbols that only the generator reads from the native library, adds the stub file that the generator has
written, and removes local paths from the software bill of materials.
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
    shutil.rmtree(generated, ignore_errors=True)  # maturin would package outdated files.
    name = maturin.build_wheel(wheel_directory, config_settings, metadata_directory)
    complete(Path(wheel_directory, name), (generated / "purecloud_oauth.pyi").read_bytes())
    return name


def target_folder():
    if shutil.which("cargo") is None:
        return ROOT / "target"  # maturin uses a cargo that it has installed.
    described = subprocess.check_output(["cargo", "metadata", "--no-deps", "--format-version=1"], cwd=CRATE)
    return Path(json.loads(described)["target_directory"])


def complete(wheel, types):
    """Rewrites the wheel with the changes described above, and with an updated list of its files."""
    with zipfile.ZipFile(wheel) as packed:
        contents = {entry: packed.read(entry) for entry in packed.infolist()}
    record = next(entry for entry in contents if entry.filename.endswith(".dist-info/RECORD"))
    del contents[record]
    contents[zipfile.ZipInfo("purecloud_oauth/__init__.pyi", record.date_time)] = types
    lines = []
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for entry, content in contents.items():
            if entry.filename.endswith(LIBRARIES):
                content = strip(content)
            elif ".dist-info/sboms/" in entry.filename:
                content = content.replace(CRATE.resolve().parents[1].as_uri().encode(), b"file://")
            entry.external_attr = entry.external_attr or 0o644 << 16
            packed.writestr(entry, content, zipfile.ZIP_DEFLATED)
            digest = urlsafe_b64encode(sha256(content).digest()).rstrip(b"=").decode()
            lines.append(f"{entry.filename},sha256={digest},{len(content)}\n")
        packed.writestr(record, "".join(lines) + f"{record.filename},,\n")


def strip(library):
    if sys.platform == "win32":
        return library  # On Windows the symbols are in a separate file.
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "library")
        file.write_bytes(library)
        subprocess.run(["strip", *(["-x"] if sys.platform == "darwin" else []), str(file)], check=True)
        return file.read_bytes()

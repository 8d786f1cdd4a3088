"""A program packaged by PyInstaller that runs with an otherwise empty environment."""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from emulator import Emulator
from programs import VARIABLES

PROGRAM = """
import asyncio
from purecloud_oauth import BlockingOAuthApi, OAuthApi

async def main():
    async with OAuthApi.from_env() as api:
        return (await api.get_oauth_scopes()).entities

with BlockingOAuthApi.from_env() as api:
    assert [scope.id for scope in api.get_oauth_scopes().entities] == [scope.id for scope in asyncio.run(main())]
print("done")
"""


class Frozen(unittest.TestCase):
    def test_pyinstaller_finds_the_native_library_without_options(self):
        variables = {name: os.environ[name] for name in VARIABLES.values()}
        Emulator(*variables.values()).reset()
        with tempfile.TemporaryDirectory() as folder:
            program = Path(folder, "listing.py")
            program.write_text(PROGRAM)
            subprocess.run(
                [sys.executable, "-m", "PyInstaller", "--log-level", "ERROR", program.name],
                cwd=folder,
                check=True,
            )
            done = subprocess.run(
                [Path(folder, "dist", "listing", "listing")],
                capture_output=True,
                text=True,
                timeout=60,
                cwd=folder,
                env=variables,
            )
        self.assertEqual((done.stdout.split(), done.stderr), (["done"], ""))


if __name__ == "__main__":
    unittest.main()

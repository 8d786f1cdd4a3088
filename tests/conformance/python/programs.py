"""Runs test programs in separate processes, because their effects would disturb other tests."""

import os
import subprocess
import sys
import textwrap
import unittest

from emulator import Emulator

START = """
import asyncio, gc, os, sys, threading, time
from emulator import Emulator
from purecloud_oauth import (
    BlockingOAuthApi, CallOptions, Config, Credentials, GrantType, Host, OAuthApi, OAuthClientRequest, OAuthError, Secret,
)

emulator = Emulator.from_environment()
api, asynchronous = emulator.blocking_api(), emulator.api()
# Open requests of previous tests, which may end at any time.
others = emulator.open()[0]

def wait_for_no_open_requests():
    end = time.monotonic() + 10
    while emulator.open()[0] > others:
        assert time.monotonic() < end, "the request is still open"
        time.sleep(0.01)
"""

# The variables of the emulator's runners, with the vendor's variables for the same values.
VARIABLES = {
    "EMULATOR_URL": "GENESYSCLOUD_REGION",
    "EMULATOR_CLIENT_ID": "GENESYSCLOUD_OAUTHCLIENT_ID",
    "EMULATOR_CLIENT_SECRET": "GENESYSCLOUD_OAUTHCLIENT_SECRET",
}


class Programs(unittest.TestCase):
    def setUp(self):
        self.variables = {name: os.environ[vendor_name] for name, vendor_name in VARIABLES.items()}
        Emulator(*self.variables.values()).reset()

    def run_program(self, body, before=""):
        """Runs a program and returns its output, split at white space. `before` runs before all imports."""
        folder = os.path.dirname(os.path.abspath(__file__))
        paths = [folder, *sys.path]
        # A program that hangs fails after the timeout.
        completed = subprocess.run(
            [sys.executable, "-c", before + START + textwrap.dedent(body)],
            capture_output=True,
            text=True,
            timeout=60,
            env={
                **os.environ,
                **self.variables,
                "PYTHONPATH": os.pathsep.join(path for path in paths if path),
            },
        )
        self.assertEqual(completed.returncode, 0, completed.stdout + completed.stderr)
        return completed.stdout.split()

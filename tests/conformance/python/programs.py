"""Programs that are a process each: what they do would disturb other tests."""

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
# Requests of tests before this one may still end at any time.
others = emulator.open()[0]

def nothing_is_open():
    end = time.monotonic() + 10
    while emulator.open()[0] > others:
        assert time.monotonic() < end, "the request is still open"
        time.sleep(0.01)
"""

# As the emulator's own program names them, and the vendor's tools.
VARIABLES = {
    "EMULATOR_URL": "GENESYSCLOUD_REGION",
    "EMULATOR_CLIENT_ID": "GENESYSCLOUD_OAUTHCLIENT_ID",
    "EMULATOR_CLIENT_SECRET": "GENESYSCLOUD_OAUTHCLIENT_SECRET",
}


class Programs(unittest.TestCase):
    def setUp(self):
        self.variables = {ours: os.environ[vendors] for ours, vendors in VARIABLES.items()}
        Emulator(*self.variables.values()).start_over()

    def program(self, body, before=""):
        """Returns the words that the program prints. `before` runs before anything else is imported."""
        folder = os.path.dirname(os.path.abspath(__file__))
        paths = [folder, *sys.path]
        # A program that hangs has failed.
        done = subprocess.run(
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
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout.split()

"""The tests whose result may depend on the version of Python. They run in each version that the machine has."""

import asyncio
import os
import sys
import unittest

import calls
import cancellation
import errors
import operations
import values
from emulator import Emulator
from programs import VARIABLES

CASES = [case for group in (operations, calls, errors, cancellation, values) for case in group.CASES]


class Cases(unittest.TestCase):
    def test_conformance_cases(self):
        emulator = Emulator(*(os.environ[name] for name in VARIABLES.values()))
        for case in CASES:
            with self.subTest(case.__name__, python=sys.version):
                emulator.reset()
                asyncio.run(asyncio.wait_for(case(emulator), 60))


def load_tests(loader, tests, pattern):
    for module in ("reading", "subinterpreters"):
        tests.addTests(loader.loadTestsFromName(module))
    return tests


if __name__ == "__main__":
    unittest.main()

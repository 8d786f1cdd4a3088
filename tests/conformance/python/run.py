"""The conformance cases in Python: `cases.toml`, against a running emulator.

Reads EMULATOR_URL, EMULATOR_CLIENT_ID and EMULATOR_CLIENT_SECRET, the same in the vendor's variables, and in BROWSER
what stands in for one. Prints `ok NAME` or `failed NAME: REASON` for each case; only for those named by arguments, if
any are.
"""

import asyncio
import sys
import traceback

import calls
import cancellation
import errors
import operations
import sign_in
import values
from emulator import Emulator

# The seconds after which a case that waits for something has failed.
LIMIT = 120

GROUPS = (operations, calls, errors, cancellation, values, sign_in)
CASES = {case.__name__: case for group in GROUPS for case in group.CASES}


def main() -> int:
    emulator = Emulator.from_environment()
    wanted = sys.argv[1:] or list(CASES)
    failed = 0
    for name in wanted:
        reason = verdict(name, emulator)
        failed += reason is not None
        print(f"ok {name}" if reason is None else f"failed {name}: {reason}", flush=True)
    return 1 if failed else 0


def verdict(name, emulator):
    """Why the case does not hold; nothing where it does. Each has an event loop of its own."""
    if name not in CASES:
        return "there is no such case"
    emulator.start_over()
    try:
        asyncio.run(asyncio.wait_for(CASES[name](emulator), LIMIT))
    except Exception as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        text = " ".join(str(error).split()) or frame.line
        return f"{type(error).__name__}: {text} ({frame.filename.rsplit('/', 1)[-1]}:{frame.lineno})"
    return None


if __name__ == "__main__":
    sys.exit(main())

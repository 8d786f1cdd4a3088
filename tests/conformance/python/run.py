"""The runner of the conformance cases in `cases.toml` for Python, against a running emulator.

Reads EMULATOR_URL, EMULATOR_CLIENT_ID and EMULATOR_CLIENT_SECRET, the same values from the vendor's variables, and from
BROWSER the replacement for the system's browser. Prints `ok NAME` or `failed NAME: REASON` for each case. Arguments
select cases by name; without arguments all cases run.
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

# The time limit of a case, in seconds.
LIMIT = 120

GROUPS = (operations, calls, errors, cancellation, values, sign_in)
CASES = {case.__name__: case for group in GROUPS for case in group.CASES}


def main() -> int:
    emulator = Emulator.from_environment()
    requested = sys.argv[1:] or list(CASES)
    failed = 0
    for name in requested:
        reason = run_case(name, emulator)
        failed += reason is not None
        print(f"ok {name}" if reason is None else f"failed {name}: {reason}", flush=True)
    return 1 if failed else 0


def run_case(name, emulator):
    """Runs the case in a new event loop. Returns the reason if the case fails, or None."""
    if name not in CASES:
        return "there is no such case"
    emulator.reset()
    try:
        asyncio.run(asyncio.wait_for(CASES[name](emulator), LIMIT))
    except Exception as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        message = " ".join(str(error).split()) or frame.line
        return f"{type(error).__name__}: {message} ({frame.filename.rsplit('/', 1)[-1]}:{frame.lineno})"
    return None


if __name__ == "__main__":
    sys.exit(main())

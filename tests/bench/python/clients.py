"""The implementations in Python. `tests/bench/README.md` describes the modes and commands."""

import sys


def memory():
    """Returns the resident memory, in bytes."""
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS:"))
    except OSError:
        return 0


def main(name, mode):
    if mode != "bare":
        module = __import__(MODULES[name])
        if mode != "import":
            from running import execute_commands

            implementation = module.IMPLEMENTATIONS[name]()
            if mode == "first":
                implementation.run(implementation.listing, 1)
            else:
                execute_commands(implementation, memory)
            implementation.close()
    print(memory())


# The module of each implementation, which imports only the packages that the implementation uses.
MODULES = {
    "purecloud-oauth": "ours",
    "purecloud-oauth, asyncio": "ours",
    "vendor's SDK": "vendor",
    "requests": "with_requests",
    "urllib3 + msgspec": "with_urllib3",
    "aiohttp + msgspec": "with_aiohttp",
}

if __name__ == "__main__":
    main(*sys.argv[1:])

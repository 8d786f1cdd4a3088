"""The clients of the bench in Python. See `tests/bench/README.md` for what they are told and what they answer."""

import sys


def memory():
    """The resident memory, in bytes."""
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS:"))
    except OSError:
        return 0


def main(name, mode):
    if mode != "bare":
        module = __import__(MODULES[name])
        if mode != "import":
            from running import obey

            client = module.CLIENTS[name]()
            if mode == "first":
                client.run(client.listing, 1)
            else:
                obey(client, memory)
            client.close()
    print(memory())


# Whose client is in which module; the module imports what the client is made of, and nothing else.
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

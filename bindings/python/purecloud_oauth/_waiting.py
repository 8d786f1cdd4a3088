"""How a call waits for the library: in the event loop that it is made in, or in its thread."""

import atexit
import threading
from contextlib import suppress
from functools import partial
from time import monotonic, sleep

_READY = 0

# Who is to be told, and how to stop the library from telling, by the number that the library has been given.
# There is no lock: a fork could copy it locked.
_waiting = {}

# The threads of the library that are telling somebody at this moment.
_telling = set()


def wake(number, code):
    """Called by the library, in any thread, once for every poll."""
    thread = threading.get_ident()
    _telling.add(thread)
    try:
        tell, _ = _waiting.pop(number, _NOBODY)
        tell(code)
    finally:
        _telling.discard(thread)


# Whether there is something to be done when the interpreter ends: only after a call.
_abandoning = []

_NOBODY = (lambda code: None), (lambda: None)


def _numbered(tell, cancel):
    if not _abandoning:
        _abandoning.append(atexit.register(_abandon))
    number = id(tell)
    _waiting[number] = tell, cancel
    return number


async def in_event_loop(poll, cancel):
    """Polls until there is a result. Cancelling the task raises here."""
    from asyncio import get_running_loop  # Importing it takes longer than everything else together.

    loop = get_running_loop()
    while True:
        future = loop.create_future()
        poll(_numbered(partial(_tell, loop, future), cancel))
        if await future == _READY:
            return


def _tell(loop, future, code):
    # Where the loop is closed, nobody waits any more.
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(_set_result, future, code)


def _set_result(future, code):
    if not future.done():
        future.set_result(code)


# A signal may arrive in a thread of the library, and on Windows it does not end a wait: so none is long.
_SLICE = 0.1


def in_this_thread(poll, cancel):
    """Polls until there is a result. A signal handler, such as that of Ctrl-C, may raise here."""
    while True:
        codes = []
        told = threading.Lock()
        told.acquire()
        poll(_numbered(partial(_release, told, codes), cancel))
        while not told.acquire(timeout=_SLICE):
            pass
        if codes[0] == _READY:
            return


def _release(told, codes, code):
    codes.append(code)
    told.release()


# A thread of the library that has told somebody needs this long at most to leave Python.
_LEAVING = 0.005


def _abandon():
    """The interpreter ends. A thread of the library that is inside it then would take the whole program down: so
    nobody is told any more, and those who tell come to their end first."""
    for number in list(_waiting):
        _, cancel = _waiting.pop(number, _NOBODY)
        cancel()
    last = monotonic() + 1
    somebody_tells = True
    while somebody_tells and monotonic() < last:
        somebody_tells = bool(_telling)
        sleep(_LEAVING)

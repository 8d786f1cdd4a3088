"""How a call waits for the library: in the event loop that it is made in, or in its thread.

No thread of the library enters Python: it would compete for the interpreter, and be inside when that ends.
"""

import ctypes
from itertools import count
from weakref import WeakKeyDictionary, ref


def declare(library):
    """Takes what is needed here from the library."""
    global _begin, _leave, _wait, _mailbox, _descriptor, _listen, _take, _free
    pointer, number, milliseconds = ctypes.c_void_p, ctypes.c_uint64, ctypes.c_uint32
    # Nothing of it takes long, so other threads need not be let in meanwhile.
    at_once = ctypes.PyDLL(library._name, handle=library._handle)

    def declared(way, name, returned, *arguments):
        function = way[f"purecloud_oauth_python_{name}"]
        function.restype, function.argtypes = returned, arguments
        return function

    _begin = declared(at_once, "begin", pointer, number, pointer, pointer, number)
    _leave = declared(at_once, "leave", None, pointer)
    _wait = declared(library, "wait", ctypes.c_bool, pointer, milliseconds)
    _mailbox = declared(at_once, "mailbox", pointer)
    _descriptor = declared(at_once, "mailbox_descriptor", ctypes.c_int32, pointer)
    _listen = declared(library, "mailbox_listen", ctypes.c_bool, pointer, milliseconds)
    _take = declared(at_once, "mailbox_take", ctypes.c_size_t, pointer, pointer, ctypes.c_size_t)
    _free = declared(at_once, "mailbox_free", None, pointer)


# A signal does not end a wait of the library: so none is long, in milliseconds.
_SLICE = 50


def in_this_thread(future, functions, result):
    """Waits for the result. A signal handler, such as that of Ctrl-C, may raise here."""
    call = _begin(future, functions, None, 0)
    try:
        while not _wait(call, _SLICE):
            pass
        return result(future)
    finally:
        # However the waiting ended: this is what ends the call.
        _leave(call)


_numbers = count()

# Who waits in an event loop, by the number that the library has been given.
_waiting = {}

_mailboxes = WeakKeyDictionary()


async def in_event_loop(future, functions, result):
    """Waits for the result. Cancelling the task raises here."""
    loop = _running_loop()
    mailbox = _mailboxes.get(loop)
    if mailbox is None:
        mailbox = _mailboxes[loop] = _Mailbox(loop)
    number = next(_numbers)
    told = _waiting[number] = loop.create_future()
    call = _begin(future, functions, mailbox.address, number)
    try:
        await told
        return result(future)
    finally:
        _leave(call)
        _waiting.pop(number, None)


def _running_loop():
    global _running_loop
    # Importing it takes longer than everything else together.
    from asyncio import get_running_loop as _running_loop

    return _running_loop()


class _Mailbox:
    """Where the library puts the numbers of the calls that an event loop has to look at."""

    _ROOM = 64

    def __init__(self, loop):
        self._free = _free
        self.address = _mailbox()
        if self.address is None:
            raise OSError("the system has no more file descriptors")
        self._numbers = (ctypes.c_uint64 * self._ROOM)()
        try:
            loop.add_reader(_descriptor(self.address), self._deliver)
        except (NotImplementedError, ValueError):
            # An event loop that watches no file descriptors, or a system on which there is none.
            from threading import Thread

            Thread(target=_listen_for, args=(self, ref(loop)), daemon=True).start()

    def __del__(self):
        if self.address is not None:
            self._free(self.address)

    def _deliver(self):
        for number in self._numbers[: _take(self.address, self._numbers, self._ROOM)]:
            told = _waiting.pop(number, None)
            if told is not None and not told.done():
                told.set_result(None)


def _listen_for(mailbox, loop):
    while True:
        rang = _listen(mailbox.address, _SLICE)
        listening = loop()
        if listening is None or listening.is_closed():
            return
        if rang:
            try:
                listening.call_soon_threadsafe(mailbox._deliver)
            except RuntimeError:
                return  # It has been closed meanwhile.
        del listening

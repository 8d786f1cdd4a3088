"""The ways in which a call waits for the library: in its event loop, in its greenlet or in its thread.

No thread of the library enters Python: it would compete for the interpreter, and be inside when that ends.
"""

import ctypes
import os
import sys
from itertools import count
from weakref import WeakKeyDictionary, ref


def declare(library):
    """Takes what is needed here from the library."""
    global _at_once, _begin, _discard, _leave, _wait, _mailbox, _descriptor, _works, _listen, _take, _free
    pointer, number, milliseconds = ctypes.c_void_p, ctypes.c_uint64, ctypes.c_uint32
    # Nothing of it takes long, so other threads need not be let in meanwhile.
    _at_once = at_once = ctypes.PyDLL(library._name, handle=library._handle)

    def declared(way, name, returned, *arguments):
        function = way[f"purecloud_oauth_python_{name}"]
        function.restype, function.argtypes = returned, arguments
        return function

    _begin = declared(at_once, "begin", pointer, number, pointer, pointer, number)
    _discard = declared(at_once, "discard", None, number, pointer)
    _leave = declared(at_once, "leave", None, pointer)
    _wait = declared(library, "wait", ctypes.c_bool, pointer, milliseconds)
    _mailbox = declared(at_once, "mailbox", pointer)
    _descriptor = declared(at_once, "mailbox_descriptor", ctypes.c_int32, pointer)
    _works = declared(at_once, "mailbox_works", ctypes.c_bool, pointer)
    _listen = declared(library, "mailbox_listen", ctypes.c_bool, pointer, milliseconds)
    _take = declared(at_once, "mailbox_take", ctypes.c_size_t, pointer, pointer, ctypes.c_size_t)
    _free = declared(at_once, "mailbox_free", None, pointer)


def without_release(function):
    """Returns a function of the library that keeps the interpreter locked while it runs.

    Python calls it for the objects of a sub-interpreter when the process ends. Before Python 3.12 a thread that lets
    go of the interpreter at that time never gets it back, and the process never ends.
    """
    same = getattr(_at_once, function.__name__)
    same.restype, same.argtypes = function.restype, function.argtypes
    return same


# A signal does not end a wait of the library: so none is long, in milliseconds.
_SLICE = 50

# Reading what a call returns needs no more stack frames than this.
_DEPTH = 40


def try_depth(depth=_DEPTH):
    """Raises RecursionError where a result could not be read: it may hold a secret that nothing shows again."""
    if depth:
        try_depth(depth - 1)


class _Call:
    """A call under way. It is left once, however the wait for it ends."""

    __slots__ = ("_leave", "_native", "told")

    def __init__(self, future, functions, mailbox, number, told):
        # The function outlives this module's names, which are gone when the interpreter ends.
        self._leave, self.told = _leave, told
        self._native = _begin(future, functions, mailbox, number)

    def wait(self, milliseconds):
        return _wait(self._native, milliseconds)

    def leave(self):
        native = self.forget()
        if native is not None:
            self._leave(native)

    def forget(self):
        native, self._native = self._native, None
        return native


def in_this_thread(future, functions, result):
    """Waits for the result. A signal handler, such as that of Ctrl-C, may raise here."""
    wait = _wait_of_greenlets()
    if wait is not None:
        return _in_this_greenlet(wait, future, functions, result)
    call = _Call(future, functions, None, 0, None)
    try:
        while not call.wait(_SLICE):
            pass
        return result(future)
    finally:
        # However the waiting ended: this is what ends the call.
        call.leave()


def _wait_of_greenlets():
    """Returns the function that waits for a descriptor while other greenlets run; `None` without greenlets.

    gevent and eventlet put functions of their own in place of those of the module `select`. Each wait looks, because a
    program may do that at any time, and may undo it.
    """
    select = sys.modules.get("select")
    poll, one_of = getattr(select, "poll", None), getattr(select, "select", None)
    if _is_patched(poll):

        def wait(descriptor):
            waiting = poll()
            waiting.register(descriptor, select.POLLIN)
            waiting.poll()

        return wait
    if _is_patched(one_of):
        return lambda descriptor: one_of([descriptor], [], [])
    return None


def _is_patched(function):
    return getattr(function, "__module__", "select") != "select"


def _in_this_greenlet(wait, future, functions, result):
    with _WatchedCall(future, functions) as call:
        call.begin()
        while not call.is_done():
            wait(call.descriptor)
        return result(future)


class _WatchedCall:
    """A call with a descriptor of its own, which stays readable once there is a result."""

    __slots__ = ("_call", "_free", "_future", "_mailbox", "_process", "descriptor")

    def __init__(self, future, functions):
        self._call, self._future, self._free = None, (future, functions), _free
        self._mailbox, self._process = _mailbox(), os.getpid()
        if self._mailbox is None:
            _discard(future, functions)
            raise OSError("the system has no more file descriptors")
        self.descriptor = _descriptor(self._mailbox)

    def begin(self):
        self._call = _Call(*self._future, self._mailbox, 0, None)

    def is_done(self):
        if os.getpid() != self._process:
            # A copy of the parent's greenlet. Leaving its call may need a lock that was copied locked.
            self._call.forget()
            raise RuntimeError("this call belongs to the process that this process was forked from")
        return self._call.wait(0)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        if self._call is None:
            _discard(*self._future)
        else:
            self._call.leave()
        self._free(self._mailbox)


async def in_event_loop(future, functions, result):
    """Waits for the result. Cancelling the task raises here."""
    if _runs_in_trio():
        return await _in_trio(future, functions, result)
    try:
        loop = _running_loop()
        mailbox, number = _mailbox_of(loop), next(_numbers)
    except BaseException:
        _discard(future, functions)
        raise
    call = _Call(future, functions, mailbox.address, number, loop.create_future())
    mailbox.waiting[number] = call
    try:
        await call.told
        return result(future)
    finally:
        call.leave()
        mailbox.waiting.pop(number, None)


def _runs_in_trio():
    # Whatever runs under Trio has imported sniffio, and asyncio may run within Trio, or Trio within asyncio.
    sniffio = sys.modules.get("sniffio")
    if sniffio is None:
        return False
    try:
        return sniffio.current_async_library() == "trio"
    except sniffio.AsyncLibraryNotFoundError:
        return False


async def _in_trio(future, functions, result):
    trio = sys.modules["trio"].lowlevel
    with _WatchedCall(future, functions) as call:
        # In a scope that is cancelled already nothing is sent.
        await trio.checkpoint_if_cancelled()
        if call.descriptor < 0:
            raise RuntimeError(
                "Trio can't wait for the library on this system; call BlockingOAuthApi by trio.to_thread.run_sync"
            )
        call.begin()
        while True:
            # Once at least, so that each call lets other tasks run.
            await trio.wait_readable(call.descriptor)
            if call.is_done():
                return result(future)


_numbers = count()


def _running_loop():
    # Importing it takes longer than everything else together, and whoever runs an event loop of asyncio has done so.
    asyncio = sys.modules.get("asyncio")
    if asyncio is not None:
        try:
            return asyncio.get_running_loop()
        except RuntimeError:
            pass
    raise RuntimeError("OAuthApi needs an event loop of asyncio or Trio; BlockingOAuthApi works without one")


# Event loops know their mailboxes by what they call when one has something: nothing here keeps a loop or its calls.
_mailboxes = WeakKeyDictionary()


def _mailbox_of(loop):
    known = _mailboxes.get(loop)
    mailbox = known and known()
    if mailbox is None or not mailbox.works():
        if mailbox is not None:
            mailbox.give_way(loop)
        mailbox = _Mailbox(loop)
        _mailboxes[loop] = ref(mailbox)
    return mailbox


class _Mailbox:
    """Where the library puts the numbers of the calls that an event loop has to look at."""

    _ROOM = 64

    def __init__(self, loop):
        self._free = _free
        self.address = _mailbox()
        if self.address is None:
            raise OSError("the system has no more file descriptors")
        # The calls that wait, by the number that the library has been given.
        self.waiting = {}
        self._numbers = (ctypes.c_uint64 * self._ROOM)()
        self._reader = None
        reader, descriptor = _Reader(self), _descriptor(self.address)
        try:
            loop.add_reader(descriptor, reader)
        except (NotImplementedError, ValueError):
            # An event loop that watches no file descriptors, or a system on which there is none.
            from threading import Thread

            reader.mailbox = None
            Thread(target=_listen_for, args=(self, ref(loop)), daemon=True).start()
        else:
            self._reader = ref(reader), descriptor

    def works(self):
        """Whether the event loop is notified: the descriptor may have been closed by others."""
        return self.address is not None and _works(self.address)

    def deliver(self):
        if self.address is None:
            return
        for number in self._numbers[: _take(self.address, self._numbers, self._ROOM)]:
            call = self.waiting.pop(number, None)
            if call is not None and not call.told.done():
                call.told.set_result(None)

    def give_way(self, loop):
        """Leaves the event loop to another mailbox, because this one can't notify it any more."""
        reader = self._reader and self._reader[0]()
        if reader is not None:
            reader.mailbox = None
            from contextlib import suppress

            # The loop's own descriptor may be closed as well.
            with suppress(Exception):
                loop.remove_reader(self._reader[1])
        # Its calls have lost their connections, which is noticed soon.
        self.deliver()
        loop.call_later(1, self.deliver)

    def close(self):
        """Leaves the calls that wait: nobody looks at them any more."""
        while self.waiting:
            _, call = self.waiting.popitem()
            call.leave()
            if not call.told.done() and not call.told.get_loop().is_closed():
                call.told.cancel()
        address, self.address = self.address, None
        if address is not None:
            self._free(address)

    __del__ = close


class _Reader:
    """What an event loop calls when its mailbox has something. A loop that is closed drops it, and nothing else does."""

    __slots__ = ("__weakref__", "mailbox")

    def __init__(self, mailbox):
        self.mailbox = mailbox

    def __call__(self):
        if self.mailbox is not None:
            self.mailbox.deliver()

    def __del__(self):
        if self.mailbox is not None:
            self.mailbox.close()


def _listen_for(mailbox, loop):
    while mailbox.address is not None:
        rang = _listen(mailbox.address, _SLICE)
        listening = loop()
        if listening is None or listening.is_closed():
            break
        if rang:
            try:
                listening.call_soon_threadsafe(mailbox.deliver)
            except RuntimeError:
                break  # It has been closed meanwhile.
        del listening
    mailbox.close()

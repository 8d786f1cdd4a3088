"""Waiting for calls of the native library: in an event loop, in a greenlet or in a thread.

No thread of the native library enters Python: it would compete for the GIL, and could be inside the interpreter when
that shuts down.
"""

import ctypes
import os
import sys
from itertools import count
from weakref import WeakKeyDictionary, ref


def declare(library):
    """Declares the functions of the native library that this module calls."""
    global _keeping_gil, _begin, _discard, _leave, _wait, _mailbox, _descriptor, _works, _listen, _take, _free
    pointer, number, milliseconds = ctypes.c_void_p, ctypes.c_uint64, ctypes.c_uint32
    # Functions that never take long are called without releasing the GIL.
    _keeping_gil = keeping_gil = ctypes.PyDLL(library._name, handle=library._handle)

    def declared(calls, name, returned, *arguments):
        function = calls[f"purecloud_oauth_python_{name}"]
        function.restype, function.argtypes = returned, arguments
        return function

    _begin = declared(keeping_gil, "begin", pointer, number, pointer, pointer, number)
    _discard = declared(keeping_gil, "discard", None, number, pointer)
    _leave = declared(keeping_gil, "leave", None, pointer)
    _wait = declared(library, "wait", ctypes.c_bool, pointer, milliseconds)
    _mailbox = declared(keeping_gil, "mailbox", pointer)
    _descriptor = declared(keeping_gil, "mailbox_descriptor", ctypes.c_int32, pointer)
    _works = declared(keeping_gil, "mailbox_works", ctypes.c_bool, pointer)
    _listen = declared(library, "mailbox_listen", ctypes.c_bool, pointer, milliseconds)
    _take = declared(keeping_gil, "mailbox_take", ctypes.c_size_t, pointer, pointer, ctypes.c_size_t)
    _free = declared(keeping_gil, "mailbox_free", None, pointer)


def without_releasing_gil(function):
    """Returns the same native function, but called without releasing the GIL.

    Python frees the objects of a sub-interpreter with it when the process exits. Before Python 3.12 a thread that
    releases the GIL at that time never gets it back, and the process hangs.
    """
    same = getattr(_keeping_gil, function.__name__)
    same.restype, same.argtypes = function.restype, function.argtypes
    return same


# The maximum duration of one wait in the native library, in milliseconds. A signal does not end such a wait.
_SLICE = 50

# The maximum number of stack frames that reading a result takes.
_DEPTH = 40


def check_stack_depth(depth=_DEPTH):
    """Raises RecursionError if there is no room to read a result, which may hold a secret that is shown only once."""
    if depth:
        check_stack_depth(depth - 1)


class _Call:
    """A call in progress. `leave` is effective once, however the wait ends."""

    __slots__ = ("_leave", "_native", "notified")

    def __init__(self, future, functions, mailbox, number, notified):
        # Keeps a reference, because the names of this module are cleared when the interpreter exits.
        self._leave, self.notified = _leave, notified
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


def wait_in_thread(future, functions, result):
    """Waits for the result. A signal handler, such as that of Ctrl-C, may raise here."""
    wait = _greenlet_wait()
    if wait is not None:
        return _wait_in_greenlet(wait, future, functions, result)
    call = _Call(future, functions, None, 0, None)
    try:
        while not call.wait(_SLICE):
            pass
        return result(future)
    finally:
        # Ends the call even if the wait was interrupted.
        call.leave()


def _greenlet_wait():
    """Returns a function that waits for a descriptor while other greenlets run; `None` without greenlets.

    gevent and eventlet replace the functions of the module `select`. This is checked for each call, because a program
    may patch or restore the module at any time.
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


def _wait_in_greenlet(wait, future, functions, result):
    with _WatchedCall(future, functions) as call:
        call.begin()
        while not call.is_done():
            wait(call.descriptor)
        return result(future)


class _WatchedCall:
    """A call with a separate file descriptor, which becomes and stays readable once there is a result."""

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
            # This greenlet is a copy of one in the parent process. Leaving the call could wait for a lock that was
            # copied in locked state.
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


async def wait_in_event_loop(future, functions, result):
    """Waits for the result. Cancelling the task raises here."""
    if _runs_in_trio():
        return await _wait_in_trio(future, functions, result)
    try:
        loop = _running_loop()
        mailbox, number = _mailbox_of(loop), next(_numbers)
    except BaseException:
        _discard(future, functions)
        raise
    call = _Call(future, functions, mailbox.address, number, loop.create_future())
    mailbox.waiting[number] = call
    try:
        await call.notified
        return result(future)
    finally:
        call.leave()
        mailbox.waiting.pop(number, None)


def _runs_in_trio():
    # Trio always imports sniffio, which also reports the running library if asyncio is nested in Trio or vice versa.
    sniffio = sys.modules.get("sniffio")
    if sniffio is None:
        return False
    try:
        return sniffio.current_async_library() == "trio"
    except sniffio.AsyncLibraryNotFoundError:
        return False


async def _wait_in_trio(future, functions, result):
    trio = sys.modules["trio"].lowlevel
    with _WatchedCall(future, functions) as call:
        # Sends no request if the scope is already cancelled.
        await trio.checkpoint_if_cancelled()
        if call.descriptor < 0:
            raise RuntimeError(
                "OAuthApi does not support Trio on this system; call BlockingOAuthApi with trio.to_thread.run_sync"
            )
        call.begin()
        while True:
            # Waits at least once, so that each call lets other tasks run.
            await trio.wait_readable(call.descriptor)
            if call.is_done():
                return result(future)


_numbers = count()


def _running_loop():
    # Importing asyncio takes longer than everything else, and a program with a running event loop has imported it.
    asyncio = sys.modules.get("asyncio")
    if asyncio is not None:
        try:
            return asyncio.get_running_loop()
        except RuntimeError:
            pass
    raise RuntimeError("OAuthApi needs an event loop of asyncio or Trio; BlockingOAuthApi works without one")


# The mailboxes of event loops. Only the loop's reader holds a mailbox strongly, so this map keeps no loop and no call
# alive.
_mailboxes = WeakKeyDictionary()


def _mailbox_of(loop):
    known = _mailboxes.get(loop)
    mailbox = known and known()
    if mailbox is None or not mailbox.works():
        if mailbox is not None:
            mailbox.detach(loop)
        mailbox = _Mailbox(loop)
        _mailboxes[loop] = ref(mailbox)
    return mailbox


class _Mailbox:
    """The queue in which the native library puts the numbers of the calls that an event loop has to resume."""

    _CAPACITY = 64

    def __init__(self, loop):
        self._free = _free
        self.address = _mailbox()
        if self.address is None:
            raise OSError("the system has no more file descriptors")
        # The waiting calls, by the numbers that were passed to the native library.
        self.waiting = {}
        self._numbers = (ctypes.c_uint64 * self._CAPACITY)()
        self._reader = None
        reader, descriptor = _Reader(self), _descriptor(self.address)
        try:
            loop.add_reader(descriptor, reader)
        except (NotImplementedError, ValueError):
            # The event loop can't watch file descriptors, or the system has none.
            from threading import Thread

            reader.mailbox = None
            Thread(target=_listen_for, args=(self, ref(loop)), daemon=True).start()
        else:
            self._reader = ref(reader), descriptor

    def works(self):
        """Reports whether the event loop is still notified. The program may have closed the descriptor."""
        return self.address is not None and _works(self.address)

    def deliver(self):
        if self.address is None:
            return
        for number in self._numbers[: _take(self.address, self._numbers, self._CAPACITY)]:
            call = self.waiting.pop(number, None)
            if call is not None and not call.notified.done():
                call.notified.set_result(None)

    def detach(self, loop):
        """Detaches this mailbox from the event loop, which it can no longer notify; another mailbox replaces it."""
        reader = self._reader and self._reader[0]()
        if reader is not None:
            reader.mailbox = None
            from contextlib import suppress

            # The loop's own descriptor may be closed as well.
            with suppress(Exception):
                loop.remove_reader(self._reader[1])
        # The native library soon fails its calls, because they have lost their connections.
        self.deliver()
        loop.call_later(1, self.deliver)

    def close(self):
        """Ends the waiting calls, because the event loop is closed."""
        while self.waiting:
            _, call = self.waiting.popitem()
            call.leave()
            if not call.notified.done() and not call.notified.get_loop().is_closed():
                call.notified.cancel()
        address, self.address = self.address, None
        if address is not None:
            self._free(address)

    __del__ = close


class _Reader:
    """The callback of an event loop for its mailbox. Only the loop references it, so closing the loop deletes it."""

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
        has_mail = _listen(mailbox.address, _SLICE)
        listening = loop()
        if listening is None or listening.is_closed():
            break
        if has_mail:
            try:
                listening.call_soon_threadsafe(mailbox.deliver)
            except RuntimeError:
                break  # The loop was closed in the meantime.
        del listening
    mailbox.close()

"""How the library's answers become objects: it makes them itself, by the functions of the interpreter.

Where these are not to be had, as in other interpreters than CPython, uniffi's own readers do it, in Python.
"""

import ctypes
import datetime
import gc
import sys


def reader(library, buffer, misfit, types, parts):
    """What reads a value of the type with this number from a buffer; nothing where there is no such thing."""
    if sys.implementation.name != "cpython":
        return None
    # Whoever calls these functions holds the interpreter.
    native = ctypes.PyDLL(library._name, handle=library._handle)
    names = native.purecloud_oauth_python_functions
    names.restype = ctypes.c_char_p
    functions = [getattr(ctypes.pythonapi, name) for name in names().decode().split()]
    bind = native.purecloud_oauth_python_types
    bind.argtypes, bind.restype = (ctypes.c_void_p, ctypes.c_char_p, ctypes.py_object), ctypes.c_void_p
    always = [
        None,
        datetime.datetime,
        datetime.timezone.utc,
        datetime.timedelta,
        "_handle",
        misfit,
        OverflowError,
    ]
    bound = bind(addresses(*functions), types, always + parts)
    if bound is None:
        return None
    read = native.purecloud_oauth_python_read
    read.argtypes, read.restype = (ctypes.c_void_p, ctypes.c_size_t, buffer), ctypes.py_object

    def read_all(number, written):
        if written.len < _LARGE or not gc.isenabled():
            return read(bound, number, written)
        # Everything that is made here is part of the answer: there is nothing to be collected, and looking for it,
        # again and again while there is more and more, takes longer than the rest.
        gc.disable()
        try:
            return read(bound, number, written)
        finally:
            gc.enable()

    return read_all


# From this many bytes on the collector is in the way.
_LARGE = 1 << 16


def address(function):
    return ctypes.cast(function, ctypes.c_void_p).value


def addresses(*functions):
    """Where functions are, as the library takes it."""
    return (ctypes.c_void_p * len(functions))(*map(address, functions))

"""Lets the native library create Python objects from responses, through the C API of the interpreter.

Where that API is not available, as in interpreters other than CPython, uniffi's own readers are used, in Python.
"""

import ctypes
import datetime
import gc
import sys


def reader(library, buffer, misfit, types, parts):
    """Returns a function that reads a value of a type, given by its number, from a buffer.

    Returns None in an interpreter other than CPython. In CPython, a table of types that can't be used is an error: the
    readers in Python take several times as long. Each operation calls this before it sends anything.
    """
    if sys.implementation.name != "cpython":
        return None
    # These functions must be called with the GIL held.
    native = ctypes.PyDLL(library._name, handle=library._handle)
    names = native.purecloud_oauth_python_functions
    names.restype = ctypes.c_char_p
    functions = [getattr(ctypes.pythonapi, name) for name in names().decode().split()]
    bind = native.purecloud_oauth_python_types
    bind.argtypes, bind.restype = (ctypes.c_void_p, ctypes.c_char_p, ctypes.py_object), ctypes.c_void_p
    constants = [
        None,
        datetime.datetime,
        datetime.timezone.utc,
        datetime.timedelta,
        "_handle",
        misfit,
        OverflowError,
    ]
    bound = bind(addresses(*functions), types, constants + parts)
    if bound is None:
        raise ImportError(
            "purecloud_oauth: the native library does not belong to this version of the package"
        )
    read = native.purecloud_oauth_python_read
    read.argtypes, read.restype = (ctypes.c_void_p, ctypes.c_size_t, buffer), ctypes.py_object

    def read_all(number, written):
        if written.len < _LARGE or not gc.isenabled():
            return read(bound, number, written)
        # All objects created here belong to the result, so nothing can be collected. The collector would run again and
        # again over a growing number of objects, which takes longer than creating them.
        gc.disable()
        try:
            return read(bound, number, written)
        finally:
            gc.enable()

    return read_all


# The minimum size of a buffer, in bytes, for which the garbage collector is paused.
_LARGE = 1 << 16


def address(function):
    return ctypes.cast(function, ctypes.c_void_p).value


def addresses(*functions):
    """Returns the addresses of functions as an array for the native library."""
    return (ctypes.c_void_p * len(functions))(*map(address, functions))

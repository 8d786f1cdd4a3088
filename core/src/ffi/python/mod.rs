//! Functions that the Python package calls in addition to the exported interface: waiting for calls without a native
//! thread in the interpreter, and responses that are built as Python objects directly.
//!
//! Only `bindings/python/purecloud_oauth` calls them, through `ctypes`: `_waiting.py` those of `waiting` and `mailbox`,
//! `_reading.py` those of `types`, `reading` and `interpreter`.
//!
//! # Assumptions about CPython
//!
//! `waiting`, `mailbox` and `bell` use nothing of Python. `interpreter`, `types` and `reading` use the C API, and only
//! in CPython: `_reading.py` does not call them in other interpreters, where uniffi's readers in Python are used
//! instead. In CPython a table of types that can't be used fails the first call, before anything is sent.
//!
//! Part of the stable ABI since Python 3.9:
//!
//! - All functions that are called: see `Interpreter`. `ctypes.pythonapi` finds their addresses, so the native library
//!   is linked against no Python. They set the minimum version: before 3.9, `Py_EnterRecursiveCall` and
//!   `Py_LeaveRecursiveCall` were macros.
//! - Their rules about references, exceptions and the GIL.
//!
//! Not part of the stable ABI, but of the implementation of CPython:
//!
//! - A class that is written in Python and derives from `object` alone keeps each of its `__slots__` in one
//!   pointer-sized word of the object: null if it is unset, and otherwise a reference that the object owns. When the
//!   types are created, `Interpreter::find_slot` finds the word of each slot by setting the slot and looking for the
//!   value within the `__basicsize__` bytes of the object. It then writes another value to the word of a new object and
//!   reads it back through the attribute. If either fails, the attribute is set by `PyObject_GenericSetAttr` instead,
//!   which is part of the stable ABI.
//! - `PyType_GenericAlloc` returns a complete object of such a class, whose slots are null, although neither `__new__`
//!   nor `__init__` was called.
//! - `datetime` accepts the 10 bytes of its pickled state.
//!
//! The interface was tried with CPython 3.9 to 3.13, built with the GIL. Free-threaded builds were not tried. The
//! functions pass pointers where uniffi has a `u64`, so they need a platform with 64-bit pointers.
//!
//! # The GIL
//!
//! `ctypes` releases the GIL during a call of a `CDLL`, and keeps it during a call of a `PyDLL`. The package calls
//! `purecloud_oauth_python_wait` and `purecloud_oauth_python_mailbox_listen`, which block, through a `CDLL`, and all
//! other functions of this module, which don't, through a `PyDLL`. So the GIL is held whenever a function of the C API
//! is called: within `purecloud_oauth_python_types`, within `purecloud_oauth_python_read`, and when CPython calls the
//! destructor of a capsule.
//!
//! `purecloud_oauth_python_read` may run Python code (the constructor of an unknown enum value, or finalizers of the
//! garbage collector), during which CPython may switch to another thread. That is harmless: the state of a reader is
//! local to its call, `Types` is never modified, and apart from the garbage collector no other code has a reference to
//! an unfinished object.
//!
//! Threads of the native library never call the C API and never wait for the GIL. They execute
//! `PendingCall::continue_poll`, which polls the future and finally unparks a thread or rings a bell. So none of them
//! competes for the GIL, and none is inside the interpreter when it is finalized. The first poll, and cancelling a
//! call, happen on the thread that calls from Python, with the GIL held.
//!
//! # References
//!
//! - `Owned` is a strong reference. It exists only during a call of `purecloud_oauth_python_types` or
//!   `purecloud_oauth_python_read`, so the GIL is held when it is dropped.
//! - `Types` owns references to the classes and objects that responses consist of. It is never freed, so they live as
//!   long as the process. Each interpreter creates its own `Types`, and passes it to its own calls only.
//! - `PyTuple_SetItem`, `PyList_SetItem` and `Interpreter::fill_slot` take over the reference that they are given.
//!   `PyList_GetItem` returns a borrowed reference, of which `Parts::next` makes an owned one at once.
//! - `purecloud_oauth_python_read` returns a new reference, which `ctypes` takes over.
//!
//! # Freeing objects and futures
//!
//! - The `_handle` of a Python object is a pair of its handle's number and a capsule. The capsule owns the handle: when
//!   its last reference is gone, CPython calls its destructor, which calls uniffi's function that frees the handle. The
//!   handles in a buffer that can't be read to its end are leaked beyond the place of the error.
//! - A mailbox is reference-counted. Python owns one reference until it calls `purecloud_oauth_python_mailbox_free`,
//!   and each of its calls owns another one.
//! - `purecloud_oauth_python_begin` takes over a future, and returns a `PendingCall`, which is reference-counted as
//!   well. Python owns one reference until it calls `purecloud_oauth_python_leave`, and the poll under way owns another
//!   one. The future is freed as soon as the call is done *and* Python has left it. Leaving a call that is not done
//!   cancels it, after which uniffi reports it as done.
//! - `purecloud_oauth_python_discard` frees a future that was not passed to `purecloud_oauth_python_begin`.

mod bell;
mod interpreter;
mod mailbox;
mod reading;
mod types;
mod waiting;

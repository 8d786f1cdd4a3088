//! The functions of CPython's stable ABI that are needed here. `ctypes` passes their addresses, so the native library
//! is linked against no Python.

use std::ffi::{CStr, c_char, c_int, c_long, c_longlong, c_ulonglong, c_void};
use std::mem;
use std::ptr::{self, NonNull};
use std::slice;

use once_cell::sync::OnceCell;
use uniffi::RustCallStatus;

/// An opaque `PyObject`.
#[repr(C)]
pub(super) struct Object {
    _opaque: [u8; 0],
}

/// The destructor of a capsule, which CPython calls when the last reference to the capsule is gone.
type Destructor = unsafe extern "C" fn(capsule: *mut Object);

/// uniffi's function that frees a handle of an object of one type.
pub(super) type Free = unsafe extern "C" fn(handle: u64, status: &mut RustCallStatus);

macro_rules! functions {
    ($($name:ident: ($($argument:ty),*) $(-> $returned:ty)?,)*) => {
        /// The addresses of the functions, in the order of `NAMES`.
        #[derive(Clone, Copy)]
        #[allow(non_snake_case, reason = "the names are CPython's")]
        #[repr(C)]
        pub(super) struct Interpreter {
            $(pub(super) $name: unsafe extern "C" fn($($argument),*) $(-> $returned)?,)*
        }

        /// The names of the functions, each followed by a space.
        const NAMES: &str = concat!($(stringify!($name), " ",)* "\0");
    };
}

functions! {
    Py_IncRef: (*mut Object),
    Py_DecRef: (*mut Object),
    Py_EnterRecursiveCall: (*const c_char) -> c_int,
    Py_LeaveRecursiveCall: (),
    PyErr_SetString: (*mut Object, *const c_char),
    PyBool_FromLong: (c_long) -> *mut Object,
    PyLong_FromLongLong: (c_longlong) -> *mut Object,
    PyLong_FromUnsignedLongLong: (c_ulonglong) -> *mut Object,
    PyLong_AsVoidPtr: (*mut Object) -> *mut c_void,
    PyLong_AsSsize_t: (*mut Object) -> isize,
    PyUnicode_DecodeUTF8: (*const c_char, isize, *const c_char) -> *mut Object,
    PyBytes_FromStringAndSize: (*const c_char, isize) -> *mut Object,
    PyTuple_New: (isize) -> *mut Object,
    PyTuple_SetItem: (*mut Object, isize, *mut Object) -> c_int,
    PyList_New: (isize) -> *mut Object,
    PyList_SetItem: (*mut Object, isize, *mut Object) -> c_int,
    PyList_GetItem: (*mut Object, isize) -> *mut Object,
    PyDict_New: () -> *mut Object,
    PyDict_SetItem: (*mut Object, *mut Object, *mut Object) -> c_int,
    PyType_GenericAlloc: (*mut Object, isize) -> *mut Object,
    PyObject_GenericSetAttr: (*mut Object, *mut Object, *mut Object) -> c_int,
    PyErr_Clear: () -> (),
    PyObject_GetAttr: (*mut Object, *mut Object) -> *mut Object,
    PyObject_GetAttrString: (*mut Object, *const c_char) -> *mut Object,
    PyObject_CallObject: (*mut Object, *mut Object) -> *mut Object,
    PyCapsule_New: (*mut c_void, *const c_char, Option<Destructor>) -> *mut Object,
    PyCapsule_GetPointer: (*mut Object, *const c_char) -> *mut c_void,
    PyCapsule_SetContext: (*mut Object, *mut c_void) -> c_int,
    PyCapsule_GetContext: (*mut Object) -> *mut c_void,
}

static INTERPRETER: OnceCell<Interpreter> = OnceCell::new();

/// Returns the names of the functions, by which `_reading.py` looks up their addresses.
#[unsafe(no_mangle)]
extern "C" fn purecloud_oauth_python_functions() -> *const c_char {
    NAMES.as_ptr().cast()
}

/// A way to set an attribute of a class's objects.
pub(super) enum Slot {
    /// The index of the word that holds the attribute's value.
    Word(usize),
    /// The attribute's name. The reference is owned.
    Attribute(*mut Object),
}

/// A strong reference to an object, released on drop. None outlives the call from Python that created it, so the GIL is
/// held when it is dropped.
pub(super) struct Owned<'p> {
    object: NonNull<Object>,
    python: &'p Interpreter,
}

impl Owned<'_> {
    pub(super) fn as_ptr(&self) -> *mut Object {
        self.object.as_ptr()
    }

    /// Returns the reference without releasing it, for code that takes it over.
    pub(super) fn into_ptr(self) -> *mut Object {
        let object = self.object.as_ptr();
        mem::forget(self);
        object
    }
}

impl Drop for Owned<'_> {
    fn drop(&mut self) {
        // SAFETY: `object` is a strong reference that this value owns, and it is released only here: `into_ptr` forgets
        // the value. The GIL is held: the call from Python that created the value has not returned.
        unsafe { (self.python.Py_DecRef)(self.as_ptr()) }
    }
}

/// Wrappers of the functions. A function that returns `None` has set a Python exception, unless its documentation says
/// otherwise.
///
/// All of them require that the caller holds the GIL and that no exception is set. They are called only by
/// `purecloud_oauth_python_types` and `purecloud_oauth_python_read`, which require the same. All functions have the
/// signatures of CPython's documentation, and their addresses are valid, because `ctypes.pythonapi` looked them up.
/// The SAFETY comments name only what the functions require in addition.
impl Interpreter {
    /// Returns the functions of this process, which are the same for all its interpreters. Stores them at the first
    /// call.
    pub(super) fn get_or_store(found: &Interpreter) -> &'static Interpreter {
        INTERPRETER.get_or_init(|| *found)
    }

    /// Takes over the new reference that a function returned; `None` for null.
    fn take_over(&self, returned: *mut Object) -> Option<Owned<'_>> {
        NonNull::new(returned).map(|object| Owned { object, python: self })
    }

    /// Returns a new reference to an object.
    ///
    /// # Safety
    ///
    /// `object` points to a live object.
    pub(super) unsafe fn new_reference(&self, object: *mut Object) -> Option<Owned<'_>> {
        // SAFETY: by this function's contract the object is alive.
        unsafe { (self.Py_IncRef)(object) };
        self.take_over(object)
    }

    /// Sets an exception and returns `None`.
    ///
    /// # Safety
    ///
    /// `exception` points to a live exception class.
    pub(super) unsafe fn raise<T>(&self, exception: *mut Object, message: &CStr) -> Option<T> {
        // SAFETY: by this function's contract the class is alive; the message ends in a zero byte and is copied.
        unsafe { (self.PyErr_SetString)(exception, message.as_ptr()) };
        None
    }

    pub(super) fn integer(&self, number: i64) -> Option<Owned<'_>> {
        // SAFETY: the function accepts any number.
        self.take_over(unsafe { (self.PyLong_FromLongLong)(number) })
    }

    pub(super) fn unsigned(&self, number: u64) -> Option<Owned<'_>> {
        // SAFETY: the function accepts any number.
        self.take_over(unsafe { (self.PyLong_FromUnsignedLongLong)(number) })
    }

    pub(super) fn boolean(&self, boolean: bool) -> Option<Owned<'_>> {
        // SAFETY: the function accepts any number.
        self.take_over(unsafe { (self.PyBool_FromLong)(boolean.into()) })
    }

    pub(super) fn string(&self, utf8: &[u8]) -> Option<Owned<'_>> {
        let (start, length) = (utf8.as_ptr().cast(), utf8.len() as isize);
        // SAFETY: `start` and `length` are those of a slice, whose bytes are copied. With null for the error handler,
        // invalid UTF-8 sets an exception.
        self.take_over(unsafe { (self.PyUnicode_DecodeUTF8)(start, length, ptr::null()) })
    }

    pub(super) fn bytes(&self, bytes: &[u8]) -> Option<Owned<'_>> {
        let (start, length) = (bytes.as_ptr().cast(), bytes.len() as isize);
        // SAFETY: `start` and `length` are those of a slice, whose bytes are copied.
        self.take_over(unsafe { (self.PyBytes_FromStringAndSize)(start, length) })
    }

    pub(super) fn tuple<const N: usize>(&self, items: [Owned<'_>; N]) -> Option<Owned<'_>> {
        // SAFETY: the function accepts any length.
        let tuple = self.take_over(unsafe { (self.PyTuple_New)(N as isize) })?;
        for (place, item) in (0..).zip(items) {
            // SAFETY: `tuple` is a new tuple of length N without other references, and `place < N`. `PyTuple_SetItem`
            // steals the reference even on failure, and `into_ptr` gives up ours.
            if unsafe { (self.PyTuple_SetItem)(tuple.as_ptr(), place, item.into_ptr()) } != 0 {
                return None;
            }
        }
        Some(tuple)
    }

    /// Creates a list of the given length. `item` returns its items in order.
    pub(super) fn list<'p>(
        &'p self,
        length: usize,
        mut item: impl FnMut() -> Option<Owned<'p>>,
    ) -> Option<Owned<'p>> {
        // SAFETY: the function accepts any length.
        let list = self.take_over(unsafe { (self.PyList_New)(length as isize) })?;
        for place in 0..length {
            // SAFETY: `list` is a new list of this length, and `place < length`. `PyList_SetItem` steals the reference
            // even on failure, and `into_ptr` gives up ours.
            if unsafe { (self.PyList_SetItem)(list.as_ptr(), place as isize, item()?.into_ptr()) } != 0 {
                return None;
            }
        }
        Some(list)
    }

    pub(super) fn dict(&self) -> Option<Owned<'_>> {
        // SAFETY: the function has no arguments.
        self.take_over(unsafe { (self.PyDict_New)() })
    }

    /// Inserts an entry into a dictionary, which keeps references of its own to key and value.
    pub(super) fn insert(&self, dict: &Owned<'_>, key: &Owned<'_>, value: &Owned<'_>) -> Option<()> {
        // SAFETY: an `Owned` keeps its object alive. For an object that is not a dictionary, CPython sets an exception.
        let inserted = unsafe { (self.PyDict_SetItem)(dict.as_ptr(), key.as_ptr(), value.as_ptr()) };
        (inserted == 0).then_some(())
    }

    /// Allocates an object of a class. Its slots are empty, and neither `__new__` nor `__init__` is called.
    ///
    /// # Safety
    ///
    /// `class` points to a live class that is written in Python and has no built-in base but `object`.
    pub(super) unsafe fn allocate(&self, class: *mut Object) -> Option<Owned<'_>> {
        // SAFETY: `PyType_GenericAlloc` is the allocator that CPython gives such a class: `object.__new__` calls it in
        // the same way. It zeroes the object: empty slots are null.
        self.take_over(unsafe { (self.PyType_GenericAlloc)(class, 0) })
    }

    /// Returns the way to set the attribute with this name of a class's objects: the word of its slot, if one is found
    /// and a value that is written there is read back through the attribute; the attribute itself otherwise.
    ///
    /// # Safety
    ///
    /// `class` is as for `allocate`, and `name` points to a live string.
    pub(super) unsafe fn find_slot(&self, class: *mut Object, name: *mut Object) -> Option<Slot> {
        // SAFETY: the contracts of all three functions are this function's contract.
        unsafe {
            if let Some(word) = self.find_word(class, name)?
                && self.reads_back(class, name, word)?
            {
                return Some(Slot::Word(word));
            }
            self.new_reference(name).map(|name| Slot::Attribute(name.into_ptr()))
        }
    }

    /// Returns the index of the word that is null in a new object and holds the value of an attribute once that is set.
    ///
    /// # Safety
    ///
    /// As for `find_slot`.
    unsafe fn find_word(&self, class: *mut Object, name: *mut Object) -> Option<Option<usize>> {
        let probe = self.bytes(b"purecloud_oauth.slot")?;
        // SAFETY: by this function's contract the class is one that `allocate` accepts, and `name` is alive. An object
        // has the `__basicsize__` bytes that its class reports, starting at its address, and is aligned for pointers.
        // All of its words are initialized: CPython sets those of the header and zeroes the rest. They are copied as
        // mere addresses and never dereferenced. The object and the probe, which its slot refers to, live until the
        // end.
        let [before, after] = unsafe {
            let object = self.allocate(class)?;
            let size = self.take_over((self.PyObject_GetAttrString)(class, c"__basicsize__".as_ptr()))?;
            let words =
                usize::try_from((self.PyLong_AsSsize_t)(size.as_ptr())).ok()? / size_of::<*mut Object>();
            let start = object.as_ptr().cast::<*mut Object>();
            let before = slice::from_raw_parts(start, words).to_vec();
            if (self.PyObject_GenericSetAttr)(object.as_ptr(), name, probe.as_ptr()) != 0 {
                return None;
            }
            [before, slice::from_raw_parts(start, words).to_vec()]
        };
        Some(before.iter().zip(after).position(|(before, after)| before.is_null() && after == probe.as_ptr()))
    }

    /// Returns whether a value that is written to a word is the value of the attribute.
    ///
    /// # Safety
    ///
    /// As for `find_slot`; `word` is from `find_word` for the same class and name.
    unsafe fn reads_back(&self, class: *mut Object, name: *mut Object, word: usize) -> Option<bool> {
        let probe = self.bytes(b"purecloud_oauth.value")?;
        // SAFETY: by this function's contract the class is one that `allocate` accepts. The word is within the object
        // and null in a new one, and CPython itself stored a reference in it when the attribute was set, so it releases
        // the reference that is stored here as well. `name` is alive.
        unsafe {
            let object = self.allocate(class)?;
            object
                .as_ptr()
                .cast::<*mut Object>()
                .add(word)
                .write(self.new_reference(probe.as_ptr())?.into_ptr());
            let read = self.take_over((self.PyObject_GetAttr)(object.as_ptr(), name));
            if read.is_none() {
                // A getter that fails shows that the attribute is more than the word.
                (self.PyErr_Clear)();
            }
            Some(read.is_some_and(|read| read.as_ptr() == probe.as_ptr()))
        }
    }

    /// Sets an attribute that is not set yet.
    ///
    /// # Safety
    ///
    /// `slot` is from `find_slot` for the class of `object`, and the attribute is not set.
    pub(super) unsafe fn fill_slot(&self, object: &Owned<'_>, slot: &Slot, value: Owned<'_>) -> Option<()> {
        match *slot {
            // SAFETY: by this function's contract the word is within the object and is that of the slot. A slot owns
            // the reference in its word, and it was null, so no reference is lost.
            Slot::Word(word) => unsafe {
                object.as_ptr().cast::<*mut Object>().add(word).write(value.into_ptr());
                Some(())
            },
            // SAFETY: `name` is a string that the slot owns a reference to. CPython takes references of its own.
            Slot::Attribute(name) => unsafe {
                let set = (self.PyObject_GenericSetAttr)(object.as_ptr(), name, value.as_ptr());
                (set == 0).then_some(())
            },
        }
    }

    /// Calls an object with a tuple of arguments.
    ///
    /// # Safety
    ///
    /// `callable` points to a live object, and `arguments` is a tuple.
    pub(super) unsafe fn call(&self, callable: *mut Object, arguments: Owned<'_>) -> Option<Owned<'_>> {
        // SAFETY: by this function's contract the object is alive and the arguments are a tuple, which `arguments`
        // keeps alive during the call. An object that can't be called sets an exception.
        self.take_over(unsafe { (self.PyObject_CallObject)(callable, arguments.as_ptr()) })
    }

    /// Creates a capsule that frees a handle when its last reference is gone. If that fails, frees the handle at once.
    ///
    /// # Safety
    ///
    /// `handle` is a handle of the type that `free` is for, and is not 0. The capsule takes it over: no other code
    /// frees it.
    pub(super) unsafe fn handle_capsule(&self, handle: u64, free: Free) -> Option<Owned<'_>> {
        // SAFETY: `PyCapsule_New` requires a pointer that is not null, which the handle is not (it is the address of a
        // Rust object, so it fits into a pointer), and a name and a destructor that outlive the capsule, which are
        // static.
        let capsule = self.take_over(unsafe {
            (self.PyCapsule_New)(handle as usize as *mut c_void, HANDLE.as_ptr(), Some(free_handle))
        });
        match &capsule {
            // SAFETY: `PyCapsule_SetContext` accepts any pointer for a valid capsule, which this new one is, and can't
            // fail for it.
            Some(capsule) => unsafe {
                (self.PyCapsule_SetContext)(capsule.as_ptr(), free as *mut c_void);
            },
            // SAFETY: by this function's contract the handle is one that `free` is for, and no other code frees it.
            None => unsafe { free(handle, &mut RustCallStatus::default()) },
        }
        capsule
    }
}

/// The name of the capsules that own a handle.
const HANDLE: &CStr = c"purecloud_oauth.handle";

/// Frees the handle of a capsule, as its destructor.
///
/// # Safety
///
/// `capsule` is from `handle_capsule`, and CPython calls this function, once and with the GIL held, to destroy it.
unsafe extern "C" fn free_handle(capsule: *mut Object) {
    let Some(python) = INTERPRETER.get() else { return };
    // SAFETY: by this function's contract the capsule is from `handle_capsule`. So its pointer, which is stored under
    // this name, is the handle, which is freed only here. Its context is null, if it was not set yet, or the address of
    // a `Free` that is for this handle.
    unsafe {
        let handle = (python.PyCapsule_GetPointer)(capsule, HANDLE.as_ptr());
        let free = (python.PyCapsule_GetContext)(capsule);
        if !free.is_null() {
            mem::transmute::<*mut c_void, Free>(free)(handle as usize as u64, &mut RustCallStatus::default());
        }
    }
}

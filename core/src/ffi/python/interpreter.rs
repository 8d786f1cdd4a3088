//! The functions of Python's stable interface that are needed here. Their addresses come from the interpreter that
//! has loaded the library, so the library itself is linked against none.

use std::ffi::{CStr, c_char, c_int, c_long, c_longlong, c_ulonglong, c_void};
use std::mem;
use std::ptr::{self, NonNull};
use std::slice;

use once_cell::sync::OnceCell;
use uniffi::RustCallStatus;

/// What Python has, and nobody else looks into.
#[repr(C)]
pub(super) struct Object {
    _opaque: [u8; 0],
}

/// What Python calls when nobody has a capsule any more.
type Destructor = unsafe extern "C" fn(capsule: *mut Object);

/// What uniffi exports to free the handles of one type.
pub(super) type Free = unsafe extern "C" fn(handle: u64, status: &mut RustCallStatus);

macro_rules! functions {
    ($($name:ident: ($($argument:ty),*) $(-> $returned:ty)?,)*) => {
        /// The functions, in the order of their names.
        #[derive(Clone, Copy)]
        #[allow(non_snake_case, reason = "they are not ours")]
        #[repr(C)]
        pub(super) struct Interpreter {
            $(pub(super) $name: unsafe extern "C" fn($($argument),*) $(-> $returned)?,)*
        }

        /// The names, with a space behind each.
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
    PyObject_GetAttrString: (*mut Object, *const c_char) -> *mut Object,
    PyObject_CallObject: (*mut Object, *mut Object) -> *mut Object,
    PyCapsule_New: (*mut c_void, *const c_char, Option<Destructor>) -> *mut Object,
    PyCapsule_GetPointer: (*mut Object, *const c_char) -> *mut c_void,
    PyCapsule_SetContext: (*mut Object, *mut c_void) -> c_int,
    PyCapsule_GetContext: (*mut Object) -> *mut c_void,
}

static INTERPRETER: OnceCell<Interpreter> = OnceCell::new();

/// The names of the functions, by which Python finds their addresses.
#[unsafe(no_mangle)]
extern "C" fn purecloud_oauth_python_functions() -> *const c_char {
    NAMES.as_ptr().cast()
}

/// A reference to an object, given back when it is dropped. To make one is to hold the interpreter.
pub(super) struct Owned<'p> {
    object: NonNull<Object>,
    python: &'p Interpreter,
}

impl Owned<'_> {
    pub(super) fn as_ptr(&self) -> *mut Object {
        self.object.as_ptr()
    }

    /// For those who take the reference over.
    pub(super) fn into_ptr(self) -> *mut Object {
        let object = self.object.as_ptr();
        mem::forget(self);
        object
    }
}

impl Drop for Owned<'_> {
    fn drop(&mut self) {
        // SAFETY: it is ours, and who holds an `Owned` holds the interpreter.
        unsafe { (self.python.Py_DecRef)(self.as_ptr()) }
    }
}

/// Where something is missing in what follows, Python has been told of an exception.
///
/// Whoever calls this holds the interpreter; its objects are alive.
impl Interpreter {
    /// The functions are the same for everybody in a process.
    pub(super) fn of_the_process(found: &Interpreter) -> &'static Interpreter {
        INTERPRETER.get_or_init(|| *found)
    }

    /// Takes over what a function returns.
    pub(super) fn owned(&self, returned: *mut Object) -> Option<Owned<'_>> {
        NonNull::new(returned).map(|object| Owned { object, python: self })
    }

    /// One more reference to an object.
    ///
    /// # Safety
    ///
    /// It is one.
    pub(super) unsafe fn shared(&self, object: *mut Object) -> Option<Owned<'_>> {
        // SAFETY: the caller says so.
        unsafe { (self.Py_IncRef)(object) };
        self.owned(object)
    }

    /// # Safety
    ///
    /// The exception is a class of exceptions.
    pub(super) unsafe fn raise<T>(&self, exception: *mut Object, text: &CStr) -> Option<T> {
        // SAFETY: the caller says so, and the text is one.
        unsafe { (self.PyErr_SetString)(exception, text.as_ptr()) };
        None
    }

    pub(super) fn integer(&self, number: i64) -> Option<Owned<'_>> {
        // SAFETY: it takes any number.
        self.owned(unsafe { (self.PyLong_FromLongLong)(number) })
    }

    pub(super) fn unsigned(&self, number: u64) -> Option<Owned<'_>> {
        // SAFETY: it takes any number.
        self.owned(unsafe { (self.PyLong_FromUnsignedLongLong)(number) })
    }

    pub(super) fn flag(&self, flag: bool) -> Option<Owned<'_>> {
        // SAFETY: it takes any number.
        self.owned(unsafe { (self.PyBool_FromLong)(flag.into()) })
    }

    pub(super) fn text(&self, utf8: &[u8]) -> Option<Owned<'_>> {
        let (start, length) = (utf8.as_ptr().cast(), utf8.len() as isize);
        // SAFETY: these are so many bytes; nothing for the errors means that there is an exception.
        self.owned(unsafe { (self.PyUnicode_DecodeUTF8)(start, length, ptr::null()) })
    }

    pub(super) fn bytes(&self, bytes: &[u8]) -> Option<Owned<'_>> {
        let (start, length) = (bytes.as_ptr().cast(), bytes.len() as isize);
        // SAFETY: these are so many bytes.
        self.owned(unsafe { (self.PyBytes_FromStringAndSize)(start, length) })
    }

    pub(super) fn tuple<const N: usize>(&self, items: [Owned<'_>; N]) -> Option<Owned<'_>> {
        // SAFETY: it takes any length.
        let tuple = self.owned(unsafe { (self.PyTuple_New)(N as isize) })?;
        for (place, item) in (0..).zip(items) {
            // SAFETY: it is a new tuple with this place, and takes the item over, whatever happens.
            if unsafe { (self.PyTuple_SetItem)(tuple.as_ptr(), place, item.into_ptr()) } != 0 {
                return None;
            }
        }
        Some(tuple)
    }

    /// A list of so many items.
    pub(super) fn list<'p>(
        &'p self,
        length: usize,
        mut item: impl FnMut() -> Option<Owned<'p>>,
    ) -> Option<Owned<'p>> {
        // SAFETY: it takes any length.
        let list = self.owned(unsafe { (self.PyList_New)(length as isize) })?;
        for place in 0..length {
            // SAFETY: it is a new list with this place, and takes the item over, whatever happens.
            if unsafe { (self.PyList_SetItem)(list.as_ptr(), place as isize, item()?.into_ptr()) } != 0 {
                return None;
            }
        }
        Some(list)
    }

    pub(super) fn dict(&self) -> Option<Owned<'_>> {
        // SAFETY: it takes nothing.
        self.owned(unsafe { (self.PyDict_New)() })
    }

    pub(super) fn insert(&self, dict: &Owned<'_>, key: &Owned<'_>, value: &Owned<'_>) -> Option<()> {
        // SAFETY: these are objects, and the first one is a dictionary of our own.
        let inserted = unsafe { (self.PyDict_SetItem)(dict.as_ptr(), key.as_ptr(), value.as_ptr()) };
        (inserted == 0).then_some(())
    }

    /// An object of a class, with nothing in it.
    ///
    /// # Safety
    ///
    /// It is a class that was written in Python, whose base is `object`.
    pub(super) unsafe fn empty(&self, class: *mut Object) -> Option<Owned<'_>> {
        // SAFETY: such classes are made in this way.
        self.owned(unsafe { (self.PyType_GenericAlloc)(class, 0) })
    }

    /// In which word of an object of this class the slot of this name is: where something shows up that is put there.
    ///
    /// # Safety
    ///
    /// It is a class that was written in Python, whose base is `object`, and the name is a text.
    pub(super) unsafe fn slot(&self, class: *mut Object, name: *mut Object) -> Option<usize> {
        let probe = self.bytes(b"purecloud_oauth.slot")?;
        // SAFETY: the caller says so, an object has as many bytes as its class says, and a class knows their number.
        let words = unsafe {
            let object = self.empty(class)?;
            if (self.PyObject_GenericSetAttr)(object.as_ptr(), name, probe.as_ptr()) != 0 {
                return None;
            }
            let size = self.owned((self.PyObject_GetAttrString)(class, c"__basicsize__".as_ptr()))?;
            let size = usize::try_from((self.PyLong_AsSsize_t)(size.as_ptr())).ok()?;
            let words = object.as_ptr().cast::<*mut Object>();
            slice::from_raw_parts(words, size / size_of::<*mut Object>()).to_vec()
        };
        words.iter().position(|&word| word == probe.as_ptr())
    }

    /// Puts something into a slot that is empty.
    ///
    /// # Safety
    ///
    /// The object is of a class that has this slot.
    pub(super) unsafe fn fill(&self, object: &Owned<'_>, slot: usize, value: Owned<'_>) {
        // SAFETY: the caller says so, and a slot takes its value over.
        unsafe { object.as_ptr().cast::<*mut Object>().add(slot).write(value.into_ptr()) };
    }

    /// # Safety
    ///
    /// It is an object.
    pub(super) unsafe fn call(&self, callable: *mut Object, arguments: Owned<'_>) -> Option<Owned<'_>> {
        // SAFETY: the caller says so, and arguments are a tuple.
        self.owned(unsafe { (self.PyObject_CallObject)(callable, arguments.as_ptr()) })
    }

    /// What frees a handle when nobody has it any more, or at once where it can't be made.
    ///
    /// # Safety
    ///
    /// The handle is one that is freed in this way, and nobody else does.
    pub(super) unsafe fn capsule(&self, handle: u64, free: Free) -> Option<Owned<'_>> {
        // SAFETY: a handle is not zero, and the rest stays where it is.
        let capsule = self.owned(unsafe {
            (self.PyCapsule_New)(handle as usize as *mut c_void, HANDLE.as_ptr(), Some(free_handle))
        });
        match &capsule {
            // SAFETY: it is a capsule, and nothing else can be wrong.
            Some(capsule) => unsafe {
                (self.PyCapsule_SetContext)(capsule.as_ptr(), free as *mut c_void);
            },
            // SAFETY: the caller says so.
            None => unsafe { free(handle, &mut RustCallStatus::default()) },
        }
        capsule
    }
}

const HANDLE: &CStr = c"purecloud_oauth.handle";

unsafe extern "C" fn free_handle(capsule: *mut Object) {
    let Some(python) = INTERPRETER.get() else { return };
    // SAFETY: it is one of ours, and made as above.
    unsafe {
        let handle = (python.PyCapsule_GetPointer)(capsule, HANDLE.as_ptr());
        let free = (python.PyCapsule_GetContext)(capsule);
        if !free.is_null() {
            mem::transmute::<*mut c_void, Free>(free)(handle as usize as u64, &mut RustCallStatus::default());
        }
    }
}

//! The types of the interface, with the Python classes and objects that they need.
//!
//! The generator of the bindings writes a table with a line for each type of the interface. Types refer to each other
//! by the indices of their lines. The classes and objects that they need are in a Python list, in the order of the
//! lines:
//!
//! | line | items of the list |
//! |---|---|
//! | `string`, `boolean`, `integer 4`, `integer 8`, `timestamp`, `duration` | |
//! | `optional TYPE`, `list TYPE`, `map KEY VALUE` | |
//! | `record NAME TYPE NAME TYPE …`: its fields; `?NAME` for a map whose slot stays unset if it is empty | its class |
//! | `enum TYPE - …`: the type of the value of each variant, or `-` | for each variant its class, or itself |
//! | `object` | its class, and the address of the function that frees its handles |

use std::ffi::{CStr, c_char, c_void};
use std::mem;
use std::ptr;
use std::str::SplitAsciiWhitespace;

use super::interpreter::{Free, Interpreter, Object, Owned, Slot};

/// The types of the interface, with the classes and objects of one interpreter. Never freed.
pub(super) struct Types {
    pub(super) python: &'static Interpreter,
    pub(super) common: CommonObjects,
    pub(super) types: Vec<Type>,
}

/// The objects at the beginning of the list, which don't depend on the types. The references are owned.
pub(super) struct CommonObjects {
    pub(super) none: *mut Object,
    pub(super) datetime: *mut Object,
    pub(super) utc: *mut Object,
    pub(super) timedelta: *mut Object,
    /// The name of the attribute in which an object keeps its handle.
    pub(super) handle: *mut Object,
    /// The exception class for a malformed buffer.
    pub(super) malformed: *mut Object,
    /// The exception class for a timestamp that `datetime` can't hold.
    pub(super) out_of_range: *mut Object,
}

/// A line of the table. The references to objects are owned.
pub(super) enum Type {
    String,
    Boolean,
    Integer4,
    Integer8,
    Timestamp,
    Duration,
    Optional(usize),
    List(usize),
    Map(usize, usize),
    Record { class: *mut Object, fields: Vec<Field> },
    Enum(Vec<(*mut Object, Option<usize>)>),
    Object { class: *mut Object, slot: Slot, free: Free },
}

/// A field of a record.
pub(super) struct Field {
    /// The slot of the record that holds the field.
    pub(super) slot: Slot,
    pub(super) type_index: usize,
    /// True for a map whose slot stays unset if the map is empty.
    pub(super) is_unset_if_empty: bool,
}

/// An iterator over the list.
struct Parts {
    python: &'static Interpreter,
    list: *mut Object,
    next: isize,
}

impl Parts {
    /// Returns a new reference to the next item, which keeps it alive. Returns `None` with an exception at the end of
    /// the list.
    fn next(&mut self) -> Option<*mut Object> {
        // SAFETY: `list` is a live list by the contract of `purecloud_oauth_python_types`. For an index beyond its end,
        // `PyList_GetItem` returns null and sets an exception.
        let part = unsafe { (self.python.PyList_GetItem)(self.list, self.next) };
        if part.is_null() {
            return None;
        }
        self.next += 1;
        // SAFETY: `part` is borrowed from the list, which keeps it alive.
        unsafe { self.python.new_reference(part) }.map(Owned::into_ptr)
    }
}

impl CommonObjects {
    fn take_from(parts: &mut Parts) -> Option<Self> {
        Some(CommonObjects {
            none: parts.next()?,
            datetime: parts.next()?,
            utc: parts.next()?,
            timedelta: parts.next()?,
            handle: parts.next()?,
            malformed: parts.next()?,
            out_of_range: parts.next()?,
        })
    }
}

impl Type {
    /// Parses a line, and takes its items from the list. Returns `None`, perhaps without an exception, if the line is
    /// malformed or an item is missing.
    fn parse(line: &str, common: &CommonObjects, parts: &mut Parts) -> Option<Self> {
        let number = |words: &mut SplitAsciiWhitespace<'_>| words.next()?.parse::<usize>().ok();
        let mut words = line.split_ascii_whitespace();
        Some(match words.next()? {
            "string" => Type::String,
            "boolean" => Type::Boolean,
            "integer" if number(&mut words)? == 4 => Type::Integer4,
            "integer" => Type::Integer8,
            "timestamp" => Type::Timestamp,
            "duration" => Type::Duration,
            "optional" => Type::Optional(number(&mut words)?),
            "list" => Type::List(number(&mut words)?),
            "map" => Type::Map(number(&mut words)?, number(&mut words)?),
            "record" => {
                let class = parts.next()?;
                let mut fields = Vec::new();
                while let Some(word) = words.next() {
                    let name = word.trim_start_matches('?');
                    let is_unset_if_empty = name != word;
                    let name = parts.python.string(name.as_bytes())?;
                    // SAFETY: `class` was just referenced. By the contract of `purecloud_oauth_python_types` it is the
                    // class of a record, which the generator writes in Python on `_base.Record`. `name` is a string.
                    let slot = unsafe { parts.python.find_slot(class, name.as_ptr()) }?;
                    fields.push(Field { slot, type_index: number(&mut words)?, is_unset_if_empty });
                }
                Type::Record { class, fields }
            }
            "enum" => {
                Type::Enum(words.map(|held| Some((parts.next()?, held.parse().ok()))).collect::<Option<_>>()?)
            }
            "object" => {
                let class = parts.next()?;
                // SAFETY: `next` returns a live object. One that is not an integer sets an exception and results in
                // null.
                let address = unsafe { (parts.python.PyLong_AsVoidPtr)(parts.next()?) };
                if address.is_null() {
                    return None;
                }
                // SAFETY: `class` was just referenced. By the contract of `purecloud_oauth_python_types` it is the
                // class of an object, which the generator writes in Python on `_base.NativeObject`, and `handle` is a
                // string.
                let slot = unsafe { parts.python.find_slot(class, common.handle) }?;
                // SAFETY: by the same contract the address is that of uniffi's function that frees handles of the
                // class, which has this signature. It is not null, and the native library is never unloaded.
                Type::Object { class, slot, free: unsafe { mem::transmute::<*mut c_void, Free>(address) } }
            }
            _ => return None,
        })
    }
}

/// Parses the table of types. Returns null if it is malformed, or does not fit the classes of the list; then the
/// references that were taken from the list are leaked.
///
/// # Safety
///
/// The GIL is held, and no exception is set.
///
/// - `functions` points to the addresses of the functions that `purecloud_oauth_python_functions` names, in that order.
/// - `lines` points to a string that ends in a zero byte.
/// - `parts` points to a live list. It begins with the objects of `CommonObjects`, followed by the items of the lines:
///   classes that the generator wrote for the types, and addresses of uniffi's functions that free the handles of the
///   class before them.
#[unsafe(no_mangle)]
unsafe extern "C" fn purecloud_oauth_python_types(
    functions: *const Interpreter,
    lines: *const c_char,
    parts: *mut Object,
) -> *const c_void {
    // SAFETY: by this function's contract the array holds the addresses of all functions, so it is a valid
    // `Interpreter`, which is `repr(C)` and is copied.
    let python = Interpreter::get_or_store(unsafe { &*functions });
    // SAFETY: by this function's contract the string ends in a zero byte. `ctypes` keeps it alive during the call.
    let lines = unsafe { CStr::from_ptr(lines) }.to_str().unwrap_or_default();
    let mut parts = Parts { python, list: parts, next: 0 };
    let types = CommonObjects::take_from(&mut parts).and_then(|common| {
        let types =
            lines.lines().map(|line| Type::parse(line, &common, &mut parts)).collect::<Option<_>>()?;
        Some(Types { python, common, types })
    });
    types.map_or(ptr::null(), |types| Box::into_raw(Box::new(types)).cast_const().cast())
}

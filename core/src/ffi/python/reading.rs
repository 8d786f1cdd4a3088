//! Builds Python objects from uniffi's wire format in a single call. uniffi's readers in Python take many times as
//! long.
//!
//! The generator of the bindings writes a table with a line for each type of the interface. Types refer to each other
//! by the indices of their lines. The classes and objects that they need are in a Python list, in the order of the
//! lines:
//!
//! | line | items of the list |
//! |---|---|
//! | `text`, `flag`, `integer 4`, `integer 8`, `moment`, `duration` | |
//! | `optional TYPE`, `list TYPE`, `map KEY VALUE` | |
//! | `record NAME TYPE NAME TYPE …`: its fields; `?NAME` for a map whose slot stays unset if it is empty | its class |
//! | `enum TYPE - …`: the type of the value of each variant, or `-` | for each variant its class, or itself |
//! | `object` | its class, and the address of the function that frees its handles |

use std::ffi::{CStr, c_char, c_void};
use std::iter;
use std::mem;
use std::ptr;
use std::str::SplitAsciiWhitespace;

use jiff::SignedDuration;
use jiff::civil::{DateTime, date};
use uniffi::RustBuffer;

use super::interpreter::{Free, Interpreter, Object, Owned};

/// The types of the interface, with the classes and objects of one interpreter. Never freed.
struct Types {
    python: &'static Interpreter,
    common: CommonObjects,
    types: Vec<Type>,
}

/// The objects at the beginning of the list, which don't depend on the types. The references are owned.
struct CommonObjects {
    none: *mut Object,
    datetime: *mut Object,
    utc: *mut Object,
    timedelta: *mut Object,
    /// The name of the attribute in which an object keeps its handle.
    handle: *mut Object,
    /// The exception class for a malformed buffer.
    malformed: *mut Object,
    /// The exception class for a timestamp that `datetime` can't hold.
    out_of_range: *mut Object,
}

/// A line of the table. The references to objects are owned.
enum Type {
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
    Object { class: *mut Object, slot: usize, free: Free },
}

/// A field of a record.
struct Field {
    /// The index of the word of the record that holds the field.
    slot: usize,
    type_index: usize,
    /// True for a map whose slot stays unset if the map is empty.
    is_unset_if_empty: bool,
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
            "text" => Type::String,
            "flag" => Type::Boolean,
            "integer" if number(&mut words)? == 4 => Type::Integer4,
            "integer" => Type::Integer8,
            "moment" => Type::Timestamp,
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

/// Reads an object of the type with the given index from a buffer. Returns a new reference, or null with an exception.
///
/// # Safety
///
/// The GIL is held, and no exception is set.
///
/// - `types` is from `purecloud_oauth_python_types`, called in the same interpreter, and is not null.
/// - `written` is a buffer from the native library. It is consumed: the caller neither uses nor frees it afterwards.
/// - If the type contains objects, the buffer was written as that type, so that the handles in it are valid. No other
///   code uses or frees them.
#[unsafe(no_mangle)]
unsafe extern "C" fn purecloud_oauth_python_read(
    types: *const c_void,
    index: usize,
    written: RustBuffer,
) -> *mut Object {
    // SAFETY: by this function's contract the pointer is from `Box::into_raw` in `purecloud_oauth_python_types`. The
    // types are never freed or modified.
    let types = unsafe { &*types.cast::<Types>() };
    let written = written.destroy_into_vec();
    let slots = (written.len() / BYTES_PER_SLOT).min(MAX_SLOTS);
    let cache = iter::repeat_with(|| None).take(if written.len() < MIN_CACHED { 0 } else { slots }).collect();
    let mut reader = ObjectReader { types, python: types.python, rest: &written, cache };
    let value = reader.value(index).and_then(|value| match reader.rest {
        [] => Some(value),
        _ => reader.raise_malformed(c"there is more in the buffer than was read"),
    });
    value.map_or(ptr::null_mut(), Owned::into_ptr)
}

const EPOCH: DateTime = date(1970, 1, 1).at(0, 0, 0, 0);

/// The minimum size of a response for which values are cached, in bytes: smaller ones rarely repeat values.
const MIN_CACHED: usize = 4 << 10;

/// The size of a response for which the cache has one slot, in bytes.
const BYTES_PER_SLOT: usize = 128;
/// The maximum number of slots of the cache.
const MAX_SLOTS: usize = 4096;

/// The maximum size of a cached value, in bytes.
const MAX_CACHED_LENGTH: usize = 64;

/// Reads objects from one buffer.
struct ObjectReader<'a> {
    types: &'a Types,
    python: &'a Interpreter,
    /// The bytes that have not been read yet.
    rest: &'a [u8],
    /// Strings and timestamps that have been read: type, bytes and object. The bytes determine the slot.
    cache: Vec<Option<(usize, &'a [u8], Owned<'a>)>>,
}

/// A function that returns `None` has set a Python exception.
///
/// All unsafe code here relies on the contracts of `purecloud_oauth_python_types` and `purecloud_oauth_python_read`.
/// The GIL is held. An object from `types` is alive, because `types` owns a reference to it and is never freed, and is
/// of the kind that its type has: a class on `_base.Record` with its slots, an enum variant, and so on. Any other
/// object is an `Owned` that was just created.
impl<'a> ObjectReader<'a> {
    /// Reads a value of the type with the given index.
    fn value(&mut self, index: usize) -> Option<Owned<'a>> {
        let Some(described) = self.types.types.get(index) else {
            return self.raise_malformed(c"there is no such type");
        };
        match described {
            Type::String => {
                let length = self.length()?;
                let utf8 = self.take(length)?;
                self.cached(index, utf8, |reader| reader.python.string(utf8))
            }
            Type::Boolean => {
                let boolean = self.bytes()? != [0];
                self.python.boolean(boolean)
            }
            Type::Integer4 => {
                let number = i32::from_be_bytes(self.bytes()?);
                self.python.integer(number.into())
            }
            Type::Integer8 => {
                let number = i64::from_be_bytes(self.bytes()?);
                self.python.integer(number)
            }
            Type::Timestamp => {
                let written = self.take(12)?;
                self.cached(index, written, |reader| reader.timestamp(written))
            }
            Type::Duration => self.duration(),
            Type::Optional(inner) => match self.bytes()? {
                // SAFETY: `types` keeps `None` alive, as all its objects.
                [0] => unsafe { self.python.new_reference(self.types.common.none) },
                [1] => self.value(*inner),
                _ => self.raise_malformed(c"Unexpected flag byte for optional type"),
            },
            Type::List(inner) => {
                let length = self.length()?;
                self.python.list(length, || self.value(*inner))
            }
            Type::Map(key, value) => {
                let length = self.length()?;
                let map = self.python.dict()?;
                for _ in 0..length {
                    let (key, value) = (self.value(*key)?, self.value(*value)?);
                    self.python.insert(&map, &key, &value)?;
                }
                Some(map)
            }
            Type::Record { class, fields } => self.record(*class, fields),
            Type::Enum(variants) => {
                let number = usize::try_from(i32::from_be_bytes(self.bytes()?)).ok();
                match number.and_then(|number| variants.get(number.checked_sub(1)?)) {
                    // SAFETY: `types` keeps the variant alive.
                    Some(&(variant, None)) => unsafe { self.python.new_reference(variant) },
                    Some(&(class, Some(held))) => {
                        let held = self.value(held)?;
                        // SAFETY: `types` keeps the class alive, and the arguments are a tuple.
                        unsafe { self.python.call(class, self.python.tuple([held])?) }
                    }
                    None => self.raise_malformed(c"Raw enum value doesn't match any cases"),
                }
            }
            Type::Object { class, slot, free } => {
                let handle = u64::from_be_bytes(self.bytes()?);
                self.object(*class, *slot, handle, *free)
            }
        }
    }

    /// Reads a record. Its `__init__` is not called: it would only store the fields.
    fn record(&mut self, class: *mut Object, fields: &[Field]) -> Option<Owned<'a>> {
        // SAFETY: the GIL is held, and the string is static. If the result is 0, `Py_LeaveRecursiveCall` is called
        // below; otherwise there is an exception.
        if unsafe { (self.python.Py_EnterRecursiveCall)(c" while reading a response".as_ptr()) } != 0 {
            return None;
        }
        let record = self.record_with_fields(class, fields);
        // SAFETY: `Py_EnterRecursiveCall` returned 0.
        unsafe { (self.python.Py_LeaveRecursiveCall)() };
        record
    }

    fn record_with_fields(&mut self, class: *mut Object, fields: &[Field]) -> Option<Owned<'a>> {
        // SAFETY: `types` keeps the class alive, which is that of a record: the generator wrote it in Python.
        let record = unsafe { self.python.allocate(class) }?;
        for &Field { slot, type_index, is_unset_if_empty } in fields {
            if is_unset_if_empty && let Some(rest) = self.rest.strip_prefix(&[0; 4]) {
                self.rest = rest;
                continue;
            }
            let value = self.value(type_index)?;
            // SAFETY: `slot` was found for this class. The record is new, and its fields have different slots, so this
            // one is still empty.
            unsafe { self.python.fill_slot(&record, slot, value) };
        }
        Some(record)
    }

    /// Creates an object with its handle: a pair of the number and the capsule that frees it.
    fn object(&mut self, class: *mut Object, slot: usize, handle: u64, free: Free) -> Option<Owned<'a>> {
        if handle == 0 {
            return self.raise_malformed(c"Raw handle value was null");
        }
        // SAFETY: the buffer owned the handle, which is of this type and not 0, and passes it to the capsule. `types`
        // keeps the class alive, which the generator wrote in Python. `slot` was found for it, and is empty in the new
        // object.
        unsafe {
            let capsule = self.python.handle_capsule(handle, free)?;
            let pair = self.python.tuple([self.python.unsigned(handle)?, capsule])?;
            let object = self.python.allocate(class)?;
            self.python.fill_slot(&object, slot, pair);
            Some(object)
        }
    }

    /// Returns the cached object of a type and its bytes, or creates it. Values that repeat in a response, such as the
    /// roles of clients, can be one object, because strings and timestamps are immutable.
    fn cached(
        &mut self,
        index: usize,
        written: &'a [u8],
        create: impl FnOnce(&Self) -> Option<Owned<'a>>,
    ) -> Option<Owned<'a>> {
        if self.cache.is_empty() || written.len() > MAX_CACHED_LENGTH {
            return create(self);
        }
        let slot = cache_slot(written, self.cache.len());
        if let Some((other, bytes, object)) = &self.cache[slot]
            && (*other, *bytes) == (index, written)
        {
            // SAFETY: the cache owns a reference to the object.
            return unsafe { self.python.new_reference(object.as_ptr()) };
        }
        let object = create(self)?;
        // SAFETY: `object` owns a reference.
        let kept = unsafe { self.python.new_reference(object.as_ptr()) }?;
        self.cache[slot] = Some((index, written, kept));
        Some(object)
    }

    fn timestamp(&self, written: &[u8]) -> Option<Owned<'a>> {
        let (Some((seconds, _)), Some(nanoseconds)) = (written.split_first_chunk(), written.last_chunk())
        else {
            return self.raise_malformed(PAST_THE_END);
        };
        let seconds = i64::from_be_bytes(*seconds);
        // Truncated, not rounded: the last microsecond of the year 9999 could not be rounded up.
        let microseconds = i64::from(u32::from_be_bytes(*nanoseconds) / 1_000);
        let since_1970 = seconds.checked_mul(1_000_000).and_then(|whole| whole.checked_add(microseconds));
        let civil =
            since_1970.map(SignedDuration::from_micros).and_then(|since| EPOCH.checked_add(since).ok());
        let year = civil.and_then(|civil| u16::try_from(civil.year()).ok().filter(|&year| year > 0));
        let (Some(civil), Some(year)) = (civil, year) else {
            // SAFETY: `types` keeps the exception class alive.
            return unsafe { self.python.raise(self.types.common.out_of_range, c"date value out of range") };
        };
        let [year, of_century] = year.to_be_bytes();
        let [_, high, middle, low] = (civil.subsec_nanosecond() / 1_000).to_be_bytes();
        let [month, day] = [civil.month(), civil.day()].map(i8::cast_unsigned);
        let [hour, minute, second] = [civil.hour(), civil.minute(), civil.second()].map(i8::cast_unsigned);
        // The state of a pickled `datetime`, which its constructor accepts.
        let state =
            self.python.bytes(&[year, of_century, month, day, hour, minute, second, high, middle, low])?;
        // SAFETY: `types` keeps both objects alive, and the arguments are a tuple.
        unsafe {
            let utc = self.python.new_reference(self.types.common.utc)?;
            self.python.call(self.types.common.datetime, self.python.tuple([state, utc])?)
        }
    }

    fn duration(&mut self) -> Option<Owned<'a>> {
        let seconds = u64::from_be_bytes(self.bytes()?);
        let microseconds = microseconds(u32::from_be_bytes(self.bytes()?));
        let (days, seconds) = (self.python.integer(0)?, self.python.unsigned(seconds)?);
        let arguments = self.python.tuple([days, seconds, self.python.integer(microseconds)?])?;
        // SAFETY: `types` keeps the class alive, and the arguments are a tuple.
        unsafe { self.python.call(self.types.common.timedelta, arguments) }
    }

    /// Reads the length of a string, or the number of items of a list or map.
    fn length(&mut self) -> Option<usize> {
        let length = i32::from_be_bytes(self.bytes()?);
        match usize::try_from(length) {
            // Each item takes at least one byte, so a larger number is malformed.
            Ok(length) if length <= self.rest.len() => Some(length),
            Ok(_) => self.raise_malformed(PAST_THE_END),
            Err(_) => self.raise_malformed(c"Unexpected negative length"),
        }
    }

    fn bytes<const N: usize>(&mut self) -> Option<[u8; N]> {
        match self.rest.split_first_chunk() {
            Some((bytes, rest)) => {
                self.rest = rest;
                Some(*bytes)
            }
            None => self.raise_malformed(PAST_THE_END),
        }
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        match self.rest.split_at_checked(length) {
            Some((taken, rest)) => {
                self.rest = rest;
                Some(taken)
            }
            None => self.raise_malformed(PAST_THE_END),
        }
    }

    fn raise_malformed<T>(&self, message: &CStr) -> Option<T> {
        // SAFETY: `types` keeps the exception class alive.
        unsafe { self.python.raise(self.types.common.malformed, message) }
    }
}

const PAST_THE_END: &CStr = c"read past end of rust buffer";

/// Converts nanoseconds to microseconds, rounding half to even as Python does.
fn microseconds(nanoseconds: u32) -> i64 {
    let (whole, rest) = (i64::from(nanoseconds / 1_000), nanoseconds % 1_000);
    whole + i64::from(rest > 500 || (rest == 500 && whole % 2 == 1))
}

/// Returns the cache slot for the bytes. The hash is fast rather than good: a collision only costs creating the object.
fn cache_slot(bytes: &[u8], slots: usize) -> usize {
    let (words, rest) = bytes.as_chunks();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    let hash = words.iter().chain([&last]).fold(bytes.len() as u64, |hash, word| {
        (hash.rotate_left(5) ^ u64::from_le_bytes(*word)).wrapping_mul(0x517c_c1b7_2722_0a95)
    });
    // The upper half of the product is less than the number of slots.
    (((hash >> 32) * slots as u64) >> 32) as usize
}

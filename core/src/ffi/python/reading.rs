//! Builds Python objects from uniffi's wire format in a single call. uniffi's readers in Python take many times as
//! long: decision 008 has the measurements. The bytes are written by `ffi/lowered`.

use std::ffi::{CStr, c_void};
use std::iter;
use std::ptr;

use jiff::SignedDuration;
use jiff::civil::{DateTime, date};
use uniffi::RustBuffer;

use super::interpreter::{Free, Interpreter, Object, Owned, Slot};
use super::types::{Field, Type, Types};

/// Reads an object of the type with the given index from a buffer. Returns a new reference, or null with an exception.
///
/// # Safety
///
/// The GIL and exceptions: as for `purecloud_oauth_python_types`.
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
                self.object(*class, slot, handle, *free)
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
        for &Field { ref slot, type_index, is_unset_if_empty } in fields {
            if is_unset_if_empty && let Some(rest) = self.rest.strip_prefix(&[0; 4]) {
                self.rest = rest;
                continue;
            }
            let value = self.value(type_index)?;
            // SAFETY: `slot` was found for this class. The record is new, and its fields have different slots, so this
            // one is still empty.
            unsafe { self.python.fill_slot(&record, slot, value) }?;
        }
        Some(record)
    }

    /// Creates an object with its handle: a pair of the number and the capsule that frees it.
    fn object(&mut self, class: *mut Object, slot: &Slot, handle: u64, free: Free) -> Option<Owned<'a>> {
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
            self.python.fill_slot(&object, slot, pair)?;
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

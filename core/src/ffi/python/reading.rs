//! Answers as Python objects, made in one go of what uniffi has written. Readers in Python take many times as long.
//!
//! The generator of the bindings writes a line for each type of the interface. Types call each other by the numbers of
//! their lines, and take what they are made of from a list of Python's, in the order of the lines:
//!
//! | line | from the list |
//! |---|---|
//! | `text`, `flag`, `integer 4`, `integer 8`, `moment`, `duration` | |
//! | `optional TYPE`, `list TYPE`, `map KEY VALUE` | |
//! | `record NAME TYPE NAME TYPE …`: its fields; `?NAME` for a map whose slot stays empty if the map is | its class |
//! | `enum TYPE - …`: what each variant holds, if anything | for each variant its class, or itself |
//! | `object` | its class, and the address of what frees a handle |

use std::ffi::{CStr, c_char, c_void};
use std::iter;
use std::mem;
use std::ptr;
use std::str::SplitAsciiWhitespace;

use jiff::SignedDuration;
use jiff::civil::{DateTime, date};
use uniffi::RustBuffer;

use super::interpreter::{Free, Interpreter, Object, Owned};

/// What the answers of one interpreter are made of. It is kept as long as the process.
struct Types {
    python: &'static Interpreter,
    always: Always,
    types: Vec<Type>,
}

/// The part of Python's list that is always the same, in front of the rest.
struct Always {
    none: *mut Object,
    datetime: *mut Object,
    utc: *mut Object,
    timedelta: *mut Object,
    /// The attribute in which an object keeps its handle.
    handle: *mut Object,
    misfit: *mut Object,
    out_of_range: *mut Object,
}

enum Type {
    Text,
    Flag,
    Integer4,
    Integer8,
    Moment,
    Duration,
    Optional(usize),
    List(usize),
    Map(usize, usize),
    Record { class: *mut Object, fields: Vec<Field> },
    Enum(Vec<(*mut Object, Option<usize>)>),
    Object { class: *mut Object, slot: usize, free: Free },
}

struct Field {
    slot: usize,
    of: usize,
    /// The slot stays empty for a map without entries.
    is_seldom_filled: bool,
}

/// Python's list, from front to back.
struct Parts {
    python: &'static Interpreter,
    list: *mut Object,
    next: isize,
}

impl Parts {
    /// The next one, which stays alive from now on.
    fn next(&mut self) -> Option<*mut Object> {
        // SAFETY: it is a list, and says itself where it ends.
        let part = unsafe { (self.python.PyList_GetItem)(self.list, self.next) };
        if part.is_null() {
            return None;
        }
        self.next += 1;
        // SAFETY: it is in the list.
        unsafe { self.python.shared(part) }.map(Owned::into_ptr)
    }
}

impl Always {
    fn of(parts: &mut Parts) -> Option<Self> {
        Some(Always {
            none: parts.next()?,
            datetime: parts.next()?,
            utc: parts.next()?,
            timedelta: parts.next()?,
            handle: parts.next()?,
            misfit: parts.next()?,
            out_of_range: parts.next()?,
        })
    }
}

impl Type {
    fn of(line: &str, always: &Always, parts: &mut Parts) -> Option<Self> {
        let number = |words: &mut SplitAsciiWhitespace<'_>| words.next()?.parse::<usize>().ok();
        let mut words = line.split_ascii_whitespace();
        Some(match words.next()? {
            "text" => Type::Text,
            "flag" => Type::Flag,
            "integer" if number(&mut words)? == 4 => Type::Integer4,
            "integer" => Type::Integer8,
            "moment" => Type::Moment,
            "duration" => Type::Duration,
            "optional" => Type::Optional(number(&mut words)?),
            "list" => Type::List(number(&mut words)?),
            "map" => Type::Map(number(&mut words)?, number(&mut words)?),
            "record" => {
                let class = parts.next()?;
                let mut fields = Vec::new();
                while let Some(word) = words.next() {
                    let name = word.trim_start_matches('?');
                    let is_seldom_filled = name != word;
                    let name = parts.python.text(name.as_bytes())?;
                    // SAFETY: it is a class of the generator's, and the name is one.
                    let slot = unsafe { parts.python.slot(class, name.as_ptr()) }?;
                    fields.push(Field { slot, of: number(&mut words)?, is_seldom_filled });
                }
                Type::Record { class, fields }
            }
            "enum" => {
                Type::Enum(words.map(|held| Some((parts.next()?, held.parse().ok()))).collect::<Option<_>>()?)
            }
            "object" => {
                let class = parts.next()?;
                // SAFETY: it is an object.
                let address = unsafe { (parts.python.PyLong_AsVoidPtr)(parts.next()?) };
                if address.is_null() {
                    return None;
                }
                // SAFETY: it is a class of the generator's, and the name is one.
                let slot = unsafe { parts.python.slot(class, always.handle) }?;
                // SAFETY: that is what the address is of.
                Type::Object { class, slot, free: unsafe { mem::transmute::<*mut c_void, Free>(address) } }
            }
            _ => return None,
        })
    }
}

/// Takes what answers are made of; nothing where it can't be understood.
///
/// # Safety
///
/// The addresses are those of the functions, as Python was told their names, the lines end in a zero, the parts are a
/// list, and both belong together. The caller holds the interpreter.
#[unsafe(no_mangle)]
unsafe extern "C" fn purecloud_oauth_python_types(
    functions: *const Interpreter,
    lines: *const c_char,
    parts: *mut Object,
) -> *const c_void {
    // SAFETY: these are functions, which stay where they are.
    let python = Interpreter::of_the_process(unsafe { &*functions });
    // SAFETY: it ends in a zero.
    let lines = unsafe { CStr::from_ptr(lines) }.to_str().unwrap_or_default();
    let mut parts = Parts { python, list: parts, next: 0 };
    let types = Always::of(&mut parts).and_then(|always| {
        let types = lines.lines().map(|line| Type::of(line, &always, &mut parts)).collect::<Option<_>>()?;
        Some(Types { python, always, types })
    });
    types.map_or(ptr::null(), |types| Box::into_raw(Box::new(types)).cast_const().cast())
}

/// What uniffi has written, as an object; nothing where Python has been told of an exception.
///
/// # Safety
///
/// The types are what `purecloud_oauth_python_types` returned to the same interpreter, and nobody else uses the
/// buffer. The caller holds the interpreter.
#[unsafe(no_mangle)]
unsafe extern "C" fn purecloud_oauth_python_read(
    types: *const c_void,
    number: usize,
    written: RustBuffer,
) -> *mut Object {
    // SAFETY: that is what they are.
    let types = unsafe { &*types.cast::<Types>() };
    let written = written.destroy_into_vec();
    let places = (written.len() / APART).min(MOST_PLACES);
    let seen = iter::repeat_with(|| None).take(if written.len() < LARGE { 0 } else { places }).collect();
    let mut reader = Reader { types, python: types.python, rest: &written, seen };
    let value = reader.value(number).and_then(|value| match reader.rest {
        [] => Some(value),
        _ => reader.misfit(c"there is more in the buffer than was read"),
    });
    value.map_or(ptr::null_mut(), Owned::into_ptr)
}

const EPOCH: DateTime = date(1970, 1, 1).at(0, 0, 0, 0);

/// Answers with fewer bytes than this seldom say anything twice.
const LARGE: usize = 4 << 10;

/// How many texts and moments are remembered: one for so many bytes of the answer.
const APART: usize = 128;
const MOST_PLACES: usize = 4096;

/// How long they are at most.
const SHORT: usize = 64;

struct Reader<'a> {
    types: &'a Types,
    python: &'a Interpreter,
    /// What is still to be read.
    rest: &'a [u8],
    /// Texts and moments that have been read: by their types, as they are written, as objects. Each has one place.
    seen: Vec<Option<(usize, &'a [u8], Owned<'a>)>>,
}

/// Where something is missing, Python has been told of an exception.
///
/// What is unsafe here holds for all of it: every object comes from the types, which keep theirs alive, and fits what
/// the type says, or has just been made; and the caller of the library holds the interpreter.
impl<'a> Reader<'a> {
    fn value(&mut self, number: usize) -> Option<Owned<'a>> {
        let Some(of) = self.types.types.get(number) else {
            return self.misfit(c"there is no such type");
        };
        match of {
            Type::Text => {
                let length = self.length()?;
                let utf8 = self.take(length)?;
                self.once(number, utf8, |reader| reader.python.text(utf8))
            }
            Type::Flag => {
                let flag = self.bytes()? != [0];
                self.python.flag(flag)
            }
            Type::Integer4 => {
                let number = i32::from_be_bytes(self.bytes()?);
                self.python.integer(number.into())
            }
            Type::Integer8 => {
                let number = i64::from_be_bytes(self.bytes()?);
                self.python.integer(number)
            }
            Type::Moment => {
                let written = self.take(12)?;
                self.once(number, written, |reader| reader.moment(written))
            }
            Type::Duration => self.duration(),
            Type::Optional(inner) => match self.bytes()? {
                // SAFETY: see above.
                [0] => unsafe { self.python.shared(self.types.always.none) },
                [1] => self.value(*inner),
                _ => self.misfit(c"Unexpected flag byte for optional type"),
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
                    // SAFETY: see above.
                    Some(&(variant, None)) => unsafe { self.python.shared(variant) },
                    Some(&(class, Some(held))) => {
                        let held = self.value(held)?;
                        // SAFETY: see above.
                        unsafe { self.python.call(class, self.python.tuple([held])?) }
                    }
                    None => self.misfit(c"Raw enum value doesn't match any cases"),
                }
            }
            Type::Object { class, slot, free } => {
                let handle = u64::from_be_bytes(self.bytes()?);
                self.object(*class, *slot, handle, *free)
            }
        }
    }

    /// A record past its `__init__`, which has nothing to add.
    fn record(&mut self, class: *mut Object, fields: &[Field]) -> Option<Owned<'a>> {
        // SAFETY: see above; that there was no exception is what the zero says.
        if unsafe { (self.python.Py_EnterRecursiveCall)(c" while reading an answer".as_ptr()) } != 0 {
            return None;
        }
        let record = self.filled(class, fields);
        // SAFETY: it was entered.
        unsafe { (self.python.Py_LeaveRecursiveCall)() };
        record
    }

    fn filled(&mut self, class: *mut Object, fields: &[Field]) -> Option<Owned<'a>> {
        // SAFETY: see above.
        let record = unsafe { self.python.empty(class) }?;
        for &Field { slot, of, is_seldom_filled } in fields {
            if is_seldom_filled && let Some(rest) = self.rest.strip_prefix(&[0; 4]) {
                self.rest = rest;
                continue;
            }
            let value = self.value(of)?;
            // SAFETY: see above.
            unsafe { self.python.fill(&record, slot, value) };
        }
        Some(record)
    }

    /// An object with its handle: the number, and beside it what frees that with the last who uses it.
    fn object(&mut self, class: *mut Object, slot: usize, handle: u64, free: Free) -> Option<Owned<'a>> {
        if handle == 0 {
            return self.misfit(c"Raw handle value was null");
        }
        // SAFETY: see above.
        unsafe {
            let keeper = self.python.capsule(handle, free)?;
            let pair = self.python.tuple([self.python.unsigned(handle)?, keeper])?;
            let object = self.python.empty(class)?;
            self.python.fill(&object, slot, pair);
            Some(object)
        }
    }

    /// What comes again and again in an answer, such as the roles of clients, is one object: it does not change.
    fn once(
        &mut self,
        of: usize,
        written: &'a [u8],
        make: impl FnOnce(&Self) -> Option<Owned<'a>>,
    ) -> Option<Owned<'a>> {
        if self.seen.is_empty() || written.len() > SHORT {
            return make(self);
        }
        let place = place(written, self.seen.len());
        if let Some((other, bytes, object)) = &self.seen[place]
            && (*other, *bytes) == (of, written)
        {
            // SAFETY: see above.
            return unsafe { self.python.shared(object.as_ptr()) };
        }
        let object = make(self)?;
        // SAFETY: see above.
        let kept = unsafe { self.python.shared(object.as_ptr()) }?;
        self.seen[place] = Some((of, written, kept));
        Some(object)
    }

    fn moment(&self, written: &[u8]) -> Option<Owned<'a>> {
        let (Some((seconds, _)), Some(nanoseconds)) = (written.split_first_chunk(), written.last_chunk())
        else {
            return self.misfit(PAST_THE_END);
        };
        let seconds = i64::from_be_bytes(*seconds);
        // Not rounded: the last microsecond of the year 9999 has no next one.
        let microseconds = i64::from(u32::from_be_bytes(*nanoseconds) / 1_000);
        let since_1970 = seconds.checked_mul(1_000_000).and_then(|whole| whole.checked_add(microseconds));
        let moment =
            since_1970.map(SignedDuration::from_micros).and_then(|since| EPOCH.checked_add(since).ok());
        let year = moment.and_then(|moment| u16::try_from(moment.year()).ok().filter(|&year| year > 0));
        let (Some(moment), Some(year)) = (moment, year) else {
            // SAFETY: see above.
            return unsafe { self.python.raise(self.types.always.out_of_range, c"date value out of range") };
        };
        let [year, of_century] = year.to_be_bytes();
        let [_, high, middle, low] = (moment.subsec_nanosecond() / 1_000).to_be_bytes();
        let [month, day] = [moment.month(), moment.day()].map(i8::cast_unsigned);
        let [hour, minute, second] = [moment.hour(), moment.minute(), moment.second()].map(i8::cast_unsigned);
        // A datetime as it is pickled.
        let state =
            self.python.bytes(&[year, of_century, month, day, hour, minute, second, high, middle, low])?;
        // SAFETY: see above.
        unsafe {
            let utc = self.python.shared(self.types.always.utc)?;
            self.python.call(self.types.always.datetime, self.python.tuple([state, utc])?)
        }
    }

    fn duration(&mut self) -> Option<Owned<'a>> {
        let seconds = u64::from_be_bytes(self.bytes()?);
        let microseconds = microseconds(u32::from_be_bytes(self.bytes()?));
        let (days, seconds) = (self.python.integer(0)?, self.python.unsigned(seconds)?);
        let arguments = self.python.tuple([days, seconds, self.python.integer(microseconds)?])?;
        // SAFETY: see above.
        unsafe { self.python.call(self.types.always.timedelta, arguments) }
    }

    /// How long a text is, or of how many items a list.
    fn length(&mut self) -> Option<usize> {
        let length = i32::from_be_bytes(self.bytes()?);
        match usize::try_from(length) {
            // Nothing takes less than a byte.
            Ok(length) if length <= self.rest.len() => Some(length),
            Ok(_) => self.misfit(PAST_THE_END),
            Err(_) => self.misfit(c"Unexpected negative length"),
        }
    }

    fn bytes<const N: usize>(&mut self) -> Option<[u8; N]> {
        match self.rest.split_first_chunk() {
            Some((bytes, rest)) => {
                self.rest = rest;
                Some(*bytes)
            }
            None => self.misfit(PAST_THE_END),
        }
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        match self.rest.split_at_checked(length) {
            Some((taken, rest)) => {
                self.rest = rest;
                Some(taken)
            }
            None => self.misfit(PAST_THE_END),
        }
    }

    fn misfit<T>(&self, text: &CStr) -> Option<T> {
        // SAFETY: see above.
        unsafe { self.python.raise(self.types.always.misfit, text) }
    }
}

const PAST_THE_END: &CStr = c"read past end of rust buffer";

/// Nanoseconds, rounded as Python rounds them: half of one goes to the even neighbour.
fn microseconds(nanoseconds: u32) -> i64 {
    let (whole, rest) = (i64::from(nanoseconds / 1_000), nanoseconds % 1_000);
    whole + i64::from(rest > 500 || (rest == 500 && whole % 2 == 1))
}

/// One of so many places for these bytes. Quick rather than good: what collides is made anew.
fn place(bytes: &[u8], places: usize) -> usize {
    let (words, rest) = bytes.as_chunks();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    let hash = words.iter().chain([&last]).fold(bytes.len() as u64, |hash, word| {
        (hash.rotate_left(5) ^ u64::from_le_bytes(*word)).wrapping_mul(0x517c_c1b7_2722_0a95)
    });
    // The upper half of the product is less than the number of places.
    (((hash >> 32) * places as u64) >> 32) as usize
}

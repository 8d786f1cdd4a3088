//! Reads fields leniently: a value that can't be read is absent and does not affect other fields, unless the model
//! requires it.
//!
//! The service adds values to enumerations and changes the type of a field now and then. A listing of a thousand
//! clients must not become unreadable because of one date. So each field is read by itself: an unknown enumeration
//! value is kept as it is, a number in place of a string becomes a string, and anything else that does not fit is
//! absent. Where absence would mislead, as for the id of an entity or the entities of a listing, the model requires the
//! field, and the body as a whole is unreadable.

mod field;
mod fields;
mod reader;
mod values;

use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::memory;
use super::mend::{MAX_GROWTH, mend, read_mended};

pub(crate) use field::Field;
pub(crate) use fields::Fields;
#[cfg(feature = "uniffi")]
pub(crate) use fields::{Key, Name};
pub(crate) use reader::Any;
use reader::Read;
#[cfg(feature = "uniffi")]
pub(crate) use reader::Reader;

/// The state of reading one body, shared by the readers of all its values.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    /// The first requirement that was not met.
    pub(crate) lack: Option<Lack>,
    /// True if each field of a record with `Extra` is cut out of the JSON and read separately. That takes longer, but a
    /// fault affects only one field, and the JSON of the field is available.
    field_by_field: bool,
    /// True if the value read last would be written differently in a request from how the service sent it.
    is_inexact: bool,
    /// True if `Extra` needs the JSON of a field that was not read exactly: then the body is read again, by field.
    is_incomplete: bool,
}

/// A requirement of a model that a body does not meet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Lack {
    /// A required field is absent or can't be read.
    Field(&'static str),
    /// A part of the body is invalid: its place, and the fault.
    Part { place: String, fault: String },
}

impl Reading {
    pub(crate) fn field_by_field() -> Self {
        Reading { field_by_field: true, ..Reading::default() }
    }

    pub(crate) fn is_incomplete(&self) -> bool {
        self.is_incomplete
    }

    fn lacks(&mut self, lack: impl FnOnce() -> Lack) {
        self.lack.get_or_insert_with(lack);
    }
}

/// The requirements of a field. Without any, a value that can't be read is merely absent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rule {
    /// True if the value identifies the record among the elements of a list.
    pub(crate) identity: bool,
    /// True if the body is unreadable without the value.
    pub(crate) required: bool,
    /// True if the body is unreadable when the value is neither null nor a list, or when an element of the list is not
    /// an object or has no identity.
    pub(crate) complete: bool,
    /// True if only the service sets the field.
    pub(crate) read_only: bool,
}

impl Rule {
    pub(crate) const LENIENT: Self =
        Rule { identity: false, required: false, complete: false, read_only: false };

    pub(crate) const fn identity(self) -> Self {
        Rule { identity: true, ..self }
    }

    pub(crate) const fn required(self) -> Self {
        Rule { required: true, ..self }
    }

    pub(crate) const fn complete(self) -> Self {
        Rule { complete: true, ..self }
    }

    pub(crate) const fn read_only(self) -> Self {
        Rule { read_only: true, ..self }
    }
}

/// The maximum number of fields of a record; no record of the documentation has that many.
pub(crate) const MAX_FIELDS: usize = 32;

/// A type that can be read from some kinds of JSON value. From the others, reading returns `None`.
pub(crate) trait Readable: Sized {
    fn from_string(_string: &str) -> Option<Self> {
        None
    }

    fn from_integer(_integer: i64) -> Option<Self> {
        None
    }

    fn from_boolean(_boolean: bool) -> Option<Self> {
        None
    }

    /// Returns whether a request writes a value that was read from this string as the same string, or as one of the
    /// same meaning.
    fn is_written_as_string(&self, _string: &str) -> bool {
        true
    }

    /// Returns whether a request writes a value that was read from an integer as an integer.
    fn is_written_as_integer(&self) -> bool {
        true
    }

    /// Reads a list. `complete` is the name of the list's field if every element must be readable and identified.
    fn from_list<'de, A: SeqAccess<'de>>(
        list: A,
        _complete: Option<&'static str>,
        _reading: &mut Reading,
    ) -> Result<Option<Self>, A::Error> {
        IgnoredAny.visit_seq(list).map(|_| None)
    }

    fn from_object<'de, A: MapAccess<'de>>(
        object: A,
        _reading: &mut Reading,
    ) -> Result<Option<Self>, A::Error> {
        IgnoredAny.visit_map(object).map(|_| None)
    }

    /// Passes each string in the value to `change`.
    fn for_each_string(&mut self, _change: &mut dyn FnMut(&mut String)) {}

    /// Returns whether the value can identify a record: an empty string can't, nor can a record without its own
    /// identity.
    fn is_identified(&self) -> bool {
        true
    }

    /// Returns the path of the identity within the value.
    fn identity() -> Option<String> {
        None
    }
}

/// Reads a field, for `#[serde(deserialize_with)]`. Only malformed JSON is an error.
pub(crate) fn field<'de, D: Deserializer<'de>, F: Field>(deserializer: D) -> Result<F, D::Error> {
    Any(Read::<F::Value>::new(&mut Reading::default())).deserialize(deserializer).map(F::from_readable)
}

/// Reads a value from JSON that holds nothing else. Returns `None` if the value can't be read.
pub(crate) fn value<T: Readable>(json: &str, reading: &mut Reading) -> serde_json::Result<Option<T>> {
    let mut json = serde_json::Deserializer::from_str(json);
    let value = Any(Read::new(reading)).deserialize(&mut json)?;
    json.end().map(|()| value)
}

/// Reads the JSON of one field, mending it if necessary. Returns `None` if the value can't be read.
fn separate_value<T: Readable>(
    json: &str,
    complete: Option<&'static str>,
    reading: &mut Reading,
) -> Option<T> {
    let mut read = |json: &str| {
        let mut json = serde_json::Deserializer::from_str(json);
        Any(Read::of_field(complete, reading)).deserialize(&mut json).ok()
    };
    if let Some(value) = read(json) {
        return value;
    }
    if memory::is_exceeded() {
        return None;
    }
    let mended = mend(json, json.len() + MAX_GROWTH).map(Zeroizing::new);
    let value = mended.and_then(|json| read_mended(&json, read)).flatten();
    reading.is_inexact = true;
    value
}

/// Reads a field from the JSON of its value. Returns `None` if that is not JSON.
pub(crate) fn field_of_json<F: Field>(json: &str) -> Option<F> {
    serde_json::from_str::<&RawValue>(json).ok()?;
    Some(F::from_readable(separate_value(json, None, &mut Reading::field_by_field())))
}

/// Reads a model outside of a response body. A requirement that is not met is a deserialization error.
pub(crate) fn whole<'de, T: Readable, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    // Converted to JSON first, whatever the format of the deserializer: unknown fields keep their JSON.
    let json = Zeroizing::new(Value::deserialize(deserializer)?.to_string());
    let mut reading = Reading::field_by_field();
    let value = value(&json, &mut reading).map_err(D::Error::custom)?;
    match (value, reading.lack) {
        (Some(value), None) => Ok(value),
        (None, _) => Err(D::Error::custom("an object is expected")),
        (_, Some(Lack::Field(field))) => Err(D::Error::missing_field(field)),
        (_, Some(Lack::Part { place, fault })) => Err(D::Error::custom(format_args!("{place} {fault}"))),
    }
}

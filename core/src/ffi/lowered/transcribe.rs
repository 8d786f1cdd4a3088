//! Transcodes JSON, one value after the other.

use std::mem;
use std::ops::Range;
use std::str;

use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use uniffi::Lower;

use super::shape::{Read, Scalar};
use super::{Shape, ShapeField, Shaped, Written, length};
use crate::UniFfiTag;
use crate::models::{Any, Key, MAX_FIELDS, Name, Reader, Rule, compact, memory};

/// Transcodes the JSON of a body to the bytes that the model would be written as. Returns `None` if the result might
/// differ from the model's, or if a requirement of the model is not met: then the model must be read, which recovers
/// what it can or reports the fault.
pub(super) fn transcribe<M: Default + Shaped + Lower<UniFfiTag>>(body: &[u8]) -> Option<Written> {
    i32::try_from(body.len()).ok()?;
    let mut json = serde_json::Deserializer::from_str(str::from_utf8(body).ok()?);
    let mut written = Written::default();
    written.bytes.reserve(body.len());
    let shape = M::shape();
    let found = Any(Transcriber::new(shape, &mut written)).deserialize(&mut json).ok()?;
    json.end().ok()?;
    // If no known field was found, the body may be an entirely different object.
    let blank = Written::from_value(M::default());
    let is_blank = match shape {
        Shape::Record { has_extra: true, .. } => {
            let fields = blank.bytes.strip_suffix(&length(0)).unwrap_or(&blank.bytes);
            written.bytes.starts_with(fields)
        }
        _ => written.bytes == blank.bytes,
    };
    (found.is_written() && !is_blank).then_some(written)
}

/// The kind of value that was found in the JSON.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Found {
    Null,
    Unreadable,
    /// A value that can't identify a record: an empty string, or a record without its identity.
    Unidentified,
    Identified,
}

impl Found {
    fn is_written(self) -> bool {
        matches!(self, Found::Unidentified | Found::Identified)
    }
}

/// Transcodes one value and returns the kind of value that was found. A value that can't be read adds no bytes, unless
/// the whole transcription fails because of it.
struct Transcriber<'a> {
    shape: Shape,
    /// True if every element of the list must be readable and identified.
    complete: bool,
    /// True if a value that a request would write differently from how the service sent it is an error.
    exact: bool,
    written: &'a mut Written,
}

impl<'a> Transcriber<'a> {
    fn new(shape: Shape, written: &'a mut Written) -> Self {
        Transcriber { shape, complete: false, exact: false, written }
    }
}

impl<'de> Reader<'de> for Transcriber<'_> {
    type Output = Found;

    fn null(self) -> Found {
        Found::Null
    }

    fn unsupported_number(self) -> Found {
        Found::Unreadable
    }

    fn whole_number(self, integer: i64) -> Found {
        match self.exact {
            true => Found::Unreadable,
            false => self.integer(integer),
        }
    }

    fn string(self, string: &str) -> Found {
        match self.scalar(Scalar::String(string)) {
            Found::Identified if string.is_empty() => Found::Unidentified,
            found => found,
        }
    }

    fn integer(self, integer: i64) -> Found {
        self.scalar(Scalar::Integer(integer))
    }

    fn boolean(self, boolean: bool) -> Found {
        self.scalar(Scalar::Boolean(boolean))
    }

    fn list<A: SeqAccess<'de>>(self, mut list: A) -> Result<Found, A::Error> {
        let Transcriber { shape: Shape::List(item), complete, exact, written } = self else {
            return IgnoredAny.visit_seq(list).map(|_| Found::Unreadable);
        };
        let begin = written.bytes.len();
        written.bytes.extend(length(0));
        let mut count = 0;
        while let Some(found) =
            list.next_element_seed(Any(Transcriber { shape: item(), complete: false, exact, written }))?
        {
            if (complete && found != Found::Identified) || (exact && !found.is_written()) {
                return Err(A::Error::custom("an element of a list can't be read"));
            }
            count += usize::from(found.is_written());
            memory::require_length(written.bytes.len())?;
        }
        written.bytes[begin..begin + 4].copy_from_slice(&length(count));
        Ok(Found::Identified)
    }

    fn object<A: MapAccess<'de>>(self, object: A) -> Result<Found, A::Error> {
        match self.shape {
            Shape::Record { fields, has_extra } => self.written.put_record(fields, has_extra, object),
            Shape::Map(key, value) => {
                self.written.put_map(key(), value(), object).map(|()| Found::Identified)
            }
            _ => IgnoredAny.visit_map(object).map(|_| Found::Unreadable),
        }
    }
}

impl Transcriber<'_> {
    fn scalar(self, scalar: Scalar<'_>) -> Found {
        let Shape::Value(put) = self.shape else { return Found::Unreadable };
        match put(scalar, self.written) {
            Read::Exactly => Found::Identified,
            Read::Converted if !self.exact => Found::Identified,
            Read::Converted | Read::No => Found::Unreadable,
        }
    }
}

impl Written {
    fn put_map<'de, A: MapAccess<'de>>(
        &mut self,
        key: Shape,
        value: Shape,
        mut object: A,
    ) -> Result<(), A::Error> {
        let begin = self.bytes.len();
        self.bytes.extend(length(0));
        let mut count = 0;
        loop {
            let entry = self.bytes.len();
            match object.next_key_seed(Any(Transcriber::new(key, self)))? {
                None => break,
                Some(found_key) => {
                    let found_value = object.next_value_seed(Any(Transcriber::new(value, self)))?;
                    memory::require_length(self.bytes.len())?;
                    if found_key.is_written() && found_value.is_written() {
                        count += 1;
                    } else {
                        self.bytes.truncate(entry);
                    }
                }
            }
        }
        self.bytes[begin..begin + 4].copy_from_slice(&length(count));
        Ok(())
    }

    /// Writes the fields in the order of the record, whatever their order in the object. A requirement that is not met
    /// is an error; so is, in a record with extra fields, a field that is not read exactly.
    fn put_record<'de, A: MapAccess<'de>>(
        &mut self,
        fields: &'static [ShapeField],
        has_extra: bool,
        mut object: A,
    ) -> Result<Found, A::Error> {
        let mut extra = Extra::default();
        let mut places = [const { 0..0 }; MAX_FIELDS];
        let mut met = [false; MAX_FIELDS];
        let mut next = 0;
        let mut identity = None;
        // The first field that came too late, by its index, and the position at which it should have been written.
        let mut late: Option<(usize, usize)> = None;
        while let Some(key) = object.next_key_seed(Name { names: fields, next, keeps_unknown: has_extra })? {
            let index = match key {
                Key::Known(index) => index,
                Key::Unknown(name) if has_extra => {
                    extra.put(&name, object.next_value()?);
                    memory::require_length(self.bytes.len() + extra.written.bytes.len())?;
                    continue;
                }
                Key::Unknown(_) => {
                    object.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            if mem::replace(&mut met[index], true) {
                return Err(A::Error::custom("a field is duplicated"));
            }
            if index < next {
                let place = (index, places[index].start);
                late = Some(late.map_or(place, |first| first.min(place)));
            } else {
                self.put_absent(&fields[next..index], &mut places[next..index]);
                next = index + 1;
            }
            let begin = self.bytes.len();
            let found = self.put_field(&fields[index], has_extra, &mut object)?;
            places[index] = begin..self.bytes.len();
            memory::require_length(self.bytes.len())?;
            if fields[index].rule.identity {
                identity = Some(found);
            }
        }
        if fields.iter().zip(met).any(|(field, met)| field.rule.required && !met) {
            return Err(A::Error::custom("a required field is absent"));
        }
        self.put_absent(&fields[next..], &mut places[next..]);
        if let Some((first, begin)) = late {
            self.sort(begin, &places[first..fields.len()]);
        }
        if has_extra {
            self.bytes.extend(length(extra.count));
            self.bytes.extend_from_slice(&extra.written.bytes);
        }
        Ok(match identity {
            Some(Found::Identified) => Found::Identified,
            None if !fields.iter().any(|field| field.rule.identity) => Found::Identified,
            _ => Found::Unidentified,
        })
    }

    /// Writes the encodings of absent values for skipped fields, and stores their positions.
    fn put_absent(&mut self, skipped: &[ShapeField], places: &mut [Range<usize>]) {
        for (field, place) in skipped.iter().zip(places) {
            let begin = self.bytes.len();
            self.bytes.extend_from_slice((field.shape)().absent());
            *place = begin..self.bytes.len();
        }
    }

    /// Replaces the bytes from `begin` on by those of the given ranges, in the order of the ranges.
    fn sort(&mut self, begin: usize, places: &[Range<usize>]) {
        self.sorted.clear();
        for place in places {
            self.sorted.extend_from_slice(&self.bytes[place.clone()]);
        }
        self.bytes.truncate(begin);
        self.bytes.extend_from_slice(&self.sorted);
    }

    /// Writes the next value, or the encoding of an absent value if it can't be read.
    fn put_field<'de, A: MapAccess<'de>>(
        &mut self,
        field: &ShapeField,
        has_extra: bool,
        object: &mut A,
    ) -> Result<Found, A::Error> {
        let Rule { required, complete, read_only, .. } = field.rule;
        let shape = (field.shape)();
        let begin = self.bytes.len();
        let value = match shape {
            Shape::Optional(value) => {
                self.bytes.push(1);
                value()
            }
            shape => shape,
        };
        let exact = has_extra && !read_only;
        let found =
            object.next_value_seed(Any(Transcriber { shape: value, complete, exact, written: self }))?;
        if has_extra && found == Found::Unreadable {
            return Err(A::Error::custom("the JSON of a field must be kept"));
        }
        if (required && found != Found::Identified) || (complete && found == Found::Unreadable) {
            return Err(A::Error::custom("a required field can't be read"));
        }
        if !found.is_written() {
            self.bytes.truncate(begin);
            self.bytes.extend_from_slice(shape.absent());
        }
        Ok(found)
    }
}

/// The fields of an object that its record does not know, written as a map.
#[derive(Default)]
struct Extra {
    count: usize,
    written: Written,
}

impl Extra {
    /// Adds a field. Of duplicate fields, the other language keeps the last.
    fn put(&mut self, name: &str, json: &RawValue) {
        self.count += 1;
        self.written.put_string(name);
        let begin = self.written.bytes.len();
        self.written.bytes.extend(length(0));
        let mut buffer = [0; 4];
        for c in compact(json.get()) {
            self.written.bytes.extend_from_slice(c.encode_utf8(&mut buffer).as_bytes());
        }
        let written = length(self.written.bytes.len() - begin - length(0).len());
        self.written.bytes[begin..begin + written.len()].copy_from_slice(&written);
    }
}

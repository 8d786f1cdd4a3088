//! Reads fields leniently: a value that can't be read is absent and does not affect other fields, unless the model
//! requires it.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::marker::PhantomData;
use std::mem;

use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::extra::Extra;
use super::memory;
use super::mend::mend;
use super::model::{MAX_GROWTH, read_mended};

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

/// The type of a field, which defines the default of a value that was absent or unreadable.
pub(crate) trait Field: Sized {
    type Value: Readable;

    fn from_readable(value: Option<Self::Value>) -> Self;

    /// Passes each string in the field to `change`.
    fn for_each_string(&mut self, change: &mut dyn FnMut(&mut String));

    /// Returns `Readable::is_identified` of the value; false for an absent value.
    fn is_identified(&self) -> bool;
}

impl<T: Readable> Field for Option<T> {
    type Value = T;

    fn is_identified(&self) -> bool {
        self.as_ref().is_some_and(T::is_identified)
    }

    fn from_readable(value: Option<T>) -> Self {
        value
    }

    fn for_each_string(&mut self, change: &mut dyn FnMut(&mut String)) {
        self.iter_mut().for_each(|value| value.for_each_string(change));
    }
}

impl Field for String {
    type Value = String;

    fn is_identified(&self) -> bool {
        Readable::is_identified(self)
    }

    fn from_readable(value: Option<String>) -> Self {
        value.unwrap_or_default()
    }

    fn for_each_string(&mut self, change: &mut dyn FnMut(&mut String)) {
        Readable::for_each_string(self, change);
    }
}

impl<T: Readable> Field for Vec<T> {
    type Value = Vec<T>;

    fn is_identified(&self) -> bool {
        true
    }

    fn from_readable(value: Option<Vec<T>>) -> Self {
        value.unwrap_or_default()
    }

    fn for_each_string(&mut self, change: &mut dyn FnMut(&mut String)) {
        Readable::for_each_string(self, change);
    }
}

impl<K: Readable + Clone + Eq + Hash, V: Readable> Field for HashMap<K, V> {
    type Value = HashMap<K, V>;

    fn is_identified(&self) -> bool {
        true
    }

    fn from_readable(value: Option<HashMap<K, V>>) -> Self {
        value.unwrap_or_default()
    }

    fn for_each_string(&mut self, change: &mut dyn FnMut(&mut String)) {
        Readable::for_each_string(self, change);
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

/// Reads the fields of an object one after the other, and matches them with those of a model.
pub(crate) struct Fields<'a, A> {
    object: A,
    names: &'static [&'static str],
    rules: &'static [Rule],
    reading: &'a mut Reading,
    /// The fields that are unknown or were not read exactly; `None` if the record does not keep them.
    extra: Option<Extra>,
    /// The index of the field that most likely comes next.
    next: usize,
    met: [bool; MAX_FIELDS],
    /// True for each required field whose value is identified.
    identified: [bool; MAX_FIELDS],
}

impl<'a, 'de, A: MapAccess<'de>> Fields<'a, A> {
    pub(crate) fn new(
        object: A,
        names: &'static [&'static str],
        rules: &'static [Rule],
        extra: Option<Extra>,
        reading: &'a mut Reading,
    ) -> Self {
        let (met, identified) = ([false; MAX_FIELDS], [false; MAX_FIELDS]);
        Fields { object, names, rules, reading, extra, next: 0, met, identified }
    }

    /// Returns the index of the next field among the names. Fields that the model does not know are kept if the record
    /// has `Extra`, and skipped otherwise.
    pub(crate) fn next(&mut self) -> Result<Option<usize>, A::Error> {
        let keeps_unknown = self.extra.is_some();
        loop {
            let name = Name { names: self.names, next: self.next, keeps_unknown };
            let Some(key) = self.object.next_key_seed(name)? else { return Ok(None) };
            let place = match (key, &mut self.extra) {
                (Key::Known(place), _) => place,
                (Key::Unknown(name), Some(extra)) => {
                    extra.keep(name, self.object.next_value()?)?;
                    continue;
                }
                (Key::Unknown(_), None) => {
                    self.object.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            let is_separate = self.reading.field_by_field && keeps_unknown;
            // If fields are read separately, the last of duplicate fields counts.
            if mem::replace(&mut self.met[place], true) && !is_separate {
                return Err(A::Error::custom("a field is duplicated"));
            }
            self.next = place + 1;
            return Ok(Some(place));
        }
    }

    /// Reads the value of the field that `next` returned last, by its index.
    pub(crate) fn value<F: Field>(&mut self, place: usize) -> Result<F, A::Error> {
        let complete = self.rules[place].complete.then_some(self.names[place]);
        let value = match self.extra.take() {
            None => self.object.next_value_seed(Any(Read::of_field(complete, self.reading)))?,
            Some(mut extra) => {
                let is_inexact = mem::take(&mut self.reading.is_inexact);
                let value = if self.reading.field_by_field {
                    self.separate_value::<F::Value>(place, &mut extra)?
                } else {
                    let value = self.object.next_value_seed(Any(Read::of_field(complete, self.reading)))?;
                    self.reading.is_incomplete |= self.belongs_into_extra(place, value.is_some());
                    value
                };
                self.extra = Some(extra);
                // The record is still exact if the JSON of a field without a value is in its extra fields.
                self.reading.is_inexact = is_inexact || (self.reading.is_inexact && value.is_some());
                value
            }
        };
        self.identified[place] =
            self.rules[place].required && value.as_ref().is_some_and(F::Value::is_identified);
        Ok(F::from_readable(value))
    }

    /// Reads the value of a field from its JSON, and keeps the JSON if the value does not represent all of it.
    fn separate_value<T: Readable>(
        &mut self,
        place: usize,
        extra: &mut Extra,
    ) -> Result<Option<T>, A::Error> {
        let complete = self.rules[place].complete.then_some(self.names[place]);
        let raw: &RawValue = self.object.next_value()?;
        let value = separate_value(raw.get(), complete, self.reading);
        // An error, which ends the reading, if the memory limit was exceeded meanwhile.
        memory::require(0)?;
        let name = self.names[place];
        extra.remove(name);
        if self.belongs_into_extra(place, value.is_some()) {
            extra.keep(name.to_owned(), raw)?;
        }
        Ok(value)
    }

    /// Returns whether the JSON of the field that was read last is to be kept. It is not for a field that only the
    /// service sets and that was read: such a field is never sent, and may be secret.
    fn belongs_into_extra(&self, place: usize, is_read: bool) -> bool {
        self.reading.is_inexact && !(is_read && self.rules[place].read_only)
    }

    /// Returns the extra fields of the record, after `next` has returned `None`.
    pub(crate) fn extra(&mut self) -> Extra {
        self.extra.take().unwrap_or_default()
    }

    /// Notes the first required field that was absent or not identified.
    pub(crate) fn end(self) {
        for ((rule, name), identified) in self.rules.iter().zip(self.names).zip(self.identified) {
            if rule.required && !identified {
                self.reading.lacks(|| Lack::Field(name));
            }
        }
    }
}

/// Looks up a field by its name, trying the expected next field first.
pub(crate) struct Name<N: 'static> {
    pub(crate) names: &'static [N],
    pub(crate) next: usize,
    /// True if the name of an unknown field is needed.
    pub(crate) keeps_unknown: bool,
}

/// The key of a field: its index among the known fields, or its name if unknown fields are kept.
pub(crate) enum Key {
    Known(usize),
    Unknown(String),
}

impl<'de, N: AsRef<str>> DeserializeSeed<'de> for Name<N> {
    type Value = Key;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Key, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl<N: AsRef<str>> Visitor<'_> for Name<N> {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Key, E> {
        match self.names.get(self.next) {
            Some(next) if next.as_ref() == name => Ok(Key::Known(self.next)),
            _ => match self.names.iter().position(|one| one.as_ref() == name) {
                Some(place) => Ok(Key::Known(place)),
                None if self.keeps_unknown => Ok(Key::Unknown(name.to_owned())),
                None => Ok(Key::Unknown(String::new())),
            },
        }
    }
}

/// Handles a JSON value, with a method for each kind of value.
pub(crate) trait Reader<'de>: Sized {
    type Output;

    fn null(self) -> Self::Output {
        self.unsupported_number()
    }
    /// Handles a number that is not a 64-bit integer.
    fn unsupported_number(self) -> Self::Output;
    fn string(self, string: &str) -> Self::Output;
    fn integer(self, integer: i64) -> Self::Output;
    /// Handles an integer that is written with a fraction or an exponent.
    fn whole_number(self, integer: i64) -> Self::Output {
        self.integer(integer)
    }
    fn boolean(self, boolean: bool) -> Self::Output;
    fn list<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Output, A::Error>;
    fn object<A: MapAccess<'de>>(self, object: A) -> Result<Self::Output, A::Error>;
}

/// Passes a JSON value of any kind to its reader.
pub(crate) struct Any<R>(pub(crate) R);

impl<'de, R: Reader<'de>> DeserializeSeed<'de> for Any<R> {
    type Value = R::Output;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<R::Output, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, R: Reader<'de>> Visitor<'de> for Any<R> {
    type Value = R::Output;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<R::Output, E> {
        Ok(self.0.null())
    }

    fn visit_str<E>(self, string: &str) -> Result<R::Output, E> {
        Ok(self.0.string(string))
    }

    fn visit_bool<E>(self, boolean: bool) -> Result<R::Output, E> {
        Ok(self.0.boolean(boolean))
    }

    fn visit_i64<E>(self, integer: i64) -> Result<R::Output, E> {
        Ok(self.0.integer(integer))
    }

    fn visit_u64<E>(self, integer: u64) -> Result<R::Output, E> {
        Ok(match i64::try_from(integer) {
            Ok(integer) => self.0.integer(integer),
            Err(_) => self.0.unsupported_number(),
        })
    }

    fn visit_f64<E>(self, number: f64) -> Result<R::Output, E> {
        // `300.0` and `3e2` are the integer 300; beyond 2^53 a float may stand for several integers.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        let whole = number.fract() == 0.0 && number.abs() <= EXACT;
        #[allow(clippy::cast_possible_truncation, reason = "it is whole and within range")]
        Ok(if whole { self.0.whole_number(number as i64) } else { self.0.unsupported_number() })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<R::Output, A::Error> {
        self.0.list(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<R::Output, A::Error> {
        self.0.object(object)
    }
}

/// Reads a value of type `T`.
struct Read<'a, T> {
    /// The name of the field, if it holds a list of which every element must be readable and identified.
    complete: Option<&'static str>,
    reading: &'a mut Reading,
    output: PhantomData<T>,
}

impl<'a, T> Read<'a, T> {
    fn new(reading: &'a mut Reading) -> Self {
        Read::of_field(None, reading)
    }

    fn of_field(complete: Option<&'static str>, reading: &'a mut Reading) -> Self {
        Read { complete, reading, output: PhantomData }
    }

    /// Notes that the value is not a list, if the field requires one.
    fn note_not_a_list(&mut self) {
        if let Some(name) = self.complete {
            self.reading.lacks(|| Lack::Part { place: name.to_owned(), fault: "is not a list".to_owned() });
        }
    }
}

impl<'de, T: Readable> Reader<'de> for Read<'_, T> {
    type Output = Option<T>;

    fn null(self) -> Option<T> {
        None
    }

    fn unsupported_number(mut self) -> Option<T> {
        self.note_not_a_list();
        self.reading.is_inexact = true;
        None
    }

    fn string(mut self, string: &str) -> Option<T> {
        self.note_not_a_list();
        let value = T::from_string(string);
        self.reading.is_inexact |= !value.as_ref().is_some_and(|value| value.is_written_as_string(string));
        value
    }

    fn integer(mut self, integer: i64) -> Option<T> {
        self.note_not_a_list();
        let value = T::from_integer(integer);
        self.reading.is_inexact |= !value.as_ref().is_some_and(T::is_written_as_integer);
        value
    }

    fn whole_number(mut self, integer: i64) -> Option<T> {
        self.note_not_a_list();
        self.reading.is_inexact = true;
        T::from_integer(integer)
    }

    fn boolean(mut self, boolean: bool) -> Option<T> {
        self.note_not_a_list();
        let value = T::from_boolean(boolean);
        self.reading.is_inexact |= value.is_none();
        value
    }

    fn list<A: SeqAccess<'de>>(self, list: A) -> Result<Option<T>, A::Error> {
        let value = T::from_list(list, self.complete, self.reading)?;
        self.reading.is_inexact |= value.is_none();
        Ok(value)
    }

    fn object<A: MapAccess<'de>>(mut self, object: A) -> Result<Option<T>, A::Error> {
        self.note_not_a_list();
        let value = T::from_object(object, self.reading)?;
        self.reading.is_inexact |= value.is_none();
        Ok(value)
    }
}

impl Readable for String {
    fn from_string(string: &str) -> Option<Self> {
        memory::charge(string.len()).then(|| string.to_owned())
    }

    fn from_integer(integer: i64) -> Option<Self> {
        Some(integer.to_string())
    }

    fn is_written_as_integer(&self) -> bool {
        false
    }

    fn for_each_string(&mut self, change: &mut dyn FnMut(&mut String)) {
        change(self);
    }

    fn is_identified(&self) -> bool {
        !self.is_empty()
    }
}

impl Readable for i64 {
    fn from_integer(integer: i64) -> Option<Self> {
        Some(integer)
    }

    fn from_string(string: &str) -> Option<Self> {
        string.parse().ok()
    }

    fn is_written_as_string(&self, _string: &str) -> bool {
        false
    }
}

impl Readable for i32 {
    fn from_integer(integer: i64) -> Option<Self> {
        i32::try_from(integer).ok()
    }

    fn from_string(string: &str) -> Option<Self> {
        string.parse().ok()
    }

    fn is_written_as_string(&self, _string: &str) -> bool {
        false
    }
}

impl Readable for bool {
    fn from_boolean(boolean: bool) -> Option<Self> {
        Some(boolean)
    }
}

impl Readable for crate::Secret {
    fn from_string(string: &str) -> Option<Self> {
        (!string.is_empty() && memory::charge(string.len())).then(|| crate::Secret::new(string))
    }

    fn from_integer(integer: i64) -> Option<Self> {
        Some(crate::Secret::new(integer.to_string()))
    }

    fn is_written_as_integer(&self) -> bool {
        false
    }
}

impl<T: Readable> Readable for Vec<T> {
    fn from_list<'de, A: SeqAccess<'de>>(
        mut list: A,
        complete: Option<&'static str>,
        reading: &mut Reading,
    ) -> Result<Option<Self>, A::Error> {
        let mut values = Vec::new();
        let mut index = 0;
        while let Some(value) = list.next_element_seed(Any(Read::<T>::new(reading)))? {
            if let Some(name) = complete
                && !value.as_ref().is_some_and(T::is_identified)
            {
                reading.lacks(|| Lack::Part {
                    place: format!("{name}[{index}]"),
                    fault: T::identity()
                        .map_or("is not an object".to_owned(), |identity| format!("has no {identity}")),
                });
            }
            // An element that is null is dropped.
            reading.is_inexact |= value.is_none();
            if values.len() == values.capacity() {
                let more = values.len().max(4);
                memory::require(more * size_of::<T>())?;
                values.reserve_exact(more);
            }
            values.extend(value);
            index += 1;
        }
        Ok(Some(values))
    }

    fn for_each_string(&mut self, change: &mut dyn FnMut(&mut String)) {
        self.iter_mut().for_each(|value| value.for_each_string(change));
    }
}

impl<K: Readable + Clone + Eq + Hash, V: Readable> Readable for HashMap<K, V> {
    fn from_object<'de, A: MapAccess<'de>>(
        mut object: A,
        reading: &mut Reading,
    ) -> Result<Option<Self>, A::Error> {
        let mut values = HashMap::new();
        while let Some(key) = object.next_key_seed(Any(Read::<K>::new(reading)))? {
            let value = object.next_value_seed(Any(Read::<V>::new(reading)))?;
            // A hash table doubles when it is full, and the old table is freed only after its entries were moved.
            memory::require(3 * size_of::<(K, V)>())?;
            values.extend(key.zip(value));
        }
        Ok(Some(values))
    }

    /// Passes each string to `change`, and removes entries whose key is changed: it could overwrite another entry.
    fn for_each_string(&mut self, change: &mut dyn FnMut(&mut String)) {
        self.retain(|key, value| {
            let mut is_kept = true;
            let mut changed = key.clone();
            changed.for_each_string(&mut |string| {
                let before = string.clone();
                change(string);
                is_kept &= *string == before;
            });
            value.for_each_string(change);
            is_kept
        });
    }
}

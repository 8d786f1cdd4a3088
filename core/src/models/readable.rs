//! Reading one field, whatever stands in it: what can't be read is left out and costs nothing else, unless the model
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
use super::model::{LARGEST_GROWTH, second_look};

/// State of reading one body, which the readers of all its values share.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    /// The first requirement that was not met.
    pub(crate) lack: Option<Lack>,
    /// Each field of a record with `Extra` is cut out of the JSON and read by itself. That takes longer, but a fault
    /// costs one field only, and the JSON of the field is at hand.
    field_by_field: bool,
    /// A part of what was read last can't be written again as it was sent.
    is_inexact: bool,
    /// A field was not read exactly whose JSON belongs into `Extra`: the body has to be read again, field by field.
    is_incomplete: bool,
}

/// A requirement of a model that a body does not meet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Lack {
    /// A required field is absent or can't be read.
    Field(&'static str),
    /// A part of the body is not as it has to be: its place, and the fault.
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

/// Requirements of a field. Without any, a value that can't be read costs only itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rule {
    /// The value says which element of a list the record is.
    pub(crate) identity: bool,
    /// Without the value, the body is unreadable.
    pub(crate) required: bool,
    /// The body is unreadable if the value is neither null nor a list, or if an element of the list is not an object
    /// or has no identity.
    pub(crate) complete: bool,
    /// Only the service sets the field.
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

/// The largest number of fields that a record may have; more than any of the documentation has.
pub(crate) const MOST_FIELDS: usize = 32;

/// A value that may be read from some kinds of JSON and is nothing in the others.
pub(crate) trait Readable: Sized {
    fn from_text(_text: &str) -> Option<Self> {
        None
    }

    fn from_integer(_integer: i64) -> Option<Self> {
        None
    }

    fn from_flag(_flag: bool) -> Option<Self> {
        None
    }

    /// Returns whether a request has this string for a value that was read from it, or another one of the same meaning.
    fn is_written_as_text(&self, _text: &str) -> bool {
        true
    }

    /// Returns whether a request has an integer for a value that was read from one.
    fn is_written_as_integer(&self) -> bool {
        true
    }

    /// `complete` is the name of the list's field if the list must not lose an element.
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

    /// Returns whether the value says what it stands for: an empty string does not, nor does a record without its
    /// identity.
    fn is_identified(&self) -> bool {
        true
    }

    /// Returns the path of the identity, as seen from the value.
    fn identity() -> Option<String> {
        None
    }
}

/// The type of a field: it says what stands for a value that was absent or unreadable.
pub(crate) trait Field: Sized {
    type Value: Readable;

    fn from_readable(value: Option<Self::Value>) -> Self;

    /// Passes each string in the field to `change`.
    fn for_each_string(&mut self, change: &mut dyn FnMut(&mut String));

    /// As that of the value; a value that is absent is not identified.
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

/// For `#[serde(deserialize_with)]`: reads a field so that only broken JSON is an error.
pub(crate) fn field<'de, D: Deserializer<'de>, F: Field>(deserializer: D) -> Result<F, D::Error> {
    Any(Read::<F::Value>::new(&mut Reading::default())).deserialize(deserializer).map(F::from_readable)
}

/// Reads a value and nothing behind it from JSON. `None` if it can't be read.
pub(crate) fn value<T: Readable>(json: &str, reading: &mut Reading) -> serde_json::Result<Option<T>> {
    let mut json = serde_json::Deserializer::from_str(json);
    let value = Any(Read::new(reading)).deserialize(&mut json)?;
    json.end().map(|()| value)
}

/// Reads the JSON of one field; what can't stand there is mended. `None` if it can't be read.
fn separate_value<T: Readable>(
    json: &str,
    complete: Option<&'static str>,
    reading: &mut Reading,
) -> Option<T> {
    let mut read = |json: &str| {
        let mut json = serde_json::Deserializer::from_str(json);
        Any(Read::within(complete, reading)).deserialize(&mut json).ok()
    };
    if let Some(value) = read(json) {
        return value;
    }
    if memory::is_exceeded() {
        return None;
    }
    let mended = mend(json, json.len() + LARGEST_GROWTH).map(Zeroizing::new);
    let value = mended.and_then(|json| second_look(&json, read)).flatten();
    reading.is_inexact = true;
    value
}

/// Returns what a field is with this JSON as its value. `None` if that is not JSON.
pub(crate) fn field_of_json<F: Field>(json: &str) -> Option<F> {
    serde_json::from_str::<&RawValue>(json).ok()?;
    Some(F::from_readable(separate_value(json, None, &mut Reading::field_by_field())))
}

/// Reads a model outside of a body: there, a requirement that is not met is an error like any other.
pub(crate) fn whole<'de, T: Readable, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    // Read from JSON, whatever it comes from: fields that are new keep their JSON.
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

/// The fields of an object, one after the other, as a model knows them.
pub(crate) struct Fields<'a, A> {
    object: A,
    names: &'static [&'static str],
    rules: &'static [Rule],
    reading: &'a mut Reading,
    /// The fields that are unknown or were not read exactly, if the record keeps them.
    extra: Option<Extra>,
    /// The field that most likely comes next.
    next: usize,
    met: [bool; MOST_FIELDS],
    /// The required fields that have a value, which says what it stands for.
    identified: [bool; MOST_FIELDS],
}

impl<'a, 'de, A: MapAccess<'de>> Fields<'a, A> {
    pub(crate) fn new(
        object: A,
        names: &'static [&'static str],
        rules: &'static [Rule],
        extra: Option<Extra>,
        reading: &'a mut Reading,
    ) -> Self {
        let (met, identified) = ([false; MOST_FIELDS], [false; MOST_FIELDS]);
        Fields { object, names, rules, reading, extra, next: 0, met, identified }
    }

    /// Returns the place of the next field among the names. Fields that the model does not know are kept if the record
    /// has `Extra`, and passed over otherwise.
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
            // Read by itself, a field that stands twice counts with its last value.
            if mem::replace(&mut self.met[place], true) && !is_separate {
                return Err(A::Error::custom("a field stands twice"));
            }
            self.next = place + 1;
            return Ok(Some(place));
        }
    }

    /// Reads the value of the field that came last, which is at this place.
    pub(crate) fn value<F: Field>(&mut self, place: usize) -> Result<F, A::Error> {
        let complete = self.rules[place].complete.then_some(self.names[place]);
        let value = match self.extra.take() {
            None => self.object.next_value_seed(Any(Read::within(complete, self.reading)))?,
            Some(mut extra) => {
                let is_inexact = mem::take(&mut self.reading.is_inexact);
                let value = if self.reading.field_by_field {
                    self.separate_value::<F::Value>(place, &mut extra)?
                } else {
                    let value = self.object.next_value_seed(Any(Read::within(complete, self.reading)))?;
                    self.reading.is_incomplete |= self.belongs_into_extra(place, value.is_some());
                    value
                };
                self.extra = Some(extra);
                // The record itself is exact if its extra fields have what the field has not.
                self.reading.is_inexact = is_inexact || (self.reading.is_inexact && value.is_some());
                value
            }
        };
        self.identified[place] =
            self.rules[place].required && value.as_ref().is_some_and(F::Value::is_identified);
        Ok(F::from_readable(value))
    }

    /// Reads the value of a field from its own JSON, and keeps that if the value does not say all of it.
    fn separate_value<T: Readable>(
        &mut self,
        place: usize,
        extra: &mut Extra,
    ) -> Result<Option<T>, A::Error> {
        let complete = self.rules[place].complete.then_some(self.names[place]);
        let raw: &RawValue = self.object.next_value()?;
        let value = separate_value(raw.get(), complete, self.reading);
        // Ends the reading if the limit is exceeded.
        memory::require(0)?;
        let name = self.names[place];
        extra.remove(name);
        if self.belongs_into_extra(place, value.is_some()) {
            extra.keep(name.to_owned(), raw)?;
        }
        Ok(value)
    }

    /// Returns whether the JSON of the field that was read last is to be kept. Of a field that only the service sets,
    /// a value that was read will do: it is never sent, and may be secret.
    fn belongs_into_extra(&self, place: usize, is_read: bool) -> bool {
        self.reading.is_inexact && !(is_read && self.rules[place].read_only)
    }

    /// Returns the fields that the record keeps beyond those that it knows, once there is no next one.
    pub(crate) fn extra(&mut self) -> Extra {
        self.extra.take().unwrap_or_default()
    }

    /// Notes which required fields were missing.
    pub(crate) fn end(self) {
        for ((rule, name), identified) in self.rules.iter().zip(self.names).zip(self.identified) {
            if rule.required && !identified {
                self.reading.lacks(|| Lack::Field(name));
            }
        }
    }
}

/// Finds a field by its name; most likely it is the next one.
pub(crate) struct Name<N: 'static> {
    pub(crate) names: &'static [N],
    pub(crate) next: usize,
    /// The name of a field that is not found is needed.
    pub(crate) keeps_unknown: bool,
}

/// The name of a field: its place among those that are known, or the name itself if it is kept.
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

/// What becomes of a value, by the kind of JSON that it turns out to be.
pub(crate) trait Reader<'de>: Sized {
    type Output;

    fn null(self) -> Self::Output {
        self.nothing()
    }
    /// It is a number that is no integer of 64 bits.
    fn nothing(self) -> Self::Output;
    fn text(self, text: &str) -> Self::Output;
    fn integer(self, integer: i64) -> Self::Output;
    /// It is written as a number with a fraction or an exponent.
    fn whole_number(self, integer: i64) -> Self::Output {
        self.integer(integer)
    }
    fn flag(self, flag: bool) -> Self::Output;
    fn list<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Output, A::Error>;
    fn object<A: MapAccess<'de>>(self, object: A) -> Result<Self::Output, A::Error>;
}

/// A value of JSON of whatever kind, for its reader.
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

    fn visit_str<E>(self, text: &str) -> Result<R::Output, E> {
        Ok(self.0.text(text))
    }

    fn visit_bool<E>(self, flag: bool) -> Result<R::Output, E> {
        Ok(self.0.flag(flag))
    }

    fn visit_i64<E>(self, integer: i64) -> Result<R::Output, E> {
        Ok(self.0.integer(integer))
    }

    fn visit_u64<E>(self, integer: u64) -> Result<R::Output, E> {
        Ok(match i64::try_from(integer) {
            Ok(integer) => self.0.integer(integer),
            Err(_) => self.0.nothing(),
        })
    }

    fn visit_f64<E>(self, number: f64) -> Result<R::Output, E> {
        // `300.0` and `3e2` are the integer 300; past 2^53 a float no longer names one integer.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        let whole = number.fract() == 0.0 && number.abs() <= EXACT;
        #[allow(clippy::cast_possible_truncation, reason = "it is whole and within range")]
        Ok(if whole { self.0.whole_number(number as i64) } else { self.0.nothing() })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<R::Output, A::Error> {
        self.0.list(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<R::Output, A::Error> {
        self.0.object(object)
    }
}

/// Makes a value of a type.
struct Read<'a, T> {
    /// The name of the field whose list must not lose an element.
    complete: Option<&'static str>,
    reading: &'a mut Reading,
    makes: PhantomData<T>,
}

impl<'a, T> Read<'a, T> {
    fn new(reading: &'a mut Reading) -> Self {
        Read::within(None, reading)
    }

    fn within(complete: Option<&'static str>, reading: &'a mut Reading) -> Self {
        Read { complete, reading, makes: PhantomData }
    }

    /// Notes that there is something else than a list, if a list has to be there.
    fn is_no_list(&mut self) {
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

    fn nothing(mut self) -> Option<T> {
        self.is_no_list();
        self.reading.is_inexact = true;
        None
    }

    fn text(mut self, text: &str) -> Option<T> {
        self.is_no_list();
        let value = T::from_text(text);
        self.reading.is_inexact |= !value.as_ref().is_some_and(|value| value.is_written_as_text(text));
        value
    }

    fn integer(mut self, integer: i64) -> Option<T> {
        self.is_no_list();
        let value = T::from_integer(integer);
        self.reading.is_inexact |= !value.as_ref().is_some_and(T::is_written_as_integer);
        value
    }

    fn whole_number(mut self, integer: i64) -> Option<T> {
        self.is_no_list();
        self.reading.is_inexact = true;
        T::from_integer(integer)
    }

    fn flag(mut self, flag: bool) -> Option<T> {
        self.is_no_list();
        let value = T::from_flag(flag);
        self.reading.is_inexact |= value.is_none();
        value
    }

    fn list<A: SeqAccess<'de>>(self, list: A) -> Result<Option<T>, A::Error> {
        let value = T::from_list(list, self.complete, self.reading)?;
        self.reading.is_inexact |= value.is_none();
        Ok(value)
    }

    fn object<A: MapAccess<'de>>(mut self, object: A) -> Result<Option<T>, A::Error> {
        self.is_no_list();
        let value = T::from_object(object, self.reading)?;
        self.reading.is_inexact |= value.is_none();
        Ok(value)
    }
}

impl Readable for String {
    fn from_text(text: &str) -> Option<Self> {
        memory::charge(text.len()).then(|| text.to_owned())
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

    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn is_written_as_text(&self, _text: &str) -> bool {
        false
    }
}

impl Readable for i32 {
    fn from_integer(integer: i64) -> Option<Self> {
        i32::try_from(integer).ok()
    }

    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn is_written_as_text(&self, _text: &str) -> bool {
        false
    }
}

impl Readable for bool {
    fn from_flag(flag: bool) -> Option<Self> {
        Some(flag)
    }
}

impl Readable for crate::Secret {
    fn from_text(text: &str) -> Option<Self> {
        (!text.is_empty() && memory::charge(text.len())).then(|| crate::Secret::new(text))
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
            // An element that is null is lost.
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
            // A table doubles when it is full, and holds the smaller one meanwhile.
            memory::require(3 * size_of::<(K, V)>())?;
            values.extend(key.zip(value));
        }
        Ok(Some(values))
    }

    /// An entry whose key is changed is removed: no other key may be overwritten.
    fn for_each_string(&mut self, change: &mut dyn FnMut(&mut String)) {
        self.retain(|key, value| {
            let mut is_kept = true;
            let mut changed = key.clone();
            changed.for_each_string(&mut |text| {
                let before = text.clone();
                change(text);
                is_kept &= *text == before;
            });
            value.for_each_string(change);
            is_kept
        });
    }
}

//! Reads the fields of an object, in any order.

use std::fmt;
use std::mem;

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::reader::{Any, Read};
use super::{Field, Lack, MAX_FIELDS, Readable, Reading, Rule, separate_value};
use crate::models::extra::Extra;
use crate::models::memory;

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

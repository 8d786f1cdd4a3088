//! Dispatches a JSON value by its kind.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserializer;
use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};

use super::{Lack, Readable, Reading};

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
pub(super) struct Read<'a, T> {
    /// The name of the field, if it holds a list of which every element must be readable and identified.
    complete: Option<&'static str>,
    reading: &'a mut Reading,
    output: PhantomData<T>,
}

impl<'a, T> Read<'a, T> {
    pub(super) fn new(reading: &'a mut Reading) -> Self {
        Read::of_field(None, reading)
    }

    pub(super) fn of_field(complete: Option<&'static str>, reading: &'a mut Reading) -> Self {
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

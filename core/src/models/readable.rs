//! Reading one field, whatever stands in it: what can't be read is left out and costs nothing else.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::marker::PhantomData;

use serde::Deserializer;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::memory;

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

    fn from_list<'de, A: SeqAccess<'de>>(list: A) -> Result<Option<Self>, A::Error> {
        IgnoredAny.visit_seq(list).map(|_| None)
    }

    fn from_object<'de, A: MapAccess<'de>>(object: A) -> Result<Option<Self>, A::Error> {
        IgnoredAny.visit_map(object).map(|_| None)
    }

    /// Passes each string in the value to `change`.
    fn for_each_string(&mut self, _change: &mut dyn FnMut(&mut String)) {}
}

/// The type of a field: it says what stands for a value that was absent or unreadable.
pub(crate) trait Field: Sized {
    type Value: Readable;

    fn from_readable(value: Option<Self::Value>) -> Self;

    /// Passes each string in the field to `change`.
    fn for_each_string(&mut self, change: &mut dyn FnMut(&mut String));
}

impl<T: Readable> Field for Option<T> {
    type Value = T;

    fn from_readable(value: Option<T>) -> Self {
        value
    }

    fn for_each_string(&mut self, change: &mut dyn FnMut(&mut String)) {
        self.iter_mut().for_each(|value| value.for_each_string(change));
    }
}

impl Field for String {
    type Value = String;

    fn from_readable(value: Option<String>) -> Self {
        value.unwrap_or_default()
    }

    fn for_each_string(&mut self, change: &mut dyn FnMut(&mut String)) {
        Readable::for_each_string(self, change);
    }
}

impl<T: Readable> Field for Vec<T> {
    type Value = Vec<T>;

    fn from_readable(value: Option<Vec<T>>) -> Self {
        value.unwrap_or_default()
    }

    fn for_each_string(&mut self, change: &mut dyn FnMut(&mut String)) {
        Readable::for_each_string(self, change);
    }
}

impl<K: Readable + Clone + Eq + Hash, V: Readable> Field for HashMap<K, V> {
    type Value = HashMap<K, V>;

    fn from_readable(value: Option<HashMap<K, V>>) -> Self {
        value.unwrap_or_default()
    }

    fn for_each_string(&mut self, change: &mut dyn FnMut(&mut String)) {
        Readable::for_each_string(self, change);
    }
}

/// For `#[serde(deserialize_with)]`: reads a field so that only broken JSON is an error.
pub(crate) fn field<'de, D: Deserializer<'de>, F: Field>(deserializer: D) -> Result<F, D::Error> {
    Any(Read::<F::Value>(PhantomData)).deserialize(deserializer).map(F::from_readable)
}

/// What becomes of a value, by the kind of JSON that it turns out to be.
pub(crate) trait Reader<'de>: Sized {
    type Output;

    /// It is null, or a number that is no integer of 64 bits.
    fn nothing(self) -> Self::Output;
    fn text(self, text: &str) -> Self::Output;
    fn integer(self, integer: i64) -> Self::Output;
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
        Ok(self.0.nothing())
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
        Ok(if whole { self.0.integer(number as i64) } else { self.0.nothing() })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<R::Output, A::Error> {
        self.0.list(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<R::Output, A::Error> {
        self.0.object(object)
    }
}

/// Makes a value of a type.
struct Read<T>(PhantomData<T>);

impl<'de, T: Readable> Reader<'de> for Read<T> {
    type Output = Option<T>;

    fn nothing(self) -> Option<T> {
        None
    }

    fn text(self, text: &str) -> Option<T> {
        T::from_text(text)
    }

    fn integer(self, integer: i64) -> Option<T> {
        T::from_integer(integer)
    }

    fn flag(self, flag: bool) -> Option<T> {
        T::from_flag(flag)
    }

    fn list<A: SeqAccess<'de>>(self, list: A) -> Result<Option<T>, A::Error> {
        T::from_list(list)
    }

    fn object<A: MapAccess<'de>>(self, object: A) -> Result<Option<T>, A::Error> {
        T::from_object(object)
    }
}

impl Readable for String {
    fn from_text(text: &str) -> Option<Self> {
        memory::charge(text.len()).then(|| text.to_owned())
    }

    fn from_integer(integer: i64) -> Option<Self> {
        Some(integer.to_string())
    }

    fn for_each_string(&mut self, change: &mut dyn FnMut(&mut String)) {
        change(self);
    }
}

impl Readable for i64 {
    fn from_integer(integer: i64) -> Option<Self> {
        Some(integer)
    }

    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Readable for i32 {
    fn from_integer(integer: i64) -> Option<Self> {
        i32::try_from(integer).ok()
    }

    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok()
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
}

impl<T: Readable> Readable for Vec<T> {
    fn from_list<'de, A: SeqAccess<'de>>(mut list: A) -> Result<Option<Self>, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element_seed(Any(Read::<T>(PhantomData)))? {
            if values.len() == values.capacity() {
                let more = values.len().max(4);
                memory::require(more * size_of::<T>())?;
                values.reserve_exact(more);
            }
            values.extend(value);
        }
        Ok(Some(values))
    }

    fn for_each_string(&mut self, change: &mut dyn FnMut(&mut String)) {
        self.iter_mut().for_each(|value| value.for_each_string(change));
    }
}

impl<K: Readable + Clone + Eq + Hash, V: Readable> Readable for HashMap<K, V> {
    fn from_object<'de, A: MapAccess<'de>>(mut object: A) -> Result<Option<Self>, A::Error> {
        let mut values = HashMap::new();
        let (key, value) = (|| Any(Read::<K>(PhantomData)), || Any(Read::<V>(PhantomData)));
        while let Some((key, value)) = object.next_entry_seed(key(), value())? {
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

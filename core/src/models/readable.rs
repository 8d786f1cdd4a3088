//! Reading one field, whatever stands in it: what can't be read is left out and costs nothing else.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::marker::PhantomData;

use serde::Deserializer;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};

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

    fn from_list<'de, A: SeqAccess<'de>>(mut list: A) -> Result<Option<Self>, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn from_object<'de, A: MapAccess<'de>>(mut object: A) -> Result<Option<Self>, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

/// The type of a field: it says what stands for a value that was absent or unreadable.
pub(crate) trait Field: Sized {
    type Value: Readable;

    fn from_readable(value: Option<Self::Value>) -> Self;
}

impl<T: Readable> Field for Option<T> {
    type Value = T;

    fn from_readable(value: Option<T>) -> Self {
        value
    }
}

impl Field for String {
    type Value = String;

    fn from_readable(value: Option<String>) -> Self {
        value.unwrap_or_default()
    }
}

impl<T: Readable> Field for Vec<T> {
    type Value = Vec<T>;

    fn from_readable(value: Option<Vec<T>>) -> Self {
        value.unwrap_or_default()
    }
}

impl<K: Readable + Eq + Hash, V: Readable> Field for HashMap<K, V> {
    type Value = HashMap<K, V>;

    fn from_readable(value: Option<HashMap<K, V>>) -> Self {
        value.unwrap_or_default()
    }
}

/// For `#[serde(deserialize_with)]`: reads a field so that only broken JSON is an error.
pub(crate) fn field<'de, D: Deserializer<'de>, F: Field>(deserializer: D) -> Result<F, D::Error> {
    Seed::<F::Value>::new().deserialize(deserializer).map(F::from_readable)
}

struct Seed<T>(PhantomData<T>);

impl<T> Seed<T> {
    fn new() -> Self {
        Seed(PhantomData)
    }
}

impl<'de, T: Readable> DeserializeSeed<'de> for Seed<T> {
    type Value = Option<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<T>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: Readable> Visitor<'de> for Seed<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_str<E>(self, text: &str) -> Result<Option<T>, E> {
        Ok(T::from_text(text))
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Option<T>, E> {
        Ok(T::from_flag(flag))
    }

    fn visit_i64<E>(self, integer: i64) -> Result<Option<T>, E> {
        Ok(T::from_integer(integer))
    }

    fn visit_u64<E>(self, integer: u64) -> Result<Option<T>, E> {
        Ok(i64::try_from(integer).ok().and_then(T::from_integer))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Option<T>, E> {
        // `300.0` and `3e2` are the integer 300; past 2^53 a float no longer names one integer.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        let whole = number.fract() == 0.0 && number.abs() <= EXACT;
        #[allow(clippy::cast_possible_truncation, reason = "it is whole and within range")]
        Ok(if whole { T::from_integer(number as i64) } else { None })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Option<T>, A::Error> {
        T::from_list(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Option<T>, A::Error> {
        T::from_object(object)
    }
}

impl Readable for String {
    fn from_text(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }

    fn from_integer(integer: i64) -> Option<Self> {
        Some(integer.to_string())
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
        Some(crate::Secret::new(text)).filter(|secret| !secret.is_empty())
    }

    fn from_integer(integer: i64) -> Option<Self> {
        Some(crate::Secret::new(integer.to_string()))
    }
}

impl<T: Readable> Readable for Vec<T> {
    fn from_list<'de, A: SeqAccess<'de>>(mut list: A) -> Result<Option<Self>, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element_seed(Seed::<T>::new())? {
            values.extend(value);
        }
        Ok(Some(values))
    }
}

impl<K: Readable + Eq + Hash, V: Readable> Readable for HashMap<K, V> {
    fn from_object<'de, A: MapAccess<'de>>(mut object: A) -> Result<Option<Self>, A::Error> {
        let mut values = HashMap::new();
        while let Some((key, value)) = object.next_entry_seed(Seed::<K>::new(), Seed::<V>::new())? {
            values.extend(key.zip(value));
        }
        Ok(Some(values))
    }
}

//! The encoding of each type in uniffi's wire format.

use std::collections::HashMap;

use uniffi::Lower;

use super::Written;
use crate::UniFfiTag;
use crate::models::{Readable, Rule, Timestamp};
use crate::secret::Secret;

/// The encoding of a type in uniffi's wire format.
#[derive(Clone, Copy)]
pub(crate) enum Shape {
    /// A single value. The function writes it.
    Value(fn(Scalar<'_>, &mut Written) -> Read),
    /// A byte that is 1 if the value is present, followed by the value.
    Optional(fn() -> Shape),
    /// The number of items, followed by the items.
    List(fn() -> Shape),
    /// The number of entries, followed by the key and the value of each.
    Map(fn() -> Shape, fn() -> Shape),
    /// One field after the other, followed by a map of the unknown fields if the record keeps them.
    Record { fields: &'static [ShapeField], has_extra: bool },
}

/// The result of reading a value. `Exactly` means that a request would write the value as the service sent it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Read {
    No,
    Converted,
    Exactly,
}

impl Shape {
    pub(crate) fn value<T: Readable + Lower<UniFfiTag>>() -> Self {
        Shape::Value(|scalar, written| scalar.read_into(|value: T| written.put(value)))
    }

    /// Returns the encoding of an absent value: no value, no items or an empty string.
    pub(super) fn absent(&self) -> &'static [u8] {
        match self {
            Shape::Optional(_) => &[0],
            _ => &[0; 4],
        }
    }
}

/// A field of a record, with its name in JSON.
pub(crate) struct ShapeField {
    pub(crate) name: &'static str,
    pub(crate) shape: fn() -> Shape,
    pub(crate) rule: Rule,
}

impl AsRef<str> for ShapeField {
    fn as_ref(&self) -> &str {
        self.name
    }
}

/// A type that can be part of a model.
pub(crate) trait Shaped {
    fn shape() -> Shape;
}

/// A JSON value that is neither null, a list nor an object.
pub(crate) enum Scalar<'a> {
    String(&'a str),
    Integer(i64),
    Boolean(bool),
}

impl Scalar<'_> {
    fn read_into<T: Readable>(self, put: impl FnOnce(T)) -> Read {
        let (value, is_exact) = match self {
            Scalar::String(string) => {
                let value = T::from_string(string);
                let is_exact = value.as_ref().is_some_and(|value| value.is_written_as_string(string));
                (value, is_exact)
            }
            Scalar::Integer(integer) => {
                let value = T::from_integer(integer);
                let is_exact = value.as_ref().is_some_and(T::is_written_as_integer);
                (value, is_exact)
            }
            Scalar::Boolean(boolean) => (T::from_boolean(boolean), true),
        };
        match value.map(put) {
            None => Read::No,
            Some(()) if is_exact => Read::Exactly,
            Some(()) => Read::Converted,
        }
    }
}

impl Shaped for String {
    fn shape() -> Shape {
        Shape::Value(|scalar, written| match scalar {
            Scalar::String(string) => {
                written.put_string(string);
                Read::Exactly
            }
            other => other.read_into(|string: String| written.put_string(&string)),
        })
    }
}

impl Shaped for Secret {
    fn shape() -> Shape {
        Shape::Value(|scalar, written| scalar.read_into(|secret| written.put_secret(secret)))
    }
}

macro_rules! shaped_as_values {
    ($($type:ty)*) => {$(
        impl Shaped for $type {
            fn shape() -> Shape {
                Shape::value::<$type>()
            }
        }
    )*};
}

shaped_as_values! { bool i32 i64 Timestamp }

impl<T: Shaped> Shaped for Option<T> {
    fn shape() -> Shape {
        Shape::Optional(T::shape)
    }
}

impl<T: Shaped> Shaped for Vec<T> {
    fn shape() -> Shape {
        Shape::List(T::shape)
    }
}

impl<K: Shaped, V: Shaped> Shaped for HashMap<K, V> {
    fn shape() -> Shape {
        Shape::Map(K::shape, V::shape)
    }
}

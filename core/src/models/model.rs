//! Declares models and open enumerations, and reads models from response bodies.

use std::borrow::Cow;
use std::fmt;
use std::str;

use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserializer, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::mend::mend;
use super::readable::{Lack, Reading};
use super::{ErrorBody, memory};
use crate::error::Error;
use crate::operation::Operation;

/// A model of the service's documentation that a response may hold.
pub(crate) trait Model: DeserializeOwned + Default + PartialEq + Send + 'static {
    /// The name in the documentation.
    const NAME: &'static str;
    /// The names of the fields in JSON.
    const FIELDS: &'static [&'static str];

    /// The check that the model is complete enough to be the result of an operation, if it needs one.
    const LACKS: Option<Lacks<Self>> = None;

    /// Returns whether none of its fields has a value.
    fn is_blank(&self) -> bool {
        *self == Self::default()
    }

    /// Reads a model from JSON, and notes which of its requirements are not met.
    fn from_json(json: &str, reading: &mut Reading) -> serde_json::Result<Self> {
        let _ = reading;
        serde_json::from_str(json)
    }
}

/// A function that returns the part that a model lacks as the result of an operation, or `None` if it is complete.
pub(crate) type Lacks<M> = fn(&M, &Operation) -> Option<&'static str>;

/// A model of the service's documentation that a request may hold.
pub(crate) trait RequestBody: Serialize {
    /// Returns an error for a body that the service would certainly reject.
    fn check(&self) -> Result<(), Error>;
}

/// Converts the name of a field to its name in JSON.
macro_rules! json_name {
    ($field:ident) => {
        const {
            const SNAKE: &str = stringify!($field);
            const CAMEL: [u8; $crate::models::camel_case_length(SNAKE)] = $crate::models::camel_case(SNAKE);
            match std::str::from_utf8(&CAMEL) {
                Ok(name) => name,
                Err(_) => SNAKE,
            }
        }
    };
}

/// Declares a model that is read from responses. The JSON names are the camel case of the fields' names, unknown fields
/// are ignored, and a field that can't be read is absent. `keeps extra` adds a field that holds the JSON of unknown and
/// unreadable fields; a request made from such a model sends that JSON verbatim. `with metadata` names the type that
/// other languages receive if they ask for the response metadata as well. `lacks` is `Model::LACKS`.
///
/// The requirements of a field follow `=>`; they are methods of `Rule`. A body that does not meet them is unreadable as
/// a whole.
macro_rules! model {
    (
        $(#[$($meta:tt)*])*
        pub struct $name:ident {
            $($(#[$($field_meta:tt)*])* pub $field:ident: $type:ty $(=> $($rule:ident)+)?,)*
        }
        $(keeps $extra:ident)?
        $(with metadata $response:ident)?
        $(lacks $lacks:expr)?
    ) => {
        $(#[$($meta)*])*
        #[derive(Clone, Debug, Default, PartialEq)]
        #[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
        pub struct $name {
            $(
                $(#[$($field_meta)*])*
                #[cfg_attr(feature = "uniffi", uniffi(default))]
                pub $field: $type,
            )*
            $(
                /// Fields that this version does not know, and fields that could not be read completely: the name of
                /// each in JSON, and its value. Printing shows the names only.
                #[cfg_attr(feature = "uniffi", uniffi(default))]
                pub $extra: $crate::models::Extra,
            )?
        }

        impl $crate::models::Model for $name {
            const NAME: &'static str = stringify!($name);
            const FIELDS: &'static [&'static str] = &[$(json_name!($field)),*];
            $(const LACKS: Option<$crate::models::Lacks<Self>> = Some($lacks);)?

            $(
                fn is_blank(&self) -> bool {
                    let $extra = self.$extra.clone();
                    *self == $name { $extra, ..Self::default() }
                }
            )?

            fn from_json(json: &str, reading: &mut $crate::models::Reading) -> serde_json::Result<Self> {
                let model = $crate::models::value(json, reading)?;
                model.ok_or_else(|| serde::de::Error::custom("an object is expected"))
            }
        }

        impl $name {
            const RULES: &'static [$crate::models::Rule] =
                &[$($crate::models::Rule::LENIENT $($(.$rule())+)?),*];
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::models::whole(deserializer)
            }
        }

        $(
            /// The result of the operation, with the metadata of its response.
            #[cfg(feature = "uniffi")]
            #[derive(Clone, Debug, PartialEq, uniffi::Record)]
            pub(crate) struct $response {
                /// The result of the operation.
                pub(crate) value: $name,
                /// Status, correlation id, rate limit, number of attempts and time taken.
                pub(crate) metadata: $crate::ffi::ResponseMetadata,
            }

            #[cfg(feature = "uniffi")]
            impl $crate::ffi::Answer for $name {
                type Lowered = $crate::ffi::Lowered<$name>;
                type Response = $crate::ffi::Lowered<$response>;
                type Deferred = $crate::ffi::Deferred<Self::Lowered>;
                type DeferredResponse = $crate::ffi::Deferred<Self::Response>;

                fn with(value: Self::Lowered, metadata: $crate::ResponseMetadata) -> Self::Response {
                    value.with_metadata(metadata.into())
                }

                fn deferred(value: Self::Lowered) -> Self::Deferred {
                    $crate::ffi::Deferred(value)
                }

                fn deferred_response(response: Self::Response) -> Self::DeferredResponse {
                    $crate::ffi::Deferred(response)
                }
            }
        )?

        #[cfg(feature = "uniffi")]
        impl $crate::ffi::Shaped for $name {
            fn shape() -> $crate::ffi::Shape {
                const FIELDS: &[$crate::ffi::ShapeField] = &[$($crate::ffi::ShapeField {
                    name: json_name!($field),
                    shape: <$type as $crate::ffi::Shaped>::shape,
                    rule: $crate::models::Rule::LENIENT $($(.$rule())+)?,
                }),*];
                const HAS_EXTRA: bool = false $(|| !stringify!($extra).is_empty())?;
                $crate::ffi::Shape::Record { fields: FIELDS, has_extra: HAS_EXTRA }
            }
        }

        impl $crate::models::Readable for $name {
            fn from_object<'de, A: serde::de::MapAccess<'de>>(
                object: A,
                reading: &mut $crate::models::Reading,
            ) -> Result<Option<Self>, A::Error> {
                #[allow(non_camel_case_types, reason = "named as the fields are")]
                enum Place { $($field),* }
                const FIELDS: &[&str] = <$name as $crate::models::Model>::FIELDS;
                const { assert!(FIELDS.len() <= $crate::models::MAX_FIELDS) };

                let mut model = Self::default();
                #[allow(unused_mut, unused_assignments, reason = "not every model keeps extra fields")]
                let mut extra = None;
                $({
                    let $extra = $crate::models::Extra::new();
                    extra = Some($extra);
                })?
                let mut fields = $crate::models::Fields::new(object, FIELDS, $name::RULES, extra, reading);
                while let Some(place) = fields.next()? {
                    $(if place == Place::$field as usize {
                        model.$field = fields.value(place)?;
                        continue;
                    })*
                }
                $(model.$extra = fields.extra();)?
                fields.end();
                Ok(Some(model))
            }

            fn is_identified(&self) -> bool {
                $(if const { $crate::models::Rule::LENIENT $($(.$rule())+)?.identity } {
                    return $crate::models::Field::is_identified(&self.$field);
                })*
                true
            }

            fn identity() -> Option<String> {
                $(if const { $crate::models::Rule::LENIENT $($(.$rule())+)?.identity } {
                    let inner = <<$type as $crate::models::Field>::Value as $crate::models::Readable>::identity();
                    let name = json_name!($field);
                    return Some(inner.map_or(name.to_owned(), |inner| format!("{name}.{inner}")));
                })*
                None
            }

            fn for_each_string(&mut self, change: &mut dyn FnMut(&mut String)) {
                $($crate::models::Field::for_each_string(&mut self.$field, change);)*
            }
        }
    };
}

/// Declares an enumeration that the service may extend: a value that is not in the list is kept, printed and sent back
/// verbatim.
macro_rules! open_enum {
    (
        $(#[$($meta:tt)*])*
        pub enum $name:ident { $($(#[$($variant_meta:tt)*])* $variant:ident = $value:literal,)* }
    ) => {
        $(#[$($meta)*])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[cfg_attr(feature = "uniffi", derive(uniffi::Enum))]
        #[cfg_attr(feature = "uniffi", uniffi::export(Display))]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$($variant_meta)*])* $variant,)*
            /// A value that this version does not know yet.
            Unknown {
                /// The value as the service sent it.
                value: String,
            },
        }

        impl $name {
            /// Returns the value as it is written in JSON.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $($name::$variant => $value,)*
                    $name::Unknown { value } => value,
                }
            }
        }

        impl From<&str> for $name {
            fn from(value: &str) -> Self {
                match value {
                    $($value => $name::$variant,)*
                    _ => $name::Unknown { value: value.to_owned() },
                }
            }
        }

        impl From<String> for $name {
            fn from(value: String) -> Self {
                value.as_str().into()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl $crate::models::Readable for $name {
            fn from_string(string: &str) -> Option<Self> {
                Some(string.into())
            }

            fn for_each_string(&mut self, change: &mut dyn FnMut(&mut String)) {
                if let $name::Unknown { value } = self {
                    change(value);
                }
            }

            fn is_identified(&self) -> bool {
                !self.as_str().is_empty()
            }
        }

        #[cfg(feature = "uniffi")]
        impl $crate::ffi::Shaped for $name {
            fn shape() -> $crate::ffi::Shape {
                $crate::ffi::Shape::value::<$name>()
            }
        }
    };
}

/// The reason why a body is not the result of the operation. It never holds a piece of the body, which may be secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("the response is empty, expected {expected}")]
    Empty { expected: &'static str },
    #[error("the response is {found}, expected {expected}")]
    OtherShape { found: &'static str, expected: &'static str },
    #[error("the response is a JSON object without any field of {expected}")]
    OtherObject { expected: &'static str },
    #[error("the response is {} {expected} without its {part}", article(expected))]
    Incomplete { part: &'static str, expected: &'static str },
    #[error("the response is {} {expected} whose {place} {fault}", article(expected))]
    Malformed { place: String, fault: String, expected: &'static str },
    #[error("the response is truncated after {bytes} bytes, expected {expected}")]
    Cut { bytes: usize, expected: &'static str },
    #[error("the response is not JSON (line {line}, column {column}), expected {expected}")]
    NotJson { line: usize, column: usize, expected: &'static str },
    #[error(
        "the response came from another URL than that of the request: the given HTTP client follows redirects"
    )]
    Redirected,
    #[error("the response has more than the {limit} bytes allowed")]
    TooLarge { limit: usize },
    /// The status is 2xx, but the body describes an error.
    #[error("the response describes an error")]
    Refusal(Box<ErrorBody>),
}

/// Reads a model from a JSON body. Repairs almost valid JSON if necessary.
pub(crate) fn decode<M: Model>(body: &[u8]) -> Result<M, Unreadable> {
    const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
    let expected = M::NAME;
    let body = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
    let found = match body.trim_ascii_start().first() {
        None => return Err(Unreadable::Empty { expected }),
        Some(b'{') => None,
        Some(b'[') => Some("a list"),
        Some(b'<') => Some("a web page or XML"),
        Some(b'"') => Some("a string"),
        Some(b'n') => Some("null"),
        Some(_) => Some("not a JSON object"),
    };
    if let Some(found) = found {
        return Err(Unreadable::OtherShape { found, expected });
    }
    let lossy;
    let json = match str::from_utf8(body) {
        Ok(json) => json,
        Err(error) => {
            let not_utf8 = Unreadable::NotJson { line: 1, column: error.valid_up_to() + 1, expected };
            lossy = Zeroizing::new(lossy_utf8(body).ok_or(not_utf8)?);
            lossy.as_str()
        }
    };
    let mended;
    let ((model, lack), json): ((M, Option<Lack>), &str) = match read(json) {
        Ok(read) => (read, json),
        Err(error) if error.is_eof() => return Err(Unreadable::Cut { bytes: body.len(), expected }),
        Err(error) => {
            // serde_json's own error may quote the body, so only its line and column are kept.
            let not_json = Unreadable::NotJson { line: error.line(), column: error.column(), expected };
            if memory::is_exceeded() {
                return Err(not_json);
            }
            mended = Zeroizing::new(mend(json, json.len() + MAX_GROWTH).ok_or(not_json.clone())?);
            (read_mended(&mended, |json| read(json).ok()).ok_or(not_json)?, mended.as_str())
        }
    };
    if model.is_blank() && !has_list_of::<M>(json) {
        return Err(Unreadable::OtherObject { expected });
    }
    match lack {
        None => Ok(model),
        Some(Lack::Field(part)) => Err(Unreadable::Incomplete { part, expected }),
        Some(Lack::Part { place, fault }) => Err(Unreadable::Malformed { place, fault, expected }),
    }
}

/// Reads a model, and returns it with the first of its requirements that is not met.
fn read<M: Model>(json: &str) -> serde_json::Result<(M, Option<Lack>)> {
    let left = memory::left();
    let mut reading = Reading::default();
    match M::from_json(json, &mut reading) {
        Ok(model) if !reading.is_incomplete() => return Ok((model, reading.lack)),
        Err(error) if error.is_eof() || memory::is_exceeded() => return Err(error),
        Ok(_) | Err(_) => {}
    }
    memory::restore(left);
    let mut reading = Reading::field_by_field();
    M::from_json(json, &mut reading).map(|model| (model, reading.lack))
}

fn article(name: &str) -> &'static str {
    if name.starts_with(['A', 'E', 'I', 'O']) { "an" } else { "a" }
}

/// The number of bytes by which mended JSON may be longer than its body: each invalid piece becomes three bytes.
pub(super) const MAX_GROWTH: usize = 64 * 1024;
/// The maximum size of a body with duplicate fields, in bytes: finding the last of them takes a tree of the whole body.
const MAX_TREE_BYTES: usize = 64 * 1024;

/// Replaces each sequence that is not UTF-8 by a replacement character. Returns `None` if that makes the body much
/// longer.
fn lossy_utf8(body: &[u8]) -> Option<String> {
    let mut lossy = String::with_capacity(body.len());
    for chunk in body.utf8_chunks() {
        lossy.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            lossy.push(char::REPLACEMENT_CHARACTER);
        }
        if lossy.len() > body.len() + MAX_GROWTH {
            return None;
        }
    }
    Some(lossy)
}

/// Reads mended JSON. Of duplicate fields, the last one counts.
pub(super) fn read_mended<T>(mended: &str, mut read: impl FnMut(&str) -> Option<T>) -> Option<T> {
    read(mended).or_else(|| {
        if mended.len() > MAX_TREE_BYTES {
            return None;
        }
        let value: Value = serde_json::from_str(mended).ok()?;
        // Not read from the `Value` itself: that would compile the reading of all models a second time.
        let deduplicated = Zeroizing::new(value.to_string());
        read(&deduplicated)
    })
}

/// Returns whether the JSON has a list in one of the model's fields. Only then is a model without any value a valid
/// result: it is an empty listing.
fn has_list_of<M: Model>(json: &str) -> bool {
    let is_known = |key: &str| M::FIELDS.contains(&key);
    serde_json::Deserializer::from_str(json).deserialize_map(ListIn(is_known)).unwrap_or(false)
}

/// Finds out whether one of the given fields of an object holds a list, without keeping the value.
struct ListIn<F>(F);

impl<'de, F: Fn(&str) -> bool> Visitor<'de> for ListIn<F> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<bool, A::Error> {
        let mut is_there = false;
        while let Some((key, value)) = object.next_entry::<Cow<'_, str>, &RawValue>()? {
            is_there |= value.get().starts_with('[') && self.0(&key);
        }
        Ok(is_there)
    }
}

/// Returns the length that a name in snake case has after the conversion to camel case.
pub(crate) const fn camel_case_length(snake: &str) -> usize {
    let (mut index, mut length) = (0, 0);
    while index < snake.len() {
        length += (snake.as_bytes()[index] != b'_') as usize;
        index += 1;
    }
    length
}

/// Converts a name from snake case to camel case, as bytes.
pub(crate) const fn camel_case<const LENGTH: usize>(snake: &str) -> [u8; LENGTH] {
    let snake = snake.as_bytes();
    let mut camel = [0; LENGTH];
    let (mut index, mut length) = (0, 0);
    while index < snake.len() {
        if snake[index] != b'_' {
            let begins_word = index > 0 && snake[index - 1] == b'_';
            camel[length] = if begins_word { snake[index].to_ascii_uppercase() } else { snake[index] };
            length += 1;
        }
        index += 1;
    }
    camel
}

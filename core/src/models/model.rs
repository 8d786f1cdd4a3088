//! What all models share: how one is declared, and how an answer's body becomes one.

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

/// A model of the documentation that an answer may hold.
pub(crate) trait Model: DeserializeOwned + Default + PartialEq + Send + 'static {
    /// The documentation's name.
    const NAME: &'static str;
    /// The fields, as JSON names them.
    const FIELDS: &'static [&'static str];

    /// Says what is missing for it to be of any use as the result of an operation.
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

/// What of a model is missing as the result of an operation; nothing if it will do.
pub(crate) type Lacks<M> = fn(&M, &Operation) -> Option<&'static str>;

/// A model of the documentation that a request may hold.
pub(crate) trait RequestBody: Serialize {
    /// Refuses what the service could only refuse.
    fn check(&self) -> Result<(), Error>;
}

/// The name of a field in JSON.
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

/// Declares a model that is read from answers: JSON names are the camel case of the fields' names,
/// unknown fields are ignored, and a field that can't be read is left out. `keeps extra` gives it one more field, which
/// holds the JSON of both; a request that is made of such a model sends them as they came. `with metadata` names what an
/// operation gives other languages that returns it with its metadata. `lacks` says what is missing for it to
/// be of any use as the result of an operation.
///
/// Behind `=>` stand the requirements of a field, which are the functions of `Rule`: a body that does not meet them is
/// unreadable as a whole.
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
            /// What the operation returned, with what its answer told beside.
            #[cfg(feature = "uniffi")]
            #[derive(Clone, Debug, PartialEq, uniffi::Record)]
            pub(crate) struct $response {
                /// What the operation returned.
                pub(crate) value: $name,
                /// Status, correlation id, rate limit, attempts made and time taken.
                pub(crate) metadata: $crate::ffi::ResponseMetadata,
            }

            #[cfg(feature = "uniffi")]
            impl $crate::ffi::Answer for $name {
                type Lowered = $crate::ffi::Lowered<$name>;
                type Response = $crate::ffi::Lowered<$response>;
                type Deferred = $crate::ffi::Deferred<Self::Lowered>;
                type DeferredResponse = $crate::ffi::Deferred<Self::Response>;

                fn with(value: Self::Lowered, metadata: $crate::ResponseMetadata) -> Self::Response {
                    value.and(metadata.into())
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
                const FIELDS: &[$crate::ffi::Field] = &[$($crate::ffi::Field {
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
                const { assert!(FIELDS.len() <= $crate::models::MOST_FIELDS) };

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

/// Declares an enumeration of the service that may grow: a value that is not in the list is kept,
/// printed and sent back as it came.
macro_rules! open_enum {
    (
        $(#[$($meta:tt)*])*
        pub enum $name:ident { $($(#[$($variant_meta:tt)*])* $variant:ident = $text:literal,)* }
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
            /// The value as it stands on the wire.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $($name::$variant => $text,)*
                    $name::Unknown { value } => value,
                }
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                match text {
                    $($text => $name::$variant,)*
                    _ => $name::Unknown { value: text.to_owned() },
                }
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                text.as_str().into()
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
            fn from_text(text: &str) -> Option<Self> {
                Some(text.into())
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

/// Why a body is not what the operation returns. It never holds a piece of the body.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("the answer is empty where {expected} is due")]
    Empty { expected: &'static str },
    #[error("the answer is {found} where {expected} is due")]
    OtherShape { found: &'static str, expected: &'static str },
    #[error("the answer is a JSON object without any field of {expected}")]
    OtherObject { expected: &'static str },
    #[error("the response is {} {expected} without its {part}", article(expected))]
    Incomplete { part: &'static str, expected: &'static str },
    #[error("the response is {} {expected} whose {place} {fault}", article(expected))]
    Malformed { place: String, fault: String, expected: &'static str },
    #[error("the answer ends in the middle, after {bytes} bytes, where {expected} is due")]
    Cut { bytes: usize, expected: &'static str },
    #[error("the answer is not JSON (line {line}, column {column}) where {expected} is due")]
    NotJson { line: usize, column: usize, expected: &'static str },
    #[error("the answer came from another address than was asked: the given HTTP client follows redirects")]
    Redirected,
    #[error("the answer has more than the {limit} bytes allowed")]
    TooLarge { limit: usize },
    /// The status says success, and the body says that the request was refused.
    #[error("the response describes an error")]
    Refusal(Box<ErrorBody>),
}

/// The model in a body of JSON.
pub(crate) fn decode<M: Model>(body: &[u8]) -> Result<M, Unreadable> {
    const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
    let expected = M::NAME;
    let body = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
    let found = match body.trim_ascii_start().first() {
        None => return Err(Unreadable::Empty { expected }),
        Some(b'{') => None,
        Some(b'[') => Some("a list"),
        Some(b'<') => Some("a web page or XML"),
        Some(b'"') => Some("a text"),
        Some(b'n') => Some("null"),
        Some(_) => Some("no JSON object"),
    };
    if let Some(found) = found {
        return Err(Unreadable::OtherShape { found, expected });
    }
    let lossy;
    let text = match str::from_utf8(body) {
        Ok(text) => text,
        Err(error) => {
            let not_text = Unreadable::NotJson { line: 1, column: error.valid_up_to() + 1, expected };
            lossy = Zeroizing::new(lossy_text(body).ok_or(not_text)?);
            lossy.as_str()
        }
    };
    let mended;
    let ((model, lack), json): ((M, Option<Lack>), &str) = match read(text) {
        Ok(read) => (read, text),
        Err(error) if error.is_eof() => return Err(Unreadable::Cut { bytes: body.len(), expected }),
        Err(error) => {
            // The library's own error may quote the body, so only its place is kept.
            let not_json = Unreadable::NotJson { line: error.line(), column: error.column(), expected };
            if memory::is_exceeded() {
                return Err(not_json);
            }
            mended = Zeroizing::new(mend(text, text.len() + LARGEST_GROWTH).ok_or(not_json.clone())?);
            (second_look(&mended, |json| read(json).ok()).ok_or(not_json)?, mended.as_str())
        }
    };
    if model.is_blank() && !has_a_list_of::<M>(json) {
        return Err(Unreadable::OtherObject { expected });
    }
    match lack {
        None => Ok(model),
        Some(Lack::Field(part)) => Err(Unreadable::Incomplete { part, expected }),
        Some(Lack::Part { place, fault }) => Err(Unreadable::Malformed { place, fault, expected }),
    }
}

/// Reads a model, and the first of its requirements that is not met.
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

/// The bytes by which mended text may be longer than a body: each piece that is no text becomes three bytes.
pub(super) const LARGEST_GROWTH: usize = 64 * 1024;
/// The largest body in which a field may stand twice. To find the last one takes a tree of the whole body.
const LARGEST_TREE: usize = 64 * 1024;

/// Returns the text with a replacement character for each sequence that is not UTF-8, unless that makes it much longer.
fn lossy_text(body: &[u8]) -> Option<String> {
    let mut text = String::with_capacity(body.len());
    for chunk in body.utf8_chunks() {
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            text.push(char::REPLACEMENT_CHARACTER);
        }
        if text.len() > body.len() + LARGEST_GROWTH {
            return None;
        }
    }
    Some(text)
}

/// Reads mended JSON. A field that stands twice counts with its last value.
pub(super) fn second_look<T>(mended: &str, mut read: impl FnMut(&str) -> Option<T>) -> Option<T> {
    read(mended).or_else(|| {
        if mended.len() > LARGEST_TREE {
            return None;
        }
        let value: Value = serde_json::from_str(mended).ok()?;
        // Not out of the value itself: that would be all the models' reading once more in the library.
        let once = Zeroizing::new(value.to_string());
        read(&once)
    })
}

/// Whether a model without anything in it is one: an empty list is something, and nothing else is.
fn has_a_list_of<M: Model>(json: &str) -> bool {
    let is_known = |key: &str| M::FIELDS.contains(&key);
    serde_json::Deserializer::from_str(json).deserialize_map(ListIn(is_known)).unwrap_or(false)
}

/// Finds a list in one of these fields of an object, without keeping any of it.
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

/// Returns the length of a name in snake case once it is in camel case.
pub(crate) const fn camel_case_length(snake: &str) -> usize {
    let (mut index, mut length) = (0, 0);
    while index < snake.len() {
        length += (snake.as_bytes()[index] != b'_') as usize;
        index += 1;
    }
    length
}

/// Converts a name from snake case to camel case, in the form of its bytes.
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

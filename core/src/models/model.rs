//! What all models share: how one is declared, and how an answer's body becomes one.

use std::collections::HashMap;

use serde::de::{DeserializeOwned, IgnoredAny};

use super::mend::mend;

/// A model of the documentation that an answer may hold.
pub(crate) trait Model: DeserializeOwned + Default + PartialEq {
    /// The documentation's name.
    const NAME: &'static str;
    /// The fields, in snake case.
    const FIELDS: &'static [&'static str];
}

/// Declares a model that is read from answers: JSON names are the camel case of the fields' names,
/// unknown fields are ignored, and a field that can't be read is left out.
macro_rules! model {
    ($(#[$meta:meta])* pub struct $name:ident { $($(#[$field_meta:meta])* pub $field:ident: $type:ty,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq, serde::Deserialize)]
        #[serde(default, rename_all = "camelCase")]
        pub struct $name {
            $(
                $(#[$field_meta])*
                #[serde(deserialize_with = "crate::models::field")]
                pub $field: $type,
            )*
        }

        impl $crate::models::Model for $name {
            const NAME: &'static str = stringify!($name);
            const FIELDS: &'static [&'static str] = &[$(stringify!($field)),*];
        }

        impl $crate::models::Readable for $name {
            fn from_object<'de, A: serde::de::MapAccess<'de>>(object: A) -> Result<Option<Self>, A::Error> {
                serde::Deserialize::deserialize(serde::de::value::MapAccessDeserializer::new(object)).map(Some)
            }
        }
    };
}

/// Declares an enumeration of the service that may grow: a value that is not in the list is kept,
/// printed and sent back as it came.
macro_rules! open_enum {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$variant_meta])* $variant,)*
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
    #[error("the answer ends in the middle, after {bytes} bytes, where {expected} is due")]
    Cut { bytes: usize, expected: &'static str },
    #[error("the answer is not JSON (line {line}, column {column}) where {expected} is due")]
    NotJson { line: usize, column: usize, expected: &'static str },
    #[error("the answer came from another address than was asked: the given HTTP client follows redirects")]
    Redirected,
    #[error("the answer has more than the {limit} bytes allowed")]
    TooLarge { limit: usize },
}

/// The model in a body of JSON.
pub(crate) fn decode<M: Model>(body: &[u8]) -> Result<M, Unreadable> {
    let expected = M::NAME;
    let found = match body.trim_ascii_start().first() {
        None => return Err(Unreadable::Empty { expected }),
        Some(b'{') => None,
        Some(b'[') => Some("a list"),
        Some(b'<') => Some("a web page or XML"),
        Some(b'"') => Some("a text"),
        Some(b'n') => Some("null"),
        Some(_) => Some("something else than a JSON object"),
    };
    if let Some(found) = found {
        return Err(Unreadable::OtherShape { found, expected });
    }
    let model: M = match serde_json::from_slice(body) {
        Ok(model) => model,
        Err(error) if error.is_eof() => return Err(Unreadable::Cut { bytes: body.len(), expected }),
        // The library's own error may quote the body, so only its place is kept.
        Err(error) => second_look(body).ok_or(Unreadable::NotJson {
            line: error.line(),
            column: error.column(),
            expected,
        })?,
    };
    if model == M::default() && !has_a_field_of::<M>(body) {
        return Err(Unreadable::OtherObject { expected });
    }
    Ok(model)
}

/// Reads a body that is nearly JSON: a field that stands twice, half of a surrogate pair, a control
/// character or bytes that are no UTF-8 inside a text must not cost the rest.
fn second_look<M: Model>(body: &[u8]) -> Option<M> {
    let value: serde_json::Value = serde_json::from_str(&mend(&String::from_utf8_lossy(body))).ok()?;
    M::deserialize(value).ok()
}

/// Whether the object has any field of the model that holds more than null: an empty list, say.
fn has_a_field_of<M: Model>(body: &[u8]) -> bool {
    let known = |key: &str| M::FIELDS.iter().any(|field| *field == key || camel_case(field) == key);
    serde_json::from_slice::<HashMap<String, Option<IgnoredAny>>>(body)
        .is_ok_and(|object| object.iter().any(|(key, value)| value.is_some() && known(key)))
}

fn camel_case(snake: &str) -> String {
    let mut words = snake.split('_');
    let mut camel = words.next().unwrap_or_default().to_owned();
    for word in words {
        let (first, rest) = word.split_at(word.len().min(1));
        camel.push_str(&first.to_ascii_uppercase());
        camel.push_str(rest);
    }
    camel
}

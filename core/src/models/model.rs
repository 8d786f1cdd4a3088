//! Declares models and open enumerations.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::readable::Reading;
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
            #[cfg(feature = "uniffi")]
            $crate::ffi::response_record! {
                /// The result of an operation, with its response metadata.
                $response $name
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

//! The fields of a record that this version does not know or could not read.
//!
//! Updating a client replaces it as a whole, so a field that is not sent back is reset by the service. A version of
//! this crate that is older than a field would reset it without a word. So unknown fields are kept with their JSON, and
//! `to_request()` sends them back.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use serde::ser::{Error as _, SerializeMap};
use serde_json::Value;
use serde_json::value::RawValue;

use super::memory;
use crate::error::Error;
use crate::printable::one_line;

/// Additional fields of a record, which this version does not know: the name of each in JSON, and its value.
///
/// A record that was read holds the fields that this version does not know, with their values exactly as the service
/// sent them, and the fields that could not be read completely. A request sends them in addition to its own fields. An
/// additional field with the name of one of the request's own fields is sent only if that is unset, and a field that
/// only the service sets is never sent.
///
/// Printing shows the names and masks the values. Two `Extra` are equal if their values are equal as JSON.
///
/// # Examples
/// ```
/// use purecloud_oauth::{GrantType, OAuthClientRequest};
///
/// let mut body = OAuthClientRequest::new("Warteschlangen-Übersicht", GrantType::Code);
/// body.extra.insert("costCenter", 4711);
/// assert_eq!(format!("{:?}", body.extra), r#"{"costCenter": ***}"#);
/// ```
#[derive(Clone, Default)]
pub struct Extra {
    /// JSON without white space around its tokens. A string from another language may not be JSON: `check` refuses it.
    fields: BTreeMap<String, String>,
}

impl Extra {
    /// Creates an `Extra` without fields.
    #[must_use]
    pub fn new() -> Self {
        Extra::default()
    }

    /// Returns the value of a field, or `None` if the field is absent. Returns `None` also for a value that `Value`
    /// can't hold: one nested more than 127 levels deep, or with a number beyond the range of an `f64`. `get_json`
    /// returns these as well.
    ///
    /// # Examples
    /// ```
    /// use purecloud_oauth::Extra;
    ///
    /// let extra: Extra = [("costCenter", 4711)].into_iter().collect();
    /// assert_eq!(extra.get("costCenter"), Some(serde_json::json!(4711)));
    /// assert_eq!(extra.get("owner"), None);
    /// ```
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Value> {
        self.get_json(name).and_then(|json| serde_json::from_str(json).ok())
    }

    /// Returns the value of a field as JSON.
    #[must_use]
    pub fn get_json(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(String::as_str)
    }

    /// Adds a field, or replaces its value.
    pub fn insert(&mut self, name: impl Into<String>, value: impl Into<Value>) {
        self.fields.insert(name.into(), value.into().to_string());
    }

    /// Adds a field, or replaces its value, which is given as JSON.
    ///
    /// # Errors
    /// Fails with `InvalidArgument` if the value is not JSON.
    ///
    /// # Examples
    /// ```
    /// use purecloud_oauth::Extra;
    ///
    /// let mut extra = Extra::new();
    /// extra.insert_json("amount", "1.50")?;
    /// assert_eq!(extra.get_json("amount"), Some("1.50"));
    /// assert!(extra.insert_json("amount", "1,50").is_err());
    /// # Ok::<(), purecloud_oauth::Error>(())
    /// ```
    pub fn insert_json(&mut self, name: impl Into<String>, json: &str) -> Result<(), Error> {
        let name = name.into();
        check("extra", &name, json)?;
        self.fields.insert(name, compact(json).collect());
        Ok(())
    }

    /// Removes a field. Returns whether it was present.
    pub fn remove(&mut self, name: &str) -> bool {
        self.fields.remove(name).is_some()
    }

    /// Returns whether the field is present.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.fields.contains_key(name)
    }

    /// Returns the fields, by name, each with its value as JSON.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|(name, json)| (name.as_str(), json.as_str()))
    }

    /// Returns the number of fields.
    #[must_use]
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Returns whether there are no fields.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Adds a field of a response body, or replaces its value, and charges the memory limit for it.
    pub(super) fn keep<E: serde::de::Error>(&mut self, name: String, json: &RawValue) -> Result<(), E> {
        /// The maximum size of an entry of the map without its strings, in bytes.
        const ENTRY: usize = 4 * size_of::<(String, String)>();

        memory::require(ENTRY + name.len() + json.get().len())?;
        self.fields.insert(name, compact(json.get()).collect());
        Ok(())
    }

    pub(super) fn without(mut self, is_left_out: impl Fn(&str) -> bool) -> Self {
        self.fields.retain(|name, _| !is_left_out(name));
        self
    }

    /// Returns an error with the name of the field if a value is not JSON.
    pub(super) fn check(&self, argument: &str) -> Result<(), Error> {
        self.iter().try_for_each(|(name, json)| check(argument, name, json))
    }

    #[cfg(feature = "uniffi")]
    pub(crate) fn from_json_of_fields(fields: impl IntoIterator<Item = (String, String)>) -> Self {
        Extra { fields: fields.into_iter().collect() }
    }
}

fn check(argument: &str, name: &str, json: &str) -> Result<(), Error> {
    match serde_json::from_str::<&RawValue>(json) {
        Ok(_) => Ok(()),
        // Without the parser's own message, which may quote the value.
        Err(_) => Err(Error::invalid_argument(format!("{argument}.{}", one_line(name, 64)), "is not JSON")),
    }
}

/// Removes the white space around the tokens of JSON.
pub(crate) fn compact(json: &str) -> impl Iterator<Item = char> {
    let (mut in_string, mut is_escaped) = (false, false);
    json.chars().filter(move |&c| {
        let is_kept = in_string || !matches!(c, ' ' | '\t' | '\n' | '\r');
        in_string ^= c == '"' && !is_escaped;
        is_escaped = c == '\\' && in_string && !is_escaped;
        is_kept
    })
}

impl fmt::Debug for Extra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.fields.keys().map(|name| (name, format_args!("***")))).finish()
    }
}

impl PartialEq for Extra {
    fn eq(&self, other: &Self) -> bool {
        let same = |(name, json): (&str, &str)| {
            other.get_json(name).is_some_and(|theirs| {
                theirs == json || self.get(name).is_some_and(|value| other.get(name) == Some(value))
            })
        };
        self.len() == other.len() && self.iter().all(same)
    }
}

impl Eq for Extra {}

impl<N: Into<String>, V: Into<Value>> FromIterator<(N, V)> for Extra {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(fields: I) -> Self {
        let mut extra = Extra::new();
        fields.into_iter().for_each(|(name, value)| extra.insert(name, value));
        extra
    }
}

/// Writes a record of a request: its own fields, followed by those of its `Extra`.
pub(super) struct RecordWriter<'a, M> {
    map: M,
    extra: &'a Extra,
    written: Vec<&'static str>,
}

impl<'a, M: SerializeMap> RecordWriter<'a, M> {
    pub(super) fn new(map: M, extra: &'a Extra) -> Self {
        RecordWriter { map, extra, written: Vec::new() }
    }

    /// Writes a field if it is set.
    pub(super) fn optional<T: Serialize>(
        &mut self,
        name: &'static str,
        value: Option<&T>,
    ) -> Result<(), M::Error> {
        let Some(value) = value else { return Ok(()) };
        self.written.push(name);
        self.map.serialize_entry(name, value)
    }

    /// Writes a field that every record of this type has. An empty value counts as unset if `extra` has the field.
    pub(super) fn required(&mut self, name: &'static str, value: &str) -> Result<(), M::Error> {
        let is_set = !value.is_empty() || !self.extra.contains(name);
        self.optional(name, is_set.then_some(&value))
    }

    /// Writes the extra fields, without those that only the service sets.
    pub(super) fn end(mut self, is_read_only: impl Fn(&str) -> bool) -> Result<M::Ok, M::Error> {
        for (name, json) in self.extra.iter() {
            if !is_read_only(name) && !self.written.contains(&name) {
                let json: &RawValue = serde_json::from_str(json)
                    .map_err(|_| M::Error::custom(format_args!("{} is not JSON", one_line(name, 64))))?;
                self.map.serialize_entry(name, json)?;
            }
        }
        self.map.end()
    }
}

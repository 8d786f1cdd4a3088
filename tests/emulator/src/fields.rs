//! The fields of a request body. Reading an invalid field returns the error of the service.

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::errors::ServiceError;

/// The fields of a JSON object; null counts as absent.
pub(crate) struct Fields(Map<String, Value>);

impl Fields {
    pub(crate) fn new(object: Map<String, Value>) -> Self {
        Self(object)
    }

    fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    pub(crate) fn string(&self, name: &str) -> Result<Option<&str>, ServiceError> {
        self.get(name).map(|value| value.as_str().ok_or_else(|| wrong_type(name, "a string"))).transpose()
    }

    /// Returns a string that must be present and not blank.
    pub(crate) fn required_string(&self, name: &str) -> Result<&str, ServiceError> {
        self.string(name)?
            .filter(|value| !value.trim().is_empty())
            .ok_or_else(|| ServiceError::bad_field(name, "The field {fieldName} is required and missing."))
    }

    pub(crate) fn integer(&self, name: &str) -> Result<Option<i64>, ServiceError> {
        self.get(name).map(|value| value.as_i64().ok_or_else(|| wrong_type(name, "an integer"))).transpose()
    }

    pub(crate) fn date(&self, name: &str) -> Result<Option<Timestamp>, ServiceError> {
        self.string(name)?
            .map(|value| value.parse().map_err(|_| ServiceError::invalid_date(name, value)))
            .transpose()
    }

    pub(crate) fn strings(&self, name: &str) -> Result<Vec<String>, ServiceError> {
        self.list(name)?
            .iter()
            .map(|value| {
                value.as_str().map(str::to_owned).ok_or_else(|| wrong_type(name, "a list of strings"))
            })
            .collect()
    }

    pub(crate) fn objects(&self, name: &str) -> Result<Vec<Self>, ServiceError> {
        self.list(name)?
            .iter()
            .map(|value| {
                value
                    .as_object()
                    .map(|object| Self(object.clone()))
                    .ok_or_else(|| wrong_type(name, "a list of objects"))
            })
            .collect()
    }

    fn list(&self, name: &str) -> Result<&[Value], ServiceError> {
        match self.get(name) {
            None => Ok(&[]),
            Some(value) => value.as_array().map(Vec::as_slice).ok_or_else(|| wrong_type(name, "a list")),
        }
    }
}

fn wrong_type(name: &str, expected: &str) -> ServiceError {
    ServiceError::bad_field(name, "The field {fieldName} must be {expected}.").param("expected", expected)
}

/// Returns the value with the given name, or the service's error if no value has that name.
pub(crate) fn parse_one_of<T: Copy>(
    name: &str,
    given: &str,
    values: &[(&'static str, T)],
) -> Result<T, ServiceError> {
    values.iter().find(|(known, _)| *known == given).map(|(_, value)| *value).ok_or_else(|| {
        let allowed: Vec<&str> = values.iter().map(|(known, _)| *known).collect();
        ServiceError::invalid_value(name, given, &allowed)
    })
}

/// Returns the name of a value.
pub(crate) fn name_of<T: Copy + PartialEq>(value: T, values: &[(&'static str, T)]) -> &'static str {
    values.iter().find(|(_, known)| *known == value).map_or("", |(name, _)| name)
}

//! Fields of models, which need not have a value.

use std::collections::HashMap;
use std::hash::Hash;

use super::Readable;

/// The type of a field, which defines the default of a value that was absent or unreadable.
pub(crate) trait Field: Sized {
    type Value: Readable;

    fn from_readable(value: Option<Self::Value>) -> Self;

    /// Passes each string in the field to `change`.
    fn for_each_string(&mut self, change: &mut dyn FnMut(&mut String));

    /// Returns `Readable::is_identified` of the value; false for an absent value.
    fn is_identified(&self) -> bool;
}

impl<T: Readable> Field for Option<T> {
    type Value = T;

    fn is_identified(&self) -> bool {
        self.as_ref().is_some_and(T::is_identified)
    }

    fn from_readable(value: Option<T>) -> Self {
        value
    }

    fn for_each_string(&mut self, change: &mut dyn FnMut(&mut String)) {
        self.iter_mut().for_each(|value| value.for_each_string(change));
    }
}

impl Field for String {
    type Value = String;

    fn is_identified(&self) -> bool {
        Readable::is_identified(self)
    }

    fn from_readable(value: Option<String>) -> Self {
        value.unwrap_or_default()
    }

    fn for_each_string(&mut self, change: &mut dyn FnMut(&mut String)) {
        Readable::for_each_string(self, change);
    }
}

impl<T: Readable> Field for Vec<T> {
    type Value = Vec<T>;

    fn is_identified(&self) -> bool {
        true
    }

    fn from_readable(value: Option<Vec<T>>) -> Self {
        value.unwrap_or_default()
    }

    fn for_each_string(&mut self, change: &mut dyn FnMut(&mut String)) {
        Readable::for_each_string(self, change);
    }
}

impl<K: Readable + Clone + Eq + Hash, V: Readable> Field for HashMap<K, V> {
    type Value = HashMap<K, V>;

    fn is_identified(&self) -> bool {
        true
    }

    fn from_readable(value: Option<HashMap<K, V>>) -> Self {
        value.unwrap_or_default()
    }

    fn for_each_string(&mut self, change: &mut dyn FnMut(&mut String)) {
        Readable::for_each_string(self, change);
    }
}

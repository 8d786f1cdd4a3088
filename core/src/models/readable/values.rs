//! The values of which the fields of models are made.

use std::collections::HashMap;
use std::hash::Hash;

use serde::de::{MapAccess, SeqAccess};

use super::reader::{Any, Read};
use super::{Lack, Readable, Reading};
use crate::models::memory;

impl Readable for String {
    fn from_string(string: &str) -> Option<Self> {
        memory::charge(string.len()).then(|| string.to_owned())
    }

    fn from_integer(integer: i64) -> Option<Self> {
        Some(integer.to_string())
    }

    fn is_written_as_integer(&self) -> bool {
        false
    }

    fn for_each_string(&mut self, change: &mut dyn FnMut(&mut String)) {
        change(self);
    }

    fn is_identified(&self) -> bool {
        !self.is_empty()
    }
}

impl Readable for i64 {
    fn from_integer(integer: i64) -> Option<Self> {
        Some(integer)
    }

    fn from_string(string: &str) -> Option<Self> {
        string.parse().ok()
    }

    fn is_written_as_string(&self, _string: &str) -> bool {
        false
    }
}

impl Readable for i32 {
    fn from_integer(integer: i64) -> Option<Self> {
        i32::try_from(integer).ok()
    }

    fn from_string(string: &str) -> Option<Self> {
        string.parse().ok()
    }

    fn is_written_as_string(&self, _string: &str) -> bool {
        false
    }
}

impl Readable for bool {
    fn from_boolean(boolean: bool) -> Option<Self> {
        Some(boolean)
    }
}

impl Readable for crate::Secret {
    fn from_string(string: &str) -> Option<Self> {
        (!string.is_empty() && memory::charge(string.len())).then(|| crate::Secret::new(string))
    }

    fn from_integer(integer: i64) -> Option<Self> {
        Some(crate::Secret::new(integer.to_string()))
    }

    fn is_written_as_integer(&self) -> bool {
        false
    }
}

impl<T: Readable> Readable for Vec<T> {
    fn from_list<'de, A: SeqAccess<'de>>(
        mut list: A,
        complete: Option<&'static str>,
        reading: &mut Reading,
    ) -> Result<Option<Self>, A::Error> {
        let mut values = Vec::new();
        let mut index = 0;
        while let Some(value) = list.next_element_seed(Any(Read::<T>::new(reading)))? {
            if let Some(name) = complete
                && !value.as_ref().is_some_and(T::is_identified)
            {
                reading.lacks(|| Lack::Part {
                    place: format!("{name}[{index}]"),
                    fault: T::identity()
                        .map_or("is not an object".to_owned(), |identity| format!("has no {identity}")),
                });
            }
            // An element that is null is dropped.
            reading.is_inexact |= value.is_none();
            if values.len() == values.capacity() {
                let more = values.len().max(4);
                memory::require(more * size_of::<T>())?;
                values.reserve_exact(more);
            }
            values.extend(value);
            index += 1;
        }
        Ok(Some(values))
    }

    fn for_each_string(&mut self, change: &mut dyn FnMut(&mut String)) {
        self.iter_mut().for_each(|value| value.for_each_string(change));
    }
}

impl<K: Readable + Clone + Eq + Hash, V: Readable> Readable for HashMap<K, V> {
    fn from_object<'de, A: MapAccess<'de>>(
        mut object: A,
        reading: &mut Reading,
    ) -> Result<Option<Self>, A::Error> {
        let mut values = HashMap::new();
        while let Some(key) = object.next_key_seed(Any(Read::<K>::new(reading)))? {
            let value = object.next_value_seed(Any(Read::<V>::new(reading)))?;
            // A hash table doubles when it is full, and the old table is freed only after its entries were moved.
            memory::require(3 * size_of::<(K, V)>())?;
            values.extend(key.zip(value));
        }
        Ok(Some(values))
    }

    /// Passes each string to `change`, and removes entries whose key is changed: it could overwrite another entry.
    fn for_each_string(&mut self, change: &mut dyn FnMut(&mut String)) {
        self.retain(|key, value| {
            let mut is_kept = true;
            let mut changed = key.clone();
            changed.for_each_string(&mut |string| {
                let before = string.clone();
                change(string);
                is_kept &= *string == before;
            });
            value.for_each_string(change);
            is_kept
        });
    }
}

//! Answers written in uniffi's form straight from their JSON.
//!
//! Reading one into a model first and writing that again takes several times as long: each text and list of the model
//! is a piece of memory of its own, which is freed as soon as it is written.

use std::collections::HashMap;
use std::marker::PhantomData;
use std::mem;
use std::ops::Range;
use std::str;

use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use uniffi::metadata::MetadataBuffer;
use uniffi::{Handle, Lift, Lower, LowerReturn, RustBuffer, RustCallError, TypeId};

use crate::UniFfiTag;
use crate::call;
use crate::ffi::ResponseMetadata;
use crate::models::{Any, MOST_FIELDS, Model, Name, Readable, Reader, Rule, Timestamp, Unreadable, memory};
use crate::operation::Operation;
use crate::secret::Secret;
use crate::transport::Returned;

/// A value of type `T` as uniffi hands it to the other language.
pub(crate) struct Lowered<T> {
    value: Value,
    metadata: Option<ResponseMetadata>,
    of: PhantomData<fn() -> T>,
}

enum Value {
    Written(Written),
    /// A model, which frees what it holds as long as it is not written.
    Model(Write),
}

/// Writes a value in uniffi's form.
type Write = Box<dyn FnOnce(&mut Vec<u8>) + Send>;

impl<T> Lowered<T> {
    fn new(value: Value) -> Self {
        Lowered { value, metadata: None, of: PhantomData }
    }

    /// The record that has this value in its first field and the metadata in its second.
    pub(crate) fn and<R>(self, metadata: ResponseMetadata) -> Lowered<R> {
        Lowered { value: self.value, metadata: Some(metadata), of: PhantomData }
    }

    fn into_bytes(self) -> Vec<u8> {
        let mut bytes = match self.value {
            Value::Written(written) => written.into_bytes(),
            Value::Model(write) => {
                let mut bytes = Vec::new();
                write(&mut bytes);
                bytes
            }
        };
        if let Some(metadata) = self.metadata {
            Lower::<UniFfiTag>::write(metadata, &mut bytes);
        }
        bytes
    }
}

impl<M: Model + Shaped + Lower<UniFfiTag>> Returned for Lowered<M> {
    fn read(operation: &Operation, body: &[u8]) -> Result<Self, Unreadable> {
        // What the model finds missing can only be asked of the model.
        let in_one_go = if M::LACKS.is_none() { transcribed::<M>(body) } else { None };
        match in_one_go {
            Some(written) => Ok(Lowered::new(Value::Written(written))),
            None => M::read(operation, body).map(|model| {
                Lowered::new(Value::Model(Box::new(move |bytes| Lower::<UniFfiTag>::write(model, bytes))))
            }),
        }
    }
}

impl<M: Model + Shaped + Lower<UniFfiTag>> call::Value for Lowered<M> {
    type Read = Self;

    fn from_read(read: Self) -> Self {
        read
    }
}

impl<T: TypeId<UniFfiTag>> TypeId<UniFfiTag> for Lowered<T> {
    const TYPE_ID_META: MetadataBuffer = T::TYPE_ID_META;
}

// SAFETY: it holds what `T` writes, and the type is that of `T`.
unsafe impl<T> LowerReturn<UniFfiTag> for Lowered<T> {
    type ReturnType = RustBuffer;

    fn lower_return(lowered: Self) -> Result<RustBuffer, RustCallError> {
        Ok(RustBuffer::from_vec(lowered.into_bytes()))
    }
}

/// Values in uniffi's form, and the handles of the secrets among them, which are to be freed if nobody gets them.
#[derive(Default)]
pub(crate) struct Written {
    bytes: Vec<u8>,
    secrets: Vec<Handle>,
    /// For records whose fields come in another order.
    sorted: Vec<u8>,
}

impl Written {
    fn of(value: impl Lower<UniFfiTag>) -> Self {
        let mut written = Written::default();
        written.put(value);
        written
    }

    fn into_bytes(mut self) -> Vec<u8> {
        self.secrets.clear();
        mem::take(&mut self.bytes)
    }

    fn put(&mut self, value: impl Lower<UniFfiTag>) {
        Lower::write(value, &mut self.bytes);
    }

    fn put_secret(&mut self, secret: Secret) {
        let handle = <Secret as Lower<UniFfiTag>>::lower(secret);
        self.put(handle.as_raw());
        self.secrets.push(handle);
    }

    fn put_text(&mut self, text: &str) {
        self.bytes.extend(length(text.len()));
        self.bytes.extend_from_slice(text.as_bytes());
    }
}

/// A length or a number of items, as uniffi has it.
fn length(length: usize) -> [u8; 4] {
    // A body has fewer bytes than that: see `transcribed`.
    i32::try_from(length).unwrap_or(i32::MAX).to_be_bytes()
}

impl Drop for Written {
    fn drop(&mut self) {
        for handle in self.secrets.drain(..) {
            drop(<Secret as Lift<UniFfiTag>>::try_lift(handle));
        }
    }
}

/// How a type is written in uniffi's form.
#[derive(Clone, Copy)]
pub(crate) enum Shape {
    /// As one value. Says whether it could be read.
    Value(fn(Scalar<'_>, &mut Written) -> bool),
    /// As a flag, and the value if there is one.
    Optional(fn() -> Shape),
    /// As the number of its items, and these.
    List(fn() -> Shape),
    /// As the number of its entries, and each one's key and value.
    Map(fn() -> Shape, fn() -> Shape),
    /// As one field after the other.
    Record(&'static [Field]),
}

impl Shape {
    pub(crate) fn value<T: Readable + Lower<UniFfiTag>>() -> Self {
        Shape::Value(|scalar, written| scalar.read::<T>().map(|value| written.put(value)).is_some())
    }

    /// What stands for a value that is not there: no value, or no items, or no letters.
    fn absent(&self) -> &'static [u8] {
        match self {
            Shape::Optional(_) => &[0],
            _ => &[0; 4],
        }
    }
}

/// A field of a record, by its name in JSON.
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) shape: fn() -> Shape,
    pub(crate) rule: Rule,
}

impl AsRef<str> for Field {
    fn as_ref(&self) -> &str {
        self.name
    }
}

/// A type that a model may be made of.
pub(crate) trait Shaped {
    fn shape() -> Shape;
}

/// A value of JSON that is neither a list nor an object.
pub(crate) enum Scalar<'a> {
    Text(&'a str),
    Integer(i64),
    Flag(bool),
}

impl Scalar<'_> {
    fn read<T: Readable>(self) -> Option<T> {
        match self {
            Scalar::Text(text) => T::from_text(text),
            Scalar::Integer(integer) => T::from_integer(integer),
            Scalar::Flag(flag) => T::from_flag(flag),
        }
    }
}

impl Shaped for String {
    fn shape() -> Shape {
        Shape::Value(|scalar, written| match scalar {
            Scalar::Text(text) => {
                written.put_text(text);
                true
            }
            other => other.read::<String>().map(|text| written.put_text(&text)).is_some(),
        })
    }
}

impl Shaped for Secret {
    fn shape() -> Shape {
        Shape::Value(|scalar, written| scalar.read().map(|secret| written.put_secret(secret)).is_some())
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

/// What stands in the JSON of a body, written as the model would be. Nothing where there is any doubt about it, or where
/// a requirement of the model is not met: then the model has to be read, which finds what can be saved, or says what is
/// wrong.
fn transcribed<M: Default + Shaped + Lower<UniFfiTag>>(body: &[u8]) -> Option<Written> {
    i32::try_from(body.len()).ok()?;
    let mut json = serde_json::Deserializer::from_str(str::from_utf8(body).ok()?);
    let mut written = Written::default();
    written.bytes.reserve(body.len());
    let found = Any(Transcriber::new(M::shape(), &mut written)).deserialize(&mut json).ok()?;
    json.end().ok()?;
    // Where nothing is found, it may be another object altogether.
    (found.is_written() && written.bytes != Written::of(M::default()).bytes).then_some(written)
}

/// What was found in place of a value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Found {
    Null,
    Unreadable,
    /// A value that does not say what it stands for: an empty string, or a record without its identity.
    Unidentified,
    Identified,
}

impl Found {
    fn is_written(self) -> bool {
        matches!(self, Found::Unidentified | Found::Identified)
    }
}

/// Writes a value and returns what was found; nothing is written unless that is a value.
struct Transcriber<'a> {
    shape: Shape,
    /// A list must not lose an element.
    complete: bool,
    written: &'a mut Written,
}

impl<'a> Transcriber<'a> {
    fn new(shape: Shape, written: &'a mut Written) -> Self {
        Transcriber { shape, complete: false, written }
    }
}

impl<'de> Reader<'de> for Transcriber<'_> {
    type Output = Found;

    fn null(self) -> Found {
        Found::Null
    }

    fn nothing(self) -> Found {
        Found::Unreadable
    }

    fn text(self, text: &str) -> Found {
        match self.scalar(Scalar::Text(text)) {
            Found::Identified if text.is_empty() => Found::Unidentified,
            found => found,
        }
    }

    fn integer(self, integer: i64) -> Found {
        self.scalar(Scalar::Integer(integer))
    }

    fn flag(self, flag: bool) -> Found {
        self.scalar(Scalar::Flag(flag))
    }

    fn list<A: SeqAccess<'de>>(self, mut list: A) -> Result<Found, A::Error> {
        let Transcriber { shape: Shape::List(item), complete, written } = self else {
            return IgnoredAny.visit_seq(list).map(|_| Found::Unreadable);
        };
        let begin = written.bytes.len();
        written.bytes.extend(length(0));
        let mut count = 0;
        while let Some(found) = list.next_element_seed(Any(Transcriber::new(item(), written)))? {
            if complete && found != Found::Identified {
                return Err(A::Error::custom("an element of a list can't be read"));
            }
            count += usize::from(found.is_written());
            memory::require_length(written.bytes.len())?;
        }
        written.bytes[begin..begin + 4].copy_from_slice(&length(count));
        Ok(Found::Identified)
    }

    fn object<A: MapAccess<'de>>(self, object: A) -> Result<Found, A::Error> {
        match self.shape {
            Shape::Record(fields) => self.written.put_record(fields, object),
            Shape::Map(key, value) => {
                self.written.put_map(key(), value(), object).map(|()| Found::Identified)
            }
            _ => IgnoredAny.visit_map(object).map(|_| Found::Unreadable),
        }
    }
}

impl Transcriber<'_> {
    fn scalar(self, scalar: Scalar<'_>) -> Found {
        match self.shape {
            Shape::Value(put) if put(scalar, self.written) => Found::Identified,
            _ => Found::Unreadable,
        }
    }
}

impl Written {
    fn put_map<'de, A: MapAccess<'de>>(
        &mut self,
        key: Shape,
        value: Shape,
        mut object: A,
    ) -> Result<(), A::Error> {
        let begin = self.bytes.len();
        self.bytes.extend(length(0));
        let mut count = 0;
        loop {
            let entry = self.bytes.len();
            match object.next_key_seed(Any(Transcriber::new(key, self)))? {
                None => break,
                Some(found_key) => {
                    let found_value = object.next_value_seed(Any(Transcriber::new(value, self)))?;
                    memory::require_length(self.bytes.len())?;
                    if found_key.is_written() && found_value.is_written() {
                        count += 1;
                    } else {
                        self.bytes.truncate(entry);
                    }
                }
            }
        }
        self.bytes[begin..begin + 4].copy_from_slice(&length(count));
        Ok(())
    }

    /// The fields stand in the order of the record here, and in any order in the object. A requirement that is not met
    /// is an error.
    fn put_record<'de, A: MapAccess<'de>>(
        &mut self,
        fields: &'static [Field],
        mut object: A,
    ) -> Result<Found, A::Error> {
        let mut places = [const { 0..0 }; MOST_FIELDS];
        let mut met = [false; MOST_FIELDS];
        let mut next = 0;
        let mut identity = None;
        // The first field that came too late, and where it should have stood.
        let mut late: Option<(usize, usize)> = None;
        while let Some(index) = object.next_key_seed(Name { names: fields, next })? {
            let Some(index) = index else {
                object.next_value::<IgnoredAny>()?;
                continue;
            };
            if mem::replace(&mut met[index], true) {
                return Err(A::Error::custom("a field stands twice"));
            }
            if index < next {
                let place = (index, places[index].start);
                late = Some(late.map_or(place, |first| first.min(place)));
            } else {
                self.put_absent(&fields[next..index], &mut places[next..index]);
                next = index + 1;
            }
            let begin = self.bytes.len();
            let found = self.put_field(&fields[index], &mut object)?;
            places[index] = begin..self.bytes.len();
            memory::require_length(self.bytes.len())?;
            if fields[index].rule.identity {
                identity = Some(found);
            }
        }
        if fields.iter().zip(met).any(|(field, met)| field.rule.required && !met) {
            return Err(A::Error::custom("a required field is absent"));
        }
        self.put_absent(&fields[next..], &mut places[next..]);
        if let Some((first, begin)) = late {
            self.sort(begin, &places[first..fields.len()]);
        }
        Ok(match identity {
            Some(Found::Identified) => Found::Identified,
            None if !fields.iter().any(|field| field.rule.identity) => Found::Identified,
            _ => Found::Unidentified,
        })
    }

    /// Writes what stands for fields that were skipped, and says where.
    fn put_absent(&mut self, skipped: &[Field], places: &mut [Range<usize>]) {
        for (field, place) in skipped.iter().zip(places) {
            let begin = self.bytes.len();
            self.bytes.extend_from_slice((field.shape)().absent());
            *place = begin..self.bytes.len();
        }
    }

    /// Leaves of what is written from here on what is in these places, in their order.
    fn sort(&mut self, begin: usize, places: &[Range<usize>]) {
        self.sorted.clear();
        for place in places {
            self.sorted.extend_from_slice(&self.bytes[place.clone()]);
        }
        self.bytes.truncate(begin);
        self.bytes.extend_from_slice(&self.sorted);
    }

    /// The value that comes next, or what stands for one that can't be read.
    fn put_field<'de, A: MapAccess<'de>>(
        &mut self,
        field: &Field,
        object: &mut A,
    ) -> Result<Found, A::Error> {
        let Rule { required, complete, .. } = field.rule;
        let shape = (field.shape)();
        let begin = self.bytes.len();
        let value = match shape {
            Shape::Optional(value) => {
                self.bytes.push(1);
                value()
            }
            shape => shape,
        };
        let found = object.next_value_seed(Any(Transcriber { shape: value, complete, written: self }))?;
        if (required && found != Found::Identified) || (complete && found == Found::Unreadable) {
            return Err(A::Error::custom("a required field can't be read"));
        }
        if !found.is_written() {
            self.bytes.truncate(begin);
            self.bytes.extend_from_slice(shape.absent());
        }
        Ok(found)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::models::{
        ApiUsageQueryResult, OAuthAuthorizationListing, OAuthClient, OAuthClientEntityListing,
        OAuthScopeListing, decode,
    };

    /// Whatever stands in a body: if it is transcribed, it is as if its model had been read.
    pub(crate) fn assert_other_languages_read_the_same<M>(body: &[u8])
    where
        M: Model + Shaped + Lower<UniFfiTag> + Lift<UniFfiTag> + std::fmt::Debug,
    {
        if let Some(written) = transcribed::<M>(body) {
            let buffer = RustBuffer::from_vec(written.into_bytes());
            let lifted = M::try_lift_from_rust_buffer(buffer).expect("uniffi's form");
            assert_eq!(lifted, decode::<M>(body).expect("a model"));
        }
    }

    fn is_transcribed<M: Model + Shaped + Lower<UniFfiTag>>(body: &str) -> bool {
        transcribed::<M>(body.as_bytes()).is_some()
    }

    #[test]
    fn what_the_service_sends_needs_no_model_in_between() {
        let in_order =
            r#"{"id": "c1", "name": "Wien", "secret": "hq3KpZ0v", "dateCreated": "2026-03-01T08:30:00Z"}"#;
        let in_another =
            r#"{"secret": "hq3KpZ0v", "scope": ["users"], "state": "new", "name": "Wien", "id": "c1"}"#;
        let with_more =
            r#"{"id": "c1", "color": {"of": ["the", 1]}, "createdBy": null, "name": 7, "roleIds": [7, {}]}"#;
        for client in [in_order, in_another, with_more] {
            assert!(is_transcribed::<OAuthClient>(client), "{client}");
            assert_other_languages_read_the_same::<OAuthClient>(client.as_bytes());
            let listing = format!(r#"{{"total": 1, "entities": [{client}, {client}], "pageSize": 25}}"#);
            assert!(is_transcribed::<OAuthClientEntityListing>(&listing), "{listing}");
            assert_other_languages_read_the_same::<OAuthClientEntityListing>(listing.as_bytes());
        }
    }

    #[test]
    fn complete_listings_and_results_need_no_model_in_between() {
        let authorizations =
            r#"{"entities": [{"client": {"id": "c1"}}, {"state": "new", "client": {"id": "c2"}}]}"#;
        assert!(is_transcribed::<OAuthAuthorizationListing>(authorizations));
        assert!(is_transcribed::<OAuthScopeListing>(r#"{"entities": [{"id": "users"}], "total": 1}"#));
        assert!(is_transcribed::<OAuthClientEntityListing>(r#"{"entities": [], "total": 0}"#));
        for rows in [r#""results": [{"requests": 7}, {}],"#, r#""results": null,"#, ""] {
            assert!(is_transcribed::<ApiUsageQueryResult>(&format!(
                r#"{{{rows} "queryStatus": "Complete"}}"#
            )));
        }
    }

    #[test]
    fn whatever_is_in_doubt_is_left_to_the_model() {
        let two_names = r#"{"id": "c1", "name": "Wien", "name": "Graz"}"#;
        let half_a_pair = r#"{"id": "c1", "name": "\ud83d"}"#;
        for body in [
            "",
            "[]",
            "null",
            "{}",
            r#"{"ids": 1}"#,
            r#"{"id": "c1"} {}"#,
            r#"{"id": "c1""#,
            two_names,
            half_a_pair,
        ] {
            assert!(!is_transcribed::<OAuthClient>(body), "{body}");
        }
    }

    #[test]
    fn a_secret_that_nobody_gets_is_freed() {
        let body = json!({ "entities": [{ "id": "c1", "secret": "hq3KpZ0v" }] }).to_string();
        let written = transcribed::<OAuthClientEntityListing>(body.as_bytes()).expect("a listing");
        // SAFETY: the handle is that of a secret, which is still there.
        let secret: Arc<Secret> = unsafe { written.secrets[0].clone().into_arc_borrowed() };
        assert_eq!(Arc::strong_count(&secret), 2);
        drop(written);
        assert_eq!(Arc::strong_count(&secret), 1);
    }

    #[test]
    fn the_metadata_stands_behind_the_value() {
        let value = "Wien".to_owned();
        let metadata = ResponseMetadata::from(crate::ResponseMetadata::default());
        let beside =
            Lowered::<String>::new(Value::Written(Written::of(value.clone()))).and::<()>(metadata.clone());
        assert_eq!(
            beside.into_bytes(),
            [Written::of(value).bytes.clone(), Written::of(metadata).bytes.clone()].concat()
        );
    }
}

//! Transcodes the JSON of responses directly into uniffi's wire format.
//!
//! Reading a model and writing that takes several times as long: each string and list of the model is a separate
//! allocation, which is freed as soon as it is written.

use std::collections::HashMap;
use std::marker::PhantomData;
use std::mem;
use std::ops::Range;
use std::str;

use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use uniffi::metadata::MetadataBuffer;
use uniffi::{Handle, Lift, Lower, LowerReturn, RustBuffer, RustCallError, TypeId};

use crate::UniFfiTag;
use crate::call;
use crate::ffi::ResponseMetadata;
use crate::models::{
    Any, Key, MAX_FIELDS, Model, Name, Readable, Reader, Rule, Timestamp, Unreadable, compact, memory,
};
use crate::operation::Operation;
use crate::secret::Secret;
use crate::transport::Returned;

/// A value of type `T` that is lowered to the other language, as bytes or as a model still to be written.
pub(crate) struct Lowered<T> {
    value: Value,
    metadata: Option<ResponseMetadata>,
    lowers: PhantomData<fn() -> T>,
}

enum Value {
    Written(Written),
    /// A model that is written later. If it never is, dropping it frees everything that it holds.
    Model(Write),
}

/// Writes a value in uniffi's wire format.
type Write = Box<dyn FnOnce(&mut Vec<u8>) + Send>;

impl<T> Lowered<T> {
    fn new(value: Value) -> Self {
        Lowered { value, metadata: None, lowers: PhantomData }
    }

    /// Returns the record whose first field is this value and whose second field is the metadata.
    pub(crate) fn with_metadata<R>(self, metadata: ResponseMetadata) -> Lowered<R> {
        Lowered { value: self.value, metadata: Some(metadata), lowers: PhantomData }
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
        // `LACKS` needs the model itself.
        let written = if M::LACKS.is_none() { transcribe::<M>(body) } else { None };
        match written {
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

// SAFETY: uniffi requires that `TYPE_ID_META` describes the returned buffer. It is that of `T`, and the buffer holds
// the bytes that `Lower::write` of a `T` writes: they come from that function, or from a transcription that the tests
// compare with it (`assert_other_languages_read_the_same`).
unsafe impl<T> LowerReturn<UniFfiTag> for Lowered<T> {
    type ReturnType = RustBuffer;

    fn lower_return(lowered: Self) -> Result<RustBuffer, RustCallError> {
        Ok(RustBuffer::from_vec(lowered.into_bytes()))
    }
}

/// Values in uniffi's wire format, and the handles of the secrets among them, which are freed if the bytes are never
/// passed on.
#[derive(Default)]
pub(crate) struct Written {
    bytes: Vec<u8>,
    secrets: Vec<Handle>,
    /// A buffer that `sort` reuses for records whose fields come in another order.
    sorted: Vec<u8>,
}

impl Written {
    fn from_value(value: impl Lower<UniFfiTag>) -> Self {
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

    fn put_string(&mut self, string: &str) {
        self.bytes.extend(length(string.len()));
        self.bytes.extend_from_slice(string.as_bytes());
    }
}

/// Encodes a length or a number of items.
fn length(length: usize) -> [u8; 4] {
    // Never saturates: `transcribe` refuses a body whose length does not fit into an `i32`.
    i32::try_from(length).unwrap_or(i32::MAX).to_be_bytes()
}

impl Drop for Written {
    fn drop(&mut self) {
        for handle in self.secrets.drain(..) {
            drop(<Secret as Lift<UniFfiTag>>::try_lift(handle));
        }
    }
}

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
    fn absent(&self) -> &'static [u8] {
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

/// Transcodes the JSON of a body to the bytes that the model would be written as. Returns `None` if the result might
/// differ from the model's, or if a requirement of the model is not met: then the model must be read, which recovers
/// what it can or reports the fault.
fn transcribe<M: Default + Shaped + Lower<UniFfiTag>>(body: &[u8]) -> Option<Written> {
    i32::try_from(body.len()).ok()?;
    let mut json = serde_json::Deserializer::from_str(str::from_utf8(body).ok()?);
    let mut written = Written::default();
    written.bytes.reserve(body.len());
    let shape = M::shape();
    let found = Any(Transcriber::new(shape, &mut written)).deserialize(&mut json).ok()?;
    json.end().ok()?;
    // If no known field was found, the body may be an entirely different object.
    let blank = Written::from_value(M::default());
    let is_blank = match shape {
        Shape::Record { has_extra: true, .. } => {
            let fields = blank.bytes.strip_suffix(&length(0)).unwrap_or(&blank.bytes);
            written.bytes.starts_with(fields)
        }
        _ => written.bytes == blank.bytes,
    };
    (found.is_written() && !is_blank).then_some(written)
}

/// The kind of value that was found in the JSON.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Found {
    Null,
    Unreadable,
    /// A value that can't identify a record: an empty string, or a record without its identity.
    Unidentified,
    Identified,
}

impl Found {
    fn is_written(self) -> bool {
        matches!(self, Found::Unidentified | Found::Identified)
    }
}

/// Transcodes one value and returns the kind of value that was found. A value that can't be read adds no bytes, unless
/// the whole transcription fails because of it.
struct Transcriber<'a> {
    shape: Shape,
    /// True if every element of the list must be readable and identified.
    complete: bool,
    /// True if a value that a request would write differently from how the service sent it is an error.
    exact: bool,
    written: &'a mut Written,
}

impl<'a> Transcriber<'a> {
    fn new(shape: Shape, written: &'a mut Written) -> Self {
        Transcriber { shape, complete: false, exact: false, written }
    }
}

impl<'de> Reader<'de> for Transcriber<'_> {
    type Output = Found;

    fn null(self) -> Found {
        Found::Null
    }

    fn unsupported_number(self) -> Found {
        Found::Unreadable
    }

    fn whole_number(self, integer: i64) -> Found {
        match self.exact {
            true => Found::Unreadable,
            false => self.integer(integer),
        }
    }

    fn string(self, string: &str) -> Found {
        match self.scalar(Scalar::String(string)) {
            Found::Identified if string.is_empty() => Found::Unidentified,
            found => found,
        }
    }

    fn integer(self, integer: i64) -> Found {
        self.scalar(Scalar::Integer(integer))
    }

    fn boolean(self, boolean: bool) -> Found {
        self.scalar(Scalar::Boolean(boolean))
    }

    fn list<A: SeqAccess<'de>>(self, mut list: A) -> Result<Found, A::Error> {
        let Transcriber { shape: Shape::List(item), complete, exact, written } = self else {
            return IgnoredAny.visit_seq(list).map(|_| Found::Unreadable);
        };
        let begin = written.bytes.len();
        written.bytes.extend(length(0));
        let mut count = 0;
        while let Some(found) =
            list.next_element_seed(Any(Transcriber { shape: item(), complete: false, exact, written }))?
        {
            if (complete && found != Found::Identified) || (exact && !found.is_written()) {
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
            Shape::Record { fields, has_extra } => self.written.put_record(fields, has_extra, object),
            Shape::Map(key, value) => {
                self.written.put_map(key(), value(), object).map(|()| Found::Identified)
            }
            _ => IgnoredAny.visit_map(object).map(|_| Found::Unreadable),
        }
    }
}

impl Transcriber<'_> {
    fn scalar(self, scalar: Scalar<'_>) -> Found {
        let Shape::Value(put) = self.shape else { return Found::Unreadable };
        match put(scalar, self.written) {
            Read::Exactly => Found::Identified,
            Read::Converted if !self.exact => Found::Identified,
            Read::Converted | Read::No => Found::Unreadable,
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

    /// Writes the fields in the order of the record, whatever their order in the object. A requirement that is not met
    /// is an error; so is, in a record with extra fields, a field that is not read exactly.
    fn put_record<'de, A: MapAccess<'de>>(
        &mut self,
        fields: &'static [ShapeField],
        has_extra: bool,
        mut object: A,
    ) -> Result<Found, A::Error> {
        let mut extra = Extra::default();
        let mut places = [const { 0..0 }; MAX_FIELDS];
        let mut met = [false; MAX_FIELDS];
        let mut next = 0;
        let mut identity = None;
        // The first field that came too late, by its index, and the position at which it should have been written.
        let mut late: Option<(usize, usize)> = None;
        while let Some(key) = object.next_key_seed(Name { names: fields, next, keeps_unknown: has_extra })? {
            let index = match key {
                Key::Known(index) => index,
                Key::Unknown(name) if has_extra => {
                    extra.put(&name, object.next_value()?);
                    memory::require_length(self.bytes.len() + extra.written.bytes.len())?;
                    continue;
                }
                Key::Unknown(_) => {
                    object.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            if mem::replace(&mut met[index], true) {
                return Err(A::Error::custom("a field is duplicated"));
            }
            if index < next {
                let place = (index, places[index].start);
                late = Some(late.map_or(place, |first| first.min(place)));
            } else {
                self.put_absent(&fields[next..index], &mut places[next..index]);
                next = index + 1;
            }
            let begin = self.bytes.len();
            let found = self.put_field(&fields[index], has_extra, &mut object)?;
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
        if has_extra {
            self.bytes.extend(length(extra.count));
            self.bytes.extend_from_slice(&extra.written.bytes);
        }
        Ok(match identity {
            Some(Found::Identified) => Found::Identified,
            None if !fields.iter().any(|field| field.rule.identity) => Found::Identified,
            _ => Found::Unidentified,
        })
    }

    /// Writes the encodings of absent values for skipped fields, and stores their positions.
    fn put_absent(&mut self, skipped: &[ShapeField], places: &mut [Range<usize>]) {
        for (field, place) in skipped.iter().zip(places) {
            let begin = self.bytes.len();
            self.bytes.extend_from_slice((field.shape)().absent());
            *place = begin..self.bytes.len();
        }
    }

    /// Replaces the bytes from `begin` on by those of the given ranges, in the order of the ranges.
    fn sort(&mut self, begin: usize, places: &[Range<usize>]) {
        self.sorted.clear();
        for place in places {
            self.sorted.extend_from_slice(&self.bytes[place.clone()]);
        }
        self.bytes.truncate(begin);
        self.bytes.extend_from_slice(&self.sorted);
    }

    /// Writes the next value, or the encoding of an absent value if it can't be read.
    fn put_field<'de, A: MapAccess<'de>>(
        &mut self,
        field: &ShapeField,
        has_extra: bool,
        object: &mut A,
    ) -> Result<Found, A::Error> {
        let Rule { required, complete, read_only, .. } = field.rule;
        let shape = (field.shape)();
        let begin = self.bytes.len();
        let value = match shape {
            Shape::Optional(value) => {
                self.bytes.push(1);
                value()
            }
            shape => shape,
        };
        let exact = has_extra && !read_only;
        let found =
            object.next_value_seed(Any(Transcriber { shape: value, complete, exact, written: self }))?;
        if has_extra && found == Found::Unreadable {
            return Err(A::Error::custom("the JSON of a field must be kept"));
        }
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

/// The fields of an object that its record does not know, written as a map.
#[derive(Default)]
struct Extra {
    count: usize,
    written: Written,
}

impl Extra {
    /// Adds a field. Of duplicate fields, the other language keeps the last.
    fn put(&mut self, name: &str, json: &RawValue) {
        self.count += 1;
        self.written.put_string(name);
        let begin = self.written.bytes.len();
        self.written.bytes.extend(length(0));
        let mut buffer = [0; 4];
        for c in compact(json.get()) {
            self.written.bytes.extend_from_slice(c.encode_utf8(&mut buffer).as_bytes());
        }
        let written = length(self.written.bytes.len() - begin - length(0).len());
        self.written.bytes[begin..begin + written.len()].copy_from_slice(&written);
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

    /// Asserts that a body, if it can be transcribed, results in the same value as reading its model.
    pub(crate) fn assert_other_languages_read_the_same<M>(body: &[u8])
    where
        M: Model + Shaped + Lower<UniFfiTag> + Lift<UniFfiTag> + std::fmt::Debug,
    {
        if let Some(written) = transcribe::<M>(body) {
            let buffer = RustBuffer::from_vec(written.into_bytes());
            let lifted = M::try_lift_from_rust_buffer(buffer).expect("uniffi's wire format");
            assert_eq!(lifted, decode::<M>(body).expect("a model"));
        }
    }

    fn is_transcribed<M: Model + Shaped + Lower<UniFfiTag>>(body: &str) -> bool {
        transcribe::<M>(body.as_bytes()).is_some()
    }

    #[test]
    fn clients_as_the_service_sends_them_are_transcribed() {
        let in_order =
            r#"{"id": "c1", "name": "Wien", "secret": "hq3KpZ0v", "dateCreated": "2026-03-01T08:30:00Z"}"#;
        let in_another =
            r#"{"secret": "hq3KpZ0v", "scope": ["users"], "state": "new", "name": "Wien", "id": "c1"}"#;
        let with_more = r#"{"id": 7, "color": {"of": ["the", 1]}, "createdBy": {"tag": 1}, "roleDivisions": [{"tag": [ ]}]}"#;
        for client in [in_order, in_another, with_more] {
            assert!(is_transcribed::<OAuthClient>(client), "{client}");
            assert_other_languages_read_the_same::<OAuthClient>(client.as_bytes());
            let listing = format!(r#"{{"total": 1, "entities": [{client}, {client}], "pageSize": 25}}"#);
            assert!(is_transcribed::<OAuthClientEntityListing>(&listing), "{listing}");
            assert_other_languages_read_the_same::<OAuthClientEntityListing>(listing.as_bytes());
        }
    }

    #[test]
    fn complete_listings_and_results_are_transcribed() {
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
    fn a_body_that_the_model_would_read_differently_is_not_transcribed() {
        let two_names = r#"{"id": "c1", "name": "Wien", "name": "Graz"}"#;
        let a_name_of_another_kind = r#"{"id": "c1", "name": 7}"#;
        let a_scope_without_a_list = r#"{"id": "c1", "scope": "users"}"#;
        let a_null_among_the_roles = r#"{"id": "c1", "roleIds": ["r1", null]}"#;
        let a_division_of_another_kind =
            r#"{"id": "c1", "roleDivisions": [{"roleId": "r1", "divisionId": 7}]}"#;
        let an_invalid_date = r#"{"id": "c1", "dateCreated": "24:00:00"}"#;
        let an_unpaired_surrogate = r#"{"id": "c1", "name": "\ud83d"}"#;
        for body in [
            "",
            "[]",
            "null",
            "{}",
            r#"{"ids": 1}"#,
            r#"{"id": "c1"} {}"#,
            r#"{"id": "c1""#,
            two_names,
            a_name_of_another_kind,
            a_scope_without_a_list,
            a_null_among_the_roles,
            a_division_of_another_kind,
            an_invalid_date,
            an_unpaired_surrogate,
        ] {
            assert!(!is_transcribed::<OAuthClient>(body), "{body}");
        }
    }

    #[test]
    fn a_secret_that_is_never_passed_on_is_freed() {
        let body = json!({ "entities": [{ "id": "c1", "secret": "hq3KpZ0v" }] }).to_string();
        let written = transcribe::<OAuthClientEntityListing>(body.as_bytes()).expect("a listing");
        // SAFETY: the handle is the pointer of an `Arc<Secret>` that `put_secret` lowered, and `written` still owns it.
        // `into_arc_borrowed` adds a reference and leaves that of `written` alone.
        let secret: Arc<Secret> = unsafe { written.secrets[0].clone().into_arc_borrowed() };
        assert_eq!(Arc::strong_count(&secret), 2);
        drop(written);
        assert_eq!(Arc::strong_count(&secret), 1);
    }

    #[test]
    fn the_metadata_follows_the_value() {
        let value = "Wien".to_owned();
        let metadata = ResponseMetadata::from(crate::ResponseMetadata::default());
        let response = Lowered::<String>::new(Value::Written(Written::from_value(value.clone())))
            .with_metadata::<()>(metadata.clone());
        assert_eq!(
            response.into_bytes(),
            [Written::from_value(value).bytes.clone(), Written::from_value(metadata).bytes.clone()].concat()
        );
    }
}

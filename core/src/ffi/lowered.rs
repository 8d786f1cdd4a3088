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
use serde_json::value::RawValue;
use uniffi::metadata::MetadataBuffer;
use uniffi::{Handle, Lift, Lower, LowerReturn, RustBuffer, RustCallError, TypeId};

use crate::UniFfiTag;
use crate::call;
use crate::ffi::ResponseMetadata;
use crate::models::{
    Any, Key, MOST_FIELDS, Model, Name, Readable, Reader, Rule, Timestamp, Unreadable, compact, memory,
};
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
    /// As one value. Returns what was found.
    Value(fn(Scalar<'_>, &mut Written) -> Read),
    /// As a flag, and the value if there is one.
    Optional(fn() -> Shape),
    /// As the number of its items, and these.
    List(fn() -> Shape),
    /// As the number of its entries, and each one's key and value.
    Map(fn() -> Shape, fn() -> Shape),
    /// As one field after the other, and behind them those that are unknown, by their names.
    Record { fields: &'static [Field], has_extra: bool },
}

/// Whether a value was read, and whether a request would have it as it was sent.
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
    fn read_into<T: Readable>(self, put: impl FnOnce(T)) -> Read {
        let (value, is_exact) = match self {
            Scalar::Text(text) => {
                let value = T::from_text(text);
                let is_exact = value.as_ref().is_some_and(|value| value.is_written_as_text(text));
                (value, is_exact)
            }
            Scalar::Integer(integer) => {
                let value = T::from_integer(integer);
                let is_exact = value.as_ref().is_some_and(T::is_written_as_integer);
                (value, is_exact)
            }
            Scalar::Flag(flag) => (T::from_flag(flag), true),
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
            Scalar::Text(text) => {
                written.put_text(text);
                Read::Exactly
            }
            other => other.read_into(|text: String| written.put_text(&text)),
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

/// What stands in the JSON of a body, written as the model would be. Nothing where there is any doubt about it, or where
/// a requirement of the model is not met: then the model has to be read, which finds what can be saved, or says what is
/// wrong.
fn transcribed<M: Default + Shaped + Lower<UniFfiTag>>(body: &[u8]) -> Option<Written> {
    i32::try_from(body.len()).ok()?;
    let mut json = serde_json::Deserializer::from_str(str::from_utf8(body).ok()?);
    let mut written = Written::default();
    written.bytes.reserve(body.len());
    let shape = M::shape();
    let found = Any(Transcriber::new(shape, &mut written)).deserialize(&mut json).ok()?;
    json.end().ok()?;
    // Where nothing is found, it may be another object altogether, of which every field is unknown.
    let blank = Written::of(M::default());
    let is_blank = match shape {
        Shape::Record { has_extra: true, .. } => {
            let fields = blank.bytes.strip_suffix(&length(0)).unwrap_or(&blank.bytes);
            written.bytes.starts_with(fields)
        }
        _ => written.bytes == blank.bytes,
    };
    (found.is_written() && !is_blank).then_some(written)
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
    /// What a request would not have as it was sent is an error.
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

    fn nothing(self) -> Found {
        Found::Unreadable
    }

    fn whole_number(self, integer: i64) -> Found {
        match self.exact {
            true => Found::Unreadable,
            false => self.integer(integer),
        }
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

    /// The fields stand in the order of the record here, and in any order in the object. A requirement that is not met
    /// is an error; so is, in a record with extra fields, a field that is not read exactly.
    fn put_record<'de, A: MapAccess<'de>>(
        &mut self,
        fields: &'static [Field],
        has_extra: bool,
        mut object: A,
    ) -> Result<Found, A::Error> {
        let mut extra = Extra::default();
        let mut places = [const { 0..0 }; MOST_FIELDS];
        let mut met = [false; MOST_FIELDS];
        let mut next = 0;
        let mut identity = None;
        // The first field that came too late, and where it should have stood.
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
            return Err(A::Error::custom("the JSON of a field is to be kept"));
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
    /// Adds a field. Where one stands twice, the other language keeps the last.
    fn put(&mut self, name: &str, json: &RawValue) {
        self.count += 1;
        self.written.put_text(name);
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
        let a_name_of_another_kind = r#"{"id": "c1", "name": 7}"#;
        let a_scope_without_a_list = r#"{"id": "c1", "scope": "users"}"#;
        let a_null_among_the_roles = r#"{"id": "c1", "roleIds": ["r1", null]}"#;
        let a_division_of_another_kind =
            r#"{"id": "c1", "roleDivisions": [{"roleId": "r1", "divisionId": 7}]}"#;
        let a_date_that_is_none = r#"{"id": "c1", "dateCreated": "24:00:00"}"#;
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
            a_name_of_another_kind,
            a_scope_without_a_list,
            a_null_among_the_roles,
            a_division_of_another_kind,
            a_date_that_is_none,
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

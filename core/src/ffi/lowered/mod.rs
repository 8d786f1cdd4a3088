//! Transcodes the JSON of responses directly into uniffi's wire format.
//!
//! Reading a model and writing that takes several times as long: each string and list of the model is a separate
//! allocation, which is freed as soon as it is written. Decision 009 has the measurements. In Python, the bytes are
//! read by `ffi/python/reading.rs`.

mod shape;
mod transcribe;

use std::marker::PhantomData;
use std::mem;

use uniffi::metadata::MetadataBuffer;
use uniffi::{Handle, Lift, Lower, LowerReturn, RustBuffer, RustCallError, TypeId};

use crate::UniFfiTag;
use crate::ffi::ResponseMetadata;
use crate::models::{Model, Unreadable};
use crate::operation::Operation;
use crate::secret::Secret;
use crate::transport::Returned;

pub(crate) use shape::{Shape, ShapeField, Shaped};
use transcribe::transcribe;

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
        let metadata = crate::ffi::ToForeign::to_foreign(crate::ResponseMetadata::default());
        let response = Lowered::<String>::new(Value::Written(Written::from_value(value.clone())))
            .with_metadata::<()>(metadata.clone());
        assert_eq!(
            response.into_bytes(),
            [Written::from_value(value).bytes.clone(), Written::from_value(metadata).bytes.clone()].concat()
        );
    }
}

//! OAuth clients: what an administrator makes so that a program may sign in.

use serde::{Serialize, Serializer};

use crate::error::Error;
use crate::models::extra::RecordWriter;
use crate::models::{DomainEntityRef, Extra, Model, RequestBody, Timestamp, field_of_json};
use crate::operation::Operation;
use crate::secret::Secret;

open_enum! {
    /// The way in which a client signs in.
    pub enum GrantType {
        /// Authorization code, with or without PKCE: a web server, a desktop or mobile app.
        Code = "CODE",
        /// Implicit: a token in the browser's address. The service is retiring it.
        Token = "TOKEN",
        /// SAML2 bearer: an assertion of an identity provider.
        Saml2Bearer = "SAML2-BEARER",
        /// Password: no longer given out.
        Password = "PASSWORD",
        /// Client credentials: a program without a user; it needs roles of its own.
        ClientCredentials = "CLIENT-CREDENTIALS",
    }
}

open_enum! {
    /// Whether a client may sign in.
    pub enum ClientState {
        /// In use.
        Active = "active",
        /// Its tokens are invalid and it gets none.
        Disabled = "disabled",
        /// It gets no tokens and is due for deletion.
        Inactive = "inactive",
    }
}

model! {
    /// A role given to a client in a division.
    #[derive(Eq)]
    pub struct RoleDivision {
        /// The role's id.
        pub role_id: String,
        /// The id of the division in which the role counts; `*` stands for all divisions.
        pub division_id: String,
    }
    keeps extra
}

impl RoleDivision {
    /// The role with this id, in the division with this id; `*` stands for all divisions.
    #[must_use]
    pub fn new(role_id: impl Into<String>, division_id: impl Into<String>) -> Self {
        RoleDivision { role_id: role_id.into(), division_id: division_id.into(), extra: Extra::new() }
    }
}

model! {
    /// An OAuth client as the service describes it.
    ///
    /// A text or list that the service left out is empty; anything else is then missing.
    #[derive(Eq)]
    #[non_exhaustive]
    pub struct OAuthClient {
        /// The client id.
        pub id: String => identity read_only,
        /// The name shown to administrators.
        pub name: String,
        /// How long a token of this client lasts, in seconds.
        pub access_token_validity_seconds: Option<i64>,
        /// A free text about the client.
        pub description: Option<String>,
        /// The addresses to which a sign-in may lead back.
        pub registered_redirect_uri: Vec<String>,
        /// The client secret. Only the answers to creating a client and to rotating its secret hold
        /// it: keep it then, because it is never shown again.
        pub secret: Option<Secret> => read_only,
        /// The roles of the client without divisions. Deprecated by the service in favour of roles in
        /// divisions.
        pub role_ids: Vec<String>,
        /// When the client was created.
        pub date_created: Option<Timestamp> => read_only,
        /// When the client was last changed.
        pub date_modified: Option<Timestamp> => read_only,
        /// Who created the client.
        pub created_by: Option<DomainEntityRef> => read_only,
        /// Who last changed the client.
        pub modified_by: Option<DomainEntityRef> => read_only,
        /// The way in which the client signs in.
        pub authorized_grant_type: Option<GrantType>,
        /// The scopes that the client asks for; without meaning for client credentials.
        pub scope: Vec<String>,
        /// The roles of the client, each in a division; only for client credentials.
        pub role_divisions: Vec<RoleDivision>,
        /// Whether the client may sign in.
        pub state: Option<ClientState>,
        /// When the client will be removed.
        pub date_to_delete: Option<Timestamp>,
        /// The path of the client itself.
        pub self_uri: Option<String> => read_only,
    }
    keeps extra
    with metadata OAuthClientResponse
    lacks |client, operation| match &client.secret {
        // A secret is given to the caller whatever else is missing.
        Some(_) => None,
        None if *operation == Operation::POST_OAUTH_CLIENT_SECRET => Some("secret"),
        None => client.id.is_empty().then_some("id"),
    }
}

model! {
    /// The clients of an organization, all in one answer.
    #[derive(Eq)]
    #[non_exhaustive]
    pub struct OAuthClientEntityListing {
        /// The clients.
        pub entities: Vec<OAuthClient> => required complete,
        /// How many clients a page holds.
        pub page_size: Option<i32>,
        /// The page, counted from 1.
        pub page_number: Option<i32>,
        /// How many clients there are.
        pub total: Option<i64>,
        /// The path of the first page.
        pub first_uri: Option<String>,
        /// The path of the page before.
        pub previous_uri: Option<String>,
        /// The path of the next page.
        pub next_uri: Option<String>,
        /// The path of the last page.
        pub last_uri: Option<String>,
        /// The path of this page.
        pub self_uri: Option<String>,
        /// How many pages there are.
        pub page_count: Option<i32>,
    }
    with metadata OAuthClientEntityListingResponse
}

/// A client to create, or what an existing one is to become.
///
/// A change replaces the whole client: what is left out here goes back to the service's default. So
/// start from the client as it is.
///
/// A name or grant type that is empty is unset.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
pub struct OAuthClientRequest {
    /// The name shown to administrators.
    pub name: String,
    /// The way in which the client signs in.
    pub authorized_grant_type: GrantType,
    /// How long a token of this client lasts, in seconds: 300 to 172,800, by default 86,400. Clients
    /// for SCIM may go up to 38,880,000.
    #[cfg_attr(feature = "uniffi", uniffi(default))]
    pub access_token_validity_seconds: Option<i64>,
    /// A free text about the client.
    #[cfg_attr(feature = "uniffi", uniffi(default))]
    pub description: Option<String>,
    /// The addresses to which a sign-in may lead back.
    #[cfg_attr(feature = "uniffi", uniffi(default))]
    pub registered_redirect_uri: Option<Vec<String>>,
    /// The roles of the client without divisions. Deprecated by the service in favour of roles in
    /// divisions.
    #[cfg_attr(feature = "uniffi", uniffi(default))]
    pub role_ids: Option<Vec<String>>,
    /// The scopes that the client asks for; without meaning for client credentials.
    #[cfg_attr(feature = "uniffi", uniffi(default))]
    pub scope: Option<Vec<String>>,
    /// The roles of the client, each in a division; only for client credentials. Whoever gives a
    /// role must hold it.
    #[cfg_attr(feature = "uniffi", uniffi(default))]
    pub role_divisions: Option<Vec<RoleDivision>>,
    /// Whether the client may sign in; active when left out. Only an inactive client can be deleted.
    #[cfg_attr(feature = "uniffi", uniffi(default))]
    pub state: Option<ClientState>,
    /// When the client is to be removed.
    #[cfg_attr(feature = "uniffi", uniffi(default))]
    pub date_to_delete: Option<Timestamp>,
    /// Further fields to send: the name of each in JSON, and its value. Printing shows the names only.
    ///
    /// `to_request()` puts here what the client has and this version does not know or could not read completely. One of
    /// the fields above is taken from here only while it is unset, and fields that only the service sets are not sent.
    #[cfg_attr(feature = "uniffi", uniffi(default))]
    pub extra: Extra,
}

/// Returns whether a field of a client is one that only the service sets.
pub(super) fn is_read_only(name: &str) -> bool {
    OAuthClient::FIELDS.iter().zip(OAuthClient::RULES).any(|(field, rule)| *field == name && rule.read_only)
}

impl Serialize for RoleDivision {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let RoleDivision { role_id, division_id, extra } = self;
        let mut writer = RecordWriter::new(serializer.serialize_map(None)?, extra);
        writer.required(json_name!(role_id), role_id)?;
        writer.required(json_name!(division_id), division_id)?;
        writer.end(|_| false)
    }
}

impl Serialize for OAuthClientRequest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        /// Writes the optional fields of the request, each under its own name.
        macro_rules! write_optional {
            ($writer:ident: $($field:ident)*) => {$(
                $writer.optional(json_name!($field), $field.as_ref())?;
            )*};
        }
        // Every field by its name, so that none is forgotten.
        let OAuthClientRequest {
            name,
            authorized_grant_type,
            access_token_validity_seconds,
            description,
            registered_redirect_uri,
            role_ids,
            scope,
            role_divisions,
            state,
            date_to_delete,
            extra,
        } = self;
        let mut writer = RecordWriter::new(serializer.serialize_map(None)?, extra);
        writer.required(json_name!(name), name)?;
        writer.required(json_name!(authorized_grant_type), authorized_grant_type.as_str())?;
        write_optional! { writer:
            access_token_validity_seconds description registered_redirect_uri role_ids scope role_divisions state
            date_to_delete
        }
        writer.end(is_read_only)
    }
}

impl OAuthClientRequest {
    /// A client with this name that signs in this way; everything else is left to the service.
    #[must_use]
    pub fn new(name: impl Into<String>, authorized_grant_type: GrantType) -> Self {
        OAuthClientRequest {
            name: name.into(),
            authorized_grant_type,
            access_token_validity_seconds: None,
            description: None,
            registered_redirect_uri: None,
            role_ids: None,
            scope: None,
            role_divisions: None,
            state: None,
            date_to_delete: None,
            extra: Extra::new(),
        }
    }
}

impl RequestBody for OAuthClientRequest {
    fn check(&self) -> Result<(), Error> {
        const VALIDITY: std::ops::RangeInclusive<i64> = 300..=38_880_000;
        self.extra.check("body.extra")?;
        let is_missing = |name: &str, value: &str| value.is_empty() && !self.extra.contains(name);
        if is_missing(json_name!(name), &self.name) || (!self.name.is_empty() && self.name.trim().is_empty())
        {
            return Err(Error::invalid_argument("body.name", "is empty"));
        }
        if is_missing(json_name!(authorized_grant_type), self.authorized_grant_type.as_str()) {
            return Err(Error::invalid_argument("body.authorized_grant_type", "is missing"));
        }
        if let Some(seconds) =
            self.access_token_validity_seconds.filter(|seconds| !VALIDITY.contains(seconds))
        {
            return Err(Error::invalid_argument(
                "body.access_token_validity_seconds",
                format!("{seconds} is outside 300 to 172800 seconds (38880000 for SCIM clients)"),
            ));
        }
        for (index, given) in self.role_divisions.iter().flatten().enumerate() {
            given.extra.check(&format!("body.role_divisions[{index}].extra"))?;
            for (field, name, id) in [
                ("role_id", json_name!(role_id), &given.role_id),
                ("division_id", json_name!(division_id), &given.division_id),
            ] {
                if id.is_empty() && !given.extra.contains(name) {
                    return Err(Error::invalid_argument(
                        format!("body.role_divisions[{index}].{field}"),
                        "is empty",
                    ));
                }
            }
        }
        self.date_to_delete.map_or(Ok(()), |date| date.check("body.date_to_delete"))
    }
}

#[cfg_attr(feature = "uniffi", uniffi::export)]
impl OAuthClient {
    /// Returns the request that keeps this client as it is: start from it to change a client.
    ///
    /// Fields that this version does not know stand in `extra`, so a change keeps them. So do fields that could not be
    /// read completely: these are unset in the request until they are set, and sent as they came.
    #[must_use]
    pub fn to_request(&self) -> OAuthClientRequest {
        self.clone().into()
    }
}

impl From<OAuthClient> for OAuthClientRequest {
    /// As `to_request()`.
    fn from(client: OAuthClient) -> Self {
        fn unless_empty<T>(list: Vec<T>) -> Option<Vec<T>> {
            Some(list).filter(|list| !list.is_empty())
        }
        /// The value of a field, or what stands for none if it says less than the JSON that it was read from.
        macro_rules! exact {
            ($field:ident) => {
                match client.extra.get_json(json_name!($field)) {
                    Some(json) if field_of_json(json).as_ref() == Some(&client.$field) => Default::default(),
                    _ => client.$field,
                }
            };
        }
        OAuthClientRequest {
            name: exact!(name),
            authorized_grant_type: exact!(authorized_grant_type)
                .unwrap_or(GrantType::Unknown { value: String::new() }),
            access_token_validity_seconds: exact!(access_token_validity_seconds),
            description: exact!(description),
            registered_redirect_uri: unless_empty(exact!(registered_redirect_uri)),
            role_ids: unless_empty(exact!(role_ids)),
            scope: unless_empty(exact!(scope)),
            role_divisions: unless_empty(exact!(role_divisions)),
            state: exact!(state),
            date_to_delete: exact!(date_to_delete),
            extra: client.extra.without(is_read_only),
        }
    }
}

//! OAuth clients: what an administrator makes so that a program may sign in.

use serde::Serialize;

use crate::error::Error;
use crate::models::{DomainEntityRef, RequestBody, Timestamp};
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
    #[derive(Eq, Serialize)]
    #[serde(rename_all = "camelCase")]
    pub struct RoleDivision {
        /// The role's id.
        pub role_id: String,
        /// The id of the division in which the role counts; `*` stands for all divisions.
        pub division_id: String,
    }
}

impl RoleDivision {
    /// The role with this id, in the division with this id; `*` stands for all divisions.
    #[must_use]
    pub fn new(role_id: impl Into<String>, division_id: impl Into<String>) -> Self {
        RoleDivision { role_id: role_id.into(), division_id: division_id.into() }
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
        pub id: String => identity,
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
        pub secret: Option<Secret>,
        /// The roles of the client without divisions. Deprecated by the service in favour of roles in
        /// divisions.
        pub role_ids: Vec<String>,
        /// When the client was created.
        pub date_created: Option<Timestamp>,
        /// When the client was last changed.
        pub date_modified: Option<Timestamp>,
        /// Who created the client.
        pub created_by: Option<DomainEntityRef>,
        /// Who last changed the client.
        pub modified_by: Option<DomainEntityRef>,
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
        pub self_uri: Option<String>,
    }
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
#[serde(rename_all = "camelCase")]
pub struct OAuthClientRequest {
    /// The name shown to administrators.
    pub name: String,
    /// The way in which the client signs in.
    pub authorized_grant_type: GrantType,
    /// How long a token of this client lasts, in seconds: 300 to 172,800, by default 86,400. Clients
    /// for SCIM may go up to 38,880,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "uniffi", uniffi(default))]
    pub access_token_validity_seconds: Option<i64>,
    /// A free text about the client.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "uniffi", uniffi(default))]
    pub description: Option<String>,
    /// The addresses to which a sign-in may lead back.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "uniffi", uniffi(default))]
    pub registered_redirect_uri: Option<Vec<String>>,
    /// The roles of the client without divisions. Deprecated by the service in favour of roles in
    /// divisions.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "uniffi", uniffi(default))]
    pub role_ids: Option<Vec<String>>,
    /// The scopes that the client asks for; without meaning for client credentials.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "uniffi", uniffi(default))]
    pub scope: Option<Vec<String>>,
    /// The roles of the client, each in a division; only for client credentials. Whoever gives a
    /// role must hold it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "uniffi", uniffi(default))]
    pub role_divisions: Option<Vec<RoleDivision>>,
    /// Whether the client may sign in; active when left out. Only an inactive client can be deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "uniffi", uniffi(default))]
    pub state: Option<ClientState>,
    /// When the client is to be removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "uniffi", uniffi(default))]
    pub date_to_delete: Option<Timestamp>,
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
        }
    }
}

impl RequestBody for OAuthClientRequest {
    fn check(&self) -> Result<(), Error> {
        const VALIDITY: std::ops::RangeInclusive<i64> = 300..=38_880_000;
        if self.name.trim().is_empty() {
            return Err(Error::invalid_argument("body.name", "is empty"));
        }
        if self.authorized_grant_type.as_str().is_empty() {
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
            for (field, id) in [("role_id", &given.role_id), ("division_id", &given.division_id)] {
                if id.is_empty() {
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
    /// What a change of this client replaces, as it is now: start from it to change a client. A field that
    /// the service has and this version does not know, or that could not be read, is not carried over.
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
        OAuthClientRequest {
            name: client.name,
            authorized_grant_type: client
                .authorized_grant_type
                .unwrap_or(GrantType::Unknown { value: String::new() }),
            access_token_validity_seconds: client.access_token_validity_seconds,
            description: client.description,
            registered_redirect_uri: unless_empty(client.registered_redirect_uri),
            role_ids: unless_empty(client.role_ids),
            scope: unless_empty(client.scope),
            role_divisions: unless_empty(client.role_divisions),
            state: client.state,
            date_to_delete: client.date_to_delete,
        }
    }
}

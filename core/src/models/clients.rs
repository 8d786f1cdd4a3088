//! OAuth clients, which administrators create so that programs can sign in.

use serde::{Serialize, Serializer};

use crate::error::Error;
use crate::models::extra::RecordWriter;
use crate::models::{DomainEntityRef, Extra, Model, RequestBody, Timestamp, field_of_json};
use crate::operation::Operation;
use crate::secret::Secret;

open_enum! {
    /// The way in which a client signs in.
    pub enum GrantType {
        /// Authorization code, with or without PKCE: for web servers and for desktop and mobile apps.
        Code = "CODE",
        /// Implicit: the redirect's URL holds the token. The service is retiring this grant.
        Token = "TOKEN",
        /// SAML2 bearer: exchanges an assertion of an identity provider for a token.
        Saml2Bearer = "SAML2-BEARER",
        /// Password: no longer offered by the service.
        Password = "PASSWORD",
        /// Client credentials: for programs without a user; the client needs roles.
        ClientCredentials = "CLIENT-CREDENTIALS",
    }
}

open_enum! {
    /// The state of a client, which decides whether it may sign in.
    pub enum ClientState {
        /// In use.
        Active = "active",
        /// Its tokens are invalid and none are issued.
        Disabled = "disabled",
        /// No tokens are issued and the client is due for deletion.
        Inactive = "inactive",
    }
}

model! {
    /// A role granted to a client in a division.
    #[derive(Eq)]
    pub struct RoleDivision {
        /// The role's id.
        pub role_id: String,
        /// The id of the division that the role applies to; `*` stands for all divisions.
        pub division_id: String,
    }
    keeps extra
}

impl RoleDivision {
    /// Creates a grant of a role in a division, both by id; `*` stands for all divisions.
    #[must_use]
    pub fn new(role_id: impl Into<String>, division_id: impl Into<String>) -> Self {
        RoleDivision { role_id: role_id.into(), division_id: division_id.into(), extra: Extra::new() }
    }
}

model! {
    /// An OAuth client.
    ///
    /// A string or list that is absent from the response is empty; any other absent field has no value.
    #[derive(Eq)]
    #[non_exhaustive]
    pub struct OAuthClient {
        /// The client id.
        pub id: String => identity read_only,
        /// The name shown to administrators.
        pub name: String,
        /// The lifetime of the client's tokens, in seconds.
        pub access_token_validity_seconds: Option<i64>,
        /// A description of the client.
        pub description: Option<String>,
        /// The redirect URIs that a sign-in may use.
        pub registered_redirect_uri: Vec<String>,
        /// The client secret. Only the responses to creating a client and to rotating its secret hold it: store it
        /// then, because the service never returns it again.
        pub secret: Option<Secret> => read_only,
        /// The roles of the client without divisions. Deprecated by the service in favor of roles in divisions.
        pub role_ids: Vec<String>,
        /// The time at which the client was created.
        pub date_created: Option<Timestamp> => read_only,
        /// The time at which the client was last changed.
        pub date_modified: Option<Timestamp> => read_only,
        /// The user who created the client.
        pub created_by: Option<DomainEntityRef> => read_only,
        /// The user who last changed the client.
        pub modified_by: Option<DomainEntityRef> => read_only,
        /// The way in which the client signs in.
        pub authorized_grant_type: Option<GrantType>,
        /// The scopes that the client requests; ignored for client credentials.
        pub scope: Vec<String>,
        /// The roles of the client, each in a division; only for client credentials.
        pub role_divisions: Vec<RoleDivision>,
        /// The state of the client.
        pub state: Option<ClientState>,
        /// The time at which the client will be deleted.
        pub date_to_delete: Option<Timestamp>,
        /// The path of the client.
        pub self_uri: Option<String> => read_only,
    }
    keeps extra
    with metadata OAuthClientResponse
    lacks |client, operation| match &client.secret {
        // The caller gets the secret even if everything else is absent.
        Some(_) => None,
        None if *operation == Operation::POST_OAUTH_CLIENT_SECRET => Some("secret"),
        None => client.id.is_empty().then_some("id"),
    }
}

model! {
    /// The clients of an organization, all in one response.
    #[derive(Eq)]
    #[non_exhaustive]
    pub struct OAuthClientEntityListing {
        /// The clients.
        pub entities: Vec<OAuthClient> => required complete,
        /// The number of clients on a page.
        pub page_size: Option<i32>,
        /// The number of this page, starting at 1.
        pub page_number: Option<i32>,
        /// The number of clients.
        pub total: Option<i64>,
        /// The path of the first page.
        pub first_uri: Option<String>,
        /// The path of the previous page.
        pub previous_uri: Option<String>,
        /// The path of the next page.
        pub next_uri: Option<String>,
        /// The path of the last page.
        pub last_uri: Option<String>,
        /// The path of this page.
        pub self_uri: Option<String>,
        /// The number of pages.
        pub page_count: Option<i32>,
    }
    with metadata OAuthClientEntityListingResponse
}

/// The request body that creates a client or changes an existing one.
///
/// A change replaces the whole client: a field that is unset is reset to the service's default. So start from
/// `to_request()` of the client to change.
///
/// A name or grant type that is empty counts as unset.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "uniffi", derive(uniffi::Record))]
pub struct OAuthClientRequest {
    /// The name shown to administrators.
    pub name: String,
    /// The way in which the client signs in.
    pub authorized_grant_type: GrantType,
    /// The lifetime of the client's tokens, in seconds: 300 to 172,800, by default 86,400. For SCIM clients the maximum
    /// is 38,880,000.
    #[cfg_attr(feature = "uniffi", uniffi(default))]
    pub access_token_validity_seconds: Option<i64>,
    /// A description of the client.
    #[cfg_attr(feature = "uniffi", uniffi(default))]
    pub description: Option<String>,
    /// The redirect URIs that a sign-in may use.
    #[cfg_attr(feature = "uniffi", uniffi(default))]
    pub registered_redirect_uri: Option<Vec<String>>,
    /// The roles of the client without divisions. Deprecated by the service in favor of roles in divisions.
    #[cfg_attr(feature = "uniffi", uniffi(default))]
    pub role_ids: Option<Vec<String>>,
    /// The scopes that the client requests; ignored for client credentials.
    #[cfg_attr(feature = "uniffi", uniffi(default))]
    pub scope: Option<Vec<String>>,
    /// The roles of the client, each in a division; only for client credentials. The user who grants a role must hold
    /// that role.
    #[cfg_attr(feature = "uniffi", uniffi(default))]
    pub role_divisions: Option<Vec<RoleDivision>>,
    /// The state of the client; active if absent. Only an inactive client can be deleted.
    #[cfg_attr(feature = "uniffi", uniffi(default))]
    pub state: Option<ClientState>,
    /// The time at which the client is to be deleted.
    #[cfg_attr(feature = "uniffi", uniffi(default))]
    pub date_to_delete: Option<Timestamp>,
    /// Further fields to send: the name of each in JSON, and its value. Printing shows the names only.
    ///
    /// `to_request()` fills it with the fields of the client that this version does not know or could not read
    /// completely. If a field above is set, its value here is ignored; fields that only the service sets are not sent.
    #[cfg_attr(feature = "uniffi", uniffi(default))]
    pub extra: Extra,
}

/// Returns whether only the service sets the field of a client with this name in JSON.
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
        // Destructured without `..`, so that a new field can't be forgotten.
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
    /// Creates a request for a client with a name and a grant type, and the service's defaults for everything else.
    ///
    /// # Examples
    /// ```
    /// use purecloud_oauth::{GrantType, OAuthClientRequest};
    ///
    /// let mut body = OAuthClientRequest::new("Rückrufe Zürich", GrantType::Code);
    /// body.registered_redirect_uri = Some(vec!["https://rueckrufe.example.ch/callback".to_owned()]);
    /// body.scope = Some(vec!["users:readonly".to_owned()]);
    /// ```
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
        for (index, division) in self.role_divisions.iter().flatten().enumerate() {
            division.extra.check(&format!("body.role_divisions[{index}].extra"))?;
            for (field, name, id) in [
                ("role_id", json_name!(role_id), &division.role_id),
                ("division_id", json_name!(division_id), &division.division_id),
            ] {
                if id.is_empty() && !division.extra.contains(name) {
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
    /// Returns a request that would leave this client unchanged: modify it to change the client.
    ///
    /// `extra` of the request holds the fields that this version does not know, so a change keeps them. It also holds
    /// the fields that could not be read completely: these are unset in the request, and sent back verbatim unless the
    /// caller sets them.
    #[must_use]
    pub fn to_request(&self) -> OAuthClientRequest {
        self.clone().into()
    }
}

impl From<OAuthClient> for OAuthClientRequest {
    /// Returns the same as `to_request()`.
    ///
    /// # Examples
    /// ```
    /// use purecloud_oauth::{ClientState, OAuthClient, OAuthClientRequest};
    ///
    /// let json = r#"{"id": "6f1c5a0e-3b1d-4f0e-9a53-0c2f1f6f7f10", "name": "Nachtlauf", "costCenter": 4711}"#;
    /// let client: OAuthClient = serde_json::from_str(json)?;
    /// let mut body = client.to_request();
    /// assert_eq!(body, OAuthClientRequest::from(client));
    /// assert_eq!(body.extra.get_json("costCenter"), Some("4711"));
    /// body.state = Some(ClientState::Inactive);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    fn from(client: OAuthClient) -> Self {
        fn unless_empty<T>(list: Vec<T>) -> Option<Vec<T>> {
            Some(list).filter(|list| !list.is_empty())
        }
        /// Returns the value of a field, or the default if `extra` holds the JSON from which the value was read and the
        /// value is unchanged: then that JSON is sent.
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

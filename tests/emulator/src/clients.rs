//! The operations on clients: list, read, create, replace, delete, rotate the secret.

use hyper::StatusCode;
use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};
use url::Url;

use crate::call::Call;
use crate::errors::ServiceError;
use crate::fields::{Fields, name_of, parse_one_of};
use crate::response::ServiceResponse;

const PATH: &str = "/api/v2/oauth/clients";
const ENTITY: &str = "OAuthClient";

const SHORTEST_VALIDITY: i64 = 300;
const LONGEST_VALIDITY: i64 = 172_800;
const LONGEST_SCIM_VALIDITY: i64 = 38_880_000;
pub(crate) const DEFAULT_VALIDITY: i64 = 86_400;

/// The age, in days, up to which a client is deleted immediately. An older one can be restored for [`DAYS_TO_RESTORE`].
const DAYS_UNTIL_OLD: i64 = 30;
const DAYS_TO_RESTORE: i64 = 7;

/// The grant type with which a client obtains its tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GrantType {
    Code,
    Token,
    Saml2Bearer,
    Password,
    ClientCredentials,
}

pub(crate) const GRANT_TYPES: &[(&str, GrantType)] = &[
    ("CODE", GrantType::Code),
    ("TOKEN", GrantType::Token),
    ("SAML2-BEARER", GrantType::Saml2Bearer),
    ("PASSWORD", GrantType::Password),
    ("CLIENT-CREDENTIALS", GrantType::ClientCredentials),
];

/// The state of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClientState {
    Active,
    /// Existing tokens are invalid, and no new ones are issued.
    Disabled,
    /// No new tokens are issued, and the client is due for deletion.
    Inactive,
}

const STATES: &[(&str, ClientState)] = &[
    ("active", ClientState::Active),
    ("disabled", ClientState::Disabled),
    ("inactive", ClientState::Inactive),
];

/// A role, and the division in which it is granted.
#[derive(Clone, Debug)]
pub(crate) struct RoleDivision {
    pub(crate) role_id: String,
    pub(crate) division_id: String,
}

/// A client and its secret.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) access_token_validity_seconds: i64,
    pub(crate) description: Option<String>,
    pub(crate) registered_redirect_uri: Vec<String>,
    pub(crate) secret: String,
    pub(crate) role_ids: Vec<String>,
    pub(crate) date_created: Timestamp,
    pub(crate) date_modified: Timestamp,
    pub(crate) created_by: Value,
    pub(crate) modified_by: Value,
    pub(crate) authorized_grant_type: GrantType,
    pub(crate) scope: Vec<String>,
    pub(crate) role_divisions: Vec<RoleDivision>,
    pub(crate) state: ClientState,
    pub(crate) date_to_delete: Option<Timestamp>,
}

/// Formats a timestamp as the service does: UTC, with milliseconds.
pub(crate) fn instant(timestamp: Timestamp) -> String {
    format!("{timestamp:.3}")
}

impl Client {
    /// Creates a client without a name, and with every setting at its default.
    pub(crate) fn new(
        id: String,
        secret: String,
        authorized_grant_type: GrantType,
        author: Value,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            name: String::new(),
            access_token_validity_seconds: DEFAULT_VALIDITY,
            description: None,
            registered_redirect_uri: Vec::new(),
            secret,
            role_ids: Vec::new(),
            date_created: now,
            date_modified: now,
            created_by: author.clone(),
            modified_by: author,
            authorized_grant_type,
            scope: Vec::new(),
            role_divisions: Vec::new(),
            state: ClientState::Active,
            date_to_delete: None,
        }
    }

    /// Returns the client as the service represents it, without the secret.
    pub(crate) fn to_json(&self) -> Value {
        let mut shown = json!({
            "id": self.id,
            "name": self.name,
            "accessTokenValiditySeconds": self.access_token_validity_seconds,
            "registeredRedirectUri": self.registered_redirect_uri,
            "dateCreated": instant(self.date_created),
            "dateModified": instant(self.date_modified),
            "createdBy": self.created_by,
            "modifiedBy": self.modified_by,
            "authorizedGrantType": name_of(self.authorized_grant_type, GRANT_TYPES),
            "scope": self.scope,
            "state": name_of(self.state, STATES),
            "selfUri": format!("{PATH}/{}", self.id),
        });
        if let Some(description) = &self.description {
            shown["description"] = description.as_str().into();
        }
        if !self.role_ids.is_empty() {
            shown["roleIds"] = self.role_ids.clone().into();
        }
        if self.authorized_grant_type == GrantType::ClientCredentials {
            shown["roleDivisions"] = self
                .role_divisions
                .iter()
                .map(|given| json!({"roleId": given.role_id, "divisionId": given.division_id}))
                .collect();
        }
        if let Some(date) = self.date_to_delete {
            shown["dateToDelete"] = instant(date).into();
        }
        shown
    }

    /// Returns the representation with the secret, which only the response that creates the secret contains.
    fn to_json_with_secret(&self) -> Value {
        let mut shown = self.to_json();
        shown["secret"] = self.secret.as_str().into();
        shown
    }

    /// Returns a `DomainEntityRef` to a client that acts on its own behalf.
    pub(crate) fn reference(&self) -> Value {
        json!({
            "id": self.id,
            "name": self.name,
            "selfUri": format!("{PATH}/{}", self.id),
        })
    }
}

pub(crate) fn not_found(id: &str) -> ServiceError {
    ServiceError::not_found(ENTITY, id)
}

pub(crate) fn list(call: &mut Call<'_>) -> Result<ServiceResponse, ServiceError> {
    let entities: Vec<Value> = call.organization.clients.iter().map(Client::to_json).collect();
    let total = entities.len();
    // The operation has no paging parameters, so a single page holds all clients.
    let page_size = total.max(25);
    let page = format!("{PATH}?pageSize={page_size}&pageNumber=1");
    Call::ok(&json!({
        "entities": entities,
        "pageSize": page_size,
        "pageNumber": 1,
        "total": total,
        "firstUri": page,
        "lastUri": page,
        "selfUri": page,
        "pageCount": 1,
    }))
}

pub(crate) fn get(call: &mut Call<'_>) -> Result<ServiceResponse, ServiceError> {
    let id = call.parameter(0);
    let client = call.organization.client(id).ok_or_else(|| not_found(id))?;
    Call::ok(&client.to_json())
}

pub(crate) fn create(call: &mut Call<'_>) -> Result<ServiceResponse, ServiceError> {
    let requested = ClientRequest::read(call)?;
    let author = call.caller_reference();
    let generator = &mut call.organization.generator;
    let (id, secret) = (generator.uuid(), generator.secret());
    let mut client = Client::new(id, secret, requested.authorized_grant_type, author.clone(), call.now);
    requested.replace(&mut client, author, call.now);
    let shown = client.to_json_with_secret();
    call.organization.clients.push(client);
    Call::ok(&shown)
}

pub(crate) fn replace(call: &mut Call<'_>) -> Result<ServiceResponse, ServiceError> {
    let id = call.parameter(0).to_owned();
    if call.organization.client(&id).is_none() {
        return Err(not_found(&id));
    }
    let requested = ClientRequest::read(call)?;
    let (author, now) = (call.caller_reference(), call.now);
    let client = call.organization.client_mut(&id).ok_or_else(|| not_found(&id))?;
    requested.replace(client, author, now);
    Call::ok(&client.to_json())
}

pub(crate) fn delete(call: &mut Call<'_>) -> Result<ServiceResponse, ServiceError> {
    let id = call.parameter(0).to_owned();
    let client = call.organization.client(&id).ok_or_else(|| not_found(&id))?;
    if client.state != ClientState::Inactive {
        return Err(ServiceError::new(
            StatusCode::BAD_REQUEST,
            "cannot.delete.client",
            "The client {clientId} cannot be deleted: its state is {state}, and only an inactive client can be.",
        )
        .param("clientId", &id)
        .param("state", name_of(client.state, STATES))
        .entity(&id, ENTITY));
    }
    call.organization.forget_client(&id);
    Ok(ServiceResponse::empty(StatusCode::NO_CONTENT))
}

pub(crate) fn rotate_secret(call: &mut Call<'_>) -> Result<ServiceResponse, ServiceError> {
    let id = call.parameter(0).to_owned();
    if call.organization.client(&id).is_none() {
        return Err(not_found(&id));
    }
    let secret = call.organization.generator.secret();
    let (author, now) = (call.caller_reference(), call.now);
    let client = call.organization.client_mut(&id).ok_or_else(|| not_found(&id))?;
    client.secret = secret;
    client.modified_by = author;
    client.date_modified = now;
    Call::ok(&client.to_json_with_secret())
}

/// The validated body of a request that creates or replaces a client.
struct ClientRequest {
    name: String,
    access_token_validity_seconds: i64,
    description: Option<String>,
    registered_redirect_uri: Vec<String>,
    role_ids: Vec<String>,
    authorized_grant_type: GrantType,
    scope: Vec<String>,
    role_divisions: Vec<RoleDivision>,
    state: ClientState,
    date_to_delete: Option<Timestamp>,
}

impl ClientRequest {
    fn read(call: &Call<'_>) -> Result<Self, ServiceError> {
        let fields = Fields::new(call.json_object()?);
        let name = fields.required_string("name")?.to_owned();
        let grant_type = fields.required_string("authorizedGrantType")?;
        let authorized_grant_type = parse_one_of("authorizedGrantType", grant_type, GRANT_TYPES)?;
        let state = fields
            .string("state")?
            .map_or(Ok(ClientState::Active), |state| parse_one_of("state", state, STATES))?;
        let requested = Self {
            name,
            access_token_validity_seconds: fields
                .integer("accessTokenValiditySeconds")?
                .unwrap_or(DEFAULT_VALIDITY),
            description: fields.string("description")?.map(str::to_owned),
            registered_redirect_uri: redirect_uris(&fields)?,
            role_ids: fields.strings("roleIds")?,
            authorized_grant_type,
            scope: fields.strings("scope")?,
            role_divisions: role_divisions(&fields)?,
            state,
            date_to_delete: fields.date("dateToDelete")?,
        };
        requested.check_roles(call)?;
        requested.check_validity(call)?;
        Ok(requested)
    }

    fn roles(&self) -> impl Iterator<Item = (&'static str, &String)> {
        let deprecated = self.role_ids.iter().map(|id| ("roleIds", id));
        let given = self.role_divisions.iter().map(|given| ("roleDivisions", &given.role_id));
        deprecated.chain(given)
    }

    fn check_roles(&self, call: &Call<'_>) -> Result<(), ServiceError> {
        if !self.role_divisions.is_empty() && self.authorized_grant_type != GrantType::ClientCredentials {
            return Err(ServiceError::bad_field(
                "roleDivisions",
                "The field {fieldName} is only for clients with the grant type CLIENT-CREDENTIALS.",
            ));
        }
        for given in &self.role_divisions {
            let known = given.division_id == "*"
                || call.organization.divisions.iter().any(|division| division.id == given.division_id);
            if !known {
                return Err(ServiceError::bad_field(
                    "roleDivisions",
                    "The field {fieldName} names the unknown division {divisionId}.",
                )
                .param("divisionId", &given.division_id));
            }
        }
        for (field, id) in self.roles() {
            let role = call.organization.role(id).ok_or_else(|| {
                ServiceError::bad_field(field, "The field {fieldName} names the unknown role {roleId}.")
                    .param("roleId", id)
            })?;
            if !call.may_give(&role.grants) {
                return Err(ServiceError::new(
                    StatusCode::FORBIDDEN,
                    "not.authorized",
                    "You are not authorized to give the role {roleName}, which you do not hold yourself.",
                )
                .param("roleName", &role.name)
                .entity(id, "Role"));
            }
        }
        Ok(())
    }

    fn check_validity(&self, call: &Call<'_>) -> Result<(), ServiceError> {
        let is_scim = self.roles().filter_map(|(_, id)| call.organization.role(id)).any(|role| role.is_scim);
        let longest = if is_scim { LONGEST_SCIM_VALIDITY } else { LONGEST_VALIDITY };
        if (SHORTEST_VALIDITY..=longest).contains(&self.access_token_validity_seconds) {
            return Ok(());
        }
        Err(ServiceError::bad_field(
            "accessTokenValiditySeconds",
            "The field {fieldName} must be between {minimum} and {maximum}.",
        )
        .param("minimum", &SHORTEST_VALIDITY.to_string())
        .param("maximum", &longest.to_string()))
    }

    /// Replaces every setting of the client. A field that the request omits gets its default value.
    fn replace(self, client: &mut Client, author: Value, now: Timestamp) {
        client.date_to_delete = if self.state != ClientState::Inactive {
            self.date_to_delete
        } else if client.state == ClientState::Inactive && client.date_to_delete.is_some() {
            client.date_to_delete
        } else {
            Some(deletion_date(client.date_created, now))
        };
        client.name = self.name;
        client.access_token_validity_seconds = self.access_token_validity_seconds;
        client.description = self.description;
        client.registered_redirect_uri = self.registered_redirect_uri;
        client.role_ids = self.role_ids;
        client.authorized_grant_type = self.authorized_grant_type;
        client.scope = self.scope;
        client.role_divisions = self.role_divisions;
        client.state = self.state;
        client.modified_by = author;
        client.date_modified = now;
    }
}

/// Returns the date of the final removal of a client that becomes inactive now.
fn deletion_date(created: Timestamp, now: Timestamp) -> Timestamp {
    let old = created.checked_add((DAYS_UNTIL_OLD * 24).hours()).is_ok_and(|old| old < now);
    if old { now.checked_add((DAYS_TO_RESTORE * 24).hours()).unwrap_or(Timestamp::MAX) } else { now }
}

fn redirect_uris(fields: &Fields) -> Result<Vec<String>, ServiceError> {
    const FIELD: &str = "registeredRedirectUri";
    let uris = fields.strings(FIELD)?;
    match uris.iter().find(|uri| Url::parse(uri).is_err()) {
        None => Ok(uris),
        Some(uri) => Err(ServiceError::bad_field(
            FIELD,
            "The field {fieldName} has a value that is not an absolute URI: {value}",
        )
        .param("value", uri)),
    }
}

fn role_divisions(fields: &Fields) -> Result<Vec<RoleDivision>, ServiceError> {
    fields
        .objects("roleDivisions")?
        .iter()
        .map(|given| {
            Ok(RoleDivision {
                role_id: given.required_string("roleId")?.to_owned(),
                division_id: given.required_string("divisionId")?.to_owned(),
            })
        })
        .collect()
}

//! Authorizations: the clients that have been authorized, that have requested it, and whose authorization was revoked.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::call::Call;
use crate::clients::{Client, instant};
use crate::errors::ServiceError;
use crate::organization::{Organization, User};
use crate::response::ServiceResponse;
use crate::scopes;

const PATH: &str = "/api/v2/oauth/authorizations";

/// The state of an authorization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AuthorizationState {
    Unauthorized,
    Requested,
    Authorized,
    Revoked,
}

/// The access that the owner of a resource has granted to a client.
#[derive(Clone, Debug)]
pub(crate) struct Authorization {
    pub(crate) client_id: String,
    pub(crate) scope: Vec<String>,
    pub(crate) roles: Vec<String>,
    pub(crate) resource_owner: User,
    pub(crate) created: Timestamp,
    pub(crate) modified: Timestamp,
    pub(crate) state: AuthorizationState,
}

impl Authorization {
    fn to_json(&self, client: &Client) -> Value {
        let state = match self.state {
            AuthorizationState::Unauthorized => "Unauthorized",
            AuthorizationState::Requested => "Requested",
            AuthorizationState::Authorized => "Authorized",
            AuthorizationState::Revoked => "Revoked",
        };
        json!({
            "client": client.to_json(),
            "scope": self.scope,
            "roles": self.roles,
            "resourceOwner": self.resource_owner.reference(),
            "dateCreated": instant(self.created),
            "dateModified": instant(self.modified),
            "createdBy": self.resource_owner.reference(),
            "modifiedBy": self.resource_owner.reference(),
            "pending": self.state == AuthorizationState::Requested,
            "state": state,
            "selfUri": format!("{PATH}/{}", self.client_id),
        })
    }
}

impl Organization {
    /// Records that the administrator has consented to the scopes that a client requests.
    pub(crate) fn consent(&mut self, client_id: &str, now: Timestamp) {
        let Some(client) = self.client(client_id) else {
            return;
        };
        let scope = client.scope.clone();
        let known = self.authorizations.iter_mut().find(|authorization| authorization.client_id == client_id);
        if let Some(authorization) = known {
            if authorization.state != AuthorizationState::Authorized {
                authorization.state = AuthorizationState::Authorized;
                authorization.modified = now;
            }
            return;
        }
        self.authorizations.push(Authorization {
            client_id: client_id.to_owned(),
            scope,
            roles: Vec::new(),
            resource_owner: self.administrator.clone(),
            created: now,
            modified: now,
            state: AuthorizationState::Authorized,
        });
    }
}

pub(crate) fn list(call: &mut Call<'_>) -> Result<ServiceResponse, ServiceError> {
    let organization = &*call.organization;
    let entities: Vec<Value> = organization
        .authorizations
        .iter()
        .filter_map(|authorization| {
            let client = organization.client(&authorization.client_id)?;
            Some(authorization.to_json(client))
        })
        .collect();
    let listing = json!({"total": entities.len(), "entities": entities, "selfUri": PATH});
    scopes::localized(&listing, scopes::language(call.request))
}

pub(crate) fn get(call: &mut Call<'_>) -> Result<ServiceResponse, ServiceError> {
    let id = call.parameter(0);
    let organization = &*call.organization;
    let authorization = organization
        .authorizations
        .iter()
        .find(|authorization| authorization.client_id == id)
        .ok_or_else(|| ServiceError::not_found("OAuthAuthorization", id))?;
    let client = organization.client(id).ok_or_else(|| ServiceError::not_found("OAuthAuthorization", id))?;
    scopes::localized(&authorization.to_json(client), scopes::language(call.request))
}

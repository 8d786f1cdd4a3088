//! The state of the emulated organization.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::authorizations::Authorization;
use crate::call::Caller;
use crate::clients::{Client, ClientState, GrantType};
use crate::generator::Generator;
use crate::permissions::Grants;
use crate::rate_limit::Windows;
use crate::sign_in::{Code, RefreshToken, Token};
use crate::usage::Execution;

/// A role and the permissions it grants.
#[derive(Clone, Debug)]
pub(crate) struct Role {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) grants: Grants,
    /// True if clients with this role may have tokens that live for 450 days.
    pub(crate) is_scim: bool,
}

/// A part of an organization, within which a role is granted.
#[derive(Clone, Debug)]
pub(crate) struct Division {
    pub(crate) id: String,
    pub(crate) name: String,
}

/// A user, with the properties that this API returns.
#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) name: String,
}

impl User {
    pub(crate) fn reference(&self) -> Value {
        json!({
            "id": self.id,
            "name": self.name,
            "selfUri": format!("/api/v2/users/{}", self.id),
        })
    }
}

/// The state that requests read and change.
#[derive(Debug)]
pub(crate) struct Organization {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) seed: u64,
    pub(crate) generator: Generator,
    pub(crate) roles: Vec<Role>,
    pub(crate) divisions: Vec<Division>,
    /// The owner of all tokens that users obtain by signing in.
    pub(crate) administrator: User,
    pub(crate) administrator_client: String,
    /// The ids of the clients that the organization started with.
    pub(crate) seeded_clients: Vec<String>,
    /// The clients, in the order of creation.
    pub(crate) clients: Vec<Client>,
    pub(crate) authorizations: Vec<Authorization>,
    pub(crate) tokens: HashMap<String, Token>,
    pub(crate) refresh_tokens: HashMap<String, RefreshToken>,
    pub(crate) codes: HashMap<String, Code>,
    pub(crate) executions: HashMap<String, Execution>,
    pub(crate) windows: Windows,
    /// The number of the next consents that are refused.
    pub(crate) refused_consents: usize,
    /// The number of the next usage queries that end as failed.
    pub(crate) failing_usage_queries: usize,
}

impl Organization {
    pub(crate) fn client(&self, id: &str) -> Option<&Client> {
        self.clients.iter().find(|client| client.id == id)
    }

    pub(crate) fn client_mut(&mut self, id: &str) -> Option<&mut Client> {
        self.clients.iter_mut().find(|client| client.id == id)
    }

    pub(crate) fn role(&self, id: &str) -> Option<&Role> {
        self.roles.iter().find(|role| role.id == id)
    }

    /// Returns the permissions that a client has when it acts on its own behalf, from all its roles.
    fn grants_of(&self, client: &Client) -> Grants {
        client
            .role_ids
            .iter()
            .chain(client.role_divisions.iter().map(|given| &given.role_id))
            .filter_map(|id| self.role(id))
            .fold(Grants::none(), |grants, role| grants.join(&role.grants))
    }

    /// Returns the owner and the permissions of a token, if the token is valid at this time.
    pub(crate) fn caller(&self, token: &str, now: Timestamp) -> Option<Caller> {
        let issued = self.tokens.get(token).filter(|token| token.expires > now)?;
        let client = self.client(&issued.client_id).filter(|client| client.state != ClientState::Disabled)?;
        let for_itself = client.authorized_grant_type == GrantType::ClientCredentials;
        let (grants, reference) = if for_itself {
            (self.grants_of(client), client.reference())
        } else {
            (Grants::Everything, self.administrator.reference())
        };
        Some(Caller { token: token.to_owned(), grants, reference })
    }

    pub(crate) fn add_role(&mut self, name: &str, grants: Grants) -> String {
        let id = self.generator.uuid();
        self.roles.push(Role { id: id.clone(), name: name.to_owned(), grants, is_scim: false });
        id
    }

    /// Returns whether the next consent is refused, and consumes one refusal.
    pub(crate) fn take_consent_refusal(&mut self) -> bool {
        let refuses = self.refused_consents > 0;
        self.refused_consents = self.refused_consents.saturating_sub(1);
        refuses
    }
}

//! Authorizations: the clients that a user has allowed to act on their behalf.

use crate::models::{DomainEntityRef, OAuthClient, Timestamp};

open_enum! {
    /// The state of an authorization.
    pub enum AuthorizationState {
        /// Not granted.
        Unauthorized = "Unauthorized",
        /// Requested and not yet confirmed.
        Requested = "Requested",
        /// Granted.
        Authorized = "Authorized",
        /// Revoked.
        Revoked = "Revoked",
    }
}

model! {
    /// The authorization of a client by a user.
    #[derive(Eq)]
    #[non_exhaustive]
    pub struct OAuthAuthorization {
        /// The client.
        pub client: Option<OAuthClient> => identity,
        /// The scopes granted.
        pub scope: Vec<String>,
        /// The roles granted.
        pub roles: Vec<String>,
        /// The user who granted the authorization.
        pub resource_owner: Option<DomainEntityRef>,
        /// The time at which the authorization was created.
        pub date_created: Option<Timestamp>,
        /// The time at which the authorization was last changed.
        pub date_modified: Option<Timestamp>,
        /// The user who created the authorization.
        pub created_by: Option<DomainEntityRef>,
        /// The user who last changed the authorization.
        pub modified_by: Option<DomainEntityRef>,
        /// True while the authorization is not confirmed.
        pub pending: Option<bool>,
        /// The state of the authorization.
        pub state: Option<AuthorizationState>,
        /// The path of the authorization.
        pub self_uri: Option<String>,
    }
    with metadata OAuthAuthorizationResponse
}

model! {
    /// The authorizations of the user that the token belongs to, all in one response.
    #[derive(Eq)]
    #[non_exhaustive]
    pub struct OAuthAuthorizationListing {
        /// The number of authorizations.
        pub total: Option<i64>,
        /// The authorizations.
        pub entities: Vec<OAuthAuthorization> => required complete,
        /// The path of the listing.
        pub self_uri: Option<String>,
    }
    with metadata OAuthAuthorizationListingResponse
}

//! Authorizations: the clients that a user let act in their name.

use crate::models::{DomainEntityRef, OAuthClient, Timestamp};

open_enum! {
    /// Where an authorization stands.
    pub enum AuthorizationState {
        /// Not given.
        Unauthorized = "Unauthorized",
        /// Asked for and not yet confirmed.
        Requested = "Requested",
        /// Given.
        Authorized = "Authorized",
        /// Taken back.
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
        /// Who granted them.
        pub resource_owner: Option<DomainEntityRef>,
        /// When the authorization was created.
        pub date_created: Option<Timestamp>,
        /// When the authorization was last changed.
        pub date_modified: Option<Timestamp>,
        /// Who created it.
        pub created_by: Option<DomainEntityRef>,
        /// Who last changed it.
        pub modified_by: Option<DomainEntityRef>,
        /// Whether it still waits to be confirmed.
        pub pending: Option<bool>,
        /// Where it stands.
        pub state: Option<AuthorizationState>,
        /// The path of the authorization itself.
        pub self_uri: Option<String>,
    }
    with metadata OAuthAuthorizationResponse
}

model! {
    /// The authorizations of the user behind the token, all in one answer.
    #[derive(Eq)]
    #[non_exhaustive]
    pub struct OAuthAuthorizationListing {
        /// How many authorizations there are.
        pub total: Option<i64>,
        /// The authorizations.
        pub entities: Vec<OAuthAuthorization> => required complete,
        /// The path of the listing itself.
        pub self_uri: Option<String>,
    }
    with metadata OAuthAuthorizationListingResponse
}

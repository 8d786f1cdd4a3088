//! Scopes, which limit the use of a token.

model! {
    /// A scope, such as `users:readonly`.
    #[derive(Eq)]
    #[non_exhaustive]
    pub struct OAuthScope {
        /// The scope's name.
        pub id: String => identity,
        /// The description of the scope, in the requested language.
        pub description: Option<String>,
        /// The path of the scope.
        pub self_uri: Option<String>,
    }
    with metadata OAuthScopeResponse
    lacks |scope, _| scope.id.is_empty().then_some("id")
}

model! {
    /// The scopes of the service, all in one response.
    #[derive(Eq)]
    #[non_exhaustive]
    pub struct OAuthScopeListing {
        /// The number of scopes.
        pub total: Option<i64>,
        /// The scopes.
        pub entities: Vec<OAuthScope> => required complete,
        /// The path of the listing.
        pub self_uri: Option<String>,
    }
    with metadata OAuthScopeListingResponse
}

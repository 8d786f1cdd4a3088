//! Scopes: what a token may be used for.

model! {
    /// A scope, such as `users:readonly`.
    #[derive(Eq)]
    #[non_exhaustive]
    pub struct OAuthScope {
        /// The scope's name.
        pub id: String => identity,
        /// What the scope allows, in the language asked for.
        pub description: Option<String>,
        /// The path of the scope itself.
        pub self_uri: Option<String>,
    }
    with metadata OAuthScopeResponse
    lacks |scope, _| scope.id.is_empty().then_some("id")
}

model! {
    /// The scopes of the service, all in one answer.
    #[derive(Eq)]
    #[non_exhaustive]
    pub struct OAuthScopeListing {
        /// How many scopes there are.
        pub total: Option<i64>,
        /// The scopes.
        pub entities: Vec<OAuthScope> => required complete,
        /// The path of the listing itself.
        pub self_uri: Option<String>,
    }
    with metadata OAuthScopeListingResponse
}

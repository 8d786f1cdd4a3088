//! References to entities outside the OAuth API.

model! {
    /// A reference to a user or another entity of the organization.
    #[derive(Eq)]
    #[non_exhaustive]
    pub struct DomainEntityRef {
        /// The entity's id.
        pub id: Option<String>,
        /// The entity's name.
        pub name: Option<String>,
        /// The path of the entity.
        pub self_uri: Option<String>,
    }
}

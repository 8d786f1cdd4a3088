//! What the service says when it refuses or fails.

use std::collections::HashMap;

model! {
    /// The service's description of an error.
    #[derive(Eq)]
    #[non_exhaustive]
    pub struct ErrorBody {
        /// The service's text, for a person.
        pub message: Option<String>,
        /// The service's code, such as `not.found`.
        pub code: Option<String>,
        /// The HTTP status.
        pub status: Option<i32>,
        /// The id of the entity that the error is about.
        pub entity_id: Option<String>,
        /// The name of the entity that the error is about.
        pub entity_name: Option<String>,
        /// The text with its parameters in braces.
        pub message_with_params: Option<String>,
        /// The parameters of the text.
        pub message_params: HashMap<String, String>,
        /// The id under which the vendor's support finds the request.
        pub context_id: Option<String>,
        /// What was wrong, field by field.
        pub details: Vec<Detail>,
        /// The errors behind this one.
        pub errors: Vec<ErrorBody>,
        /// The limit that the request ran into.
        pub limit: Option<Limit>,
    }
}

model! {
    /// What was wrong with one field.
    #[derive(Eq)]
    #[non_exhaustive]
    pub struct Detail {
        /// The service's code for it.
        pub error_code: Option<String>,
        /// The field's name in the service's spelling.
        pub field_name: Option<String>,
        /// The id of the entity that it is about.
        pub entity_id: Option<String>,
        /// The name of the entity that it is about.
        pub entity_name: Option<String>,
    }
}

model! {
    /// A limit of the organization that a request ran into.
    #[derive(Eq)]
    #[non_exhaustive]
    pub struct Limit {
        /// The limit's name, such as `client.credentials.token.rate.per.minute`.
        pub key: Option<String>,
        /// The part of the service that sets it. The list of parts grows with nearly every release,
        /// so it is a text.
        pub namespace: Option<String>,
        /// The limit itself.
        pub value: Option<i64>,
    }
}

//! The error bodies of the service.

use std::collections::HashMap;

model! {
    /// The service's description of an error.
    #[derive(Eq)]
    #[non_exhaustive]
    pub struct ErrorBody {
        /// The service's error message, for the user.
        pub message: Option<String>,
        /// The service's error code, such as `not.found`.
        pub code: Option<String>,
        /// The HTTP status.
        pub status: Option<i32>,
        /// The id of the entity that the error is about.
        pub entity_id: Option<String>,
        /// The name of the entity that the error is about.
        pub entity_name: Option<String>,
        /// The message as a template, with its parameters in braces.
        pub message_with_params: Option<String>,
        /// The values of the template's parameters, by name.
        pub message_params: HashMap<String, String>,
        /// The id by which the vendor's support finds the request.
        pub context_id: Option<String>,
        /// The errors of single fields.
        pub details: Vec<Detail>,
        /// The errors that caused this one.
        pub errors: Vec<ErrorBody>,
        /// The limit that the request exceeded.
        pub limit: Option<Limit>,
    }
}

model! {
    /// An error of one field.
    #[derive(Eq)]
    #[non_exhaustive]
    pub struct Detail {
        /// The service's error code.
        pub error_code: Option<String>,
        /// The field's name in the service's spelling.
        pub field_name: Option<String>,
        /// The id of the entity that the error is about.
        pub entity_id: Option<String>,
        /// The name of the entity that the error is about.
        pub entity_name: Option<String>,
    }
}

model! {
    /// A limit of the organization that a request exceeded.
    #[derive(Eq)]
    #[non_exhaustive]
    pub struct Limit {
        /// The limit's name, such as `client.credentials.token.rate.per.minute`.
        pub key: Option<String>,
        /// The part of the service that sets the limit. It is a string and not an enumeration, because nearly every
        /// release of the service adds a part.
        pub namespace: Option<String>,
        /// The value of the limit.
        pub value: Option<i64>,
    }
}

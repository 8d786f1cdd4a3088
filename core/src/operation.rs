//! The operations of the API: verb, path, permissions and retry class of each.

use std::fmt;

/// The HTTP verb of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verb {
    /// A read.
    Get,
    /// A creation, or the start of a job.
    Post,
    /// A replacement.
    Put,
    /// A removal.
    Delete,
}

impl Verb {
    /// Returns the verb as it is sent, such as `GET`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Verb::Get => "GET",
            Verb::Post => "POST",
            Verb::Put => "PUT",
            Verb::Delete => "DELETE",
        }
    }

    pub(crate) const fn to_method(self) -> http::Method {
        match self {
            Verb::Get => http::Method::GET,
            Verb::Post => http::Method::POST,
            Verb::Put => http::Method::PUT,
            Verb::Delete => http::Method::DELETE,
        }
    }
}

/// The retry class of an operation: it decides whether a request is sent a second time after a lost response. The first
/// three classes are retried in the same way; they differ in the reason why that is harmless.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Replay {
    /// A read. It may be retried.
    Safe,
    /// A replacement or removal: executing it twice has the same effect as executing it once. It may be retried.
    Idempotent,
    /// An operation whose second execution costs the service some work, but has no other effect. It may be retried.
    Repeatable,
    /// An operation whose second execution creates a second object, or destroys the result of the first. It is not
    /// retried if the service may have executed it. It is retried if no byte of it was sent, and after status 429 or
    /// 401, with which the service responds before it executes anything.
    Once,
}

/// An operation of the API: a row of the table.
///
/// # Examples
/// ```
/// use purecloud_oauth::{Operation, Replay};
///
/// let sent_once = Operation::ALL.iter().filter(|operation| operation.replay == Replay::Once);
/// let names: Vec<&str> = sent_once.map(|operation| operation.name).collect();
/// assert_eq!(names, ["post_oauth_client_secret", "post_oauth_clients"]);
/// assert_eq!(Operation::GET_OAUTH_SCOPES.path, "/api/v2/oauth/scopes");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Operation {
    /// The name in the documentation, in snake case, such as `get_oauth_client`.
    pub name: &'static str,
    /// The HTTP verb.
    pub verb: Verb,
    /// The path template, with arguments in braces, such as `/api/v2/oauth/clients/{clientId}`.
    pub path: &'static str,
    /// The permissions, any one of which is sufficient; empty if a token is enough.
    pub permissions: &'static [&'static str],
    /// The retry class, which decides whether a request is sent a second time after a lost response.
    pub replay: Replay,
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} {}", self.name, self.verb.as_str(), self.path)
    }
}

macro_rules! operations {
    ($($constant:ident = $name:literal $verb:ident $path:literal any of [$($permission:literal),*], replay $replay:ident;)*) => {
        impl Operation {
            $(
                #[doc = concat!("`", $name, "`: ", stringify!($verb), " ", $path, "; replay: ", stringify!($replay))]
                pub const $constant: Operation = Operation {
                    name: $name,
                    verb: Verb::$verb,
                    path: $path,
                    permissions: &[$($permission),*],
                    replay: Replay::$replay,
                };
            )*

            /// Every operation of the API, in the documentation's order.
            pub const ALL: &'static [Operation] = &[$(Operation::$constant),*];
        }
    };
}

operations! {
    DELETE_OAUTH_CLIENT = "delete_oauth_client"
        Delete "/api/v2/oauth/clients/{clientId}" any of ["oauth:client:delete"], replay Idempotent;
    GET_OAUTH_AUTHORIZATION = "get_oauth_authorization"
        Get "/api/v2/oauth/authorizations/{clientId}" any of ["oauth:client:authorize"], replay Safe;
    GET_OAUTH_AUTHORIZATIONS = "get_oauth_authorizations"
        Get "/api/v2/oauth/authorizations" any of ["oauth:client:authorize"], replay Safe;
    GET_OAUTH_CLIENT = "get_oauth_client"
        Get "/api/v2/oauth/clients/{clientId}" any of ["oauth:client:view"], replay Safe;
    GET_OAUTH_CLIENT_USAGE_QUERY_RESULT = "get_oauth_client_usage_query_result"
        Get "/api/v2/oauth/clients/{clientId}/usage/query/results/{executionId}"
        any of ["oauth:client:view", "usage:client:view"], replay Safe;
    GET_OAUTH_CLIENT_USAGE_SUMMARY = "get_oauth_client_usage_summary"
        Get "/api/v2/oauth/clients/{clientId}/usage/summary"
        any of ["oauth:client:view", "usage:client:view"], replay Safe;
    GET_OAUTH_CLIENTS = "get_oauth_clients"
        Get "/api/v2/oauth/clients" any of ["oauth:client:view"], replay Safe;
    GET_OAUTH_SCOPE = "get_oauth_scope"
        Get "/api/v2/oauth/scopes/{scopeId}" any of [], replay Safe;
    GET_OAUTH_SCOPES = "get_oauth_scopes"
        Get "/api/v2/oauth/scopes" any of [], replay Safe;
    POST_OAUTH_CLIENT_SECRET = "post_oauth_client_secret"
        Post "/api/v2/oauth/clients/{clientId}/secret" any of ["oauth:client:edit"], replay Once;
    POST_OAUTH_CLIENT_USAGE_QUERY = "post_oauth_client_usage_query"
        Post "/api/v2/oauth/clients/{clientId}/usage/query"
        any of ["oauth:client:view", "usage:client:view"], replay Repeatable;
    POST_OAUTH_CLIENTS = "post_oauth_clients"
        Post "/api/v2/oauth/clients" any of ["oauth:client:add"], replay Once;
    PUT_OAUTH_CLIENT = "put_oauth_client"
        Put "/api/v2/oauth/clients/{clientId}" any of ["oauth:client:edit"], replay Idempotent;
}

//! The table of the API: what differs between two operations is a row here.

use std::fmt;

/// The HTTP verb of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verb {
    /// Reads.
    Get,
    /// Creates, or starts something.
    Post,
    /// Replaces.
    Put,
    /// Removes.
    Delete,
}

impl Verb {
    /// The verb as it stands on the wire, such as `GET`.
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

/// Whether an operation may be sent a second time when the first answer is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Replay {
    /// A read. It may be sent again.
    Safe,
    /// A replacement or removal: twice has the effect of once. It may be sent again.
    Idempotent,
    /// A second execution costs the service some work and nothing else. It may be sent again.
    Repeatable,
    /// A second execution makes a second thing, or destroys what the first one made. Once a byte
    /// of it may have left, it is never sent again.
    Once,
}

/// One operation of the API: a row of the table.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Operation {
    /// The documentation's name in snake case, such as `get_oauth_client`.
    pub name: &'static str,
    /// The HTTP verb.
    pub verb: Verb,
    /// The path, with its arguments in braces, such as `/api/v2/oauth/clients/{clientId}`.
    pub path: &'static str,
    /// The permissions of which the caller needs any one; empty where a token is enough.
    pub permissions: &'static [&'static str],
    /// Whether it may be sent a second time when the first answer is lost.
    pub replay: Replay,
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} {}", self.name, self.verb.as_str(), self.path)
    }
}

macro_rules! operations {
    ($($constant:ident = $name:literal $verb:ident $path:literal any of [$($permission:literal),*] $replay:ident;)*) => {
        impl Operation {
            $(
                #[doc = concat!("`", $name, "`: ", stringify!($verb), " ", $path, "; sent again: ", stringify!($replay))]
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
        Delete "/api/v2/oauth/clients/{clientId}" any of ["oauth:client:delete"] Idempotent;
    GET_OAUTH_AUTHORIZATION = "get_oauth_authorization"
        Get "/api/v2/oauth/authorizations/{clientId}" any of ["oauth:client:authorize"] Safe;
    GET_OAUTH_AUTHORIZATIONS = "get_oauth_authorizations"
        Get "/api/v2/oauth/authorizations" any of ["oauth:client:authorize"] Safe;
    GET_OAUTH_CLIENT = "get_oauth_client"
        Get "/api/v2/oauth/clients/{clientId}" any of ["oauth:client:view"] Safe;
    GET_OAUTH_CLIENT_USAGE_QUERY_RESULT = "get_oauth_client_usage_query_result"
        Get "/api/v2/oauth/clients/{clientId}/usage/query/results/{executionId}"
        any of ["oauth:client:view", "usage:client:view"] Safe;
    GET_OAUTH_CLIENT_USAGE_SUMMARY = "get_oauth_client_usage_summary"
        Get "/api/v2/oauth/clients/{clientId}/usage/summary"
        any of ["oauth:client:view", "usage:client:view"] Safe;
    GET_OAUTH_CLIENTS = "get_oauth_clients"
        Get "/api/v2/oauth/clients" any of ["oauth:client:view"] Safe;
    GET_OAUTH_SCOPE = "get_oauth_scope"
        Get "/api/v2/oauth/scopes/{scopeId}" any of [] Safe;
    GET_OAUTH_SCOPES = "get_oauth_scopes"
        Get "/api/v2/oauth/scopes" any of [] Safe;
    POST_OAUTH_CLIENT_SECRET = "post_oauth_client_secret"
        Post "/api/v2/oauth/clients/{clientId}/secret" any of ["oauth:client:edit"] Once;
    POST_OAUTH_CLIENT_USAGE_QUERY = "post_oauth_client_usage_query"
        Post "/api/v2/oauth/clients/{clientId}/usage/query"
        any of ["oauth:client:view", "usage:client:view"] Repeatable;
    POST_OAUTH_CLIENTS = "post_oauth_clients"
        Post "/api/v2/oauth/clients" any of ["oauth:client:add"] Once;
    PUT_OAUTH_CLIENT = "put_oauth_client"
        Put "/api/v2/oauth/clients/{clientId}" any of ["oauth:client:edit"] Idempotent;
}

//! The table of all endpoints: a new operation is a row here and a handler.

use std::fmt;
use std::str::FromStr;

use hyper::Method;
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::errors::ServiceError;
use crate::permissions::{CLIENT_ADD, CLIENT_AUTHORIZE, CLIENT_DELETE, CLIENT_EDIT, CLIENT_VIEW, USAGE_VIEW};
use crate::response::ServiceResponse;
use crate::{authorizations, clients, scopes, sign_in, usage};

macro_rules! endpoints {
    ($($variant:ident $name:literal $method:ident $path:literal, $access:expr, $handle:path;)*) => {
        /// An endpoint of the emulator, with the vendor's name of its operation.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Endpoint {
            $(
                #[doc = concat!("`", stringify!($method), " ", $path, "`")]
                #[serde(rename = $name)]
                $variant,
            )*
        }

        impl Endpoint {
            /// Every endpoint.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];
        }

        /// The rows, in the order of the variants of [`Endpoint`].
        static TABLE: &[Row] = &[$(
            Row {
                endpoint: Endpoint::$variant,
                name: $name,
                method: Method::$method,
                path: $path,
                access: $access,
                handle: $handle,
            },
        )*];
    };
}

#[rustfmt::skip]
endpoints! {
    DeleteOauthClient "delete_oauth_client"
        DELETE "/api/v2/oauth/clients/{clientId}", Access::AnyOf(&[CLIENT_DELETE]), clients::delete;
    GetOauthAuthorization "get_oauth_authorization"
        GET "/api/v2/oauth/authorizations/{clientId}", Access::AnyOf(&[CLIENT_AUTHORIZE]), authorizations::get;
    GetOauthAuthorizations "get_oauth_authorizations"
        GET "/api/v2/oauth/authorizations", Access::AnyOf(&[CLIENT_AUTHORIZE]), authorizations::list;
    GetOauthClient "get_oauth_client"
        GET "/api/v2/oauth/clients/{clientId}", Access::AnyOf(&[CLIENT_VIEW]), clients::get;
    GetOauthClientUsageQueryResult "get_oauth_client_usage_query_result"
        GET "/api/v2/oauth/clients/{clientId}/usage/query/results/{executionId}", Access::AnyOf(&[CLIENT_VIEW, USAGE_VIEW]), usage::result;
    GetOauthClientUsageSummary "get_oauth_client_usage_summary"
        GET "/api/v2/oauth/clients/{clientId}/usage/summary", Access::AnyOf(&[CLIENT_VIEW, USAGE_VIEW]), usage::summary;
    GetOauthClients "get_oauth_clients"
        GET "/api/v2/oauth/clients", Access::AnyOf(&[CLIENT_VIEW]), clients::list;
    GetOauthScope "get_oauth_scope"
        GET "/api/v2/oauth/scopes/{scopeId}", Access::AnyToken, scopes::get;
    GetOauthScopes "get_oauth_scopes"
        GET "/api/v2/oauth/scopes", Access::AnyToken, scopes::list;
    PostOauthClientSecret "post_oauth_client_secret"
        POST "/api/v2/oauth/clients/{clientId}/secret", Access::AnyOf(&[CLIENT_EDIT]), clients::rotate_secret;
    PostOauthClientUsageQuery "post_oauth_client_usage_query"
        POST "/api/v2/oauth/clients/{clientId}/usage/query", Access::AnyOf(&[CLIENT_VIEW, USAGE_VIEW]), usage::query;
    PostOauthClients "post_oauth_clients"
        POST "/api/v2/oauth/clients", Access::AnyOf(&[CLIENT_ADD]), clients::create;
    PutOauthClient "put_oauth_client"
        PUT "/api/v2/oauth/clients/{clientId}", Access::AnyOf(&[CLIENT_EDIT]), clients::replace;
    Token "token"
        POST "/oauth/token", Access::Open, sign_in::token;
    Authorize "authorize"
        GET "/oauth/authorize", Access::Open, sign_in::authorize;
    DeleteTokensMe "delete_tokens_me"
        DELETE "/api/v2/tokens/me", Access::AnyToken, sign_in::revoke_own_token;
    Logout "logout"
        GET "/logout", Access::Open, sign_in::logout;
}

impl Endpoint {
    /// Returns the name in lower case with underscores, such as `delete_oauth_client`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().name
    }

    pub(crate) fn row(self) -> &'static Row {
        &TABLE[self as usize]
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// The error of parsing an [`Endpoint`] from a string that is not the name of one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the name of an endpoint")]
pub struct UnknownEndpoint(String);

impl FromStr for Endpoint {
    type Err = UnknownEndpoint;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .iter()
            .copied()
            .find(|endpoint| endpoint.name() == name)
            .ok_or_else(|| UnknownEndpoint(name.to_owned()))
    }
}

/// The authorization that an endpoint requires.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Access {
    /// None: an endpoint of the login host.
    Open,
    /// A valid token.
    AnyToken,
    /// A valid token with at least one of these permissions.
    AnyOf(&'static [&'static str]),
}

pub(crate) type Handler = fn(&mut Call<'_>) -> Result<ServiceResponse, ServiceError>;

/// The properties of an endpoint.
pub(crate) struct Row {
    pub(crate) endpoint: Endpoint,
    pub(crate) name: &'static str,
    method: Method,
    path: &'static str,
    pub(crate) access: Access,
    pub(crate) handle: Handler,
}

/// The result of looking up a method and a path.
pub(crate) enum Route {
    Found(&'static Row, Vec<String>),
    /// The path is known but not with this method; the value lists the allowed ones.
    WrongMethod(String),
    Unknown,
}

pub(crate) fn route(method: &Method, path: &str) -> Route {
    let mut allowed = Vec::new();
    for row in TABLE {
        let Some(parameters) = path_parameters(row.path, path) else {
            continue;
        };
        if row.method == *method {
            return Route::Found(row, parameters);
        }
        allowed.push(row.method.as_str());
    }
    if allowed.is_empty() { Route::Unknown } else { Route::WrongMethod(allowed.join(", ")) }
}

/// Returns the decoded values of the template's placeholders if the path matches the template.
fn path_parameters(template: &str, path: &str) -> Option<Vec<String>> {
    let mut actual = path.split('/');
    let mut parameters = Vec::new();
    for expected in template.split('/') {
        let segment = actual.next()?;
        if !expected.starts_with('{') {
            if segment != expected {
                return None;
            }
        } else if segment.is_empty() {
            return None;
        } else {
            parameters.push(percent_decode_str(segment).decode_utf8_lossy().into_owned());
        }
    }
    actual.next().is_none().then_some(parameters)
}

#[cfg(test)]
mod tests {
    use super::{Endpoint, Route, route};
    use hyper::Method;

    #[test]
    fn the_table_is_in_the_order_of_the_endpoints() {
        for endpoint in Endpoint::ALL.iter().copied() {
            assert_eq!(endpoint.row().endpoint, endpoint);
            assert_eq!(endpoint.name().parse(), Ok(endpoint));
            assert_eq!(serde_json::json!(endpoint), serde_json::Value::from(endpoint.name()));
        }
    }

    #[test]
    fn a_parameter_is_one_segment_and_is_decoded() {
        let Route::Found(row, parameters) = route(&Method::GET, "/api/v2/oauth/scopes/users%3Areadonly")
        else {
            panic!("not found");
        };
        assert_eq!(row.endpoint, Endpoint::GetOauthScope);
        assert_eq!(parameters, ["users:readonly"]);
        assert!(matches!(route(&Method::GET, "/api/v2/oauth/clients/"), Route::Unknown));
        assert!(matches!(route(&Method::PATCH, "/api/v2/oauth/clients"), Route::WrongMethod(_)));
    }
}

//! How the core's own types cross the boundary: those that must stay opaque as objects, timestamps and durations as
//! each language's own.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use uniffi::deps::anyhow::Context;
use uniffi::{FfiConverter, FfiConverterArc, Handle, Lift, Lower, MetadataBuffer, TypeId};

use crate::UniFfiTag;
use crate::credentials::{Authorization, AuthorizationRequest, Credentials, Session};
use crate::error::Error;
use crate::ffi::OAuthError;
use crate::ffi::argument::count;
use crate::models::{ApiUsageClientQuery, Extra, Timestamp};
use crate::region::{Gateway, Host, Region};
use crate::secret::Secret;

uniffi::custom_type!(
    /// A moment in time, in the years 1 to 9999.
    Timestamp, SecondsSince1970, {
    lower: |timestamp| SecondsSince1970(timestamp),
    try_lift: |crossed| Ok(crossed.0),
});

uniffi::custom_type!(
    /// Fields by their names in JSON, each with its value as JSON.
    Extra, HashMap<String, String>, {
    lower: |extra| extra.iter().map(|(name, json)| (name.to_owned(), json.to_owned())).collect(),
    try_lift: |fields| Ok(Extra::from_json_of_fields(fields)),
});

/// A timestamp as seconds since 1970, rounded down, and the nanoseconds of that second. uniffi's own form counts
/// both away from 1970, and so has no place for the last second before it.
///
/// A timestamp outside of the calendar crosses as well: a function that can't fail may take it, and the core's checks
/// refuse it by the name of the argument.
#[allow(unreachable_pub, reason = "uniffi names it in a public interface")]
pub struct SecondsSince1970(Timestamp);

// SAFETY: uniffi requires that both sides use the same encoding. `try_read` reads what `write` writes, an `i64` and a
// `u32`, with uniffi's functions for these types. The generator (`bindings/uniffi-bindgen`) makes the other languages
// read and write the same for uniffi's timestamp, which `TYPE_ID_META` declares.
unsafe impl FfiConverter<UniFfiTag> for SecondsSince1970 {
    uniffi::ffi_converter_rust_buffer_lift_and_lower!(UniFfiTag);

    fn write(SecondsSince1970(timestamp): Self, buffer: &mut Vec<u8>) {
        let (seconds, nanoseconds) = timestamp.to_parts();
        <i64 as FfiConverter<UniFfiTag>>::write(seconds, buffer);
        <u32 as FfiConverter<UniFfiTag>>::write(nanoseconds, buffer);
    }

    fn try_read(buffer: &mut &[u8]) -> uniffi::Result<Self> {
        let seconds = <i64 as FfiConverter<UniFfiTag>>::try_read(buffer)?;
        let nanoseconds = <u32 as FfiConverter<UniFfiTag>>::try_read(buffer)?;
        let timestamp = Timestamp::from_parts(seconds, nanoseconds);
        Ok(SecondsSince1970(timestamp.context("a timestamp has a second or more of nanoseconds")?))
    }

    const TYPE_ID_META: MetadataBuffer = <SystemTime as TypeId<UniFfiTag>>::TYPE_ID_META;
}

uniffi::derive_ffi_traits!(local SecondsSince1970);

/// Refuses a duration that another language has and Rust has not.
///
/// A duration crosses as seconds, rounded down, and the nanoseconds of that second, as a timestamp does. uniffi takes
/// the seconds for a number without a sign, so that a negative duration becomes one of more seconds than an `i64` has.
/// The generator marks what is no number of seconds at all, such as Swift's `.nan` and `.infinity`.
pub(crate) fn check_duration(argument: &str, crossed: Duration) -> Result<(), Error> {
    const NOT_FINITE: (i64, u32) = (i64::MIN, 999_999_999);
    let (seconds, nanoseconds) = (crossed.as_secs().cast_signed(), crossed.subsec_nanos());
    if (seconds, nanoseconds) == NOT_FINITE {
        return Err(Error::invalid_argument(argument, "is not a finite number of seconds"));
    }
    if seconds < 0 {
        return Err(Error::invalid_argument(argument, "is negative"));
    }
    Ok(())
}

/// The longest duration of Python's, in seconds; of the languages' own, it is the shortest.
const LONGEST: Duration = Duration::from_secs(86_399_999_999_999);

/// A duration that the service names, as every language can hold it.
pub(super) fn within_every_language(duration: Duration) -> Duration {
    duration.min(LONGEST)
}

/// Lets an object stand in a record by itself rather than behind a pointer, as Rust callers hold it.
macro_rules! by_value {
    ($($object:ident)*) => {$(
        // SAFETY: uniffi requires that both sides agree on the type. Each function calls the one that uniffi derives
        // for an `Arc` of the object, so the other language receives and passes a handle of the same kind.
        unsafe impl Lower<UniFfiTag> for $object {
            type FfiType = Handle;

            fn lower(object: Self) -> Handle {
                <Self as FfiConverterArc<UniFfiTag>>::lower(Arc::new(object))
            }

            fn write(object: Self, buffer: &mut Vec<u8>) {
                <Self as FfiConverterArc<UniFfiTag>>::write(Arc::new(object), buffer);
            }
        }

        unsafe impl Lift<UniFfiTag> for $object {
            type FfiType = Handle;

            fn try_lift(handle: Handle) -> uniffi::Result<Self> {
                <Self as FfiConverterArc<UniFfiTag>>::try_lift(handle).map(Arc::unwrap_or_clone)
            }

            fn try_read(buffer: &mut &[u8]) -> uniffi::Result<Self> {
                <Self as FfiConverterArc<UniFfiTag>>::try_read(buffer).map(Arc::unwrap_or_clone)
            }
        }
    )*};
}

by_value! { Credentials Host Secret }

#[uniffi::export]
impl Secret {
    /// Takes a text into custody.
    #[uniffi::constructor(name = "new")]
    fn from_text(text: String) -> Self {
        Secret::new(text)
    }

    /// The text itself. What is done with it from here on is the caller's care.
    #[uniffi::method(name = "expose")]
    fn exposed(&self) -> String {
        self.expose().to_owned()
    }
}

#[uniffi::export]
impl Credentials {
    /// An access token as it is. It can't be renewed: when it ends, calls fail with status 401.
    #[uniffi::constructor(name = "access_token")]
    fn from_access_token(token: Secret) -> Self {
        Credentials::access_token(token)
    }

    /// The id and the secret of an OAuth client whose grant type is client credentials. The token is
    /// fetched with the first call, kept, and renewed before it ends.
    #[uniffi::constructor(name = "client_credentials")]
    fn from_client_credentials(client_id: String, client_secret: Secret) -> Self {
        Credentials::client_credentials(client_id, client_secret)
    }

    /// A code that came back from the authorize page, for programs that take the redirect apart themselves;
    /// an `AuthorizationRequest` does it and checks more. The code is exchanged with the first call, once: it is
    /// never sent a second time when the answer is lost.
    ///
    /// - `code`: the code of the redirect.
    /// - `redirect_uri`: the redirect URI that the page was asked with, to the letter.
    /// - `client_secret`: the client's secret; nothing for a public client, which needs a code verifier.
    /// - `code_verifier`: what the challenge of the page was made of (PKCE); nothing if there was none.
    #[uniffi::constructor(name = "authorization_code", default(client_secret = None, code_verifier = None))]
    fn from_authorization_code(
        client_id: String,
        code: Secret,
        redirect_uri: String,
        client_secret: Option<Secret>,
        code_verifier: Option<Secret>,
    ) -> Self {
        Credentials::authorization_code(client_id, code, redirect_uri, client_secret, code_verifier)
    }

    /// A refresh token that was kept. It is exchanged with the first call, and again before each access token
    /// ends. Where the service gives another one in its place, that one is used from then on: ask the client for
    /// its session to keep it.
    ///
    /// - `client_secret`: the client's secret; nothing for a public client.
    #[uniffi::constructor(name = "refresh_token", default(client_secret = None))]
    fn from_refresh_token(client_id: String, refresh_token: Secret, client_secret: Option<Secret>) -> Self {
        Credentials::refresh_token(client_id, refresh_token, client_secret)
    }

    /// An assertion of the organization's identity provider (SAML2 bearer). It is exchanged with the first call.
    ///
    /// - `org_name`: the organization's short name.
    /// - `assertion`: the assertion, in Base64 as the identity provider gives it.
    #[uniffi::constructor(name = "saml2_bearer")]
    fn from_saml2_bearer(
        client_id: String,
        client_secret: Secret,
        org_name: String,
        assertion: Secret,
    ) -> Self {
        Credentials::saml2_bearer(client_id, client_secret, org_name, assertion)
    }

    /// A session that was kept, to go on with it. Nothing is sent before its access token ends; without a
    /// refresh token it ends with it.
    ///
    /// - `session`: what the client handed out before.
    /// - `client_secret`: the client's secret; nothing for a public client.
    #[uniffi::constructor(name = "session", default(client_secret = None))]
    fn from_session(client_id: String, session: Session, client_secret: Option<Secret>) -> Self {
        Credentials::session(client_id, session, client_secret)
    }

    /// The browser of the person at this machine, for desktop programs and scripts. `sign_in()` listens at the
    /// redirect URI, opens the browser, waits for the person, answers the browser with a small page, and exchanges
    /// the code. Until then calls fail with `SignIn`: no call opens a browser by itself.
    ///
    /// - `authorization`: what the authorize page is asked for. Its redirect URI has to be plain `http` to this
    ///   machine, such as `http://127.0.0.1:8765/callback`, and registered with the client. Without a port any
    ///   free one is taken.
    ///
    /// A phone has no such browser: there, use an `AuthorizationRequest`.
    #[uniffi::constructor(name = "browser")]
    fn from_browser(authorization: Authorization) -> Self {
        Credentials::browser(authorization)
    }

    /// The access token in a redirect of the implicit grant, which carries it in its fragment. It can't be
    /// renewed.
    ///
    /// It is understood for programs that have it, and not recommended (RFC 9700, section 2.1.2): the token
    /// stands in the browser's history and is open to whoever reads an address, and nothing proves whom it was
    /// given to. An `AuthorizationRequest` with PKCE needs no secret either.
    ///
    /// - `redirect`: the whole address that the browser was sent to, fragment included.
    /// - `state`: the state that the page was asked with; the redirect must have the same. Nothing if there was
    ///   none, which leaves the program open to tokens that others put there.
    ///
    /// Fails with `SignIn` when the redirect says that the sign-in was refused, or has another state; with
    /// `InvalidArgument` when it is no such redirect.
    #[uniffi::constructor(name = "implicit_redirect", default(state = None))]
    fn from_implicit_redirect(redirect: String, state: Option<String>) -> Result<Self, OAuthError> {
        Ok(Credentials::implicit_redirect(&redirect, state.as_deref())?)
    }
}

#[uniffi::export]
impl AuthorizationRequest {
    /// A request with a state and, for PKCE, a code verifier of its own, from the system's random source.
    ///
    /// - `host`: where the client belongs.
    /// - `authorization`: what the page is asked for.
    ///
    /// Fails with `InvalidArgument` and the name of the first parameter that can't be used.
    #[uniffi::constructor(name = "new")]
    fn from_authorization(host: Host, authorization: Authorization) -> Result<Self, OAuthError> {
        Ok(AuthorizationRequest::new(host, authorization)?)
    }

    /// The request as it was, for an app that was ended while the browser was open.
    ///
    /// - `state`: the state that the request had. One of your own has to be one that nobody can guess.
    /// - `code_verifier`: the code verifier that the request had; nothing without PKCE.
    ///
    /// Fails with `InvalidArgument` and the name of the first parameter that can't be used.
    #[uniffi::constructor(name = "resumed", default(code_verifier = None))]
    fn from_kept(
        host: Host,
        authorization: Authorization,
        state: String,
        code_verifier: Option<Secret>,
    ) -> Result<Self, OAuthError> {
        Ok(AuthorizationRequest::resumed(host, authorization, state, code_verifier)?)
    }

    /// The address to open in the browser. It holds no secret.
    #[uniffi::method(name = "url")]
    fn own_url(&self) -> String {
        self.url().to_owned()
    }

    /// What ties the redirect to this request.
    #[uniffi::method(name = "state")]
    fn own_state(&self) -> String {
        self.state().to_owned()
    }

    /// What proves that the code is used by whom it was asked for; nothing without PKCE.
    #[uniffi::method(name = "code_verifier")]
    fn own_code_verifier(&self) -> Option<Secret> {
        self.code_verifier().cloned()
    }

    /// Takes the redirect apart. The credentials hold the code, which is exchanged with the client's first call or
    /// its `sign_in()`.
    ///
    /// - `redirect`: the whole address that the browser was sent to.
    ///
    /// Fails with `SignIn` when the sign-in was refused, with the service's code (`access_denied`) and words; when
    /// the redirect has another state than this request; or when it comes from another login host (`iss`). With
    /// `InvalidArgument` when it is no redirect to the redirect URI.
    #[uniffi::method(name = "credentials")]
    fn credentials_of(&self, redirect: String) -> Result<Arc<Credentials>, OAuthError> {
        Ok(Arc::new(self.credentials(&redirect)?))
    }
}

#[uniffi::export]
impl Host {
    /// A region of the service.
    #[uniffi::constructor(name = "region")]
    fn from_region(region: Region) -> Self {
        region.into()
    }

    /// What a setting or a command line names: a region (`eu_central_1` or `eu-central-1`), a domain
    /// (`mypurecloud.de`), or a base address with its protocol (`https://api.mypurecloud.de`).
    ///
    /// Fails with `InvalidArgument` where it is none of these.
    #[uniffi::constructor(name = "named")]
    fn from_name(name: String) -> Result<Self, OAuthError> {
        Ok(name.parse()?)
    }

    /// A domain that need not be in the list of regions, such as `mypurecloud.de`: calls go to
    /// `api.` and sign-ins to `login.` in front of it.
    ///
    /// Fails with `InvalidArgument` where it is not a domain name.
    #[uniffi::constructor(name = "domain")]
    fn from_domain(domain: String) -> Result<Self, OAuthError> {
        Ok(Host::domain(&domain)?)
    }

    /// A base address with its protocol, such as `https://api.mypurecloud.de` or
    /// `http://127.0.0.1:8080`. Where the host begins with `api.`, `login.` or `apps.`, calls go to `api.` and
    /// sign-ins to `login.`; otherwise both go to the same host. A region's own address (`https://mypurecloud.de`)
    /// stands for the region, and a path that ends in `/api/v2` for the one before that.
    ///
    /// Fails with `InvalidArgument` where it is not an address, is longer than 2,048 bytes, has a user name,
    /// query, fragment or port 0, or is plain `http` to a host that is not this machine.
    #[uniffi::constructor(name = "url")]
    fn from_url(address: String) -> Result<Self, OAuthError> {
        Ok(Host::url(&address)?)
    }

    /// A gateway of your own that stands between the program and the service.
    ///
    /// A call goes to `protocol://host:port/path_params_api/api/v2/…`, a sign-in to
    /// `protocol://host:port/path_params_login/oauth/token`: the settings and their names are those of
    /// the vendor's SDKs.
    ///
    /// - `host`: the gateway's host name or address.
    /// - `protocol`: `https`, or `http` to loopback.
    /// - `port`: left out, the protocol's own.
    /// - `path_params_login`: the path in front of `/oauth/token`, or nothing.
    /// - `path_params_api`: the path in front of `/api/v2`, or nothing.
    ///
    /// Fails with `InvalidArgument` and the name of the part, such as `gateway.port`, where one can't be used; with
    /// `gateway.protocol` where it is plain `http` to a host that is not this machine.
    #[uniffi::constructor(
        name = "gateway",
        default(protocol = "https", port = None, path_params_login = "", path_params_api = "")
    )]
    fn from_gateway(
        host: String,
        protocol: String,
        port: Option<i32>,
        path_params_login: String,
        path_params_api: String,
    ) -> Result<Self, OAuthError> {
        let port = port.map(|port| count("gateway.port", port)).transpose()?;
        Ok(Host::gateway(&Gateway { host, protocol, port, path_params_login, path_params_api })?)
    }

    /// The address that calls go to, without the path of an operation.
    #[uniffi::method(name = "api_url")]
    fn calls_go_to(&self) -> String {
        self.api_url().to_owned()
    }

    /// The page that ends the session of the browser, to open there after signing out.
    ///
    /// - `client_id`: the client that the person signed in to.
    /// - `redirect_uri`: where the browser is sent afterwards: one of the client's registered redirect URIs.
    ///
    /// Fails with `InvalidArgument` when one of them is empty or longer than 2,048 bytes, or the redirect URI has
    /// port 0.
    #[uniffi::method(name = "logout_url")]
    fn browser_signs_out_at(&self, client_id: String, redirect_uri: String) -> Result<String, OAuthError> {
        Ok(self.logout_url(&client_id, &redirect_uri)?)
    }

    /// The address that sign-ins go to, without the path.
    #[uniffi::method(name = "login_url")]
    fn sign_ins_go_to(&self) -> String {
        self.login_url().to_owned()
    }
}

#[uniffi::export]
impl Region {
    /// The domain, such as `mypurecloud.de`.
    #[uniffi::method(name = "domain")]
    fn own_domain(&self) -> String {
        self.domain().to_owned()
    }
}

/// The interval of a usage query, from one moment up to another, to the second.
///
/// Fails with `InvalidArgument` where a moment is outside the years 1 to 9999, or the end is not after the start.
#[uniffi::export]
pub(super) fn usage_interval(start: Timestamp, end: Timestamp) -> Result<String, OAuthError> {
    start.check("start")?;
    end.check("end")?;
    if start.to_parts().0 >= end.to_parts().0 {
        return Err(Error::invalid_argument("start", "is not before end, to the second").into());
    }
    Ok(ApiUsageClientQuery::between(start, end).interval)
}

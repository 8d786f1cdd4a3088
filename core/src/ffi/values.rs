//! How the core's own types cross the boundary: those that must stay opaque as objects, moments as each
//! language's own.

use std::sync::Arc;
use std::time::SystemTime;

use uniffi::{FfiConverterArc, Handle, Lift, Lower};

use crate::UniFfiTag;
use crate::credentials::Credentials;
use crate::ffi::OAuthError;
use crate::ffi::argument::count;
use crate::models::{ApiUsageClientQuery, Timestamp};
use crate::region::{Gateway, Host, Region};
use crate::secret::Secret;

uniffi::custom_type!(
    /// A moment in time, in the years 1 to 9999.
    Timestamp, SystemTime, {
    lower: |timestamp| timestamp.as_system_time(),
    try_lift: |time| Ok(Timestamp::try_from(time).map_err(OAuthError::from)?),
});

/// Lets an object stand in a record by itself rather than behind a pointer, as Rust callers hold it.
macro_rules! by_value {
    ($($object:ident)*) => {$(
        // Each function hands on to the one that uniffi derives for the pointer.
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
    /// `http://127.0.0.1:8080`. Sign-ins go to the same address with a leading `api.` of the host
    /// replaced by `login.`. A region's own address (`https://mypurecloud.de`) stands for the region.
    ///
    /// Fails with `InvalidArgument` where it is not an address, has a user name, query or fragment, or is
    /// plain `http` to a host that is not this machine.
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
    /// Fails with `InvalidArgument` where these do not make an address, or make one that is plain `http`
    /// to a host that is not this machine.
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
#[uniffi::export]
fn usage_interval(start: Timestamp, end: Timestamp) -> Result<String, OAuthError> {
    Ok(ApiUsageClientQuery::between(start, end).interval)
}

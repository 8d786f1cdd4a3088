//! What the operations take and return, one file per resource as in the documentation.

#[macro_use]
mod model;
mod authorizations;
mod clients;
mod errors;
mod mend;
mod readable;
mod references;
mod scopes;
#[cfg(test)]
mod tests;
mod timestamp;
mod usage;

pub use authorizations::{AuthorizationState, OAuthAuthorization, OAuthAuthorizationListing};
pub use clients::{
    ClientState, GrantType, OAuthClient, OAuthClientEntityListing, OAuthClientRequest, RoleDivision,
};
pub use errors::{Detail, ErrorBody, Limit};
pub use references::DomainEntityRef;
pub use scopes::{OAuthScope, OAuthScopeListing};
pub use timestamp::Timestamp;
pub use usage::{
    ApiUsageClientQuery, ApiUsageQueryResult, ApiUsageRow, Cursors, Granularity, GroupBy, Metric,
    QueryStatus, UsageExecutionResult,
};

pub(crate) use model::{Model, Unreadable, decode};
pub(crate) use readable::{Readable, field};

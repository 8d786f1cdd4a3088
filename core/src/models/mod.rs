//! The types that the operations take and return, one file per resource as in the service's documentation.

#[macro_use]
mod model;
mod authorizations;
mod clients;
mod decode;
mod errors;
mod extra;
pub(crate) mod memory;
mod mend;
mod readable;
mod references;
mod scopes;
#[cfg(test)]
mod tests;
mod timestamp;
mod usage;

pub use authorizations::*;
pub use clients::*;
pub use errors::*;
pub use extra::Extra;
pub use references::*;
pub use scopes::*;
pub use timestamp::Timestamp;
pub use usage::*;

pub(crate) use decode::{Unreadable, decode};
#[cfg(feature = "uniffi")]
pub(crate) use extra::compact;
pub(crate) use model::{Lacks, Model, RequestBody, camel_case, camel_case_length};
#[cfg(feature = "uniffi")]
pub(crate) use readable::{Any, Key, Name, Reader};
pub(crate) use readable::{
    Field, Fields, MAX_FIELDS, Readable, Reading, Rule, field, field_of_json, value, whole,
};

//! The errors of calls that the native library could not execute.

use std::time::Duration;

use super::call_state::Progress;
use crate::error::{Error, ErrorKind};
use crate::operation::{Operation, Replay};

/// The purpose of a call, and its time limit.
#[derive(Clone, Copy)]
pub(super) struct Purpose {
    pub(super) errand: Errand,
    pub(super) limit: Duration,
}

#[derive(Clone, Copy)]
pub(super) enum Errand {
    Operation(Operation),
    SignIn,
    /// The call failed before its purpose was known.
    Unknown,
}

impl Purpose {
    pub(super) const UNKNOWN: Self = Purpose { errand: Errand::Unknown, limit: Duration::MAX };
}

/// A fault of the native library.
#[derive(Clone, Copy)]
pub(super) enum Fault {
    /// The runtime has stopped working.
    Broken,
    /// The runtime did not end the call at its deadline.
    Overdue,
    Panicked,
}

impl Fault {
    pub(super) fn error(self, purpose: &Purpose, progress: Progress) -> Error {
        let (kind, reason) = match self {
            Fault::Broken => (
                ErrorKind::Connection,
                "the connections of the native library stopped working, as when the process closes file descriptors \
                 that it did not open"
                    .to_owned(),
            ),
            Fault::Overdue => (
                ErrorKind::Timeout,
                format!("no result within the deadline of {:?}: the native library does not respond", purpose.limit),
            ),
            Fault::Panicked => (
                ErrorKind::Internal,
                "a defect of the native library: it panicked. Please report it together with the output on standard \
                 error"
                    .to_owned(),
            ),
        };
        let may_have_acted = progress == Progress::Begun;
        let is_sent_once =
            matches!(purpose.errand, Errand::Operation(Operation { replay: Replay::Once, .. }));
        let (kind, message) = match progress {
            Progress::NotBegun => (kind, format!("{reason}; nothing was sent")),
            Progress::Begun if is_sent_once => (
                ErrorKind::OutcomeUnknown,
                format!("outcome unknown: {reason}; the request may have been executed, and is not retried"),
            ),
            Progress::Begun => (kind, format!("{reason}; the request may have been executed")),
        };
        let mut error = Error::builder(kind, message).may_have_acted(may_have_acted);
        if let Errand::Operation(operation) = &purpose.errand {
            error = error.operation(operation);
        }
        let error = error.temporary(!matches!(self, Fault::Panicked)).build();
        match (purpose.errand, self) {
            (Errand::SignIn, Fault::Broken | Fault::Overdue) => error.into_sign_in_error(),
            _ => error,
        }
    }
}

//! The errors of calls that the native library could not execute.

use std::time::Duration;

use super::call_state::Progress;
use crate::error::{Error, ErrorKind};
use crate::operation::{Operation, Replay};

/// The operation that a call is for, and its time limit.
#[derive(Clone, Copy)]
pub(super) struct CallContext {
    pub(super) target: CallTarget,
    pub(super) limit: Duration,
}

#[derive(Clone, Copy)]
pub(super) enum CallTarget {
    Operation(Operation),
    SignIn,
    /// The call failed before its operation was known.
    Unknown,
}

impl CallContext {
    pub(super) const UNKNOWN: Self = CallContext { target: CallTarget::Unknown, limit: Duration::MAX };
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
    pub(super) fn error(self, context: &CallContext, progress: Progress) -> Error {
        let (kind, reason) = match self {
            Fault::Broken => (
                ErrorKind::Connection,
                "the connections of the native library stopped working, as when the process closes file descriptors \
                 that it did not open"
                    .to_owned(),
            ),
            Fault::Overdue => (
                ErrorKind::Timeout,
                format!("no result within the deadline of {:?}: the native library does not respond", context.limit),
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
            matches!(context.target, CallTarget::Operation(Operation { replay: Replay::Once, .. }));
        let (kind, message) = match progress {
            Progress::NotBegun => (kind, format!("{reason}; nothing was sent")),
            Progress::Begun if is_sent_once => (
                ErrorKind::OutcomeUnknown,
                format!("outcome unknown: {reason}; the request may have been executed, and is not retried"),
            ),
            Progress::Begun => (kind, format!("{reason}; the request may have been executed")),
        };
        let mut error = Error::builder(kind, message).may_have_acted(may_have_acted);
        if let CallTarget::Operation(operation) = &context.target {
            error = error.operation(operation);
        }
        let error = error.temporary(!matches!(self, Fault::Panicked)).build();
        match (context.target, self) {
            (CallTarget::SignIn, Fault::Broken | Fault::Overdue) => error.into_sign_in_error(),
            _ => error,
        }
    }
}

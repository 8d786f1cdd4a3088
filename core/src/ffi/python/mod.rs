//! What the Python package asks of the library beside the exported interface: waiting for which no thread of the
//! library enters Python, and answers that are objects already.
//!
//! `bindings/python/purecloud_oauth` is the only one that calls this, by `ctypes`.

mod bell;
mod interpreter;
mod mailbox;
mod reading;
mod waiting;

//! The core with its UniFFI interface, as a native library for other languages.

purecloud_oauth::uniffi_reexport_scaffolding!();

//! The core, with its interface definition, as a library that other languages load.

purecloud_oauth::uniffi_reexport_scaffolding!();

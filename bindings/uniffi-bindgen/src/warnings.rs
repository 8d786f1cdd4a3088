//! Warnings about settings. The native library keeps them for each calling thread (`core/src/ffi/warnings.rs`), and
//! each binding publishes them in the usual way of its language.

use std::collections::BTreeSet;

use uniffi_bindgen::ComponentInterface;
use uniffi_bindgen::interface::Function;

/// The function that returns and removes the warnings of the thread. Only the bindings call it.
pub(crate) const TAKE: &str = "take_warnings";

/// The functions and constructors that search for settings and may therefore cause warnings.
const FIND_SETTINGS: [&str; 2] = ["find_config", "from_env"];

/// Returns the functions that are exported to users.
pub(crate) fn public_functions(interface: &ComponentInterface) -> impl Iterator<Item = &Function> {
    interface.function_definitions().iter().filter(|function| function.name() != TAKE)
}

/// Returns the names that the functions that may cause warnings have in the native library.
pub(crate) fn functions_that_warn(interface: &ComponentInterface) -> BTreeSet<&str> {
    let all = interface.iter_callables().map(|callable| callable.ffi_func().name());
    all.filter(|native| FIND_SETTINGS.iter().any(|name| native.ends_with(&format!("_{name}")))).collect()
}

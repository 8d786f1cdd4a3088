//! Warnings about settings: the library keeps them for the thread of the caller (`core/src/ffi/warnings.rs`), and each
//! binding publishes them in the way of its language.

use std::collections::BTreeSet;

use uniffi_bindgen::ComponentInterface;
use uniffi_bindgen::interface::Function;

/// The function that takes them, which is for the bindings alone.
pub(crate) const TAKE: &str = "take_warnings";

/// The functions and constructors that find settings, and so may warn.
const FIND_SETTINGS: [&str; 2] = ["find_config", "from_env"];

/// Returns the functions that users see.
pub(crate) fn public_functions(interface: &ComponentInterface) -> impl Iterator<Item = &Function> {
    interface.function_definitions().iter().filter(|function| function.name() != TAKE)
}

/// Returns the native library's names of the functions after which there may be warnings.
pub(crate) fn functions_that_warn(interface: &ComponentInterface) -> BTreeSet<&str> {
    let all = interface.iter_callables().map(|callable| callable.ffi_func().name());
    all.filter(|native| FIND_SETTINGS.iter().any(|name| native.ends_with(&format!("_{name}")))).collect()
}

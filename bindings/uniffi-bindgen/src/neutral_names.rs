//! Names in the spelling of each language, in place of language-neutral ones such as `sign_in()` and `client_id`.

use std::collections::BTreeSet;

use anyhow::Result;
use heck::{ToLowerCamelCase, ToShoutySnakeCase};
use uniffi_bindgen::ComponentInterface;
use uniffi_bindgen::interface::Variant;

use crate::draft::Draft;

/// Replaces neutral names of functions and arguments by camel case: `signIn()`, `clientId`. `none` is the name of the
/// absent value in the language, in place of `None`.
pub(crate) fn to_camel_case(draft: &mut Draft, interface: &ComponentInterface, none: &str) -> Result<()> {
    let times = draft.source().matches("`None`").count();
    draft.replace(times, "`None`", &format!("`{none}`"))?;
    let mut names = BTreeSet::new();
    names.extend(interface.function_definitions().iter().map(|function| function.name()));
    for object in interface.object_definitions() {
        names.extend(object.constructors().into_iter().map(|constructor| constructor.name()));
        names.extend(object.methods().into_iter().map(|method| method.name()));
    }
    let arguments = interface.iter_callables().flat_map(|callable| callable.arguments());
    names.extend(arguments.map(|argument| argument.name()));
    for name in names.into_iter().filter(|name| name.contains('_')) {
        for brackets in ["", "()"] {
            let neutral = format!("`{name}{brackets}`");
            let times = draft.source().matches(&neutral).count();
            draft.replace(times, &neutral, &format!("`{}{brackets}`", name.to_lower_camel_case()))?;
        }
    }
    Ok(())
}

/// Returns the name of an enumeration's value in Python. OAuth is one word.
pub(crate) fn constant(variant: &Variant) -> String {
    variant.name().to_shouty_snake_case().replace("O_AUTH", "OAUTH")
}

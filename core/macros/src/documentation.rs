//! Documentation for every language, made from that for Rust.
//!
//! - Code blocks and the sections "Examples" and "In Rust" are left out: they are about Rust.
//! - The heading "Errors" is left out, and its text stays.
//! - Where a function becomes a field, its verb is left out.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Expr, Item, Lit, Meta, parse_quote};

/// Sections that are left out, with their text.
const ABOUT_RUST: [&str; 2] = ["# Examples", "# In Rust"];

/// Headings that are left out, without their text.
const HEADINGS: [&str; 1] = ["# Errors"];

/// Replaces the documentation of an item that is exported as it is.
pub(crate) fn suit_every_language(item: &mut Item) {
    if let Item::Struct(syn::ItemStruct { attrs, .. }) | Item::Enum(syn::ItemEnum { attrs, .. }) = item {
        let lines = neutral(attrs);
        attrs.retain(|attribute| line(attribute).is_none());
        attrs.extend(lines.iter().map(|line| -> Attribute { parse_quote!(#[doc = #line]) }));
    }
}

/// The item that a function of Rust becomes in other languages.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Function,
    Field,
}

/// Returns the documentation among these attributes as attributes for an item in any language.
pub(crate) fn attributes(attributes: &[Attribute], style: Style) -> TokenStream {
    let mut lines = neutral(attributes);
    if style == Style::Field
        && let Some(first) = lines.first_mut()
    {
        *first = as_noun(first);
    }
    quote!(#(#[doc = #lines])*)
}

/// Removes the verb with which the documentation of a getter or a setter opens.
fn as_noun(line: &str) -> String {
    let Some(rest) = [" Returns ", " Sets "].iter().find_map(|verb| line.strip_prefix(verb)) else {
        return line.to_owned();
    };
    let mut characters = rest.chars();
    let first = characters.next().map(|first| first.to_ascii_uppercase());
    format!(" {}{}", first.map(String::from).unwrap_or_default(), characters.as_str())
}

fn neutral(attributes: &[Attribute]) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    let (mut in_code, mut about_rust) = (false, false);
    for line in attributes.iter().filter_map(line) {
        let words = line.trim();
        if words.starts_with("```") {
            in_code = !in_code;
            continue;
        }
        if in_code {
            continue;
        }
        if words.starts_with("# ") {
            about_rust = ABOUT_RUST.contains(&words);
        }
        let is_second_blank = words.is_empty() && kept.last().is_none_or(|last| last.trim().is_empty());
        if about_rust || is_second_blank || HEADINGS.contains(&words) {
            continue;
        }
        kept.push(line);
    }
    while kept.last().is_some_and(|last| last.trim().is_empty()) {
        kept.pop();
    }
    kept
}

/// Returns the line of documentation that an attribute is, if it is one.
fn line(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(pair) = &attribute.meta else { return None };
    let Expr::Lit(literal) = &pair.value else { return None };
    match &literal.lit {
        Lit::Str(text) if pair.path.is_ident("doc") => Some(text.value()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{as_noun, neutral};
    use syn::{ItemFn, parse_quote};

    #[test]
    fn examples_and_sections_about_rust_are_left_out() {
        let function: ItemFn = parse_quote! {
            /// Returns the address.
            ///
            /// ```
            /// # Errors are not a heading here
            /// assert!(true);
            /// ```
            ///
            /// - `name`: the name.
            ///
            /// # Errors
            /// Fails with `InvalidArgument` if the name is empty.
            ///
            /// # In Rust
            /// Clones share it.
            ///
            /// # Examples
            /// As above.
            fn address() {}
        };
        assert_eq!(
            neutral(&function.attrs),
            [
                " Returns the address.",
                "",
                " - `name`: the name.",
                "",
                " Fails with `InvalidArgument` if the name is empty."
            ]
        );
    }

    #[test]
    fn a_getter_is_described_as_a_field() {
        assert_eq!(as_noun(" Returns the status."), " The status.");
        assert_eq!(as_noun(" Sets the deadline: 90 s."), " The deadline: 90 s.");
        assert_eq!(as_noun(" Disables proxies."), " Disables proxies.");
    }
}

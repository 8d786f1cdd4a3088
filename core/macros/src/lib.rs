//! Hands declarations of the core to its interface definition, so that each is written once.
//!
//! The core is plain Rust: its functions take `impl Into<Secret>` and return `&str`, and its settings are builders.
//! Other languages can't be offered those as they are. `#[exported(name)]` leaves an item as it is, and repeats its
//! declaration as the input of a macro: `name!(callback)` becomes `callback! { the declaration }`. The folder
//! `core/src/ffi` defines the callbacks, and so is the only place that knows how each declaration crosses the
//! boundary. The attribute is applied under the feature `uniffi` alone: without it the compiler sees plain Rust.
//!
//! The documentation is repeated as well, in a form that suits every language (see `documentation`).

mod declaration;
mod documentation;

use proc_macro::TokenStream;
use proc_macro2::Span;
use quote::{format_ident, quote};
use syn::{Error, Item, parse_macro_input};

use documentation::Style;

/// Repeats the declaration of a structure, an enumeration or an `impl` block as the input of the macro `name`.
///
/// With `fields` in front of the name, the functions of an `impl` block become fields of a record in other languages:
/// their documentation is given the form of a field's, "The deadline" in place of "Returns the deadline".
///
/// Without a name, as `#[exported]`, the attribute prepares the documentation of a type that is exported as it is.
#[proc_macro_attribute]
pub fn exported(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let words: Vec<String> = arguments.into_iter().map(|argument| argument.to_string()).collect();
    let mut item = parse_macro_input!(item as Item);
    let (name, style) = match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => {
            documentation::suit_every_language(&mut item);
            return quote!(#item).into();
        }
        [name] => (format_ident!("{name}"), Style::Function),
        ["fields", name] => (format_ident!("{name}"), Style::Field),
        _ => {
            let expected = "expected `exported`, `exported(name)` or `exported(fields name)`";
            return Error::new(Span::call_site(), expected).into_compile_error().into();
        }
    };
    match declaration::declaration(&item, style) {
        Ok(declaration) => quote! {
            #item

            #[allow(unused_macros, reason = "not every build uses each declaration")]
            macro_rules! #name {
                ($callback:ident $($arguments:tt)*) => { $callback! { $($arguments)* #declaration } };
            }
            #[allow(unused_imports, reason = "not every build uses each declaration")]
            pub(crate) use #name;
        }
        .into(),
        Err(error) => error.into_compile_error().into(),
    }
}

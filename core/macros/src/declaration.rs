//! Declarations in the form that the callbacks of the interface definition match.
//!
//! | item | form |
//! |---|---|
//! | structure, with its `pub` fields | `[documentation] struct { [documentation] (default) field: Type; … }`, without `default` if it is required |
//! | enumeration | `[documentation] enum { [documentation] Variant; … }` |
//! | `impl` block | `[documentation] impl { … }` with one line for each function that is not private |
//!
//! A function is `kind outcome [documentation] name "name" (argument: Type, …; option: Option<Type>, …) -> Type;`:
//!
//! - The kind is `constructor`, `method`, `setter` (takes and returns `Self`), `task` (asynchronous) or `operation`
//!   (returns a `Call`).
//! - The outcome is `fallible` if the function returns a `Result` with the crate's error, or `plain`. The type is what
//!   it returns on success.
//! - The options are the last arguments whose type is an `Option`. A caller may leave them out.
//! - An argument `impl Into<Type>` is one of that type.
//! - Where functions become fields, references in types are `'static`.
//! - A setter has the name of its field in place of `"name"`: its own, or the plural if it sets a named value.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::visit_mut::{VisitMut, visit_type_reference_mut};
use syn::{
    Error, Field, FnArg, GenericArgument, Ident, ImplItem, ImplItemFn, Item, Lifetime, Pat, PathArguments,
    Result, ReturnType, Type, TypeParamBound, TypeReference, Visibility, parse_quote,
};

use crate::documentation::{self, Style};

/// The types of fields that other languages may omit: they have a default.
const TYPES_WITH_DEFAULT: [&str; 5] = ["Option", "bool", "u16", "u32", "u64"];

pub(crate) fn declaration(item: &Item, style: Style) -> Result<TokenStream> {
    match item {
        Item::Struct(item) => {
            let documentation = documentation::attributes(&item.attrs, style);
            let fields = item
                .fields
                .iter()
                .filter(|field| is_public(&field.vis))
                .map(|field| declared_field(field, style));
            Ok(quote!([#documentation] struct { #(#fields)* }))
        }
        Item::Enum(item) => {
            let documentation = documentation::attributes(&item.attrs, style);
            let variants = item.variants.iter().map(|variant| {
                let (documentation, name) =
                    (documentation::attributes(&variant.attrs, style), &variant.ident);
                quote!([#documentation] #name;)
            });
            Ok(quote!([#documentation] enum { #(#variants)* }))
        }
        Item::Impl(item) => {
            let documentation = documentation::attributes(&item.attrs, style);
            let mut functions = TokenStream::new();
            for item in &item.items {
                match item {
                    ImplItem::Fn(item) if !matches!(item.vis, Visibility::Inherited) => {
                        functions.extend(declared_function(item, style)?);
                    }
                    _ => {}
                }
            }
            Ok(quote!([#documentation] impl { #functions }))
        }
        other => {
            Err(Error::new_spanned(other, "only structures, enumerations and impl blocks can be exported"))
        }
    }
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

fn declared_field(field: &Field, style: Style) -> TokenStream {
    let Field { ident, ty, attrs, .. } = field;
    let documentation = documentation::attributes(attrs, style);
    let may_be_absent = match ty {
        Type::Path(path) => path
            .path
            .segments
            .last()
            .is_some_and(|segment| TYPES_WITH_DEFAULT.iter().any(|name| segment.ident == name)),
        _ => false,
    };
    let default = may_be_absent.then(|| quote!(default));
    quote!([#documentation] (#default) #ident: #ty;)
}

fn declared_function(function: &ImplItemFn, style: Style) -> Result<TokenStream> {
    let signature = &function.sig;
    let documentation = documentation::attributes(&function.attrs, style);
    let name = &signature.ident;

    let mut arguments = Vec::new();
    for input in &signature.inputs {
        let FnArg::Typed(input) = input else { continue };
        let Pat::Ident(name) = &*input.pat else {
            return Err(Error::new_spanned(&input.pat, "an exported function names its arguments"));
        };
        arguments.push((name.ident.clone(), styled(converted(&input.ty), style)));
    }
    let first_option = arguments
        .iter()
        .rposition(|(_, argument)| generic(argument, "Option").is_none())
        .map_or(0, |last_required| last_required + 1);
    let options =
        arguments.split_off(first_option).into_iter().map(|(name, argument)| quote!(#name: #argument));
    let required = arguments.into_iter().map(|(name, argument)| quote!(#name: #argument));

    let returned: Type = match &signature.output {
        ReturnType::Default => parse_quote!(()),
        ReturnType::Type(_, returned) => (**returned).clone(),
    };
    let (outcome, returned) = match generic(&returned, "Result") {
        Some(returned) => (format_ident!("fallible"), returned),
        None => (format_ident!("plain"), returned),
    };
    let (kind, returned) = match (generic(&returned, "Call"), &signature.asyncness, signature.receiver()) {
        (Some(value), _, _) => ("operation", value),
        (None, Some(_), _) => ("task", returned),
        (None, None, None) => ("constructor", returned),
        (None, None, Some(_)) if returned == parse_quote!(Self) => ("setter", returned),
        (None, None, Some(_)) => ("method", returned),
    };
    let second_name = match kind {
        "setter" if signature.inputs.len() > 2 => format_ident!("{name}s").into_token_stream(),
        "setter" => name.into_token_stream(),
        _ => name.to_string().into_token_stream(),
    };
    let (kind, returned) = (format_ident!("{kind}"), styled(returned, style));
    Ok(quote! {
        #kind #outcome [#documentation] #name #second_name (#(#required),*; #(#options),*) -> #returned;
    })
}

/// Returns the type that an argument is converted into.
fn converted(argument: &Type) -> Type {
    if let Type::ImplTrait(bounds) = argument {
        for bound in &bounds.bounds {
            if let TypeParamBound::Trait(bound) = bound
                && let Some(segment) = bound.path.segments.last()
                && let Some(into) = parameter(&segment.ident, &segment.arguments, "Into")
            {
                return into;
            }
        }
    }
    argument.clone()
}

/// Returns the type as that of a field, which has to name the lifetimes of references.
fn styled(mut named: Type, style: Style) -> Type {
    struct Static;

    impl VisitMut for Static {
        fn visit_type_reference_mut(&mut self, reference: &mut TypeReference) {
            reference.lifetime.get_or_insert_with(|| Lifetime::new("'static", Span::call_site()));
            visit_type_reference_mut(self, reference);
        }
    }

    if style == Style::Field {
        Static.visit_type_mut(&mut named);
    }
    named
}

/// Returns the first parameter of a generic type of this name.
fn generic(of: &Type, name: &str) -> Option<Type> {
    let Type::Path(path) = of else { return None };
    let segment = path.path.segments.last()?;
    parameter(&segment.ident, &segment.arguments, name)
}

fn parameter(found: &Ident, arguments: &PathArguments, name: &str) -> Option<Type> {
    let PathArguments::AngleBracketed(arguments) = arguments else { return None };
    match arguments.args.first()? {
        GenericArgument::Type(parameter) if found == name => Some(parameter.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::declaration;
    use crate::documentation::Style;
    use syn::{Item, parse_quote};

    fn shown(item: &Item) -> String {
        let tokens = declaration(item, Style::Function).expect("a declaration");
        tokens.to_string().split_whitespace().collect()
    }

    #[test]
    fn a_function_says_its_kind_outcome_and_options() {
        let item: Item = parse_quote! {
            impl Host {
                /// Parses an address.
                pub fn url(address: &str, port: Option<u16>) -> Result<Self, Error> { }
                pub fn token(self, token: impl Into<Secret>) -> Self { }
                pub fn header(self, name: &str, value: &str) -> Result<Self, Error> { }
                pub fn get(&self, language: Option<&str>) -> Call<OAuthScope> { }
                pub async fn sign_out(&self) -> Result<(), Error> { }
                fn not_public(&self) { }
            }
        };
        let expected = r#"[]impl{
            constructor fallible [#[doc="Parsesanaddress."]] url "url" (address:&str; port:Option<u16>) -> Self;
            setter plain [] token token (token:Secret;) -> Self;
            setter fallible [] header headers (name:&str,value:&str;) -> Self;
            operation plain [] get "get" (; language:Option<&str>) -> OAuthScope;
            task fallible [] sign_out "sign_out" (;) -> ();
        }"#;
        assert_eq!(shown(&item), expected.split_whitespace().collect::<String>());
    }

    #[test]
    fn a_structure_lists_its_public_fields() {
        let item: Item = parse_quote! {
            pub struct RateLimit {
                /// Requests.
                pub count: Option<u64>,
                pub reset: Duration,
                hidden: bool,
            }
        };
        let expected = r#"[]struct{[#[doc="Requests."]] (default) count:Option<u64>; [] () reset:Duration;}"#;
        assert_eq!(shown(&item), expected.split_whitespace().collect::<String>());
    }

    #[test]
    fn a_constant_is_refused() {
        let item: Item = parse_quote!(
            const N: u8 = 1;
        );
        assert!(declaration(&item, Style::Function).is_err());
    }
}

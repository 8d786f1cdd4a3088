//! The exported interface as a page to read: what there is, in neutral notation, with its name in each
//! language.

use std::fmt::Write;

use heck::{ToLowerCamelCase, ToShoutySnakeCase, ToSnakeCase, ToUpperCamelCase};
use uniffi_bindgen::ComponentInterface;
use uniffi_bindgen::interface::{
    Argument, AsType, Callable, DefaultValue, Enum, Field, Literal, Method, Object, Record, Type,
};

use crate::warnings;

const INTRODUCTION: &str = "\
# The interface

What Python, Kotlin, Java and Swift programs see: written by `cargo xtask interface` from the metadata of the
library that their packages carry, and compared with it by `cargo xtask test`.

- A type is followed by `?` where it may be missing, and by what it is when left out.
- `[T]` is a list, `{K: V}` a map. `text`, `flag`, `int32`, `int64`, `duration` and `moment` are each language's
  own types; a moment is a `datetime` with its time zone in Python, an `Instant` in Kotlin and Java, a `Date` in
  Swift.
- `JSON` is any value of JSON: ordinary objects in Python, a string of JSON in Kotlin, Java and Swift.
- Arguments and fields stand as in Python; in Kotlin, Java and Swift they have capitals in place of underscores,
  as the functions beside them.
- Types have one name in all languages, but for `OAuthError`, which is `OAuthException` in Kotlin and Java, and
  `OAuthApi`, `BlockingOAuthApi` and `Host`, which are `OAuthAPI`, `BlockingOAuthAPI` and `ServiceHost` in Swift.
- In Swift the only argument of a function such as `Host.region` has no label.
- What may fail, fails with `OAuthError`.
";

pub(crate) fn page(interface: &ComponentInterface) -> String {
    let mut page = INTRODUCTION.to_owned();
    heading(&mut page, "Clients and other objects");
    for object in interface.object_definitions() {
        of_object(&mut page, object, interface);
    }
    heading(&mut page, "Functions");
    page.push('\n');
    table(
        &mut page,
        warnings::public_functions(interface).map(|function| {
            row(
                names(function.name()),
                function,
                function.return_type().map_or("nothing".to_owned(), notation),
            )
        }),
    );
    heading(&mut page, "Errors");
    for error in interface.enum_definitions().iter().filter(|one| interface.is_name_used_as_error(one.name()))
    {
        of_error(&mut page, error);
    }
    heading(&mut page, "Enumerations");
    for one in interface.enum_definitions().iter().filter(|one| !interface.is_name_used_as_error(one.name()))
    {
        of_enum(&mut page, one);
    }
    heading(&mut page, "Records");
    for record in interface.record_definitions() {
        of_record(&mut page, record);
    }
    page
}

fn of_object(page: &mut String, object: &Object, interface: &ComponentInterface) {
    type_heading(page, object.name(), object.docstring());
    let constructors: Vec<_> = object
        .constructors()
        .into_iter()
        .map(|constructor| match constructor.is_primary_constructor() {
            true => row([code(object.name()), code(object.name())], constructor, object.name().to_owned()),
            false => {
                let within = |name: String| code(&format!("{}.{name}", object.name()));
                let [snake, camel] =
                    [constructor.name().to_snake_case(), constructor.name().to_lower_camel_case()];
                row([within(snake), within(camel)], constructor, object.name().to_owned())
            }
        })
        .collect();
    let methods: Vec<_> = object.methods().into_iter().map(of_method).collect();
    let twin = interface
        .get_object_definition(object.name().trim_start_matches("Blocking"))
        .filter(|twin| twin.name() != object.name())
        .filter(|twin| twin.methods().into_iter().map(of_method).eq(methods.iter().cloned()));
    match twin {
        Some(twin) => {
            table(page, constructors);
            let _ = write!(page, "\nIts functions are those of {}, and wait.\n", code(twin.name()));
        }
        None => {
            table(page, constructors.into_iter().chain(methods));
            if object.has_async_method() {
                page.push_str("\nIts functions are asynchronous.\n");
            }
        }
    }
}

fn of_method(method: &Method) -> String {
    let returned = method.return_type().map_or("nothing".to_owned(), notation);
    row(names(method.name()), method, returned)
}

fn table(page: &mut String, rows: impl IntoIterator<Item = String>) {
    page.push_str("| Python | Kotlin, Java, Swift | arguments | gives | may fail |\n|---|---|---|---|---|\n");
    page.extend(rows);
}

fn row([python, others]: [String; 2], callable: &impl Callable, returned: String) -> String {
    let arguments: Vec<_> = callable.arguments().into_iter().map(argument).collect();
    let fails = if callable.throws_type().is_some() { "yes" } else { "no" };
    format!("| {python} | {others} | {} | {} | {fails} |\n", arguments.join("<br>"), code(&returned))
}

fn names(name: &str) -> [String; 2] {
    [code(&name.to_snake_case()), code(&name.to_lower_camel_case())]
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

fn of_error(page: &mut String, error: &Enum) {
    type_heading(page, error.name(), error.docstring());
    page.push_str("| kind | Python | Kotlin, Java | Swift | holds |\n|---|---|---|---|---|\n");
    let exception = error.name().replace("Error", "Exception");
    for variant in error.variants() {
        let (name, fields) = (variant.name().to_upper_camel_case(), fields(variant.fields()));
        let _ = writeln!(
            page,
            "| `{name}` | `{}.{name}` | `{exception}.{name}` | `{}.{}` | {fields} |",
            error.name(),
            error.name(),
            name.to_lower_camel_case(),
        );
    }
}

fn of_enum(page: &mut String, one: &Enum) {
    type_heading(page, one.name(), one.docstring());
    page.push_str("| Python | Kotlin, Java | Swift | holds |\n|---|---|---|---|\n");
    for variant in one.variants() {
        let kotlin = if one.is_flat() {
            variant.name().to_shouty_snake_case()
        } else {
            variant.name().to_upper_camel_case()
        };
        let _ = writeln!(
            page,
            "| `{}` | `{kotlin}` | `{}` | {} |",
            crate::python::constant(variant),
            variant.name().to_lower_camel_case(),
            fields(variant.fields()),
        );
    }
    if !one.methods().is_empty() {
        page.push('\n');
        table(page, one.methods().iter().map(of_method));
    }
}

fn of_record(page: &mut String, record: &Record) {
    type_heading(page, record.name(), record.docstring());
    page.push_str("| field | type | left out |\n|---|---|---|\n");
    for field in record.fields() {
        let default =
            field.default_value().map_or("required".to_owned(), |value| default(value, &field.as_type()));
        let _ =
            writeln!(page, "| {} | `{}` | {default} |", both_cases(field.name()), notation(&field.as_type()));
    }
    if !record.methods().is_empty() {
        page.push('\n');
        table(page, record.methods().iter().map(of_method));
    }
}

fn fields(fields: &[Field]) -> String {
    let fields = fields.iter().map(|field| format!("`{}: {}`", field.name(), notation(&field.as_type())));
    fields.collect::<Vec<_>>().join(", ")
}

fn argument(argument: &Argument) -> String {
    let left_out = argument
        .default_value()
        .map_or(String::new(), |value| format!(" = {}", default(value, &argument.as_type())));
    code(&format!("{}: {}{left_out}", argument.name(), notation(&argument.as_type())))
}

/// The name as it stands in Python, and as it stands in Kotlin and Swift where that differs.
fn both_cases(name: &str) -> String {
    let (snake, camel) = (name.to_snake_case(), name.to_lower_camel_case());
    if snake == camel { format!("`{snake}`") } else { format!("`{snake}` `{camel}`") }
}

fn notation(of: &Type) -> String {
    match of {
        Type::String => "text".to_owned(),
        Type::Boolean => "flag".to_owned(),
        Type::Int32 => "int32".to_owned(),
        Type::Int64 => "int64".to_owned(),
        Type::Duration => "duration".to_owned(),
        Type::Timestamp => "moment".to_owned(),
        Type::Custom { name, .. } if name == "Extra" => "{text: JSON}".to_owned(),
        Type::Custom { builtin, .. } => notation(builtin),
        Type::Box { inner_type } => notation(inner_type),
        Type::Optional { inner_type } => format!("{}?", notation(inner_type)),
        Type::Sequence { inner_type } => format!("[{}]", notation(inner_type)),
        Type::Map { key_type, value_type } => format!("{{{}: {}}}", notation(key_type), notation(value_type)),
        Type::Object { name, .. } | Type::Record { name, .. } | Type::Enum { name, .. } => name.clone(),
        // Not every language has the others: Java knows no unsigned numbers.
        other => format!("{other:?}, which not every language has"),
    }
}

fn default(value: &DefaultValue, of: &Type) -> String {
    match (value, of) {
        (DefaultValue::Literal(Literal::Boolean(flag)), _) => flag.to_string(),
        (DefaultValue::Literal(Literal::String(text)), _) => format!("\"{text}\""),
        (DefaultValue::Literal(Literal::None), _) | (DefaultValue::Default, Type::Optional { .. }) => {
            "missing".to_owned()
        }
        (DefaultValue::Default, Type::String) => "\"\"".to_owned(),
        (DefaultValue::Default, Type::Boolean) => "false".to_owned(),
        (DefaultValue::Default, Type::Int32 | Type::Int64) => "0".to_owned(),
        (DefaultValue::Default, Type::Sequence { .. } | Type::Map { .. }) => "empty".to_owned(),
        (DefaultValue::Default, Type::Custom { builtin, .. }) => default(value, builtin),
        (other, _) => format!("{other:?}"),
    }
}

fn heading(page: &mut String, text: &str) {
    let _ = write!(page, "\n## {text}\n");
}

/// A type's name, and the first sentence about it.
fn type_heading(page: &mut String, name: &str, documentation: Option<&str>) {
    let _ = write!(page, "\n### {name}\n\n");
    if let Some(first) = documentation.and_then(|text| text.split("\n\n").next()) {
        let _ = write!(page, "{first}\n\n");
    }
}

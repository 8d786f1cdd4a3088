//! Renders the exported interface as a Markdown page, in a language-neutral notation and with the names in each
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

The API of the Python, Kotlin, Java and Swift packages. `cargo xtask interface` generates this page from the metadata
of the native library; `cargo xtask test` fails if the page is out of date.

- `T?` is an optional type. `none` is the absent value: `None` in Python, `null` in Kotlin and Java, `nil` in Swift. A
  function that returns `none` returns no value.
- An argument or field with a default may be omitted: `name: string?, default: none`.
- `[T]` is a list, `{K: V}` a map. `string`, `boolean`, `int32`, `int64`, `duration` and `timestamp` are the native
  types of each language; a timestamp is a `datetime` with a time zone in Python, an `Instant` in Kotlin and Java, a
  `Date` in Swift.
- `JSON` is any JSON value: ordinary objects in Python, a JSON string in Kotlin, Java and Swift.
- Arguments and fields are listed with their Python names; in Kotlin, Java and Swift these are in camel case, like the
  names of functions.
- Types have the same name in all languages, except `OAuthError`, which is `OAuthException` in Kotlin and Java, and
  `OAuthApi`, `BlockingOAuthApi` and `Host`, which are `OAuthAPI`, `BlockingOAuthAPI` and `ServiceHost` in Swift.
- In Swift the only argument of a function such as `Host.region` has no label.
- Every function that can fail reports an `OAuthError`.
";

/// Returns the whole page.
pub(crate) fn render(interface: &ComponentInterface) -> String {
    let mut page = INTRODUCTION.to_owned();
    write_heading(&mut page, "Objects");
    for object in interface.object_definitions() {
        write_object(&mut page, object, interface);
    }
    write_heading(&mut page, "Functions");
    page.push('\n');
    write_table(
        &mut page,
        warnings::public_functions(interface).map(|function| {
            format_row(
                spellings(function.name()),
                function,
                function.return_type().map_or("none".to_owned(), type_notation),
            )
        }),
    );
    write_heading(&mut page, "Errors");
    for error in interface.enum_definitions().iter().filter(|one| interface.is_name_used_as_error(one.name()))
    {
        write_error(&mut page, error);
    }
    write_heading(&mut page, "Enumerations");
    for one in interface.enum_definitions().iter().filter(|one| !interface.is_name_used_as_error(one.name()))
    {
        write_enum(&mut page, one);
    }
    write_heading(&mut page, "Records");
    for record in interface.record_definitions() {
        write_record(&mut page, record);
    }
    page
}

fn write_object(page: &mut String, object: &Object, interface: &ComponentInterface) {
    write_type_heading(page, object.name(), object.docstring());
    let constructors: Vec<_> = object
        .constructors()
        .into_iter()
        .map(|constructor| match constructor.is_primary_constructor() {
            true => format_row(
                [code_span(object.name()), code_span(object.name())],
                constructor,
                object.name().to_owned(),
            ),
            false => {
                let within = |name: String| code_span(&format!("{}.{name}", object.name()));
                let [snake, camel] =
                    [constructor.name().to_snake_case(), constructor.name().to_lower_camel_case()];
                format_row([within(snake), within(camel)], constructor, object.name().to_owned())
            }
        })
        .collect();
    let methods: Vec<_> = object.methods().into_iter().map(method_row).collect();
    let twin = interface
        .get_object_definition(object.name().trim_start_matches("Blocking"))
        .filter(|twin| twin.name() != object.name())
        .filter(|twin| twin.methods().into_iter().map(method_row).eq(methods.iter().cloned()));
    match twin {
        Some(twin) => {
            write_table(page, constructors);
            let _ = write!(
                page,
                "\nIts other functions are those of {}. Each blocks the thread until it is done.\n",
                code_span(twin.name())
            );
        }
        None => {
            write_table(page, constructors.into_iter().chain(methods));
            if object.has_async_method() {
                page.push_str(
                    "\nThe operations and the functions for signing in and out are asynchronous.\n",
                );
            }
        }
    }
}

fn method_row(method: &Method) -> String {
    let returned = method.return_type().map_or("none".to_owned(), type_notation);
    format_row(spellings(method.name()), method, returned)
}

fn write_table(page: &mut String, rows: impl IntoIterator<Item = String>) {
    page.push_str(
        "| Python | Kotlin, Java, Swift | arguments | returns | can fail |\n|---|---|---|---|---|\n",
    );
    page.extend(rows);
}

fn format_row([python, others]: [String; 2], callable: &impl Callable, returned: String) -> String {
    let arguments: Vec<_> = callable.arguments().into_iter().map(argument).collect();
    let fails = if callable.throws_type().is_some() { "yes" } else { "no" };
    format!("| {python} | {others} | {} | {} | {fails} |\n", arguments.join("<br>"), code_span(&returned))
}

/// Returns the names of a function in Python and in the other languages.
fn spellings(name: &str) -> [String; 2] {
    [code_span(&name.to_snake_case()), code_span(&name.to_lower_camel_case())]
}

fn code_span(code: &str) -> String {
    format!("`{code}`")
}

fn write_error(page: &mut String, error: &Enum) {
    write_type_heading(page, error.name(), error.docstring());
    page.push_str("| kind | Python | Kotlin, Java | Swift | fields |\n|---|---|---|---|---|\n");
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

fn write_enum(page: &mut String, one: &Enum) {
    write_type_heading(page, one.name(), one.docstring());
    page.push_str("| Python | Kotlin, Java | Swift | fields |\n|---|---|---|---|\n");
    for variant in one.variants() {
        let kotlin = if one.is_flat() {
            variant.name().to_shouty_snake_case()
        } else {
            variant.name().to_upper_camel_case()
        };
        let _ = writeln!(
            page,
            "| `{}` | `{kotlin}` | `{}` | {} |",
            crate::neutral_names::constant(variant),
            variant.name().to_lower_camel_case(),
            fields(variant.fields()),
        );
    }
    if !one.methods().is_empty() {
        page.push('\n');
        write_table(page, one.methods().iter().map(method_row));
    }
}

fn write_record(page: &mut String, record: &Record) {
    write_type_heading(page, record.name(), record.docstring());
    page.push_str("| field | type | default |\n|---|---|---|\n");
    for field in record.fields() {
        let default = field
            .default_value()
            .map_or("required".to_owned(), |value| default_notation(value, &field.as_type()));
        let _ = writeln!(
            page,
            "| {} | `{}` | {default} |",
            both_cases(field.name()),
            type_notation(&field.as_type())
        );
    }
    if !record.methods().is_empty() {
        page.push('\n');
        write_table(page, record.methods().iter().map(method_row));
    }
}

fn fields(fields: &[Field]) -> String {
    let fields =
        fields.iter().map(|field| format!("`{}: {}`", field.name(), type_notation(&field.as_type())));
    fields.collect::<Vec<_>>().join(", ")
}

fn argument(argument: &Argument) -> String {
    let default = argument.default_value().map_or(String::new(), |value| {
        format!(", default: {}", default_notation(value, &argument.as_type()))
    });
    code_span(&format!("{}: {}{default}", argument.name(), type_notation(&argument.as_type())))
}

/// Returns the name in Python, followed by the name in Kotlin and Swift if it differs.
fn both_cases(name: &str) -> String {
    let (snake, camel) = (name.to_snake_case(), name.to_lower_camel_case());
    if snake == camel { format!("`{snake}`") } else { format!("`{snake}` `{camel}`") }
}

fn type_notation(of: &Type) -> String {
    match of {
        Type::String => "string".to_owned(),
        Type::Boolean => "boolean".to_owned(),
        Type::Int32 => "int32".to_owned(),
        Type::Int64 => "int64".to_owned(),
        Type::Duration => "duration".to_owned(),
        Type::Timestamp => "timestamp".to_owned(),
        Type::Custom { name, .. } if name == "Extra" => "{string: JSON}".to_owned(),
        Type::Custom { builtin, .. } => type_notation(builtin),
        Type::Box { inner_type } => type_notation(inner_type),
        Type::Optional { inner_type } => format!("{}?", type_notation(inner_type)),
        Type::Sequence { inner_type } => format!("[{}]", type_notation(inner_type)),
        Type::Map { key_type, value_type } => {
            format!("{{{}: {}}}", type_notation(key_type), type_notation(value_type))
        }
        Type::Object { name, .. } | Type::Record { name, .. } | Type::Enum { name, .. } => name.clone(),
        // Other types don't exist in every language: Java has no unsigned numbers.
        other => format!("{other:?}, which does not exist in every language"),
    }
}

fn default_notation(value: &DefaultValue, of: &Type) -> String {
    match (value, of) {
        (DefaultValue::Literal(Literal::Boolean(boolean)), _) => boolean.to_string(),
        (DefaultValue::Literal(Literal::String(string)), _) => format!("\"{string}\""),
        (DefaultValue::Literal(Literal::None), _) | (DefaultValue::Default, Type::Optional { .. }) => {
            "none".to_owned()
        }
        (DefaultValue::Default, Type::String) => "\"\"".to_owned(),
        (DefaultValue::Default, Type::Boolean) => "false".to_owned(),
        (DefaultValue::Default, Type::Int32 | Type::Int64) => "0".to_owned(),
        (DefaultValue::Default, Type::Sequence { .. } | Type::Map { .. }) => "empty".to_owned(),
        (DefaultValue::Default, Type::Custom { builtin, .. }) => default_notation(value, builtin),
        (other, _) => format!("{other:?}"),
    }
}

fn write_heading(page: &mut String, title: &str) {
    let _ = write!(page, "\n## {title}\n");
}

/// Writes the name of a type and the first paragraph of its documentation.
fn write_type_heading(page: &mut String, name: &str, documentation: Option<&str>) {
    let _ = write!(page, "\n### {name}\n\n");
    if let Some(first) = documentation.and_then(|documentation| documentation.split("\n\n").next()) {
        let _ = write!(page, "{first}\n\n");
    }
}

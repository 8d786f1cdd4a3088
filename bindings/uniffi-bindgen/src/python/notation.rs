//! Types, default values and docstrings in Python's notation.

use std::fmt::Write;

use anyhow::{Result, bail};
use uniffi_bindgen::interface::{DefaultValue, Literal, Type};

use super::is_extra;

pub(super) fn type_name(of: &Type) -> Result<String> {
    Ok(match of {
        Type::String => "str".to_owned(),
        Type::Boolean => "bool".to_owned(),
        Type::Int32 | Type::Int64 => "int".to_owned(),
        Type::Duration => "datetime.timedelta".to_owned(),
        Type::Timestamp => "datetime.datetime".to_owned(),
        // The values are any JSON. Not `Any`, because importing `typing` takes long.
        _ if is_extra(of) => "dict[str, object]".to_owned(),
        Type::Custom { builtin, .. } => type_name(builtin)?,
        Type::Box { inner_type } => type_name(inner_type)?,
        Type::Optional { inner_type } => format!("Optional[{}]", type_name(inner_type)?),
        Type::Sequence { inner_type } => format!("list[{}]", type_name(inner_type)?),
        Type::Map { key_type, value_type } => {
            format!("dict[{}, {}]", type_name(key_type)?, type_name(value_type)?)
        }
        Type::Object { name, .. } | Type::Record { name, .. } | Type::Enum { name, .. } => name.clone(),
        other => bail!("the generator does not support the type {other:?}"),
    })
}

/// Returns a default value in a declaration; `...` for a list or map, which is a new object for each call.
pub(super) fn default_value(value: &DefaultValue, of: &Type) -> String {
    match (value, of) {
        (DefaultValue::Literal(Literal::Boolean(true)), _) => "True".to_owned(),
        (DefaultValue::Literal(Literal::Boolean(false)), _) | (DefaultValue::Default, Type::Boolean) => {
            "False".to_owned()
        }
        (DefaultValue::Literal(Literal::String(string)), _) => format!("\"{string}\""),
        (DefaultValue::Literal(Literal::None), _) | (DefaultValue::Default, Type::Optional { .. }) => {
            "None".to_owned()
        }
        (DefaultValue::Default, Type::String) => "\"\"".to_owned(),
        (DefaultValue::Default, Type::Int32 | Type::Int64) => "0".to_owned(),
        _ => "...".to_owned(),
    }
}

/// Returns documentation as a docstring with the given indentation; empty if there is no documentation.
pub(super) fn docstring(indentation: usize, documentation: Option<&str>) -> String {
    let Some(documentation) = documentation.map(|documentation| documentation.trim().replace('\\', "\\\\"))
    else {
        return String::new();
    };
    let margin = " ".repeat(indentation);
    let mut written = String::new();
    for (number, line) in documentation.lines().enumerate() {
        let opening = if number == 0 { "\"\"\"" } else { "" };
        let line = if line.is_empty() { String::new() } else { format!("{margin}{opening}{line}") };
        let _ = writeln!(written, "{line}");
    }
    match documentation.contains('\n') {
        true => written + &margin + "\"\"\"\n",
        false => written.trim_end().to_owned() + "\"\"\"\n",
    }
}

//! Types, default values and documentation as Python writes them.

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
        // Any value of JSON. Not `Any`: that is in `typing`, which takes long to import.
        _ if is_extra(of) => "dict[str, object]".to_owned(),
        Type::Custom { builtin, .. } => type_name(builtin)?,
        Type::Box { inner_type } => type_name(inner_type)?,
        Type::Optional { inner_type } => format!("Optional[{}]", type_name(inner_type)?),
        Type::Sequence { inner_type } => format!("list[{}]", type_name(inner_type)?),
        Type::Map { key_type, value_type } => {
            format!("dict[{}, {}]", type_name(key_type)?, type_name(value_type)?)
        }
        Type::Object { name, .. } | Type::Record { name, .. } | Type::Enum { name, .. } => name.clone(),
        other => bail!("a type that no operation had before: {other:?}"),
    })
}

/// A default value in a declaration; a list or map is a new one each time, which a declaration can't say.
pub(super) fn default(value: &DefaultValue, of: &Type) -> String {
    match (value, of) {
        (DefaultValue::Literal(Literal::Boolean(true)), _) => "True".to_owned(),
        (DefaultValue::Literal(Literal::Boolean(false)), _) | (DefaultValue::Default, Type::Boolean) => {
            "False".to_owned()
        }
        (DefaultValue::Literal(Literal::String(text)), _) => format!("\"{text}\""),
        (DefaultValue::Literal(Literal::None), _) | (DefaultValue::Default, Type::Optional { .. }) => {
            "None".to_owned()
        }
        (DefaultValue::Default, Type::String) => "\"\"".to_owned(),
        (DefaultValue::Default, Type::Int32 | Type::Int64) => "0".to_owned(),
        _ => "...".to_owned(),
    }
}

/// Documentation as Python has it, at this indentation; nothing where there is none.
pub(super) fn docstring(indentation: usize, documentation: Option<&str>) -> String {
    let Some(documentation) = documentation.map(|text| text.trim().replace('\\', "\\\\")) else {
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

//! Writes the type table by which the native library creates Python objects: a line for each type of the interface, and
//! the list of the classes and values that belong to the lines. `core/src/ffi/python/types.rs` describes the format.
//! uniffi's own readers are kept for interpreters other than CPython, and for the test that compares both.

use std::fmt::Write;

use anyhow::{Context, Result, bail, ensure};
use heck::ToShoutySnakeCase;
use uniffi_bindgen::ComponentInterface;
use uniffi_bindgen::interface::{AsType, Enum, Type, Variant};

use super::{is_extra, known_and_unknown};
use crate::draft::Draft;
use crate::neutral_names::constant;

/// The base class of converters whose values cross the boundary in a buffer.
const CONVERTER_BASE: &str = "(_UniffiConverterRustBuffer):\n";

pub(super) fn patch(draft: &mut Draft, interface: &ComponentInterface) -> Result<()> {
    let types: Vec<_> = interface.iter_local_types().filter(|of| underlying(of) == *of).collect();
    number_converters(draft, interface, &types)?;
    draft.replace(
        1,
        "        with rbuf.consume_with_stream() as stream:\n            return cls.read(stream)\n",
        "        read = _uniffi_reader()
        if read is not None:
            return read(cls._type, rbuf)
        with rbuf.consume_with_stream() as stream:
            return cls.read(stream)
",
    )?;
    let (mut lines, mut parts) = (String::new(), String::new());
    for of in &types {
        let (line, parts_of_type) = describe(of, &types, interface)?;
        writeln!(lines, "{line}")?;
        for part in parts_of_type {
            writeln!(parts, "        {part},")?;
        }
    }
    draft.push(&format!(
        "
_UNIFFI_TYPES = b\"\"\"\\\n{lines}\"\"\"

def _uniffi_parts_of_types():
    return [\n{parts}    ]

@functools.cache
def _uniffi_reader():
    parts = _uniffi_parts_of_types()
    return _reading.reader(_UniffiLib, _UniffiRustBuffer, InternalError, _UNIFFI_TYPES, parts)
"
    ));
    Ok(())
}

/// Writes the number of its type into each converter.
fn number_converters(draft: &mut Draft, interface: &ComponentInterface, types: &[&Type]) -> Result<()> {
    for of in interface.iter_local_types() {
        // The list of types contains no boxed types.
        for boxed in ["", "Box"] {
            let class = format!("class _UniffiFfiConverter{boxed}{}{CONVERTER_BASE}", converter_name(of)?);
            let found = draft.source().matches(&class).count();
            draft.replace(found, &class, &format!("{class}    _type = {}\n", number(of, types)?))?;
        }
    }
    let source = draft.source();
    for (before, after) in source.split(CONVERTER_BASE).zip(source.split(CONVERTER_BASE).skip(1)) {
        let class = before.lines().last().unwrap_or_default();
        ensure!(after.starts_with("    _type = "), "there is no type for {class}");
    }
    Ok(())
}

/// Returns the number of a type. Types are compared by the names of their converters, because the module paths of the
/// same type may differ.
fn number(of: &Type, types: &[&Type]) -> Result<usize> {
    let name = converter_name(underlying(of))?;
    let found = types.iter().position(|one| converter_name(one).is_ok_and(|other| other == name));
    found.with_context(|| format!("{name} is not a type of this library"))
}

/// Returns the type inside a box or behind a custom type.
fn underlying(of: &Type) -> &Type {
    match of {
        Type::Box { inner_type: inner } | Type::Custom { builtin: inner, .. } => underlying(inner),
        other => other,
    }
}

/// Returns the line of a type, and the classes and values that belong to it.
fn describe(of: &Type, types: &[&Type], interface: &ComponentInterface) -> Result<(String, Vec<String>)> {
    let number = |of: &Type| number(of, types);
    let line = match of {
        Type::String => "string".to_owned(),
        Type::Boolean => "boolean".to_owned(),
        Type::Int32 => "integer 4".to_owned(),
        Type::Int64 => "integer 8".to_owned(),
        // Occurs only as a number by itself, never in a buffer.
        Type::UInt64 => "integer 8".to_owned(),
        Type::Timestamp => "timestamp".to_owned(),
        Type::Duration => "duration".to_owned(),
        Type::Optional { inner_type } => format!("optional {}", number(inner_type)?),
        Type::Sequence { inner_type } => format!("list {}", number(inner_type)?),
        Type::Map { key_type, value_type } => format!("map {} {}", number(key_type)?, number(value_type)?),
        Type::Record { name, .. } => {
            let record = interface.get_record_definition(name).context("a record has no definition")?;
            ensure!(record.has_fields(), "{name} has no fields");
            let mut line = "record".to_owned();
            for field in record.fields() {
                let (name, of) = (field.name(), field.as_type());
                // The JSON is parsed when the attribute is first read.
                let slot = if is_extra(&of) { format!("?_{name}_json") } else { name.to_owned() };
                write!(line, " {slot} {}", number(&of)?)?;
            }
            return Ok((line, vec![name.clone()]));
        }
        Type::Enum { name, .. } => {
            let one = interface.get_enum_definition(name).context("an enumeration has no definition")?;
            let mut line = "enum".to_owned();
            for variant in one.variants() {
                match variant.fields() {
                    [] => line.push_str(" -"),
                    [field] => write!(line, " {}", number(&field.as_type())?)?,
                    _ => bail!("{name}.{} holds more than one value", variant.name()),
                }
            }
            return Ok((line, variants(one, interface)?));
        }
        Type::Object { name, .. } => {
            let object = interface.get_object_definition(name).context("an object has no definition")?;
            let free = object.ffi_object_free().name();
            return Ok((
                "object".to_owned(),
                vec![name.clone(), format!("_reading.address(_UniffiLib.{free})")],
            ));
        }
        other => bail!("the generator does not support the type {other:?}"),
    };
    Ok((line, Vec::new()))
}

fn variants(one: &Enum, interface: &ComponentInterface) -> Result<Vec<String>> {
    let name = one.name();
    let named = |named: fn(&Variant) -> String| {
        one.variants().iter().map(|variant| format!("{name}.{}", named(variant))).collect()
    };
    Ok(if interface.is_name_used_as_error(name) {
        named(|variant| variant.name().to_owned())
    } else if one.is_flat() {
        named(|variant| variant.name().to_shouty_snake_case())
    } else {
        known_and_unknown(one)?;
        named(constant)
    })
}

/// Returns the name that uniffi gives the converter of a type, without its prefix.
fn converter_name(of: &Type) -> Result<String> {
    Ok(match of {
        Type::String => "String".to_owned(),
        Type::Boolean => "Boolean".to_owned(),
        Type::Int32 => "Int32".to_owned(),
        Type::Int64 => "Int64".to_owned(),
        Type::UInt64 => "UInt64".to_owned(),
        Type::Timestamp => "Timestamp".to_owned(),
        Type::Duration => "Duration".to_owned(),
        Type::Box { inner_type } => format!("Box{}", converter_name(inner_type)?),
        Type::Optional { inner_type } => format!("Optional{}", converter_name(inner_type)?),
        Type::Sequence { inner_type } => format!("Sequence{}", converter_name(inner_type)?),
        Type::Map { key_type, value_type } => {
            format!("Map{}{}", converter_name(key_type)?, converter_name(value_type)?)
        }
        Type::Record { name, .. }
        | Type::Enum { name, .. }
        | Type::Object { name, .. }
        | Type::Custom { name, .. } => format!("Type{name}"),
        other => bail!("the generator does not support the type {other:?}"),
    })
}

//! What the library makes Python's objects of: a line for each type of the interface, and the classes and values that
//! belong to the lines. `core/src/ffi/python/reading.rs` says how they are written. uniffi's own readers stay, for
//! interpreters in which the library can't, and for the test that compares both.

use std::fmt::Write;

use anyhow::{Context, Result, bail, ensure};
use heck::ToShoutySnakeCase;
use uniffi_bindgen::ComponentInterface;
use uniffi_bindgen::interface::{AsType, Enum, Type, Variant};

use super::{constant, is_extra, known_and_unknown};
use crate::draft::Draft;

/// What the classes begin with whose values cross the boundary in a buffer.
const CONVERTER: &str = "(_UniffiConverterRustBuffer):\n";

pub(super) fn by_the_library(draft: &mut Draft, interface: &ComponentInterface) -> Result<()> {
    let types: Vec<_> = interface.iter_local_types().filter(|of| seen_through(of) == *of).collect();
    numbers(draft, interface, &types)?;
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
        let (line, made_of) = described(of, &types, interface)?;
        writeln!(lines, "{line}")?;
        for part in made_of {
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

/// Tells each converter the number of its type.
fn numbers(draft: &mut Draft, interface: &ComponentInterface, types: &[&Type]) -> Result<()> {
    for of in interface.iter_local_types() {
        // The list of types has none in a box.
        for boxed in ["", "Box"] {
            let class = format!("class _UniffiFfiConverter{boxed}{}{CONVERTER}", canonical(of)?);
            let found = draft.text().matches(&class).count();
            draft.replace(found, &class, &format!("{class}    _type = {}\n", number(of, types)?))?;
        }
    }
    for (before, behind) in draft.text().split(CONVERTER).zip(draft.text().split(CONVERTER).skip(1)) {
        let class = before.lines().last().unwrap_or_default();
        ensure!(behind.starts_with("    _type = "), "there is no type for {class}");
    }
    Ok(())
}

/// Types are known by what uniffi calls their converters: the paths of their modules are not always the same.
fn number(of: &Type, types: &[&Type]) -> Result<usize> {
    let name = canonical(seen_through(of))?;
    let found = types.iter().position(|one| canonical(one).is_ok_and(|other| other == name));
    found.with_context(|| format!("{name} is not of this library"))
}

/// What is in a box, and what another name stands for.
fn seen_through(of: &Type) -> &Type {
    match of {
        Type::Box { inner_type: inner } | Type::Custom { builtin: inner, .. } => seen_through(inner),
        other => other,
    }
}

/// The line of a type, and what belongs to it.
fn described(of: &Type, types: &[&Type], interface: &ComponentInterface) -> Result<(String, Vec<String>)> {
    let number = |of: &Type| number(of, types);
    let line = match of {
        Type::String => "text".to_owned(),
        Type::Boolean => "flag".to_owned(),
        Type::Int32 => "integer 4".to_owned(),
        Type::Int64 => "integer 8".to_owned(),
        // Only a number by itself, which never comes in a buffer.
        Type::UInt64 => "integer 8".to_owned(),
        Type::Timestamp => "moment".to_owned(),
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
                // It is JSON until somebody looks at it.
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
        other => bail!("a type that no operation had before: {other:?}"),
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

/// A type as uniffi names its converter.
fn canonical(of: &Type) -> Result<String> {
    Ok(match of {
        Type::String => "String".to_owned(),
        Type::Boolean => "Boolean".to_owned(),
        Type::Int32 => "Int32".to_owned(),
        Type::Int64 => "Int64".to_owned(),
        Type::UInt64 => "UInt64".to_owned(),
        Type::Timestamp => "Timestamp".to_owned(),
        Type::Duration => "Duration".to_owned(),
        Type::Box { inner_type } => format!("Box{}", canonical(inner_type)?),
        Type::Optional { inner_type } => format!("Optional{}", canonical(inner_type)?),
        Type::Sequence { inner_type } => format!("Sequence{}", canonical(inner_type)?),
        Type::Map { key_type, value_type } => {
            format!("Map{}{}", canonical(key_type)?, canonical(value_type)?)
        }
        Type::Record { name, .. }
        | Type::Enum { name, .. }
        | Type::Object { name, .. }
        | Type::Custom { name, .. } => format!("Type{name}"),
        other => bail!("a type that no operation had before: {other:?}"),
    })
}

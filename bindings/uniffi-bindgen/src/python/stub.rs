//! The types of the package, for editors and type checkers.

use std::fmt::Write;

use anyhow::Result;
use heck::ToShoutySnakeCase;
use uniffi_bindgen::ComponentInterface;
use uniffi_bindgen::interface::{AsType, Callable, Enum, Object, Record};

use super::notation::{default, docstring, type_name};
use super::{asynchronous_twin, constant, held, is_extra, known_and_unknown};
use crate::warnings;

const HEADING: &str = "\
# Generated from the interface of the library. Changes belong there.

import datetime
from dataclasses import dataclass
from enum import Enum
from types import TracebackType
from typing import Any, ClassVar, Optional, final

";

/// What both kinds of clients have beside their operations, in front of what differs.
const CLOSING: &str = "
    def close(self) -> None:
        \"\"\"Lets go of the connections. Calls that are under way come to their end; further ones are refused.\"\"\"

";

pub(super) fn of(interface: &ComponentInterface) -> Result<String> {
    let mut stub = HEADING.to_owned();
    let mut names = vec!["InternalError".to_owned()];
    let mut body = String::new();
    for one in interface.enum_definitions() {
        names.push(one.name().to_owned());
        if interface.is_name_used_as_error(one.name()) {
            error(&mut body, one, interface)?;
        } else if one.is_flat() {
            closed_enum(&mut body, one)?;
        } else {
            open_enum(&mut body, one)?;
        }
    }
    for one in interface.record_definitions() {
        names.push(one.name().to_owned());
        record(&mut body, one)?;
    }
    for one in interface.object_definitions() {
        names.push(one.name().to_owned());
        object(&mut body, one, interface)?;
    }
    for function in warnings::public_functions(interface) {
        names.push(function.name().to_owned());
        callable(&mut body, 0, "def ", "", function.name(), function, function.docstring())?;
        body.push('\n');
    }
    stub.push_str("__all__ = [\n");
    for name in names {
        writeln!(stub, "    \"{name}\",")?;
    }
    stub.push_str("]\n\n");
    stub.push_str(body.trim_end());
    stub.push('\n');
    Ok(stub)
}

fn error(stub: &mut String, error: &Enum, interface: &ComponentInterface) -> Result<()> {
    let name = error.name();
    let (field, record) = held(error, interface)?;
    write!(
        stub,
        "class {name}(Exception):\n{}\n    {field}: {record}\n\n    def __init__(self, {field}: {record}) -> None: ...\n",
        docstring(4, error.docstring()),
        record = record.name(),
    )?;
    for attribute in record.fields() {
        write!(
            stub,
            "    @property\n    def {}(self) -> {}:\n{}",
            attribute.name(),
            type_name(&attribute.as_type())?,
            docstring(8, attribute.docstring()),
        )?;
    }
    for variant in error.variants() {
        write!(stub, "\n    class {}({name}):\n{}", variant.name(), docstring(8, variant.docstring()))?;
    }
    write!(
        stub,
        "
class InternalError({name}.Internal):
    \"\"\"A defect of the library that was noticed outside of an operation's own code. Nothing is known of a request that was
    under way.\"\"\"

    def __init__(self, failure: str | {record}) -> None: ...

",
        record = record.name(),
    )?;
    Ok(())
}

fn closed_enum(stub: &mut String, one: &Enum) -> Result<()> {
    write!(stub, "class {}(Enum):\n{}\n", one.name(), docstring(4, one.docstring()))?;
    for (number, variant) in one.variants().iter().enumerate() {
        let name = variant.name().to_shouty_snake_case();
        write!(stub, "    {name} = {number}\n{}", docstring(4, variant.docstring()))?;
    }
    for method in one.methods() {
        callable(stub, 4, "def ", "self", method.name(), method, method.docstring())?;
    }
    stub.push('\n');
    Ok(())
}

fn open_enum(stub: &mut String, one: &Enum) -> Result<()> {
    let name = one.name();
    let (known, unknown) = known_and_unknown(one)?;
    write!(stub, "class {name}:\n{}\n", docstring(4, one.docstring()))?;
    for variant in known {
        write!(stub, "    {}: ClassVar[{name}]\n{}", constant(variant), docstring(4, variant.docstring()))?;
    }
    write!(
        stub,
        "
    @final
    class {}({name}):
{}
        def __init__(self, value: str) -> None: ...
        @property
        def value(self) -> str:
            \"\"\"The value as the service sent it.\"\"\"

",
        constant(unknown),
        docstring(8, unknown.docstring()),
    )?;
    for method in one.methods() {
        callable(stub, 4, "def ", "self", method.name(), method, method.docstring())?;
    }
    Ok(())
}

fn record(stub: &mut String, record: &Record) -> Result<()> {
    write!(stub, "@dataclass(init=False)\nclass {}:\n{}\n", record.name(), docstring(4, record.docstring()))?;
    let mut arguments = String::new();
    for field in record.fields() {
        let (name, of) = (field.name(), field.as_type());
        let annotation = if is_extra(&of) { "dict[str, Any]".to_owned() } else { type_name(&of)? };
        write!(stub, "    {name}: {annotation}\n{}", docstring(4, field.docstring()))?;
        let left_out = field
            .default_value()
            .map_or(String::new(), |value| format!(" = {}", default(value, &field.as_type())));
        writeln!(arguments, "        {name}: {annotation}{left_out},")?;
    }
    write!(stub, "\n    def __init__(\n        self,\n        *,\n{arguments}    ) -> None: ...\n")?;
    for method in record.methods() {
        callable(stub, 4, "def ", "self", method.name(), method, method.docstring())?;
    }
    stub.push('\n');
    Ok(())
}

fn object(stub: &mut String, object: &Object, interface: &ComponentInterface) -> Result<()> {
    let name = object.name();
    write!(stub, "@final\nclass {name}:\n{}\n", docstring(4, object.docstring()))?;
    for constructor in object.constructors() {
        if constructor.is_primary_constructor() {
            callable(stub, 4, "def ", "self", "__init__", constructor, constructor.docstring())?;
        } else {
            stub.push_str("    @classmethod\n");
            callable(stub, 4, "def ", "cls", constructor.name(), constructor, constructor.docstring())?;
        }
    }
    let blocking = asynchronous_twin(object, interface);
    if object.has_async_method() || blocking.is_some() {
        let (prefix, keyword) = if blocking.is_some() { ("__", "def") } else { ("__a", "async def") };
        write!(
            stub,
            "{CLOSING}    {keyword} {prefix}enter__(self) -> {name}: ...
    {keyword} {prefix}exit__(
        self,
        kind: Optional[type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None: ...
"
        )?;
    }
    for method in object.methods() {
        let keyword = if method.is_async() { "async def " } else { "def " };
        callable(stub, 4, keyword, "self", method.name(), method, method.docstring())?;
    }
    if object.uniffi_trait_methods().hash_hash.is_some() {
        stub.push_str("    def __hash__(self) -> int: ...\n");
    }
    if object.uniffi_trait_methods().eq_eq.is_some() {
        stub.push_str("    def __eq__(self, other: object) -> bool: ...\n");
    }
    stub.push('\n');
    Ok(())
}

fn callable(
    stub: &mut String,
    indentation: usize,
    keyword: &str,
    receiver: &str,
    name: &str,
    callable: &impl Callable,
    documentation: Option<&str>,
) -> Result<()> {
    let margin = " ".repeat(indentation);
    let mut arguments = Vec::new();
    if !receiver.is_empty() {
        arguments.push(receiver.to_owned());
    }
    for argument in callable.arguments() {
        let left_out = argument
            .default_value()
            .map_or(String::new(), |value| format!(" = {}", default(value, &argument.as_type())));
        arguments.push(format!("{}: {}{left_out}", argument.name(), type_name(&argument.as_type())?));
    }
    let returned = match callable.return_type() {
        _ if name == "__init__" => "None".to_owned(),
        Some(returned) => type_name(returned)?,
        None => "None".to_owned(),
    };
    let body = documentation.map(|text| docstring(indentation + 4, Some(text)));
    match body {
        Some(body) => {
            write!(stub, "{margin}{keyword}{name}({}) -> {returned}:\n{body}", arguments.join(", "))?
        }
        None => writeln!(stub, "{margin}{keyword}{name}({}) -> {returned}: ...", arguments.join(", "))?,
    }
    Ok(())
}

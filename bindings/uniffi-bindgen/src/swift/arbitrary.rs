//! For the tests of the package: any value of every type that the library reads and writes, and the way there and
//! back.

use std::fmt::Write;

use anyhow::Result;
use heck::ToLowerCamelCase;
use uniffi_bindgen::ComponentInterface;
use uniffi_bindgen::interface::{Argument, Constructor, Enum, Field, Object};

use super::own_name;

pub(super) fn values(interface: &ComponentInterface) -> Result<String> {
    let mut source = "// Generated from the interface of the library. Changes belong there.\n\n\
                      import PureCloudOAuthFFI\n\n@testable import PureCloudOAuth\n"
        .to_owned();
    let mut exchanged = Vec::new();
    for record in interface.record_definitions() {
        arbitrary(&mut source, record.name(), &format!("Self({})", of_fields(record.fields())))?;
        exchanged.push(record.name());
    }
    for one in interface.enum_definitions() {
        arbitrary(&mut source, one.name(), &variant(one))?;
        exchanged.push(one.name());
    }
    for object in interface.object_definitions() {
        if let Some(constructor) = object.constructors().into_iter().find(|one| !one.throws()) {
            arbitrary(&mut source, object.name(), &construction(object, constructor))?;
        }
    }
    for name in &exchanged {
        write!(
            source,
            "
extension {name}: Exchanged {{
    static func read(_ buffer: RustBuffer) throws -> Self {{ try FfiConverterType{name}_lift(buffer) }}
    var written: RustBuffer {{ FfiConverterType{name}_lower(self) }}
}}
"
        )?;
    }
    let types: String = exchanged.iter().map(|name| format!("    {name}.self,\n")).collect();
    write!(source, "\nlet exchanged: [any Exchanged.Type] = [\n{types}]\n")?;
    Ok(source)
}

fn arbitrary(source: &mut String, name: &str, value: &str) -> Result<()> {
    let name = own_name(name);
    write!(
        source,
        "\nextension {name}: Arbitrary {{\n    static func arbitrary() -> {name} {{ {value} }}\n}}\n"
    )?;
    Ok(())
}

fn of_fields(fields: &[Field]) -> String {
    let given = fields.iter().map(|field| format!("{}: .arbitrary()", field.name().to_lower_camel_case()));
    given.collect::<Vec<_>>().join(", ")
}

fn variant(one: &Enum) -> String {
    let variants = one.variants().iter().enumerate().map(|(index, variant)| {
        let (name, given) = (variant.name().to_lower_camel_case(), of_fields(variant.fields()));
        let held = if variant.has_fields() { format!("({given})") } else { String::new() };
        let case =
            if index + 1 < one.variants().len() { format!("case {index}") } else { "default".to_owned() };
        format!("\n        {case}: .{name}{held}")
    });
    format!(
        "\n        switch Int.random(in: 0..<{}) {{{}\n        }}\n    ",
        one.variants().len(),
        variants.collect::<String>()
    )
}

/// One that can't fail. The only argument of a constructor with a name has no label.
fn construction(object: &Object, constructor: &Constructor) -> String {
    let labelled = |argument: &&Argument| format!("{}: .arbitrary()", argument.name().to_lower_camel_case());
    let given = match &constructor.arguments()[..] {
        [_] if !constructor.is_primary_constructor() => ".arbitrary()".to_owned(),
        arguments => arguments.iter().map(labelled).collect::<Vec<_>>().join(", "),
    };
    let name = own_name(object.name());
    match constructor.is_primary_constructor() {
        true => format!("{name}({given})"),
        false => format!("{name}.{}({given})", constructor.name().to_lower_camel_case()),
    }
}

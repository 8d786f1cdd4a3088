//! Calls without JNA's structures. What the library exports it exports twice (uniffi's `scaffolding-ffi-buffer-fns`,
//! and `core/src/ffi/jvm.rs` for buffers): the second form takes arguments from memory and returns into memory. Here
//! each function keeps the signature by which uniffi's Kotlin calls it, and crosses in that form.

use std::fmt::Write;

use anyhow::{Context, Result, bail};
use uniffi_bindgen::ComponentInterface;
use uniffi_bindgen::interface::{FfiFunction, FfiType};

use super::quoted;
use crate::draft::Draft;

/// An element of that memory, in bytes.
const ELEMENT: usize = 8;
/// The elements of a buffer: capacity, length and address.
const BUFFER: usize = 3;
/// The elements of a status: its code, and a buffer for the error.
const STATUS: usize = 1 + BUFFER;

pub(super) fn without_structures(draft: &mut Draft, interface: &ComponentInterface) -> Result<()> {
    // Of the structures only those of callbacks would be left, and there are none but the one that polls.
    let imports = "import com.sun.jna.CallbackReference\nimport com.sun.jna.CallbackThreadInitializer\n";
    draft.replace(1, "import com.sun.jna.Structure\n", imports)?;
    draft.replace_between(
        "// This is a helper for safely working with byte buffers",
        "/**\n * The FfiConverter interface",
        include_str!("crossing.kt"),
    )?;
    draft.replace_between("@Structure.FieldOrder(\"code\", \"error_buf\")", "class InternalException", "")?;
    draft.replace_between(
        "internal inline fun<T> uniffiTraitInterfaceCall(",
        "// Initial value and increment",
        "",
    )?;
    draft.replace_between(
        "internal interface UniffiForeignFutureDroppedCallback ",
        "// A JNA Library to expose",
        "",
    )?;
    draft.replace_all("RustBuffer.ByValue", "RustBuffer")?;
    draft.replace(
        1,
        "rbuf.writeField(\"len\", bbuf.position().toLong())",
        "rbuf.len = bbuf.position().toLong()",
    )?;
    draft.replace(
        1,
        "pollFunc: (Long, UniffiRustFutureContinuationCallback, Long)",
        "pollFunc: (Long, Pointer, Long)",
    )?;
    draft.replace(
        1,
        "                    uniffiRustFutureContinuationCallbackImpl,\n",
        "                    uniffiContinuation,\n",
    )?;
    functions(draft, interface)
}

/// The functions that are called here; those that nothing calls are not looked for in the library.
fn functions(draft: &mut Draft, interface: &ComponentInterface) -> Result<()> {
    let mut interface = interface.clone();
    interface.derive_ffi_funcs()?;
    let all: Vec<_> = interface.iter_ffi_function_definitions_excluding_integrity_checks().collect();
    let first = all.first().context("a library without functions")?;
    let mut declarations = String::new();
    let mut most = 0;
    for function in all.iter().filter(|one| draft.text().contains(&format!("UniffiLib.{}(", one.name()))) {
        most = most.max(function.arguments().iter().map(|argument| elements(&argument.type_())).sum());
        declarations += &declaration(function)?;
    }
    let status_at = (most + BUFFER + STATUS) * ELEMENT;
    draft.replace_between(
        &format!("    external fun {}(", first.name()),
        "private fun uniffiCheckContractApiVersion",
        &format!(
            "{declarations}}}\n\nprivate const val ELEMENT = {ELEMENT}\nprivate const val RETURNED_AT = {}\nprivate \
             const val STATUS_AT = {status_at}\nprivate const val STATUS = {}\n\n",
            most * ELEMENT,
            STATUS * ELEMENT
        ),
    )
}

fn declaration(function: &FfiFunction) -> Result<String> {
    let name = function.name();
    let mut given = Vec::new();
    for argument in function.arguments() {
        given.push((quoted(argument.name()), argument.type_()));
    }
    let declared = given
        .iter()
        .map(|(name, of)| Ok(format!("{name}: {}", kotlin_type(of)?)))
        .collect::<Result<Vec<_>>>()?;
    let returned = function.return_type().map(kotlin_type).transpose()?;
    let returns = returned.as_ref().map_or("Unit", String::as_str);
    let has_status = function.has_rust_call_status_arg();
    let has_buffer =
        given.iter().map(|(_, of)| of).chain(function.return_type()).any(|of| elements(of) == BUFFER);
    if !has_buffer && !has_status {
        return Ok(format!("    external fun {name}({}): {returns}\n\n", declared.join(", ")));
    }

    let with = |last: &str| {
        let last = if has_status { Some(last.to_owned()) } else { None };
        declared.iter().cloned().chain(last).collect::<Vec<_>>().join(", ")
    };
    let mut text = format!("    fun {name}({}): {returns} {{\n", with("status: UniffiRustCallStatus"));
    text += "        val crossing = Crossing.begin()\n";
    let external = if has_buffer {
        for (name, _) in &given {
            writeln!(text, "        crossing.give({name})")?;
        }
        let in_memory = function.ffi_buffer_fn_name();
        writeln!(text, "        {in_memory}(crossing.arguments, crossing.returned)")?;
        text += "        crossing.lookAt(RETURNED_AT)\n";
        if let Some(returned) = &returned {
            writeln!(text, "        val value = crossing.take{returned}()")?;
        }
        format!("{in_memory}(arguments: Pointer, returned: Pointer): Unit")
    } else {
        let names = given.iter().map(|(name, _)| name.as_str()).chain(["crossing.status"]);
        let value = if returned.is_some() { "val value = " } else { "" };
        writeln!(text, "        {value}{name}({})", names.collect::<Vec<_>>().join(", "))?;
        text += "        crossing.lookAt(STATUS_AT)\n";
        format!("{name}({}): {returns}", with("status: Pointer"))
    };
    if has_status {
        text += "        crossing.takeStatus(status)\n";
    }
    if returned.is_some() {
        text += "        return value\n";
    }
    Ok(format!("{text}    }}\n    private external fun {external}\n\n"))
}

/// How many elements a value takes.
fn elements(of: &FfiType) -> usize {
    if matches!(of, FfiType::RustBuffer(_)) { BUFFER } else { 1 }
}

fn kotlin_type(of: &FfiType) -> Result<String> {
    Ok(match of {
        FfiType::RustBuffer(_) => "RustBuffer".to_owned(),
        FfiType::Handle | FfiType::Int64 | FfiType::UInt64 => "Long".to_owned(),
        FfiType::Int8 | FfiType::UInt8 => "Byte".to_owned(),
        FfiType::Callback(_) => "Pointer".to_owned(),
        other => bail!("nothing of the type {other:?} has crossed so far"),
    })
}

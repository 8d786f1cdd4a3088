//! Calls without JNA's structures. The native library exports each function in two forms (uniffi's
//! `scaffolding-ffi-buffer-fns`, and `core/src/ffi/jvm.rs` for buffers): the second form reads its arguments from
//! memory and writes its result into memory. The patched functions keep the signature with which uniffi's Kotlin code
//! calls them, and call the second form.

use anyhow::{Context, Result, bail};
use uniffi_bindgen::ComponentInterface;
use uniffi_bindgen::interface::{FfiFunction, FfiType};

use super::quoted;
use crate::draft::Draft;

const BUFFER_TYPE: &str = "RustBuffer";

/// The size of an element of that memory, in bytes.
const ELEMENT: usize = 8;
/// The number of elements of a buffer: capacity, length and address.
const BUFFER: usize = 3;
/// The number of elements of a status: its code, and a buffer for the error.
const STATUS: usize = 1 + BUFFER;

pub(super) fn remove_structures(draft: &mut Draft) -> Result<()> {
    // Only callbacks other than the one of polling would still need structures, and there are none.
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
    )
}

/// Declares the functions that the generated code calls. JNA does not look up the others in the native library.
pub(super) fn declare_functions(draft: &mut Draft, interface: &ComponentInterface) -> Result<()> {
    let mut interface = interface.clone();
    interface.derive_ffi_funcs()?;
    let all: Vec<_> = interface.iter_ffi_function_definitions_excluding_integrity_checks().collect();
    let first = all.first().context("the native library exports no functions")?;
    let mut declarations = String::new();
    let mut most_elements = 0;
    for function in all.iter().filter(|one| draft.source().contains(&format!("UniffiLib.{}(", one.name()))) {
        most_elements =
            most_elements.max(function.arguments().iter().map(|argument| elements(&argument.type_())).sum());
        declarations += &declaration(function)?;
    }
    let status_at = (most_elements + BUFFER + STATUS) * ELEMENT;
    draft.replace_between(
        &format!("    external fun {}(", first.name()),
        "private fun uniffiCheckContractApiVersion",
        &format!(
            "{declarations}}}\n\nprivate const val ELEMENT = {ELEMENT}\nprivate const val RETURNED_AT = {}\nprivate \
             const val STATUS_AT = {status_at}\nprivate const val STATUS = {}\n\n",
            most_elements * ELEMENT,
            STATUS * ELEMENT
        ),
    )
}

/// Returns the Kotlin function with the signature that callers use, followed by the native function without structures.
fn declaration(function: &FfiFunction) -> Result<String> {
    let name = function.name();
    let (mut names, mut declared) = (Vec::new(), Vec::new());
    for argument in function.arguments() {
        names.push(quoted(argument.name()));
        declared.push(format!("{}: {}", quoted(argument.name()), kotlin_type(&argument.type_())?));
    }
    let returns = function.return_type().map_or(Ok("Unit"), kotlin_type)?;
    let has_status = function.has_rust_call_status_arg();
    let has_buffer = returns == BUFFER_TYPE || declared.iter().any(|one| one.ends_with(BUFFER_TYPE));
    if !has_buffer && !has_status {
        return Ok(format!("    external fun {name}({}): {returns}\n\n", declared.join(", ")));
    }

    let in_memory = function.ffi_buffer_fn_name();
    let arguments = declared.join(", ");
    let comma = if has_status && !declared.is_empty() { ", " } else { "" };
    let status = |of: &str| if has_status { format!("{comma}status: {of}") } else { String::new() };
    let (call, native) = if has_buffer {
        let puts: String = names.iter().map(|name| format!("        crossing.put({name})\n")).collect();
        (
            format!(
                "{puts}        {in_memory}(crossing.arguments, crossing.returned)
        crossing.seek(RETURNED_AT)
        val value = crossing.take{returns}()\n"
            ),
            format!("{in_memory}(arguments: Pointer, returned: Pointer): Unit"),
        )
    } else {
        (
            format!(
                "        val value = {name}({}{comma}crossing.status)
        crossing.seek(STATUS_AT)\n",
                names.join(", ")
            ),
            format!("{name}({arguments}{}): {returns}", status("Pointer")),
        )
    };
    let checks = if has_status { "        crossing.takeStatus(status)\n" } else { "" };
    Ok(format!(
        "    fun {name}({arguments}{}): {returns} {{
        val crossing = Crossing.begin()
{call}{checks}        return value
    }}
    private external fun {native}\n\n",
        status("UniffiRustCallStatus")
    ))
}

/// Returns the number of elements that a value occupies.
fn elements(of: &FfiType) -> usize {
    if matches!(of, FfiType::RustBuffer(_)) { BUFFER } else { 1 }
}

fn kotlin_type(of: &FfiType) -> Result<&'static str> {
    Ok(match of {
        FfiType::RustBuffer(_) => BUFFER_TYPE,
        FfiType::Handle | FfiType::Int64 | FfiType::UInt64 => "Long",
        FfiType::Int8 | FfiType::UInt8 => "Byte",
        FfiType::Callback(_) => "Pointer",
        other => bail!("the generator does not support the type {other:?}"),
    })
}

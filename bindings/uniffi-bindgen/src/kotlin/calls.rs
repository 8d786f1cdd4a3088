//! Derives the class whose calls block and the one whose calls return futures from the class with suspending functions.
//! That way no call blocks inside native code, which would pin a virtual thread to its carrier.
//! See `docs/decisions/014-virtual-threads.md`.

use anyhow::{Context, Result};
use uniffi_bindgen::ComponentInterface;
use uniffi_bindgen::interface::{Callable, Object};

use super::{Piece, class_of, converter_of, has_defaults, quoted};
use crate::draft::Draft;

const CALL: &str = "        return uniffiRustCallAsync(\n";

pub(super) fn derive_classes(draft: &mut Draft, interface: &ComponentInterface) -> Result<()> {
    draft.replace_between(
        "private val uniffiContinuationHandleMap",
        "// Public interface members begin here.",
        include_str!("calls.kt"),
    )?;
    draft.replace(
        1,
        "import kotlin.coroutines.resume\nimport kotlinx.coroutines.CancellableContinuation\n",
        "import java.util.concurrent.CancellationException
import java.util.concurrent.CompletableFuture
import java.util.concurrent.atomic.AtomicInteger
import java.util.concurrent.locks.LockSupport
import kotlin.coroutines.ContinuationInterceptor
import kotlin.coroutines.resume
import kotlinx.coroutines.CancellableContinuation
import kotlinx.coroutines.CoroutineDispatcher
",
    )?;
    for blocking in interface.object_definitions() {
        let Some(name) = blocking.name().strip_prefix("Blocking") else { continue };
        let asynchronous = interface.get_object_definition(name);
        let asynchronous = asynchronous.with_context(|| format!("{name} is missing"))?;
        derive_blocking(draft, blocking, asynchronous)?;
        derive_futures(draft, asynchronous)?;
    }
    Ok(())
}

/// Replaces uniffi's blocking class, whose calls would block inside the native library.
fn derive_blocking(draft: &mut Draft, blocking: &Object, asynchronous: &Object) -> Result<()> {
    let name = blocking.name();
    let mut class = renamed_class(draft, asynchronous, name, &format!("AutoCloseable, {name}Interface"))?;
    let calls = count_calls(asynchronous);
    class.replace(calls, "    override suspend fun ", "    override fun ")?;
    class.replace(calls, CALL, "        return uniffiRustCallBlocking(\n")?;
    draft.replace_between(&class_of(blocking), &converter_of(name), &class.0)?;
    draft.replace(
        1,
        &format!(" */\n{}", class_of(blocking)),
        &format!(
            " *
 * A call parks its thread, so any number of virtual threads can make calls at once. `Thread.interrupt` closes the
 * request: the call throws a [java.util.concurrent.CancellationException], and the thread stays interrupted. An
 * operation that is never retried may have been executed by then.
 */
{}",
            class_of(blocking)
        ),
    )
}

/// Adds the class whose calls return futures, for Java.
fn derive_futures(draft: &mut Draft, asynchronous: &Object) -> Result<()> {
    let original = asynchronous.name();
    let mut class = renamed_class(draft, asynchronous, &format!("Async{original}"), "AutoCloseable")?;
    let declared =
        draft.between(&format!("public interface {original}Interface {{"), &class_of(asynchronous))?;
    let declared = Piece(declared.to_owned());
    for method in asynchronous.methods().into_iter().filter(|method| method.is_async()) {
        let name = quoted(method.name());
        let overridden = class.line(&format!("    override suspend fun {name}("))?;
        // Only the interface has the defaults.
        let signature = declared.line(&format!("    suspend fun {name}("))?;
        let (function, returned) = signature
            .trim_start_matches("    suspend ")
            .rsplit_once(')')
            .with_context(|| format!("not a function: {signature}"))?;
        let returned = returned.strip_prefix(": ").unwrap_or("Void?").trim_end();
        let suppress = "    @Suppress(\"ASSIGNED_BUT_NEVER_ACCESSED_VARIABLE\")\n";
        let overloads = if has_defaults(method) { "    @JvmOverloads\n" } else { "" };
        class.replace(
            1,
            &format!("    @Throws(OAuthException::class)\n{suppress}{overridden}"),
            &format!("{suppress}{overloads}    {function}): CompletableFuture<{returned}> {{"),
        )?;
    }
    let calls = count_calls(asynchronous);
    class.replace(calls, CALL, "        return uniffiRustCallFuture(\n")?;
    let methods = asynchronous.methods();
    let without_value = methods.iter().filter(|one| one.is_async() && one.return_type().is_none()).count();
    class.replace(without_value, "        { },\n", "        { null },\n")?;
    class.replace(methods.len() - calls, "override fun `", "fun `")?;
    let (class, _) = class.0.rsplit_once("/**\n * @suppress").context("a class without a converter")?;
    draft.push(&format!(
        "
/**
 * The same API for asynchronous code in Java: each call returns a [CompletableFuture].
 *
 * The operations are those of [{original}] and behave in the same way. If a call fails, its future is completed with
 * the [OAuthException]. Cancelling the future, or completing it in another way such as `orTimeout`, closes the request
 * immediately. An operation that is never retried may have been executed by then. Cancelling a future that `thenApply`
 * and similar functions have returned does not cancel the call.
 *
 * Functions passed to `thenApply` and similar functions run on the default executor of [CompletableFuture], never on a
 * thread of the native library. For functions that block, use `thenApplyAsync` and its variants with an executor.
 */
{class}"
    ));
    Ok(())
}

/// Returns a copy of an object's class under another name.
fn renamed_class(draft: &Draft, object: &Object, name: &str, implemented: &str) -> Result<Piece> {
    let class = draft.between(&class_of(object), &converter_of(object.name()))?;
    let mut class = Piece(class.to_owned());
    let original = object.name();
    let constructors = object.alternate_constructors().len();
    for (times, old, new) in [
        (1, class_of(object), format!("open class {name}: ")),
        (1, format!("AutoCloseable, {original}Interface"), implemented.to_owned()),
        (
            1,
            format!("\"{original}(closed)\" else \"{original}\""),
            format!("\"{name}(closed)\" else \"{name}\""),
        ),
        (constructors, format!("): {original} {{"), format!("): {name} {{")),
        (constructors, format!("FfiConverterType{original}.lift("), format!("{name}(UniffiWithHandle, ")),
    ] {
        class.replace(times, &old, &new)?;
    }
    Ok(class)
}

fn count_calls(object: &Object) -> usize {
    object.methods().iter().filter(|method| method.is_async()).count()
}

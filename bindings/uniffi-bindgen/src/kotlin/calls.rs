//! The classes whose calls block or return futures. Both are derived from the class whose functions suspend: so no call
//! blocks in the native library, where a virtual thread would keep its carrier.
//! See `docs/decisions/014-virtual-threads.md`.

use anyhow::{Context, Result};
use uniffi_bindgen::ComponentInterface;
use uniffi_bindgen::interface::{Callable, Object};

use super::{Piece, class_of, converter_of, has_defaults, quoted};
use crate::draft::Draft;

const CALL: &str = "        return uniffiRustCallAsync(\n";

pub(super) fn derive(draft: &mut Draft, interface: &ComponentInterface) -> Result<()> {
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
        block(draft, blocking, asynchronous)?;
        return_futures(draft, asynchronous)?;
    }
    Ok(())
}

/// Replaces the class whose calls would block in the native library.
fn block(draft: &mut Draft, blocking: &Object, asynchronous: &Object) -> Result<()> {
    let name = blocking.name();
    let mut class = renamed(draft, asynchronous, name, &format!("AutoCloseable, {name}Interface"))?;
    let calls = count_calls(asynchronous);
    class.replace(calls, "    override suspend fun ", "    override fun ")?;
    class.replace(calls, CALL, "        return uniffiRustCallBlocking(\n")?;
    draft.replace_between(&class_of(blocking), &converter_of(name), &class.0)?;
    draft.replace(
        1,
        &format!(" */\n{}", class_of(blocking)),
        &format!(
            " *
 * A call parks its thread, so any number of virtual threads may make calls at once. `Thread.interrupt` closes the
 * request: the call throws a [java.util.concurrent.CancellationException], and the thread stays interrupted. An
 * operation that is sent at most once may have been executed by then.
 */
{}",
            class_of(blocking)
        ),
    )
}

/// Adds the class for Java that returns futures.
fn return_futures(draft: &mut Draft, asynchronous: &Object) -> Result<()> {
    let original = asynchronous.name();
    let mut class = renamed(draft, asynchronous, &format!("Async{original}"), "AutoCloseable")?;
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
            .with_context(|| format!("a function was expected: {signature}"))?;
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
 * The same client for asynchronous code in Java: each call returns a [CompletableFuture].
 *
 * What holds for every operation is what holds for those of [{original}]. If a call fails, its future is completed
 * with the [OAuthException]. Cancelling the future, or completing it in another way such as `orTimeout`, closes the
 * request at once. An operation that is sent at most once may have been executed by then. Cancelling a future that
 * `thenApply` or the like has returned does not reach the call.
 *
 * Functions given to `thenApply` and the like run on the default executor of [CompletableFuture], never on a thread of
 * the native library. For functions that block there are `thenApplyAsync` and the like, which take an executor.
 */
{class}"
    ));
    Ok(())
}

/// Returns the class of an object under another name.
fn renamed(draft: &Draft, object: &Object, name: &str, implemented: &str) -> Result<Piece> {
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

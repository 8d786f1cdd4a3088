//! Results of asynchronous functions that are lowered only when the other language takes them.
//!
//! uniffi lowers the result as soon as the future is done. If the call is cancelled at that time, the other language
//! never takes the buffer, and uniffi drops it with the future as mere bytes: the objects whose handles it holds are
//! never freed, and a secret stays in memory. Here the future holds the value itself until it is completed.

use std::ffi::c_void;
use std::mem::ManuallyDrop;
use std::panic::AssertUnwindSafe;

use uniffi::metadata::MetadataBuffer;
use uniffi::{
    FfiBufferElement, FfiSerialize, Handle, LowerReturn, RustBuffer, RustCallError, RustCallStatus, TypeId,
    rust_call,
};

use crate::UniFfiTag;

/// A value that is lowered only when the future that returned it is completed.
pub(crate) struct Deferred<T>(pub(crate) T);

/// A closure that owns a value and lowers it.
type Lowering = Box<dyn FnOnce() -> Result<RustBuffer, RustCallError> + Send>;

impl<T: TypeId<UniFfiTag>> TypeId<UniFfiTag> for Deferred<T> {
    const TYPE_ID_META: MetadataBuffer = T::TYPE_ID_META;
}

// SAFETY: uniffi requires that `TYPE_ID_META` describes the buffer that the bindings receive. `lower_return` returns a
// wrapped closure instead of a buffer, but the bindings never receive that: the generator makes them call
// `purecloud_oauth_future_complete` in place of uniffi's function, which replaces it by the buffer that `T` returns.
unsafe impl<T> LowerReturn<UniFfiTag> for Deferred<T>
where
    T: LowerReturn<UniFfiTag, ReturnType = RustBuffer> + Send + 'static,
{
    type ReturnType = RustBuffer;

    fn lower_return(deferred: Self) -> Result<RustBuffer, RustCallError> {
        Ok(wrap(Box::new(move || T::lower_return(deferred.0))))
    }
}

/// Wraps a lowering in a buffer of capacity 0, whose data pointer is aligned as that of no empty buffer is.
fn wrap(lowering: Lowering) -> RustBuffer {
    let address = Box::into_raw(Box::new(lowering)).cast::<c_void>().cast_const();
    let none = FfiBufferElement { u64: 0 };
    FfiSerialize::get(&[none, none, FfiBufferElement { ptr: address }])
}

/// Returns the lowering that `wrap` put into a buffer, or the buffer itself if it is an ordinary one.
fn unwrap(buffer: RustBuffer) -> Result<Lowering, RustBuffer> {
    let address = buffer.data_pointer();
    // The address of an empty vector is not aligned for a `Lowering`, and that of an absent vector is null.
    let lowering = address.cast_mut().cast::<Lowering>();
    if buffer.capacity() > 0 || lowering.is_null() || !lowering.is_aligned() {
        return Err(buffer);
    }
    // SAFETY: a buffer of capacity 0 whose pointer is aligned and not null is from `wrap`, so the pointer is that of a
    // `Box<Lowering>`: an empty `Vec<u8>` has the address 1 (see the test), and an absent one has a null pointer. The
    // box is taken once, because the buffer is consumed here, and uniffi returns the result of a future only once.
    Ok(unsafe { *Box::from_raw(lowering) })
}

/// Completes a future that returns a buffer, as uniffi's function does.
///
/// # Safety
///
/// `future` is the handle of a future whose result is a `RustBuffer`, and is not freed before this function returns.
#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn purecloud_oauth_future_complete(
    future: Handle,
    status: &mut RustCallStatus,
) -> RustBuffer {
    // SAFETY: by this function's contract the future is not freed yet and returns a buffer, which is all that uniffi
    // requires.
    let returned = unsafe { crate::ffi_purecloud_oauth_rust_future_complete_rust_buffer(future, status) };
    match unwrap(returned) {
        Ok(lowering) => rust_call(status, AssertUnwindSafe(lowering)),
        Err(buffer) => buffer,
    }
}

/// Frees a future that returns a buffer, as uniffi's function does, together with a result that was never taken.
///
/// # Safety
///
/// `future` is the handle of a future whose result is a `RustBuffer`. It has not been freed, and is not used afterwards
/// or by another thread.
#[unsafe(no_mangle)]
unsafe extern "C" fn purecloud_oauth_future_free(future: Handle) {
    let mut status = RustCallStatus::default();
    // SAFETY: by this function's contract the future is not freed yet and returns a buffer. It may be cancelled and
    // completed in any state: without a result to take, completing returns an empty buffer and the status `Cancelled`.
    let returned = unsafe {
        crate::ffi_purecloud_oauth_rust_future_cancel_rust_buffer(future.clone());
        crate::ffi_purecloud_oauth_rust_future_complete_rust_buffer(future.clone(), &mut status)
    };
    match unwrap(returned) {
        Ok(lowering) => drop(lowering),
        Err(buffer) => buffer.destroy(),
    }
    ManuallyDrop::into_inner(status.error_buf).destroy();
    // SAFETY: by this function's contract the future is not freed yet, and the handle is not used after this.
    unsafe { crate::ffi_purecloud_oauth_rust_future_free_rust_buffer(future) };
}

#[cfg(test)]
mod tests {
    use std::future::Future;

    use super::*;
    use crate::OAuthClient;
    use crate::credentials::Session;
    use crate::ffi::{Lowered, OAuthError};
    use crate::operation::Operation;
    use crate::secret::{Secret, living};
    use crate::transport::Returned;
    use uniffi::{Lift, LiftArgsError, RustFuturePoll, UniffiCompatibleFuture};

    extern "C" fn ignore_poll(_: u64, _: RustFuturePoll) {}

    /// Returns the future of an exported function that is done.
    fn done<T>(value: T) -> Handle
    where
        T: Send + 'static,
        Deferred<T>: LowerReturn<UniFfiTag, ReturnType = RustBuffer>,
    {
        let future = exported(async move { Ok::<_, OAuthError>(Deferred(value)) });
        let handle = uniffi::rust_future_new(future, UniFfiTag);
        // SAFETY: the future was created above and is not freed, and `Deferred` returns a buffer.
        unsafe { crate::ffi_purecloud_oauth_rust_future_poll_rust_buffer(handle.clone(), ignore_poll, 0) };
        handle
    }

    fn exported<T: Send + 'static>(
        returned: impl Future<Output = Result<T, OAuthError>> + Send + 'static,
    ) -> impl UniffiCompatibleFuture<Result<Result<T, OAuthError>, LiftArgsError>> + 'static {
        async move { Ok(returned.await) }
    }

    fn client(secret: &str, end: &str) -> Lowered<OAuthClient> {
        let body = format!(
            "{{\"id\": \"6f1c2f1e-3b1d-4f8e-9a55-0a1f5f1d9a3e\", \"name\": \"Nightly report\", \"secret\": \"{secret}\"{end}}}"
        );
        Lowered::read(&Operation::POST_OAUTH_CLIENT_SECRET, body.as_bytes()).expect("a client")
    }

    #[test]
    fn a_result_that_is_never_taken_is_freed_with_its_secrets() {
        // One client is transcribed, and one is read as a model because of its duplicate field.
        let (transcribed, model, token) = ("Vq7LxT2nB5rK", "hJ3sW8cD1fZ6", "cZ9mQ4yH7tE0");
        let twice = ", \"name\": \"Nightly report\"";
        let futures = [done(client(transcribed, "")), done(client(model, twice)), done(Session::new(token))];
        for secret in [transcribed, model, token] {
            assert_eq!(living::count(secret), 1, "{secret}");
        }
        for future in futures {
            // SAFETY: the future returns a buffer and is freed only here.
            unsafe { purecloud_oauth_future_free(future) };
        }
        for secret in [transcribed, model, token] {
            assert_eq!(living::count(secret), 0, "{secret}");
        }
    }

    #[test]
    fn a_result_that_was_taken_is_not_freed_with_the_future() {
        let secret = "pK2vN6gR8xM3";
        let future = done(client(secret, ""));
        let mut status = RustCallStatus::default();
        // SAFETY: the future returns a buffer and is not freed yet.
        let buffer = unsafe { purecloud_oauth_future_complete(future.clone(), &mut status) };
        // SAFETY: the future returns a buffer, is freed only here, and is not used afterwards.
        unsafe { purecloud_oauth_future_free(future) };
        let client = <OAuthClient as Lift<UniFfiTag>>::try_lift(buffer).expect("a client");
        assert_eq!(client.secret, Some(Secret::new(secret)));
        drop(client);
        assert_eq!(living::count(secret), 0);
    }

    #[test]
    fn an_empty_buffer_is_not_mistaken_for_a_lowering() {
        for empty in [RustBuffer::new(), RustBuffer::default()] {
            unwrap(empty).err().expect("a buffer").destroy();
        }
    }

    #[test]
    fn freeing_a_future_before_it_is_done_drops_it() {
        let (held, dropped) = std::sync::mpsc::channel::<()>();
        let future = exported(async move {
            let _held = held;
            std::future::pending::<Result<Deferred<Session>, OAuthError>>().await
        });
        let handle = uniffi::rust_future_new(future, UniFfiTag);
        // SAFETY: the future was created above, returns a buffer, is freed only here, and is not used afterwards.
        unsafe {
            crate::ffi_purecloud_oauth_rust_future_poll_rust_buffer(handle.clone(), ignore_poll, 0);
            purecloud_oauth_future_free(handle);
        }
        assert_eq!(dropped.try_recv(), Err(std::sync::mpsc::TryRecvError::Disconnected));
    }
}

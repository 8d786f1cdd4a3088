//! What asynchronous functions return, lowered only when the other language takes it.
//!
//! uniffi lowers the result as soon as the future is done. Where the call is cancelled at that time nobody takes the
//! buffer, and uniffi drops it with the future: as bytes, so that the objects whose handles are in it are never freed,
//! and a secret stays in memory. Here the future holds the value itself until it is completed.

use std::ffi::c_void;
use std::mem::ManuallyDrop;
use std::panic::AssertUnwindSafe;

use uniffi::metadata::MetadataBuffer;
use uniffi::{
    FfiBufferElement, FfiSerialize, Handle, LowerReturn, RustBuffer, RustCallError, RustCallStatus, TypeId,
    rust_call,
};

use crate::UniFfiTag;

/// A value that is lowered when the future that returned it is completed.
pub(crate) struct Deferred<T>(pub(crate) T);

/// Lowers the value that it holds.
type Lowering = Box<dyn FnOnce() -> Result<RustBuffer, RustCallError> + Send>;

impl<T: TypeId<UniFfiTag>> TypeId<UniFfiTag> for Deferred<T> {
    const TYPE_ID_META: MetadataBuffer = T::TYPE_ID_META;
}

// SAFETY: the type is that of `T`. What is returned is no buffer yet; it becomes the one that `T` returns in
// `purecloud_oauth_future_complete`, which every generated binding calls in place of uniffi's function.
unsafe impl<T> LowerReturn<UniFfiTag> for Deferred<T>
where
    T: LowerReturn<UniFfiTag, ReturnType = RustBuffer> + Send + 'static,
{
    type ReturnType = RustBuffer;

    fn lower_return(deferred: Self) -> Result<RustBuffer, RustCallError> {
        Ok(wrapped(Box::new(move || T::lower_return(deferred.0))))
    }
}

/// Puts a lowering where a buffer is expected: one without room, at an address that no empty buffer has.
fn wrapped(lowering: Lowering) -> RustBuffer {
    let address = Box::into_raw(Box::new(lowering)).cast::<c_void>().cast_const();
    let none = FfiBufferElement { u64: 0 };
    FfiSerialize::get(&[none, none, FfiBufferElement { ptr: address }])
}

/// Takes out what `wrapped` has put in; gives buffers back as they are.
fn unwrapped(buffer: RustBuffer) -> Result<Lowering, RustBuffer> {
    let address = buffer.data_pointer();
    // An empty vector has an address that is not aligned for a `Lowering`; no vector at all has none.
    let lowering = address.cast_mut().cast::<Lowering>();
    if buffer.capacity() > 0 || lowering.is_null() || !lowering.is_aligned() {
        return Err(buffer);
    }
    // SAFETY: buffers without room and with such an address come from `wrapped` alone, and each is taken out once: the
    // buffer is consumed here, and a future gives it away once.
    Ok(unsafe { *Box::from_raw(lowering) })
}

/// Completes a future that returns a buffer, as uniffi's function does.
///
/// # Safety
///
/// The future has not been freed, and is one that returns a buffer.
#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn purecloud_oauth_future_complete(
    future: Handle,
    status: &mut RustCallStatus,
) -> RustBuffer {
    // SAFETY: the caller vouches for the future.
    let returned = unsafe { crate::ffi_purecloud_oauth_rust_future_complete_rust_buffer(future, status) };
    match unwrapped(returned) {
        Ok(lowering) => rust_call(status, AssertUnwindSafe(lowering)),
        Err(buffer) => buffer,
    }
}

/// Frees a future that returns a buffer, as uniffi's function does, and with it what it returned and nobody took.
///
/// # Safety
///
/// The future has not been freed, is one that returns a buffer, and is not used any more.
#[unsafe(no_mangle)]
unsafe extern "C" fn purecloud_oauth_future_free(future: Handle) {
    let mut status = RustCallStatus::default();
    // SAFETY: the caller vouches for the future. Cancelled and completed futures may be completed once more: then they
    // return an empty buffer.
    let returned = unsafe {
        crate::ffi_purecloud_oauth_rust_future_cancel_rust_buffer(future.clone());
        crate::ffi_purecloud_oauth_rust_future_complete_rust_buffer(future.clone(), &mut status)
    };
    match unwrapped(returned) {
        Ok(lowering) => drop(lowering),
        Err(buffer) => buffer.destroy(),
    }
    ManuallyDrop::into_inner(status.error_buf).destroy();
    // SAFETY: as above; it is not used after this.
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

    extern "C" fn ignored(_: u64, _: RustFuturePoll) {}

    /// A future as an exported function returns it, which is done.
    fn done<T>(value: T) -> Handle
    where
        T: Send + 'static,
        Deferred<T>: LowerReturn<UniFfiTag, ReturnType = RustBuffer>,
    {
        let future = exported(async move { Ok::<_, OAuthError>(Deferred(value)) });
        let handle = uniffi::rust_future_new(future, UniFfiTag);
        // SAFETY: it is new, and returns a buffer.
        unsafe { crate::ffi_purecloud_oauth_rust_future_poll_rust_buffer(handle.clone(), ignored, 0) };
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
    fn what_nobody_takes_is_freed_with_its_secrets() {
        // One is transcribed, and one is read as a model, because a field that stands twice is in doubt.
        let (transcribed, model, token) = ("Vq7LxT2nB5rK", "hJ3sW8cD1fZ6", "cZ9mQ4yH7tE0");
        let twice = ", \"name\": \"Nightly report\"";
        let futures = [done(client(transcribed, "")), done(client(model, twice)), done(Session::new(token))];
        for secret in [transcribed, model, token] {
            assert_eq!(living::count(secret), 1, "{secret}");
        }
        for future in futures {
            // SAFETY: it has not been freed, and returns a buffer.
            unsafe { purecloud_oauth_future_free(future) };
        }
        for secret in [transcribed, model, token] {
            assert_eq!(living::count(secret), 0, "{secret}");
        }
    }

    #[test]
    fn what_is_taken_belongs_to_who_took_it() {
        let secret = "pK2vN6gR8xM3";
        let future = done(client(secret, ""));
        let mut status = RustCallStatus::default();
        // SAFETY: it has not been freed, and returns a buffer.
        let buffer = unsafe { purecloud_oauth_future_complete(future.clone(), &mut status) };
        // SAFETY: as above, and it is not used afterwards.
        unsafe { purecloud_oauth_future_free(future) };
        let client = <OAuthClient as Lift<UniFfiTag>>::try_lift(buffer).expect("a client");
        assert_eq!(client.secret, Some(Secret::new(secret)));
        drop(client);
        assert_eq!(living::count(secret), 0);
    }

    #[test]
    fn an_empty_buffer_is_none_that_holds_a_lowering() {
        for empty in [RustBuffer::new(), RustBuffer::default()] {
            unwrapped(empty).err().expect("a buffer").destroy();
        }
    }

    #[test]
    fn what_is_cancelled_before_it_is_done_is_dropped() {
        let (held, dropped) = std::sync::mpsc::channel::<()>();
        let future = exported(async move {
            let _held = held;
            std::future::pending::<Result<Deferred<Session>, OAuthError>>().await
        });
        let handle = uniffi::rust_future_new(future, UniFfiTag);
        // SAFETY: it is new, returns a buffer, and is not used afterwards.
        unsafe {
            crate::ffi_purecloud_oauth_rust_future_poll_rust_buffer(handle.clone(), ignored, 0);
            purecloud_oauth_future_free(handle);
        }
        assert_eq!(dropped.try_recv(), Err(std::sync::mpsc::TryRecvError::Disconnected));
    }
}

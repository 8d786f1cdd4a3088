//! uniffi's own functions for buffers in the form that it gives to those it exports: arguments and what is returned in
//! memory of the caller's. JNA can pass a structure by value only as an object made by reflection.

use uniffi::{FfiBufferElement, FfiSerialize, Handle, RustBuffer, RustCallStatus, ffi_buffer_size};

macro_rules! in_memory {
    ($($name:ident = $($function:ident)::+($argument:ty) -> $returned:ty;)*) => {$(
        /// # Safety
        ///
        /// `arguments` holds a valid argument, which is taken, and `returned` has room for what is returned and the
        /// status.
        #[unsafe(no_mangle)]
        unsafe extern "C" fn $name(arguments: *const FfiBufferElement, returned: *mut FfiBufferElement) {
            // SAFETY: the caller vouches for both.
            let (arguments, mut returned) = unsafe {
                (
                    std::slice::from_raw_parts(arguments, ffi_buffer_size!($argument)),
                    std::slice::from_raw_parts_mut(returned, ffi_buffer_size!($returned, RustCallStatus)),
                )
            };
            let mut status = RustCallStatus::default();
            // SAFETY: the caller vouches for the argument.
            #[allow(unused_unsafe, reason = "some are safe")]
            let value = unsafe { crate::$($function)::+(FfiSerialize::get(arguments), &mut status) };
            FfiSerialize::write(&mut returned, value);
            FfiSerialize::write(&mut returned, status);
        }
    )*};
}

in_memory! {
    uniffi_ffibuffer_ffi_purecloud_oauth_rustbuffer_alloc = ffi_purecloud_oauth_rustbuffer_alloc(u64) -> RustBuffer;
    uniffi_ffibuffer_ffi_purecloud_oauth_rustbuffer_free = ffi_purecloud_oauth_rustbuffer_free(RustBuffer) -> ();
    uniffi_ffibuffer_purecloud_oauth_future_complete =
        ffi::deferred::purecloud_oauth_future_complete(Handle) -> RustBuffer;
}

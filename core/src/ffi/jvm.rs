//! uniffi's functions for buffers and futures in the form of its `uniffi_ffibuffer_*` functions: arguments and results
//! are in memory of the caller. JNA could pass a structure by value only as an object made by reflection.

use uniffi::{FfiBufferElement, FfiSerialize, Handle, RustBuffer, RustCallStatus, ffi_buffer_size};

macro_rules! in_memory {
    ($($name:ident = $($function:ident)::+($argument:ty) -> $returned:ty;)*) => {$(
        /// # Safety
        ///
        /// - `arguments` points to the elements of a valid argument, which the function consumes. A buffer is not used
        ///   afterwards, and the handle of a future is not freed before the function returns.
        /// - `returned` points to memory for the elements of the result followed by those of a `RustCallStatus`. No
        ///   other code accesses it during the call.
        #[unsafe(no_mangle)]
        unsafe extern "C" fn $name(arguments: *const FfiBufferElement, returned: *mut FfiBufferElement) {
            // SAFETY: by this function's contract both pointers are valid for as many elements as these types have in
            // uniffi, and no other code accesses `returned` meanwhile. An element is a union, so any bytes are valid.
            let (arguments, mut returned) = unsafe {
                (
                    std::slice::from_raw_parts(arguments, ffi_buffer_size!($argument)),
                    std::slice::from_raw_parts_mut(returned, ffi_buffer_size!($returned, RustCallStatus)),
                )
            };
            let mut status = RustCallStatus::default();
            // SAFETY: by this function's contract the elements are a valid argument, which is consumed only here.
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

//! The type of a conformance case, and its execution.

use std::panic::{self, AssertUnwindSafe};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use purecloud_oauth::Error;

use crate::emulator::Emulator;

/// The result of a case. A case panics if a promise is broken, and returns the error of a call that must
/// succeed.
pub(crate) type Outcome = Result<(), Error>;

/// A case of `cases.toml`.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) run: for<'a> fn(&'a Emulator) -> LocalBoxFuture<'a, Outcome>,
}

/// Declares the cases of a file. Each case is the function with its name.
macro_rules! cases {
    ($($name:ident),* $(,)?) => {
        pub(crate) const CASES: &[$crate::case::Case] = &[$(
            $crate::case::Case { name: stringify!($name), run: |emulator| Box::pin($name(emulator)) },
        )*];
    };
}

impl Case {
    /// Resets the emulator and runs the case. Returns the reason if the case fails.
    pub(crate) async fn verdict(&self, emulator: &Emulator) -> Result<(), String> {
        const LIMIT: Duration = Duration::from_secs(120);
        let case = async {
            emulator.reset().await;
            (self.run)(emulator).await
        };
        first_panic().take();
        match tokio::time::timeout(LIMIT, AssertUnwindSafe(case).catch_unwind()).await {
            Ok(Ok(Ok(()))) => Ok(()),
            Ok(Ok(Err(error))) => Err(format!("{error:?}")),
            Ok(Err(_)) => Err(first_panic().take().unwrap_or_else(|| "panicked".to_owned())),
            Err(_) => Err(format!("not finished after {LIMIT:?}")),
        }
    }
}

/// The message and the location of the first panic of the current case.
fn first_panic() -> MutexGuard<'static, Option<String>> {
    static MESSAGE: Mutex<Option<String>> = Mutex::new(None);
    MESSAGE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Installs a panic hook that records the message of a case's first panic, for the result line of the case.
pub(crate) fn record_panic_messages() {
    panic::set_hook(Box::new(|panic| {
        let payload = panic.payload();
        let message = payload.downcast_ref::<String>().map(String::as_str);
        let message = message.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("panicked");
        let line = message.lines().map(str::trim).collect::<Vec<_>>().join("; ");
        let location = panic.location().map_or(String::new(), |location| format!(" ({location})"));
        first_panic().get_or_insert(line + &location);
    }));
}

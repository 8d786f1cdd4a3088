//! What a case is, and how one is tried.

use std::panic::{self, AssertUnwindSafe};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use purecloud_oauth::Error;

use crate::emulator::Emulator;

/// A case holds when it comes to its end: it panics where a promise is broken, and passes on the error of a
/// call that had to succeed.
pub(crate) type Outcome = Result<(), Error>;

#[derive(Clone, Copy)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) run: for<'a> fn(&'a Emulator) -> LocalBoxFuture<'a, Outcome>,
}

/// The cases of a file: each is the function of its name.
macro_rules! cases {
    ($($name:ident),* $(,)?) => {
        pub(crate) const CASES: &[$crate::case::Case] = &[$(
            $crate::case::Case { name: stringify!($name), run: |emulator| Box::pin($name(emulator)) },
        )*];
    };
}

impl Case {
    /// Tries it; the reason if it does not hold.
    pub(crate) async fn verdict(&self, emulator: &Emulator) -> Result<(), String> {
        const LIMIT: Duration = Duration::from_secs(120);
        let trial = async {
            emulator.start_over().await;
            (self.run)(emulator).await
        };
        first_panic().take();
        match tokio::time::timeout(LIMIT, AssertUnwindSafe(trial).catch_unwind()).await {
            Ok(Ok(Ok(()))) => Ok(()),
            Ok(Ok(Err(error))) => Err(format!("{error:?}")),
            Ok(Err(_)) => Err(first_panic().take().unwrap_or_else(|| "panicked".to_owned())),
            Err(_) => Err(format!("not at its end after {LIMIT:?}")),
        }
    }
}

/// What the first panic of a case said, and where.
fn first_panic() -> MutexGuard<'static, Option<String>> {
    static WORDS: Mutex<Option<String>> = Mutex::new(None);
    WORDS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps what a panic says for the one line of its case.
pub(crate) fn keep_words_of_panics() {
    panic::set_hook(Box::new(|panic| {
        let payload = panic.payload();
        let said = payload.downcast_ref::<String>().map(String::as_str);
        let said = said.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("panicked");
        let words = said.lines().map(str::trim).collect::<Vec<_>>().join("; ");
        let place = panic.location().map_or(String::new(), |place| format!(" ({place})"));
        first_panic().get_or_insert(words + &place);
    }));
}

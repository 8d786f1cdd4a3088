//! Maps the core's types to those of the interface. Arguments are borrowed, and results are converted.
//!
//! | trait | from | to |
//! |---|---|---|
//! | `FromForeign` | any value of an argument in another language | the argument |
//! | `TryFromForeign` | a value that may be refused, such as a negative count | the argument, or an error with its name |
//! | `ToForeign` | a result of the core | the result in other languages |
//! | `Setting` (`config.rs`) | a field of a record | calls of a builder |
//!
//! Counts are signed numbers in the interface, because Java has no unsigned ones.

use std::mem;
use std::sync::Arc;
use std::time::Duration;

use crate::credentials::{Authorization, Credentials, Session};
use crate::error::Error;
use crate::host::Host;
use crate::models::{Detail, ErrorBody, RequestBody};
use crate::secret::Secret;

/// An argument, with its type in other languages.
pub(crate) trait Argument {
    type Foreign;
}

/// An argument that can be made from every foreign value.
pub(crate) trait FromForeign<'a>: Argument + Sized {
    /// Converts the value that the other language passed. Strings are taken out of it.
    fn from_foreign(foreign: &'a mut Self::Foreign) -> Self;
}

/// An argument whose conversion can fail.
pub(crate) trait TryFromForeign<'a>: Argument + Sized {
    /// Converts the value that the other language passed, or refuses it by the argument's name.
    fn try_from_foreign(name: &'static str, foreign: &'a mut Self::Foreign) -> Result<Self, Error>;
}

impl<'a, T: FromForeign<'a>> TryFromForeign<'a> for T {
    fn try_from_foreign(_name: &'static str, foreign: &'a mut T::Foreign) -> Result<Self, Error> {
        Ok(T::from_foreign(foreign))
    }
}

impl Argument for &str {
    type Foreign = String;
}

impl<'a> FromForeign<'a> for &'a str {
    fn from_foreign(foreign: &'a mut String) -> Self {
        // Lets the tests of the bindings cause a panic within a call.
        #[cfg(feature = "panics")]
        assert_ne!(foreign, "panic", "a mistake of ours");
        foreign
    }
}

impl Argument for Option<&str> {
    type Foreign = Option<String>;
}

impl<'a> FromForeign<'a> for Option<&'a str> {
    fn from_foreign(foreign: &'a mut Option<String>) -> Self {
        foreign.as_deref()
    }
}

impl<B: RequestBody> Argument for &B {
    type Foreign = B;
}

impl<'a, B: RequestBody> FromForeign<'a> for &'a B {
    fn from_foreign(foreign: &'a mut B) -> Self {
        foreign
    }
}

impl Argument for Option<u32> {
    type Foreign = Option<i32>;
}

impl<'a> TryFromForeign<'a> for Option<u32> {
    fn try_from_foreign(name: &'static str, foreign: &'a mut Option<i32>) -> Result<Self, Error> {
        foreign.map(|number| count(name, number)).transpose()
    }
}

/// Arguments that are of the same type everywhere.
macro_rules! same_everywhere {
    ($($type:ty)*) => {$(
        impl Argument for $type {
            type Foreign = $type;
        }

        impl FromForeign<'_> for $type {
            fn from_foreign(foreign: &mut $type) -> Self {
                foreign.clone()
            }
        }
    )*};
}

same_everywhere! { Secret Option<Secret> Authorization Session Host }

impl Argument for String {
    type Foreign = String;
}

impl FromForeign<'_> for String {
    /// Takes the string out: it may be a secret, of which no copy must stay in memory.
    fn from_foreign(foreign: &mut String) -> Self {
        mem::take(foreign)
    }
}

/// Converts a count within what the setting or argument can be.
pub(super) fn count<N: TryFrom<i64>>(name: &str, number: impl Into<i64>) -> Result<N, Error> {
    let number = number.into();
    N::try_from(number)
        .map_err(|_| Error::invalid_argument(name, format!("is {number}, which is out of range")))
}

/// A value that the core returns, with its type in other languages.
pub(crate) trait ToForeign {
    type Foreign;

    /// Converts the value. A number that is too large becomes the largest one.
    fn to_foreign(self) -> Self::Foreign;
}

macro_rules! to_foreign {
    ($($value:ident: $type:ty => $foreign:ty { $converted:expr })*) => {$(
        impl ToForeign for $type {
            type Foreign = $foreign;

            fn to_foreign(self) -> $foreign {
                let $value = self;
                $converted
            }
        }
    )*};
}

to_foreign! {
    boolean: bool => bool { boolean }
    number: u16 => i32 { number.into() }
    number: u32 => i32 { i32::try_from(number).unwrap_or(i32::MAX) }
    number: u64 => i64 { i64::try_from(number).unwrap_or(i64::MAX) }
    duration: Duration => Duration { duration.min(LONGEST_DURATION) }
    string: String => String { string }
    string: &str => String { string.to_owned() }
    secret: &Secret => Secret { secret.clone() }
    credentials: Credentials => Arc<Credentials> { Arc::new(credentials) }
    host: &Host => Arc<Host> { Arc::new(host.clone()) }
    session: Session => Session { session }
    body: &ErrorBody => ErrorBody { body.clone() }
    details: &[Detail] => Vec<Detail> { details.to_vec() }
}

impl<T: ToForeign> ToForeign for Option<T> {
    type Foreign = Option<T::Foreign>;

    fn to_foreign(self) -> Option<T::Foreign> {
        self.map(T::to_foreign)
    }
}

/// The maximum duration of Python, the smallest maximum among the languages.
const LONGEST_DURATION: Duration = Duration::from_secs(86_399_999_999_999);

#[cfg(test)]
mod tests {
    use super::FromForeign;

    #[test]
    fn no_copy_of_a_secret_stays_behind() {
        let mut foreign = "mW4tS9xQ".to_owned();
        let address = foreign.as_ptr();
        let taken = String::from_foreign(&mut foreign);
        assert_eq!((taken.as_str(), taken.as_ptr(), foreign.as_str()), ("mW4tS9xQ", address, ""));
    }
}

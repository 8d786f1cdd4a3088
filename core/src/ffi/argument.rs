//! The arguments of operations in the form in which other languages pass them.

use crate::error::Error;
use crate::models::RequestBody;

/// The FFI type of an operation's argument. Counts are signed, because Java has no unsigned integers.
pub(crate) trait Argument {
    type Foreign;
}

/// The conversion of an argument from its FFI type, borrowing from it.
pub(crate) trait Lent<'a>: Argument + Sized {
    fn lent(name: &'static str, foreign: &'a Self::Foreign) -> Result<Self, Error>;
}

impl Argument for &str {
    type Foreign = String;
}

impl<'a> Lent<'a> for &'a str {
    fn lent(_name: &'static str, foreign: &'a String) -> Result<Self, Error> {
        #[cfg(feature = "panics")]
        assert_ne!(foreign, "panic", "a mistake of ours");
        Ok(foreign)
    }
}

impl Argument for Option<&str> {
    type Foreign = Option<String>;
}

impl<'a> Lent<'a> for Option<&'a str> {
    fn lent(_name: &'static str, foreign: &'a Option<String>) -> Result<Self, Error> {
        Ok(foreign.as_deref())
    }
}

impl Argument for Option<u32> {
    type Foreign = Option<i32>;
}

impl<'a> Lent<'a> for Option<u32> {
    fn lent(name: &'static str, foreign: &'a Option<i32>) -> Result<Self, Error> {
        foreign.map(|number| count(name, number)).transpose()
    }
}

impl<B: RequestBody> Argument for &B {
    type Foreign = B;
}

impl<'a, B: RequestBody> Lent<'a> for &'a B {
    fn lent(_name: &'static str, foreign: &'a B) -> Result<Self, Error> {
        Ok(foreign)
    }
}

/// Converts a number to the type of a setting or argument, or returns an error with its name.
pub(super) fn count<N: TryFrom<i64>>(name: &'static str, number: impl Into<i64>) -> Result<N, Error> {
    let number = number.into();
    N::try_from(number)
        .map_err(|_| Error::invalid_argument(name, format!("is {number}, which is out of range")))
}

//! The permissions that roles grant, and the check that they suffice.

use std::collections::BTreeSet;

/// The permissions of a role or of a caller.
#[derive(Clone, Debug)]
pub(crate) enum Grants {
    Everything,
    These(BTreeSet<String>),
}

impl Grants {
    pub(crate) fn none() -> Self {
        Self::These(BTreeSet::new())
    }

    pub(crate) fn from_permissions<'p>(permissions: impl IntoIterator<Item = &'p str>) -> Self {
        Self::These(permissions.into_iter().map(str::to_owned).collect())
    }

    pub(crate) fn has_any(&self, permissions: &[&str]) -> bool {
        match self {
            Self::Everything => true,
            Self::These(these) => permissions.iter().any(|one| these.contains(*one)),
        }
    }

    /// Returns whether a caller with these permissions may also grant `others`.
    pub(crate) fn include(&self, others: &Self) -> bool {
        match (self, others) {
            (Self::Everything, _) => true,
            (Self::These(_), Self::Everything) => false,
            (Self::These(these), Self::These(others)) => others.is_subset(these),
        }
    }

    pub(crate) fn join(self, other: &Self) -> Self {
        match (self, other) {
            (Self::These(mut these), Self::These(others)) => {
                these.extend(others.iter().cloned());
                Self::These(these)
            }
            _ => Self::Everything,
        }
    }
}

/// Every permission that an operation requires.
pub(crate) const ALL: [&str; 6] =
    [CLIENT_ADD, CLIENT_AUTHORIZE, CLIENT_DELETE, CLIENT_EDIT, CLIENT_VIEW, USAGE_VIEW];

pub(crate) const CLIENT_ADD: &str = "oauth:client:add";
pub(crate) const CLIENT_AUTHORIZE: &str = "oauth:client:authorize";
pub(crate) const CLIENT_DELETE: &str = "oauth:client:delete";
pub(crate) const CLIENT_EDIT: &str = "oauth:client:edit";
pub(crate) const CLIENT_VIEW: &str = "oauth:client:view";
pub(crate) const USAGE_VIEW: &str = "usage:client:view";

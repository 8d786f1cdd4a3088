//! What a role grants, and whether that is enough.

use std::collections::BTreeSet;

/// The permissions a role or a caller has.
#[derive(Clone, Debug)]
pub(crate) enum Grants {
    Everything,
    These(BTreeSet<String>),
}

impl Grants {
    pub(crate) fn none() -> Self {
        Self::These(BTreeSet::new())
    }

    pub(crate) fn of<'p>(permissions: impl IntoIterator<Item = &'p str>) -> Self {
        Self::These(permissions.into_iter().map(str::to_owned).collect())
    }

    pub(crate) fn has_any(&self, permissions: &[&str]) -> bool {
        match self {
            Self::Everything => true,
            Self::These(these) => permissions.iter().any(|one| these.contains(*one)),
        }
    }

    /// Whether whoever has these may also give `others` away.
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

/// Every permission that an operation asks for.
pub(crate) const ALL: [&str; 6] =
    [CLIENT_ADD, CLIENT_AUTHORIZE, CLIENT_DELETE, CLIENT_EDIT, CLIENT_VIEW, USAGE_VIEW];

pub(crate) const CLIENT_ADD: &str = "oauth:client:add";
pub(crate) const CLIENT_AUTHORIZE: &str = "oauth:client:authorize";
pub(crate) const CLIENT_DELETE: &str = "oauth:client:delete";
pub(crate) const CLIENT_EDIT: &str = "oauth:client:edit";
pub(crate) const CLIENT_VIEW: &str = "oauth:client:view";
pub(crate) const USAGE_VIEW: &str = "usage:client:view";

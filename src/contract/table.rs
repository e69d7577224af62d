//! Error tables as data: one enum for each table of the documents, named after its heading.
//!
//! A table lists its own rows, then the tables whose rows it includes, as the document does ("All User Status Errors
//! below"). A flow answers with the enum of *its* table, so a refresh that answers `password_reset_required` does not
//! compile.

use crate::fault::Fault;

/// One row: what goes over the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The error code.
    pub code: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// The reason, word for word as the document has it.
    pub reason: &'static str,
}

/// An error table of the documents.
pub trait Table: Copy + std::fmt::Debug + Send + 'static {
    /// The heading of the table.
    const HEADING: &'static str;
    /// The row that is sent.
    fn row(self) -> Row;
    /// Every row, included tables last.
    fn rows() -> Vec<Row>;
}

/// Why a flow stopped.
#[derive(Debug)]
pub enum Stop<T> {
    /// The answer is no, by this row of the flow's table.
    Refused(T),
    /// Not now: too many asked, or too much is queued (T-13, R-65).
    Later(Later),
    /// The fault is ours.
    Broke(Fault),
}

/// Asked to come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Later {
    /// `true`: this account or address asked too often (429). `false`: we are busy (503).
    pub too_many: bool,
    /// `Retry-After`, in seconds, at least one.
    pub seconds: u64,
}

impl Later {
    /// 429 for `seconds`.
    pub const fn too_many(seconds: u64) -> Self {
        Self { too_many: true, seconds }
    }

    /// 503 for `seconds`.
    pub const fn busy(seconds: u64) -> Self {
        Self { too_many: false, seconds }
    }
}

impl<T: Table> From<T> for Stop<T> {
    fn from(row: T) -> Self {
        Self::Refused(row)
    }
}

impl<T> From<Fault> for Stop<T> {
    fn from(fault: Fault) -> Self {
        Self::Broke(fault)
    }
}

impl<T> From<Later> for Stop<T> {
    fn from(later: Later) -> Self {
        Self::Later(later)
    }
}

/// Declares an error table.
macro_rules! error_table {
    (
        $(#[$doc:meta])*
        $name:ident = $heading:literal {
            $($(#[$row_doc:meta])* $row:ident = $code:literal, $status:literal, $reason:literal;)*
        }
        $(+ all $included:ident)*
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $(
                #[doc = concat!("`", $code, "` ", $status, ": ", $reason)]
                $(#[$row_doc])*
                $row,
            )*
            $(
                #[doc = concat!("A row of [`", stringify!($included), "`].")]
                $included($included),
            )*
        }

        impl $crate::contract::table::Table for $name {
            const HEADING: &'static str = $heading;

            fn row(self) -> $crate::contract::table::Row {
                match self {
                    $(Self::$row => $crate::contract::table::Row { code: $code, status: $status, reason: $reason },)*
                    $(Self::$included(row) => row.row(),)*
                }
            }

            fn rows() -> Vec<$crate::contract::table::Row> {
                #[allow(unused_mut, reason = "a table that includes no other never extends")]
                let mut rows = vec![
                    $($crate::contract::table::Row { code: $code, status: $status, reason: $reason },)*
                ];
                $(rows.extend($included::rows());)*
                rows
            }
        }

        $(
            impl From<$included> for $name {
                fn from(row: $included) -> Self {
                    Self::$included(row)
                }
            }

            impl From<$included> for $crate::contract::table::Stop<$name> {
                fn from(row: $included) -> Self {
                    Self::Refused($name::$included(row))
                }
            }

            impl From<$crate::contract::table::Stop<$included>> for $crate::contract::table::Stop<$name> {
                fn from(stop: $crate::contract::table::Stop<$included>) -> Self {
                    use $crate::contract::table::Stop;
                    match stop {
                        Stop::Refused(row) => Stop::Refused($name::$included(row)),
                        Stop::Later(later) => Stop::Later(later),
                        Stop::Broke(fault) => Stop::Broke(fault),
                    }
                }
            }
        )*
    };
}

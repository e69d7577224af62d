//! Who lives in the sandbox, and what they registered: a table, from which everything else is derived.
//!
//! Emails and passwords hold `+`, a space, `&`, `=` and `%` here and there: a client that encodes its form badly meets
//! that here, and not in production.

use crate::domain::account::StaffRole;
use crate::domain::agent::AgentRole;
use crate::domain::application::ApplicationKind;
use crate::domain::status::Status;

/// The spaces, the first being the one that a new store begins with.
pub const SPACES: [&str; 2] = [super::super::house::FIRST_SPACE, "Northwind"];

/// One person of the cast.
#[derive(Clone, Copy, Debug)]
pub struct Role {
    /// The full name.
    pub name: &'static str,
    /// The login email.
    pub email: &'static str,
    /// The institution's name, where the account is one's.
    pub institution: Option<&'static str>,
    /// Where the account stands.
    pub status: Status,
    /// Must a new password be set first?
    pub reset: bool,
    /// Where the agent role stands: never asked for, asked for, or granted.
    pub agent: AgentRole,
    /// The staff role.
    pub staff: Option<StaffRole>,
    /// The place in [`SPACES`].
    pub space: usize,
    /// Has it a personal app of its own?
    pub personal_app: bool,
}

/// An individual of the first space who may sign in, with nothing special about them.
const SOMEBODY: Role = Role {
    name: "",
    email: "",
    institution: None,
    status: Status::Active,
    reset: false,
    agent: AgentRole::None,
    staff: None,
    space: 0,
    personal_app: false,
};

const fn of_status(status: Status, name: &'static str, email: &'static str) -> Role {
    Role { name, email, status, personal_app: true, ..SOMEBODY }
}

/// The active individual, who owns the personal app.
pub const INVESTOR: Role =
    Role { name: "Ada Lovelace", email: "ada+notes@example.com", personal_app: true, ..SOMEBODY };
/// The institution.
pub const INSTITUTION: Role = Role {
    name: "Katherine Johnson",
    email: "treasury&funds@orbit.example",
    institution: Some("Orbit Capital & Sons"),
    ..SOMEBODY
};
/// The approved agent institution.
pub const AGENT: Role = Role {
    name: "Hedy Lamarr",
    email: "desk=agents@frequency.example",
    institution: Some("Frequency Advisors"),
    agent: AgentRole::Approved,
    ..SOMEBODY
};
/// The investor who lets the agent act.
pub const CLIENT_OF_AGENT: Role = Role { name: "Mary Jackson", email: "mary@example.com", ..SOMEBODY };
/// The one person of the second space.
pub const NEIGHBOUR: Role =
    Role { name: "Rosalind Franklin", email: "rosalind@northwind.example", space: 1, ..SOMEBODY };
/// The member of staff.
pub const STAFF: Role = Role {
    name: "Margaret Hamilton",
    email: "margaret@prosper.example",
    staff: Some(StaffRole::Administrator),
    ..SOMEBODY
};

/// Everybody.
pub const PEOPLE: [Role; 19] = [
    INVESTOR,
    INSTITUTION,
    AGENT,
    Role {
        name: "Grace Hopper",
        email: "new%desk@compiler.example",
        institution: Some("Compiler Partners"),
        agent: AgentRole::Requested,
        ..SOMEBODY
    },
    CLIENT_OF_AGENT,
    NEIGHBOUR,
    STAFF,
    of_status(Status::Closed, "Clara Closed", "closed@example.com"),
    of_status(Status::Duplicate, "Dora Duplicate", "duplicate+2@example.com"),
    of_status(Status::Expired, "Emil Expired", "expired@example.com"),
    of_status(Status::Inactive, "Ines Inactive", "inactive@example.com"),
    of_status(Status::OnHold, "Otto Onhold", "on&hold@example.com"),
    of_status(Status::PendingActivation, "Paula Activation", "activation=pending@example.com"),
    of_status(Status::PendingApproval, "Piet Approval", "approval%pending@example.com"),
    of_status(Status::IncompleteRegistration, "Ida Incomplete", "incomplete@example.com"),
    of_status(Status::Suspended, "Susan Suspended", "suspended@example.com"),
    of_status(Status::Terminated, "Theo Terminated", "terminated@example.com"),
    of_status(Status::Unactivated, "Uma Unactivated", "unactivated@example.com"),
    Role { reset: true, ..of_status(Status::Active, "Rita Reset", "reset@example.com") },
];

impl Role {
    /// Which password of the seed it is: one of its own, but those who cannot sign in share one, since each hash takes
    /// its time before the sandbox is ready.
    pub fn password(&self) -> usize {
        let is_usable = |role: &Role| role.status == Status::Active && !role.reset;
        let mut usable = PEOPLE.iter().filter(|role| is_usable(role));
        usable.position(|role| role.email == self.email).map_or(0, |place| place + 1)
    }
}

/// One application that is not a personal one.
#[derive(Clone, Copy, Debug)]
pub struct Piece {
    /// What it is for.
    pub kind: ApplicationKind,
    /// Its name.
    pub name: &'static str,
    /// Whose it is.
    pub owner: Role,
    /// Where browsers are sent back to.
    pub redirect_uris: &'static [&'static str],
}

/// The applications beside the personal ones.
pub const PIECES: [Piece; 6] = [
    Piece {
        kind: ApplicationKind::Institutional,
        name: "Orbit Capital & Sons",
        owner: INSTITUTION,
        redirect_uris: &[],
    },
    // An agent's redirect URL may carry a query of its own (B-07).
    Piece {
        kind: ApplicationKind::ThirdPartyAgent,
        name: "Frequency Advisors",
        owner: AGENT,
        redirect_uris: &["http://127.0.0.1:8765/agent?from=prosper"],
    },
    Piece { kind: ApplicationKind::Partner, name: "Orbit Lending", owner: INSTITUTION, redirect_uris: &[] },
    Piece { kind: ApplicationKind::Api, name: "Investor API", owner: STAFF, redirect_uris: &[] },
    Piece {
        kind: ApplicationKind::Login,
        name: "Orbit People",
        owner: INSTITUTION,
        redirect_uris: &["http://127.0.0.1:8765/callback", "http://localhost:8765/callback"],
    },
    Piece {
        kind: ApplicationKind::Login,
        name: "Northwind Payroll",
        owner: NEIGHBOUR,
        redirect_uris: &["http://127.0.0.1:8766/callback", "http://localhost:8766/callback"],
    },
];

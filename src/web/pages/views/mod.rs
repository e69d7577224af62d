//! What each page is made of: plain data, named by its template in `templates/en`.
//!
//! Nothing here knows the domain. A handler turns what it knows into these structs; the template turns them into
//! words. Enums stand for things whose wording belongs to the template (a kind, a state, a reason), strings for what
//! people or configuration supplied.

mod account;
mod api_settings;
mod app;
mod app_more;
mod consent;
mod console;
mod docs;
mod entrance;
mod hand_over;
mod institution;
mod kit;
mod problem;
#[cfg(test)]
mod samples;
mod sandbox;
mod self_care;
mod self_service;
mod snippets;
mod status;
#[cfg(test)]
mod tests;

pub use account::{
    Account, AccountKind, ChangePassword, ConnectedApp, ConnectedApps, ConnectedKind, GrantHistory, GrantRow, Settings,
};
pub use api_settings::{AgentForm, ApiSettings, AppRow, Notice, OwnForm, Registered, RoleState};
pub use app::{AppPage, Confirm, Done, Ending, Limits, SecretRow, SecretShown};
pub use app_more::{AppProfile, AppRequests, DifferenceRow, RequestRow, TestOutcome, Tester};
pub use consent::{Ask, KeyConsent, LoginConsent, Permission, Weight};
pub use console::{
    AccountFacts, AccountLine, Act, AppLine, AuditLine, Changes, Choice, ConsoleAccount, ConsoleAccounts, ConsoleApp,
    ConsoleApps, ConsoleAudit, ConsoleErasures, ConsoleKeys, ConsoleMail, ConsoleMailItem, ConsoleQueue,
    ConsoleRegister, ConsoleReview, ConsoleSignIn, ConsoleSpace, ConsoleSpaces, ErasureForm, ErasureLine, Frame,
    FurtherAccount, History, KeyLine, KeyState, MailLine, MoveForm, NewLink, QueueKind, QueueRow, ReviewForm,
    SpaceLine, StaffForm, Tab, Told, Urgency, WithdrawForm,
};
pub use docs::{Developers, ErrorCatalogue, ErrorRow, ErrorTable};
pub use entrance::{Landing, OfSpace, Setup, SignIn, SignInRefusal, SignOut, SignedOut, SpaceChoice, ToApp, Welcome};
pub use hand_over::{HandOver, HandOverState};
pub use institution::{AgentRequest, InstRegister, InstRegistered, RoleStep, TypeChoice, VerifyEmail, VerifyStep};
pub use kit::{Ago, AppKind, AppState, Chrome, Field, Form, Here, Hidden, When, Who};
pub use problem::{Problem, ProblemKind};
pub use sandbox::{SandboxApp, SandboxHome, SandboxMail, SandboxMailbox, SandboxPerson};
pub use self_care::{
    AccountClosed, ChangeEmail, CloseAccount, EmailLink, EmailLinkStep, EndAllSessions, Finish, SessionRow, Sessions,
};
pub use self_service::{Forgot, ForgotStep, Reset, ResetStep, SignUp, SignUpOutcome, SignUpStep, SpaceField};
pub use snippets::Language;
pub use status::{Standing, StatusPage};

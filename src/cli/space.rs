//! `prosper space`: tenants.

use clap::Subcommand;

use super::desk::Desk;
use super::failure::{Failure, Outcome};
use super::talk::facts;
use crate::domain::email::Email;
use crate::domain::{FieldProblems, space};

/// What can be done with spaces.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a space
    #[command(after_help = "Example:\n  prosper space add 'Acme Bank' --support-email help@acme.example")]
    Add {
        /// Its name, shown on sign-in and consent
        name: String,
        /// Where its people ask for help, if not at the installation's address
        #[arg(long, value_name = "EMAIL")]
        support_email: Option<String>,
    },
    /// List the spaces, the default one first
    List,
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// The name is taken or no name, or the store cannot be used.
    pub async fn run(self, desk: &Desk) -> Outcome {
        match self {
            Self::Add { name, support_email } => add(desk, &name, support_email.as_deref()).await,
            Self::List => list(desk).await,
        }
    }
}

async fn add(desk: &Desk, name: &str, support_email: Option<&str>) -> Outcome {
    let mut problems = FieldProblems::default();
    let name = problems.note("name", space::name(name));
    let support = problems.note("support-email", support_email.map(Email::parse).transpose());
    let (Some(name), Some(support)) = (name, support) else { return Err(problems.into()) };
    let support = support.map(|email| email.as_str().to_owned());
    let made = desk.p.store.add_space(name.clone(), support.clone(), desk.trail()).await?;
    let id = made.ok_or_else(|| Failure::refused(format!("there is a space {name:?} already")))?;
    desk.talk.show(facts! { id: id.0, name: name, support_email: support })
}

async fn list(desk: &Desk) -> Outcome {
    let spaces = desk.p.store.spaces().await?;
    let rows = spaces
        .iter()
        .map(|space| facts! { id: space.id.0, name: space.name, support_email: space.support_email })
        .collect();
    desk.talk.list(&["id", "name", "support_email"], rows)
}

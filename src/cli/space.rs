//! `prosper space`: tenants.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use clap::builder::TypedValueParser;

use super::desk::Desk;
use super::failure::{Failure, Outcome};
use super::one_of;
use super::talk::facts;
use crate::contract::words::time::date;
use crate::domain::brand::Brand;
use crate::domain::ids::SpaceId;
use crate::domain::space::Admission;
use crate::flows::invite::invite;
use crate::flows::refusal::Actor;
use crate::flows::spaces::{self, SpaceForm};

/// What can be done with spaces.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a space
    #[command(
        after_help = "Example:\n  prosper space add 'Acme Bank' --support-email help@acme.example --brand '#7a1f3d'"
    )]
    Add {
        /// Its name, shown on sign-in and consent
        name: String,
        /// Where its people ask for help, if not at the installation's address
        #[arg(long, value_name = "EMAIL")]
        support_email: Option<String>,
        /// Its colour, dark enough to be read on white
        #[arg(long, value_name = "#RRGGBB")]
        brand: Option<String>,
        /// A PNG, JPEG or WebP file
        #[arg(long, value_name = "FILE")]
        logo: Option<PathBuf>,
        /// Who may open an individual account in it [default: open for the first space, else closed]
        #[arg(long, value_parser = admission())]
        sign_up: Option<Admission>,
    },
    /// Change a space; what is not named stays as it is
    #[command(after_help = "Example:\n  prosper space set Prosper --brand '#0b6b4d' --logo mark.png")]
    Set {
        /// Its name now
        space: String,
        /// Its new name
        #[arg(long)]
        name: Option<String>,
        /// Where its people ask for help; empty for the installation's address
        #[arg(long, value_name = "EMAIL")]
        support_email: Option<String>,
        /// Its colour, dark enough to be read on white; empty for the house's own
        #[arg(long, value_name = "#RRGGBB")]
        brand: Option<String>,
        /// A PNG, JPEG or WebP file
        #[arg(long, value_name = "FILE", conflicts_with = "no_logo")]
        logo: Option<PathBuf>,
        /// Take the logo away
        #[arg(long)]
        no_logo: bool,
        /// Who may open an individual account in it
        #[arg(long, value_parser = admission())]
        sign_up: Option<Admission>,
    },
    /// Mail somebody a link that opens one account in a space, once
    #[command(after_help = "Example:\n  prosper space invite ada@example.com --space Prosper")]
    Invite {
        /// Whom: the account will have this address
        email: String,
        /// The space, if not the default one
        #[arg(long)]
        space: Option<String>,
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
            Self::Add { name, support_email, brand, logo, sign_up } => {
                let form = SpaceForm {
                    name,
                    support_email: support_email.unwrap_or_default(),
                    brand: brand.unwrap_or_default(),
                    logo: logo.as_deref().map(read).transpose()?.map(Some),
                    sign_up: sign_up.map_or_else(String::new, |sign_up| sign_up.name().to_owned()),
                };
                let id = spaces::add_space(form, Actor::Terminal, desk.trail(), &desk.p).await?;
                show(desk, id).await
            }
            Self::Set { space, name, support_email, brand, logo, no_logo, sign_up } => {
                let kept = desk.space(&space).await?;
                let file = logo.as_deref().map(read).transpose()?;
                let form = SpaceForm {
                    name: name.unwrap_or(kept.name),
                    support_email: support_email.or(kept.support_email).unwrap_or_default(),
                    brand: brand.or(kept.brand.map(Brand::hex)).unwrap_or_default(),
                    logo: if no_logo { Some(None) } else { file.map(Some) },
                    sign_up: sign_up.map_or_else(String::new, |sign_up| sign_up.name().to_owned()),
                };
                spaces::change_space(kept.id, form, Actor::Terminal, desk.trail(), &desk.p).await?;
                show(desk, kept.id).await
            }
            Self::Invite { email, space } => {
                let space = desk.space_or_default(space.as_deref()).await?;
                let until = invite(space.id, &email, Actor::Terminal, desk.trail(), &desk.p).await?;
                desk.talk.say(&format!("a link is in the mail to {email}; it works once, until {}", date(until)));
                Ok(())
            }
            Self::List => list(desk).await,
        }
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| Failure::usage(format!("--logo: cannot read {}: {error}", path.display())))
}

async fn show(desk: &Desk, id: SpaceId) -> Outcome {
    let space = desk.p.store.space(id).await?.ok_or_else(|| Failure::refused("there is no such space"))?;
    desk.talk.show(facts! {
        id: space.id.0,
        name: space.name,
        support_email: space.support_email,
        brand: space.brand.map(Brand::hex),
        logo: space.has_logo,
        sign_up: space.sign_up.name(),
    })
}

async fn list(desk: &Desk) -> Outcome {
    let spaces = desk.p.store.spaces().await?;
    let rows = spaces
        .iter()
        .map(|space| {
            facts! {
                id: space.id.0,
                name: space.name,
                support_email: space.support_email,
                brand: space.brand.map(Brand::hex),
                logo: space.has_logo,
                sign_up: space.sign_up.name(),
            }
        })
        .collect();
    desk.talk.list(&["id", "name", "support_email", "brand", "sign_up"], rows)
}

/// Reads an admission as it is stored.
fn admission() -> impl TypedValueParser<Value = Admission> {
    one_of(Admission::ALL.map(Admission::name), Admission::parse)
}

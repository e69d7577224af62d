//! `prosper space`: tenants.

use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::desk::Desk;
use super::failure::{Failure, Outcome};
use super::talk::facts;
use crate::domain::brand::Brand;
use crate::domain::ids::SpaceId;
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
            Self::Add { name, support_email, brand, logo } => {
                let form = SpaceForm {
                    name,
                    support_email: support_email.unwrap_or_default(),
                    brand: brand.unwrap_or_default(),
                    logo: logo.as_deref().map(read).transpose()?.map(Some),
                };
                let id = spaces::add_space(form, Actor::Terminal, desk.trail(), &desk.p).await?;
                show(desk, id).await
            }
            Self::Set { space, name, support_email, brand, logo, no_logo } => {
                let kept = desk.space(&space).await?;
                let file = logo.as_deref().map(read).transpose()?;
                let form = SpaceForm {
                    name: name.unwrap_or(kept.name),
                    support_email: support_email.or(kept.support_email).unwrap_or_default(),
                    brand: brand.or(kept.brand.map(Brand::hex)).unwrap_or_default(),
                    logo: if no_logo { Some(None) } else { file.map(Some) },
                };
                spaces::change_space(kept.id, form, Actor::Terminal, desk.trail(), &desk.p).await?;
                show(desk, kept.id).await
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
            }
        })
        .collect();
    desk.talk.list(&["id", "name", "support_email", "brand"], rows)
}

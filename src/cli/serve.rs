//! `prosper serve`: the real thing, with no configuration at all.

use std::io::{IsTerminal as _, stderr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use clap::Args;

use super::Global;
use super::failure::Outcome;
use super::folder::write_durably;
use super::house::{self, House};
use super::talk::Talk;
use crate::flows::send_mail::is_on_screen;
use crate::flows::setup;
use crate::prosper::Prosper;
use crate::store::audit::Trail;
use crate::store::installation::Purpose;

/// Serve, until told to stop.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  prosper serve
  prosper serve --listen 0.0.0.0:443 --public-url https://id.example.com \\
      --data-dir /var/lib/prosper
  PROSPER_TLS__CERT=chain.pem PROSPER_TLS__KEY=key.pem prosper serve --listen 0.0.0.0:443

The first start makes the data directory, the database and the master key, and prints a link
that makes the first staff account: on a terminal, else into the file `setup-link` in the data
directory. The link works for an hour; the next start makes a new one, as long as there are no
staff. SIGTERM stops it within ten seconds.")]
pub struct Serve {
    /// The address and port to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// The URL at which people reach this server
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
}

impl Serve {
    /// Does it.
    ///
    /// # Errors
    /// What is in the way of it, in one line.
    pub fn run(self, talk: Talk, global: &Global) -> Outcome {
        let config = global.configuration(&[("listen", self.listen), ("public_url", self.public_url)])?;
        house::begin_logging(&config, talk.quiet)?;
        house::runtime()?.block_on(async {
            let house = House::open(config, Purpose::Live).await?;
            let (p, link) = (Arc::clone(&house.p), house.folder.setup_link());
            house
                .run(Router::new(), async |_| {
                    warn_of_no_mail(&p, talk);
                    hand_over_setup_link(p, &link, talk).await
                })
                .await
        })
    }
}

/// Says loudly that nobody is mailed.
fn warn_of_no_mail(p: &Prosper, talk: Talk) {
    if !is_on_screen(p) {
        return;
    }
    tracing::warn!(
        "no mail is configured (mail.transport = none): nobody is mailed, and administrators read at /console/mail what \
         would have been"
    );
    if stderr().is_terminal() && !talk.quiet {
        talk.say(
            "\n  NO MAIL IS CONFIGURED. Nobody who registers or asks for a new password is sent a link.\n  Administrators \
             read what would have been mailed at /console/mail, or by `prosper mail list` and\n  `prosper mail show`. Set \
             mail.transport to send it.",
        );
    }
}

/// Gives whoever started the server the link to the first staff account, while there is none: on their terminal, else in
/// a file of their own, never in a log.
async fn hand_over_setup_link(p: Arc<Prosper>, file: &Path, talk: Talk) -> Outcome {
    let _ = std::fs::remove_file(file);
    let Some(url) = setup::open_setup(Trail::system(p.now()), &p).await? else { return Ok(()) };
    if stderr().is_terminal() && !talk.quiet {
        talk.say(&format!("\nMake the first staff account within the hour:\n\n  {}\n", url.expose()));
        return Ok(());
    }
    write_durably(file, url.expose().as_bytes())?;
    tracing::info!(file = %file.display(), "the link to the first staff account lies in this file for an hour");
    let file = file.to_owned();
    tokio::spawn(async move {
        // Gone as soon as it is of no use: used, or its hour over.
        while setup::look_at_setup(link_of(url.expose()), &p).await.is_ok() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        let _ = std::fs::remove_file(&file);
    });
    Ok(())
}

/// The secret within the URL.
fn link_of(url: &str) -> &str {
    url.rsplit_once('=').map_or(url, |(_, secret)| secret)
}

//! `prosper sandbox`: the real server, with people who are not real.
//!
//! 1. Loopback only: what is seeded is printed, so nobody else may reach it.
//! 2. The data lie in a folder that is gone at the end, unless a directory is given.
//! 3. The same [`House`] is opened as for `serve`; only its purpose, its cast and its own routes are more.
//! 4. Once the port answers, the ready file is written and the tables are printed.

mod cast;
mod curl;
mod plant;
mod seed;
mod tell;

use std::path::PathBuf;

use clap::Args;

use self::seed::Seed;
use super::Global;
use super::failure::{Failure, Outcome};
use super::folder::write_durably;
use super::house::{self, House};
use super::talk::{self, Talk};
use crate::config::Config;
use crate::crypto::entropy::Entropy;
use crate::store::installation::Purpose;
use crate::web::sandbox;

/// The real server with people who are not real, until told to stop.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  prosper sandbox
  prosper sandbox --listen 127.0.0.1:0 --ready-file /tmp/prosper.json
  prosper sandbox --data-dir ./sandbox

Only in the sandbox:
  /sandbox                      everything that is printed here, as a page
  /sandbox/mail                 what would be mailed (JSON with `Accept: application/json`)
  /sandbox/clock                what time it is here
  /sandbox/clock/advance        POST {\"seconds\":N}: time goes on by that much at once
  /v1/accounts/prosper/         a sample of a protected resource")]
pub struct Sandbox {
    /// The loopback address and port to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// Write who and what there is into this file, as JSON, once the port answers
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
}

impl Sandbox {
    /// Does it.
    ///
    /// # Errors
    /// What is in the way of it, in one line.
    pub fn run(self, talk: Talk, global: &Global) -> Outcome {
        let mut config = global.configuration(&[("listen", self.listen.clone())])?;
        if !config.listen.ip().to_canonical().is_loopback() {
            return Err(Failure::usage(format!(
                "the sandbox prints every password it knows, so it listens on this machine alone: give it a loopback \
                 address, such as 127.0.0.1:8080 (found {})",
                config.listen
            )));
        }
        let folder = if let Some(kept) = &global.data_dir { Lodging::Kept(kept.clone()) } else { Lodging::passing()? };
        config.data_dir.clone_from(folder.path());
        // A database elsewhere holds what is real.
        config.database = None;
        house::begin_logging(&config, !talk.json)?;
        // Whoever waits for the file must not find the one of a sandbox before this.
        self.forget_ready_file();
        let outcome = house::runtime()?.block_on(serve(config, self.ready_file.clone(), talk));
        self.forget_ready_file();
        outcome
    }

    fn forget_ready_file(&self) {
        if let Some(file) = &self.ready_file {
            let _ = std::fs::remove_file(file);
        }
    }
}

async fn serve(config: Config, ready_file: Option<PathBuf>, talk: Talk) -> Outcome {
    let house = House::open(config, Purpose::Sandbox).await?;
    let seed = Seed::of(&house.folder, &Entropy::system())?;
    let stage = plant::plant(&house.p, &seed).await?;
    let base = house.p.settings.public_url.to_string();
    let curls = curl::lines(&stage, &base);
    let told = tell::told(&stage, &house.p).await?;
    let more = sandbox::routes(&house.p, tell::page(&told, &curls));
    house
        .run(more, async |_| {
            let json = serde_json::to_string_pretty(&told).map_err(Failure::failed)?;
            if let Some(file) = &ready_file {
                write_durably(file, json.as_bytes())?;
            }
            if talk.json { talk::print(&json) } else { tell::print(&told, &curls, talk) }
        })
        .await
}

/// Where the data lie.
enum Lodging {
    /// In a directory that stays.
    Kept(PathBuf),
    /// In a folder that goes with this.
    Passing(PathBuf),
}

impl Lodging {
    fn passing() -> Outcome<Self> {
        use std::os::unix::fs::DirBuilderExt as _;

        let name = format!("prosper-sandbox-{}", data_encoding::HEXLOWER.encode(&Entropy::system().bytes::<6>()));
        let path = std::env::temp_dir().join(name);
        std::fs::DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .map_err(|error| Failure::failed(format!("cannot make {}: {error}", path.display())))?;
        Ok(Self::Passing(path))
    }

    fn path(&self) -> &PathBuf {
        let (Self::Kept(path) | Self::Passing(path)) = self;
        path
    }
}

impl Drop for Lodging {
    fn drop(&mut self) {
        if let Self::Passing(path) = self {
            // What cannot be removed holds nothing real.
            let _ = std::fs::remove_dir_all(path);
        }
    }
}

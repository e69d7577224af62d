//! The data directory: the database, the key that opens it, and what tells an old database from the newest.
//!
//! | name | what |
//! |---|---|
//! | `prosper.db` | the database, with `-wal` and `-shm` while it is open |
//! | `master.key` | the key that wraps the key ring, when the configuration gives none |
//! | `marker` | how far the database had come when the server last looked (`marker`) |
//! | `lock` | held by the process that serves |
//! | `setup-link` | the one-time link of the first staff account, when there was no terminal to print it on |
//!
//! Everything in it is for its owner alone: the directory has mode 0700 and the files 0600, and what others can read is
//! refused rather than mended, because others may have read it already.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use zeroize::Zeroizing;

use super::failure::{Failure, Outcome};
use crate::config::Config;
use crate::crypto::entropy::Entropy;
use crate::crypto::ring::MasterKey;
use crate::store::file::{beside, sync_directory_of};

/// A data directory that is there and private.
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

/// Held by the process that serves from a folder, until it is dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Folder {
    /// Makes the directory, for its owner alone, if there is none; an empty one that is ours is made private.
    ///
    /// # Errors
    /// It cannot be made, belongs to somebody else, or others can read it.
    pub fn prepare(path: &Path) -> Outcome<Self> {
        if !path.exists() {
            DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|error| unusable(path, &error))?;
        }
        let is_empty = fs::read_dir(path).map_err(|error| unusable(path, &error))?.next().is_none();
        if is_empty && owner_of(path)? == own_id() {
            fs::set_permissions(path, fs::Permissions::from_mode(0o700)).map_err(|error| unusable(path, &error))?;
        }
        Self::open(path)
    }

    /// The directory, which must be there.
    ///
    /// # Errors
    /// There is none, it belongs to somebody else, or others can read it.
    pub fn open(path: &Path) -> Outcome<Self> {
        if !path.is_dir() {
            return Err(Failure::refused(format!(
                "there is no data directory at {}: `prosper serve` makes one, or name another with --data-dir",
                path.display()
            )));
        }
        let (owner, me) = (owner_of(path)?, own_id());
        if owner != me {
            return Err(Failure::refused(format!(
                "{} belongs to user {owner} and this is user {me}: run this as its owner, for example with \
                 `sudo -u '#{owner}' prosper ...`",
                path.display()
            )));
        }
        private(path, 0o700)?;
        Ok(Self(path.to_owned()))
    }

    /// The directory itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The database file.
    pub fn database(&self) -> PathBuf {
        self.0.join("prosper.db")
    }

    /// The file of the master key.
    pub fn key_file(&self) -> PathBuf {
        self.0.join("master.key")
    }

    /// The marker.
    pub fn marker(&self) -> PathBuf {
        self.0.join("marker")
    }

    /// The file that the link to the first staff account is left in.
    pub fn setup_link(&self) -> PathBuf {
        self.0.join("setup-link")
    }

    /// The database and what lies beside it: each that is there must be for its owner alone.
    ///
    /// # Errors
    /// Others can read one of them.
    pub fn check_files(&self) -> Outcome {
        let database = self.database();
        for file in [beside(&database, "-wal"), beside(&database, "-shm"), database] {
            if file.exists() {
                private(&file, 0o600)?;
            }
        }
        Ok(())
    }

    /// Takes the folder for this process alone.
    ///
    /// # Errors
    /// Another process serves from it.
    pub fn lock(&self) -> Outcome<Lock> {
        let file = self.lock_file()?;
        // A command that looks whether somebody serves holds the lock for a moment.
        for _ in 0..20 {
            match file.try_lock() {
                Ok(()) => return Ok(Lock { _file: file }),
                Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(10)),
                Err(TryLockError::Error(error)) => return Err(unusable(&self.0, &error)),
            }
        }
        Err(Failure::refused(format!(
            "another prosper is serving from {}: stop it first, or give this one a directory of its own with --data-dir",
            self.0.display()
        )))
    }

    /// Does a process serve from this folder just now?
    ///
    /// # Errors
    /// The lock cannot be looked at.
    pub fn is_served(&self) -> Outcome<bool> {
        match self.lock_file()?.try_lock_shared() {
            Ok(()) => Ok(false),
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(error)) => Err(unusable(&self.0, &error)),
        }
    }

    fn lock_file(&self) -> Outcome<File> {
        let path = self.0.join("lock");
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true).read(true).mode(0o600);
        options.open(&path).map_err(|error| unusable(&path, &error))
    }

    /// The master key: the configuration's, else the one in the key file, else, if `make`, a new one written there.
    ///
    /// # Errors
    /// The key file is missing, readable by others, or holds no key.
    pub fn master_key(&self, config: &Config, entropy: &Entropy, make: bool) -> Outcome<MasterKey> {
        if let Some(given) = &config.master_key {
            let hex = Zeroizing::new(given.expose().to_ascii_lowercase());
            return MasterKey::from_hex(&hex)
                .ok_or_else(|| Failure::usage("config: master_key must be 64 hexadecimal digits"));
        }
        let path = self.key_file();
        if path.exists() {
            private(&path, 0o600)?;
            let text = Zeroizing::new(fs::read_to_string(&path).map_err(|error| unusable(&path, &error))?);
            return MasterKey::from_hex(text.trim()).ok_or_else(|| {
                Failure::failed(format!(
                    "{} holds no key (64 lower-case hexadecimal digits): put back the key that this database was made with",
                    path.display()
                ))
            });
        }
        if !make {
            return Err(Failure::failed(format!(
                "there is no master key: put {} back, or give it as PROSPER_MASTER_KEY_FILE",
                path.display()
            )));
        }
        let key = MasterKey::generate(entropy);
        write_durably(&path, key.to_hex().as_bytes())?;
        Ok(key)
    }
}

/// Writes a file for its owner alone, under another name first, so that whoever reads it finds all of it or nothing;
/// it is on the disk when this returns.
///
/// # Errors
/// It cannot be written.
pub fn write_durably(path: &Path, content: &[u8]) -> Outcome {
    let fresh = beside(path, ".new");
    let write = || -> io::Result<()> {
        let _ = fs::remove_file(&fresh);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh)?;
        file.write_all(content)?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        fs::rename(&fresh, path)
    };
    write().map_err(|error| unusable(path, &error))?;
    Ok(sync_directory_of(path)?)
}

/// Refuses what others than its owner can read or write.
///
/// # Errors
/// They can, or it cannot be looked at.
pub fn private(path: &Path, mode: u32) -> Outcome {
    let found = fs::metadata(path).map_err(|error| unusable(path, &error))?.permissions().mode() & 0o777;
    if found & 0o077 != 0 {
        let path = path.display();
        return Err(Failure::refused(format!("{path} can be read by others (mode {found:o}): chmod {mode:o} {path}")));
    }
    Ok(())
}

fn owner_of(path: &Path) -> Outcome<u32> {
    fs::metadata(path).map(|data| data.uid()).map_err(|error| unusable(path, &error))
}

fn own_id() -> u32 {
    rustix::process::geteuid().as_raw()
}

fn unusable(path: &Path, error: &io::Error) -> Failure {
    Failure::failed(format!("cannot use {}: {error}", path.display()))
}

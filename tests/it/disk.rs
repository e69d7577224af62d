//! A disk that is full, and one that cannot be written. What needs no write goes on, what needs one is refused with 503
//! and `Retry-After`, nothing that was acknowledged is lost, and with the room the service comes back by itself.

use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::prosper::binary::{PASSWORD, Place, Running};
use crate::prosper::exchange::Tokens;
use crate::prosper::skipped;

const LACKS: &str = "no file system can be mounted here (that takes root), so full and read-only disks were not tried";

/// A small file system in memory, mounted where a place has its data directory. Dropping it takes it away.
struct Disk(PathBuf);

impl Disk {
    fn under(place: &Place) -> Option<Self> {
        let at = place.data();
        std::fs::DirBuilder::new().mode(0o700).create(&at).expect("the place is ours");
        let disk = Self(at);
        disk.mount("size=24m,mode=0700").then_some(disk)
    }

    fn mount(&self, options: &str) -> bool {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(&self.0);
        mount.output().is_ok_and(|ran| ran.status.success())
    }

    fn read_only(&self, on: bool) {
        let options = if on { "remount,ro" } else { "remount,rw" };
        let ran = Command::new("mount").args(["-o", options]).arg(&self.0).status().expect("mount is there");
        assert!(ran.success(), "mount -o {options}");
    }

    /// Takes all the room there is.
    fn fill(&self) {
        let mut filler = std::fs::File::create(self.0.join("filler")).expect("there is room for a name");
        let block = [0x5a; 4_096];
        while std::io::Write::write_all(&mut filler, &block).is_ok() {}
    }

    fn empty(&self) {
        std::fs::remove_file(self.0.join("filler")).expect("it is there");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

type Client = (String, String);

/// Grants until one is refused for want of room; those that were acknowledged.
async fn grants_until_refused(server: &Running, app: &Client) -> Vec<Tokens> {
    let mut acknowledged = Vec::new();
    loop {
        let answer = server.password_grant(app, "ada@example.com", PASSWORD).await;
        if answer.status != 200 {
            assert_eq!((answer.status, answer.header("retry-after").is_some()), (503, true), "{}", answer.told());
            assert_eq!(answer.json()["error"], "temporarily_unavailable");
            return acknowledged;
        }
        acknowledged.push(answer.tokens());
        assert!(acknowledged.len() < 200, "a disk without room takes no two hundred grants");
    }
}

/// Waits until grants work again, five seconds at most.
async fn heals(server: &Running, app: &Client) -> Tokens {
    for _ in 0..50 {
        let answer = server.password_grant(app, "ada@example.com", PASSWORD).await;
        if answer.status == 200 {
            return answer.tokens();
        }
        assert_eq!(answer.status, 503, "{}", answer.told());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("it does not come back after the disk has");
}

async fn refreshes(server: &Running, app: &Client, tokens: &[Tokens]) {
    for tokens in tokens {
        server.refresh(app, &tokens.refresh_token).await.is(200);
    }
}

#[tokio::test]
async fn a_full_disk_refuses_what_must_be_written_and_comes_back_by_itself_f_05() {
    let place = Place::new();
    let Some(disk) = Disk::under(&place) else { return skipped(LACKS) };
    let server = place.serve();
    place.adds("ada@example.com", &[]);
    let app = place.registers("ada@example.com");
    let first = server.password_grant(&app, "ada@example.com", PASSWORD).await.tokens();

    disk.fill();
    let mut acknowledged = grants_until_refused(&server, &app).await;
    acknowledged.push(first);
    refreshes(&server, &app, &acknowledged).await;

    disk.empty();
    acknowledged.push(heals(&server, &app).await);
    refreshes(&server, &app, &acknowledged).await;
    place.run(&["db", "check"]).succeeds();
    server.kill();
    let server = place.serve();
    refreshes(&server, &app, &acknowledged).await;
    server.stop();
}

#[tokio::test]
async fn on_a_disk_that_cannot_be_written_nothing_is_started_f_06() {
    let place = Place::new();
    let Some(disk) = Disk::under(&place) else { return skipped(LACKS) };
    let server = place.serve();
    place.adds("ada@example.com", &[]);
    let app = place.registers("ada@example.com");
    let first = server.password_grant(&app, "ada@example.com", PASSWORD).await.tokens();
    server.stop();

    disk.read_only(true);
    let refused = place.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert_ne!(refused.code, 0);
    let complaint: Vec<_> = refused.err.lines().filter(|line| line.starts_with("error")).collect();
    assert_eq!(complaint.len(), 1, "{}", refused.told());
    assert!(complaint[0].to_lowercase().contains("read-only"), "{}", refused.told());

    disk.read_only(false);
    let server = place.serve();
    refreshes(&server, &app, &[first]).await;
    server.stop();
}

//! The disk is full under load, and then there is room again.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

use super::{
    cluster::Cluster,
    ledger::nothing_is_lost,
    load::Load,
    outage::{back_again, end_well, wait_for_refusals},
    process::{Server, free_port},
};
use crate::store::database::Database;

const TIMES: usize = 2;

/// A file system of its own, in memory.
struct SmallDisk(TempDir);

impl SmallDisk {
    /// Only root may mount one; whoever is not is told, because nothing was shown then.
    fn mount(size: &str) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let options = format!("size={size},mode=777");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(folder.path()).output();
        if mounted.is_ok_and(|m| m.status.success()) {
            return Some(Self(folder));
        }
        // Past the test harness, which keeps what a passing test prints to itself.
        let told = writeln!(std::io::stderr(), "NOT RUN: a full disk under the real server; only root can mount one");
        told.expect("standard error");
        None
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Takes all room that there is.
    fn fill(&self) -> Ballast {
        let path = self.path().join("ballast");
        let mut file = fs::File::create(&path).expect("an empty file fits");
        for size in [1 << 20, 4 << 10, 1] {
            let block = vec![0; size];
            while file.write_all(&block).is_ok() {}
        }
        Ballast(path)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("-l").arg(self.path()).status();
        if !unmounted.is_ok_and(|s| s.success()) {
            eprintln!("{} is left mounted", self.path().display());
        }
    }
}

/// Room again when dropped.
struct Ballast(PathBuf);

impl Drop for Ballast {
    fn drop(&mut self) {
        fs::remove_file(&self.0).expect("the ballast goes");
    }
}

#[actix_web::test]
async fn a_full_disk_under_sqlite_refuses_and_heals() {
    let Some(disk) = SmallDisk::mount("32m") else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let db = Database::of_file(disk.path().join("yueke.db"));
    let server = Server::start(&db.url, free_port(), folder.path()).await;
    fill_again_and_again(&disk, &db, server, "SQLite").await;
}

#[actix_web::test]
async fn a_full_disk_under_postgres_refuses_and_heals() {
    if std::env::var_os("YUEKE_TEST_POSTGRES_URL").is_none() {
        eprintln!("skipped: YUEKE_TEST_POSTGRES_URL is not set, so PostgreSQL may not be here");
        return;
    }
    let Some(disk) = SmallDisk::mount("64m") else { return };
    let cluster = Cluster::start();
    let place = disk.path().join("tables");
    fs::create_dir(&place).expect("a folder");
    let given = Command::new("chown").arg("postgres:").arg(&place).status().expect("chown runs");
    assert!(given.success());
    let db = Database::on_tablespace(cluster.url.clone(), &place).await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let server = Server::start(&db.url, free_port(), folder.path()).await;
    fill_again_and_again(&disk, &db, server, "PostgreSQL").await;
    drop(db);
    drop(cluster);
}

async fn fill_again_and_again(disk: &SmallDisk, db: &Database, mut server: Server, name: &str) {
    let load = Load::start(&server, 79).await;
    let mut slowest = std::time::Duration::ZERO;
    for _ in 0..TIMES {
        load.wait_for_answers(200, std::time::Duration::from_secs(20)).await;
        let told = load.ledger.so_far();
        let ballast = disk.fill();
        wait_for_refusals(&load).await;
        drop(ballast);
        slowest = slowest.max(back_again(&load).await);
        assert!(server.is_running());
        nothing_is_lost(db, &told).await;
    }
    end_well(load, server, db).await;
    eprintln!("the disk under {name} was full {TIMES} times; slowest back {slowest:?}");
}

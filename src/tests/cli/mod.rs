//! The real binary: what it says, and what it exits with, when something is not as it should be.

mod secrets;

use std::{net::TcpListener, path::Path, process::Command};

use crate::{crash::process::check, store::database::Database};

/// The exit code, and all that was printed.
pub fn yueke(args: &[&str], settings: &[(&str, &str)], folder: &Path) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_yueke"))
        .args(args)
        .envs(settings.iter().copied())
        .current_dir(folder)
        .output()
        .expect("the binary runs");
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().expect("an exit code"), String::from_utf8(text).expect("a text"))
}

/// Refused, in words among which each of these stands once.
#[track_caller]
pub fn refused((code, told): (i32, String), words: &[&str]) {
    assert_eq!(code, 1, "{told}");
    for word in words {
        assert_eq!(told.matches(word).count(), 1, "`{word}` once: {told}");
    }
    assert!(!told.contains("panicked"), "{told}");
}

#[test]
fn what_cannot_be_used_is_named_once() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    std::fs::write(folder.join("junk.db"), "no database at all, but long enough to be looked at".repeat(99))
        .expect("a file");
    for (args, setting, words) in [
        (&["serve"][..], ("YUEKE_LOG_DIRECTORY", "junk.db"), &["YUEKE_LOG_DIRECTORY", "junk.db"][..]),
        (&["serve"], ("YUEKE_LOG", "loud"), &["YUEKE_LOG", "loud"]),
        (&["account", " "], ("YUEKE_PASSWORD", "correct horse"), &["the name to log in with is empty"]),
        (&["serve"], ("YUEKE_DATABASE_URL", "sqlite://junk.db"), &["junk.db", "file is not a database"]),
        (&["migrate"], ("YUEKE_DATABASE_URL", "sqlite://junk.db/x.db"), &["cannot use junk.db/x.db"]),
        (
            &["migrate"],
            ("YUEKE_DATABASE_URL", "postgres://u:hunter2@127.0.0.1:1/d"),
            &["postgres://u:***@127.0.0.1:1/d", "cannot reach the database", "refused"],
        ),
        (
            &["wechat-sandbox", "--listen", "0.0.0.0:8090"],
            ("YUEKE_LOG", "info"),
            &["listens on this machine only", "127.0.0.1:8090"],
        ),
        (
            &["wechat-sandbox", "--listen", "127.0.0.1:0", "--templates", "junk.db"],
            ("YUEKE_LOG", "info"),
            &["junk.db is no list of templates"],
        ),
    ] {
        let (code, told) = yueke(args, &[setting, ("YUEKE_LISTEN", "127.0.0.1:0")], folder);
        assert!(!told.contains("hunter2"), "{told}");
        refused((code, told), words);
    }
}

#[test]
fn a_database_that_is_not_there_is_told_with_what_makes_one() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let url = [("YUEKE_DATABASE_URL", "sqlite://new/folder/yueke.db")];
    for command in ["audit", "replay"] {
        refused(yueke(&[command], &url, folder.path()), &["no database at new/folder/yueke.db", "yueke migrate"]);
    }
    assert_eq!(yueke(&["migrate"], &url, folder.path()).0, 0, "the folder is made too");
    let (code, told) = yueke(&["audit"], &url, folder.path());
    assert_eq!((code, told.contains("checked 0 schedules and 0 bookings: 0 wrong")), (0, true), "{told}");
    let (code, told) = yueke(&["replay"], &url, folder.path());
    assert_eq!((code, told.contains("replayed 0 events of 0 schedules")), (0, true), "{told}");
}

#[actix::test]
async fn tables_that_are_not_there_are_told_with_what_makes_them() {
    let Some(db) = Database::postgres().await else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let url = [("YUEKE_DATABASE_URL", &*db.url)];
    refused(yueke(&["audit"], &url, folder.path()), &["no tables yet: run `yueke migrate`"]);
    assert_eq!(yueke(&["migrate"], &url, folder.path()).0, 0);
    check("replay", &db.url);
}

#[test]
fn an_address_in_use_is_told_before_anything_is_made() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("bound").to_string();
    refused(yueke(&["serve"], &[("YUEKE_LISTEN", &address)], folder.path()), &["YUEKE_LISTEN", &address]);
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
}

#[test]
fn a_misspelt_variable_is_told() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (code, told) = yueke(&["migrate"], &[("YUEKE_LISTN", "x")], folder.path());
    assert!(code == 0 && told.contains("YUEKE_LISTN") && told.contains("YUEKE_LISTEN"), "{told}");
}

#[cfg(unix)]
#[test]
fn databases_and_copies_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a temporary folder");
    assert_eq!(yueke(&["migrate"], &[], folder.path()).0, 0);
    assert_eq!(yueke(&["backup", "copy.db"], &[], folder.path()).0, 0);
    for file in ["data/yueke.db", "copy.db"] {
        let rights = std::fs::metadata(folder.path().join(file)).expect("the file").permissions();
        assert_eq!(rights.mode() & 0o777, 0o600, "{file}");
    }
    refused(yueke(&["backup", "copy.db"], &[], folder.path()), &["copy.db exists already"]);
}

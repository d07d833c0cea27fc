//! A PostgreSQL server of the test's own, to be stopped and started under load.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;

use super::process::pause;

pub struct Cluster {
    pub url: String,
    folder: TempDir,
    port: String,
}

fn script() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scripts/postgres")
}

impl Cluster {
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        // The server's own user must be able to pass through.
        let opened = Command::new("chmod").arg("711").arg(folder.path()).status().expect("chmod runs");
        assert!(opened.success());
        let output =
            Command::new(script()).arg("start").arg(folder.path().join("pg")).output().expect("the script runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let url = String::from_utf8(output.stdout).expect("a URL").trim().to_owned();
        let port = url.rsplit(':').next().and_then(|rest| rest.split('/').next()).expect("a port").to_owned();
        Self { url, folder, port }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("pg/data")
    }

    /// As the system's user "postgres" where the test runs as root, like the script does.
    fn pg_ctl(&self, action: &[&str]) {
        assert!(self.does_pg_ctl(action), "pg_ctl {action:?}");
    }

    fn does_pg_ctl(&self, action: &[&str]) -> bool {
        let lib = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scripts/lib.sh");
        let find = format!(". '{}' && postgres_bin", lib.display());
        let found = Command::new("bash").args(["-c", &find]).output().expect("bash runs");
        let bin = String::from_utf8(found.stdout).expect("a path").trim().to_owned();
        let user = Command::new("id").arg("-u").output().expect("id runs").stdout;
        let mut command = if user.starts_with(b"0") {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--init-groups"]).arg(format!("{bin}/pg_ctl"));
            command
        } else {
            Command::new(format!("{bin}/pg_ctl"))
        };
        let status = command
            .current_dir("/")
            .args(action)
            .arg("-D")
            .arg(self.data())
            .args(["-w", "-s", "-t", "60"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .expect("pg_ctl runs");
        status.success()
    }

    fn postmaster(&self) -> String {
        let lock = fs::read_to_string(self.data().join("postmaster.pid")).expect("it runs");
        lock.lines().next().expect("a pid").to_owned()
    }

    /// Its processes learn of it one by one; what they have begun they may finish.
    pub fn kill_postmaster(&self) {
        signal("-KILL", &[self.postmaster()]);
    }

    /// No process of it does anything, and every connection stays.
    pub fn hold_still(&self) -> HeldStill {
        let postmaster = self.postmaster();
        // First, so that it has no more children than are found.
        signal("-STOP", std::slice::from_ref(&postmaster));
        let children = fs::read_to_string(format!("/proc/{postmaster}/task/{postmaster}/children"));
        let mut all: Vec<String> = children.expect("Linux").split_whitespace().map(str::to_owned).collect();
        signal("-STOP", &all);
        all.push(postmaster);
        HeldStill(all)
    }

    /// Every connection is cut, nothing is finished.
    pub fn stop_at_once(&self) {
        self.pg_ctl(&["stop", "-m", "immediate"]);
    }

    /// On the same port as before.
    pub async fn start_again(&self) {
        let log = self.folder.path().join("pg/data/server.log").display().to_string();
        let began = Instant::now();
        // Not while a process of one that was killed is still about.
        while !self.does_pg_ctl(&["start", "-l", &log, "-o", &format!("-p {}", self.port)]) {
            assert!(began.elapsed() < Duration::from_secs(60), "PostgreSQL does not start again");
            pause(Duration::from_millis(100)).await;
        }
    }
}

/// Goes on when dropped.
pub struct HeldStill(Vec<String>);

impl Drop for HeldStill {
    fn drop(&mut self) {
        signal("-CONT", &self.0);
    }
}

/// A process may have ended by itself meanwhile.
fn signal(signal: &str, pids: &[String]) {
    let sent = Command::new("kill").arg(signal).args(pids).stderr(Stdio::null()).status();
    sent.expect("kill runs");
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let stopped = Command::new(script()).arg("stop").arg(self.folder.path().join("pg")).status();
        if !stopped.is_ok_and(|s| s.success()) {
            eprintln!("the PostgreSQL in {} is left running", self.folder.path().display());
        }
    }
}

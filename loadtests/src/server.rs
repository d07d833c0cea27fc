//! The servers under test: started in a temporary folder, on free ports, and ended by their own id.

use std::{
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use serde_json::{Value, json};

use crate::client::Connection;

/// A server that this run started; it ends with it.
pub struct Server {
    pub address: SocketAddr,
    pub folder: PathBuf,
    child: Child,
}

impl Drop for Server {
    fn drop(&mut self) {
        // Already gone is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

impl Server {
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// yueke in demo mode, empty, on this database.
    pub async fn yueke(binary: &Path, url: &str, folder: &Path) -> anyhow::Result<Self> {
        if !binary.exists() {
            bail!("{} is not there: build it with `cargo build --release`, or name it with --server", binary.display());
        }
        let address = free_address()?;
        let mut command = Command::new(binary);
        command
            .env("YUEKE_LISTEN", address.to_string())
            .env("YUEKE_DATABASE_URL", url)
            .env("YUEKE_DEMO_DATA", "0")
            .env("YUEKE_LOG", "warn");
        Self::start(command, address, folder).await
    }

    pub async fn baseline(url: Option<&str>, connections: u32, folder: &Path) -> anyhow::Result<Self> {
        let address = free_address()?;
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("baseline").arg("--listen").arg(address.to_string());
        command.arg("--connections").arg(connections.to_string());
        if let Some(url) = url {
            command.arg("--database-url").arg(url);
        }
        Self::start(command, address, folder).await
    }

    async fn start(mut command: Command, address: SocketAddr, folder: &Path) -> anyhow::Result<Self> {
        let log = std::fs::File::options().create(true).append(true).open(folder.join("server.log"))?;
        command.current_dir(folder).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let child = command.spawn().context("the server could not be started")?;
        let mut server = Self { address, folder: folder.to_owned(), child };
        server.wait_ready().await?;
        Ok(server)
    }

    async fn wait_ready(&mut self) -> anyhow::Result<()> {
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(60) {
            if let Some(status) = self.child.try_wait()? {
                let log = std::fs::read_to_string(self.folder.join("server.log")).unwrap_or_default();
                bail!("the server ended with {status}:\n{log}");
            }
            if let Ok(mut connection) = Connection::open(self.address).await
                && let Ok((200, _)) = connection.call(&crate::client::request("GET", "/readyz", None, None)).await
            {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("the server at {} was not ready within a minute", self.address)
    }

    /// Processor time that it has used so far; Linux only.
    pub fn cpu(&self) -> Option<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid())).ok()?;
        // After the name, which may hold anything: state is field 3, user time 14, system time 15.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
        // The kernel reports in hundredths of a second, whatever its own clock.
        Some(Duration::from_millis(ticks * 10))
    }

    /// Resident memory in KiB; Linux only.
    pub fn resident_kib(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).ok()?;
        let line = status.lines().find(|l| l.starts_with("VmRSS:"))?;
        line.split_whitespace().nth(1)?.parse().ok()
    }
}

/// A yueke server seen as its operator.
pub struct Desk {
    pub admin: String,
    connection: Connection,
}

/// A student with a token.
#[derive(Clone)]
pub struct Student {
    pub token: String,
}

impl Desk {
    pub async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let mut connection = Connection::open(address).await?;
        let login = json!({ "code": "dev:admin:load" });
        let login = connection.json("POST", "/api/v1/login", None, Some(&login)).await;
        let login = login.context("this is not a yueke server in demo mode")?;
        let admin = login["token"].as_str().context("a login without a token")?.to_owned();
        Ok(Self { admin, connection })
    }

    pub async fn call(&mut self, method: &str, path: &str, body: Value) -> anyhow::Result<Value> {
        self.connection.json(method, &format!("/api/v1{path}"), Some(&self.admin), Some(&body)).await
    }

    pub async fn get(&mut self, path: &str) -> anyhow::Result<Value> {
        self.connection.json("GET", &format!("/api/v1{path}"), Some(&self.admin), None).await
    }

    pub async fn students(&mut self, prefix: &str, count: usize) -> anyhow::Result<Vec<Student>> {
        let mut students = Vec::with_capacity(count);
        while students.len() < count {
            let part = (count - students.len()).min(5_000);
            let body = json!({ "role": "student", "prefix": format!("{prefix}{}", students.len()), "count": part });
            let made = self.call("POST", "/dev/people", body).await?;
            for item in made["items"].as_array().context("people without items")? {
                let token = item["token"].as_str().context("a person without a token")?;
                students.push(Student { token: token.to_owned() });
            }
        }
        Ok(students)
    }

    pub async fn course(&mut self, name: &str) -> anyhow::Result<String> {
        let body = json!({ "name": name, "kind": 1, "duration_min": 60 });
        let course = self.call("POST", "/courses", body).await?;
        Ok(course["id"].as_str().context("a course without an id")?.to_owned())
    }

    /// A class some days ahead; `hour` keeps classes of the same students apart.
    pub async fn schedule(&mut self, course: &str, capacity: usize, hour: i64) -> anyhow::Result<String> {
        let starts_at = chrono::Utc::now() + chrono::Duration::hours(72 + hour);
        let body = json!({ "course_id": course, "starts_at": starts_at.to_rfc3339(), "capacity": capacity });
        let schedule = self.call("POST", "/schedules", body).await?;
        Ok(schedule["id"].as_str().context("a schedule without an id")?.to_owned())
    }

    pub async fn seats_taken(&mut self, schedule: &str) -> anyhow::Result<u64> {
        let now = self.get(&format!("/schedules/{schedule}")).await?;
        now["seats_taken"].as_u64().context("a schedule without seats_taken")
    }
}

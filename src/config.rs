//! Settings: defaults, then `yueke.toml`, then the environment. Everything that is wrong is told
//! at once, each with what to do.

mod wechat;

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
};

use serde::Deserialize;

pub use self::wechat::{TemplateConfig, WeChatAt, WeChatConfig};

use crate::base::{
    secret::Secret,
    time::{Timestamp, Zone},
};

#[derive(Clone, Debug)]
pub struct Config {
    pub listen: SocketAddr,
    pub workers: usize,
    pub database_url: String,
    pub mode: Mode,
    /// Fill an empty database with a demo school.
    pub demo_data: bool,
    /// Where a manual clock starts; none for the machine's clock.
    pub manual_clock: Option<Timestamp>,
    pub zone: Zone,
    pub tokens: TokenConfig,
    pub wechat: WeChatConfig,
    pub limits: LimitConfig,
    pub log: LogConfig,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// Origins that browsers may open sockets from; empty for any.
    pub allowed_origins: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Demo,
    Production,
}

/// Token keys by `kid`; the first one signs, all verify.
#[derive(Clone, Debug)]
pub struct TokenConfig {
    pub secret: Option<Secret>,
    /// Still accepted, so that a key can be changed without logging everybody out.
    pub previous_secret: Option<Secret>,
}

/// Requests per second, and how many may come at once. Zero: no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitConfig {
    pub per_caller: u32,
    pub per_address: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogConfig {
    /// As in `info,yueke=debug`.
    pub level: String,
    pub json: bool,
    /// A folder for a daily file; none for standard error.
    pub directory: Option<PathBuf>,
}

/// The file's shape; an unknown key is an error.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct File {
    listen: Option<String>,
    workers: Option<u32>,
    database_url: Option<String>,
    env: Option<String>,
    demo_data: Option<bool>,
    clock: Option<String>,
    zone: Option<String>,
    jwt_secret: Option<Secret>,
    jwt_secret_previous: Option<Secret>,
    jwt_secret_file: Option<PathBuf>,
    wechat_url: Option<String>,
    wechat_appid: Option<String>,
    wechat_secret: Option<Secret>,
    wechat_secret_file: Option<PathBuf>,
    wechat_state: Option<String>,
    templates: BTreeMap<String, TemplateConfig>,
    quiet_hours: Option<String>,
    quiet_hours_urgent: Option<bool>,
    limit_per_caller: Option<u32>,
    limit_per_address: Option<u32>,
    log: Option<String>,
    log_format: Option<String>,
    log_directory: Option<PathBuf>,
    trusted_proxies: Option<Vec<String>>,
    allowed_origins: Option<Vec<String>>,
}

/// Every variable that is read anywhere.
const NAMES: &[&str] = &[
    "YUEKE_ALLOWED_ORIGINS",
    "YUEKE_CLOCK",
    "YUEKE_CONFIG",
    "YUEKE_DATABASE_URL",
    "YUEKE_DEMO_DATA",
    "YUEKE_ENV",
    "YUEKE_JWT_SECRET",
    "YUEKE_JWT_SECRET_FILE",
    "YUEKE_JWT_SECRET_PREVIOUS",
    "YUEKE_LIMIT_PER_ADDRESS",
    "YUEKE_LIMIT_PER_CALLER",
    "YUEKE_LISTEN",
    "YUEKE_LOG",
    "YUEKE_LOG_DIRECTORY",
    "YUEKE_LOG_FORMAT",
    "YUEKE_PASSWORD",
    "YUEKE_QUIET_HOURS",
    "YUEKE_QUIET_HOURS_URGENT",
    "YUEKE_TEST_POSTGRES_URL",
    "YUEKE_TRUSTED_PROXIES",
    "YUEKE_WECHAT_APPID",
    "YUEKE_WECHAT_SECRET",
    "YUEKE_WECHAT_SECRET_FILE",
    "YUEKE_WECHAT_STATE",
    "YUEKE_WECHAT_URL",
    "YUEKE_WORKERS",
    "YUEKE_ZONE",
];

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// `line 3 (listen)`: not the line itself, which may hold a secret.
fn place_in(text: &str, span: Option<std::ops::Range<usize>>) -> String {
    let start = span.map_or(0, |s| s.start.min(text.len()));
    let line = text.as_bytes()[..start].iter().filter(|b| **b == b'\n').count();
    let key = text.lines().nth(line).and_then(|l| l.split_once('=')).map(|(key, _)| key.trim());
    match key.filter(|k| k.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')) {
        Some(key) => format!("line {} ({key})", line + 1),
        None => format!("line {}", line + 1),
    }
}

/// What is wrong without the value that is: `invalid type: string, expected a map`. A secret in the
/// wrong place is still a secret.
fn without_value(message: &str) -> String {
    let Some((what, expected)) = message.rsplit_once(", expected ") else { return message.to_owned() };
    let is_of_value = what.starts_with("invalid type: ") || what.starts_with("invalid value: ");
    match what.find(['"', '`']).filter(|_| is_of_value) {
        Some(value) => format!("{}, expected {expected}", what[..value].trim_end()),
        None => message.to_owned(),
    }
}

/// For each of these variables that is ours and that nobody reads: itself, and the one that was
/// most likely meant.
pub fn unknown(names: impl Iterator<Item = String>) -> Vec<(String, &'static str)> {
    let ours = names.filter(|n| n.starts_with("YUEKE_") && !NAMES.contains(&n.as_str()));
    let nearest = |name: &str| NAMES.iter().copied().min_by_key(|known| distance(name, known)).unwrap_or_default();
    ours.map(|name| (name.clone(), nearest(&name))).collect()
}

/// How many letters are to be changed, added or left out.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let changed = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

/// All that is wrong, a line each.
#[derive(Debug, thiserror::Error)]
#[error("the configuration cannot be used:\n  - {}", .0.join("\n  - "))]
pub struct BadConfig(pub Vec<String>);

/// A secret that has a file to itself, which only its owner may read. Of one that cannot be used
/// nothing else need be said.
fn from_file(name: &str, path: &Path, wrong: &mut Vec<String>) -> Secret {
    let read = std::fs::read_to_string(path).and_then(|text| Ok((text, is_private(path)?)));
    match read {
        Ok((text, true)) if !text.trim().is_empty() => return Secret(text.trim().to_owned()),
        Ok((_, true)) => wrong.push(format!("{name}_FILE: {} is empty", path.display())),
        Ok((_, false)) => {
            wrong.push(format!("{name}_FILE: others may read {0}: run chmod 600 {0}", path.display()));
        }
        Err(error) => wrong.push(format!("{name}_FILE: cannot read {}: {error}", path.display())),
    }
    Secret("of a file that cannot be used, and never is".to_owned())
}

/// Whether nobody but its owner may read a file, where the system can tell.
pub fn is_private(path: &Path) -> std::io::Result<bool> {
    let rights = std::fs::metadata(path)?.permissions();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        Ok(rights.mode() & 0o077 == 0)
    }
    #[cfg(not(unix))]
    {
        let _ = rights;
        Ok(true)
    }
}

impl Config {
    /// Whether this text of a settings file names a secret itself.
    pub fn holds_secrets(file: &str) -> bool {
        toml::from_str::<File>(file)
            .is_ok_and(|f| [f.jwt_secret, f.jwt_secret_previous, f.wechat_secret].iter().any(Option::is_some))
    }

    /// `file` is the text of `yueke.toml`, if there is one; `env` finds environment variables.
    pub fn read(file: Option<&str>, env: impl Fn(&str) -> Option<String>) -> Result<Self, BadConfig> {
        let mut wrong = Vec::new();
        let text = file.unwrap_or_default();
        let file: File = toml::from_str(text).unwrap_or_else(|e| {
            wrong.push(format!("the settings file, {}: {}", place_in(text, e.span()), without_value(e.message())));
            File::default()
        });
        let env = |name: &str| {
            debug_assert!(NAMES.contains(&name), "{name} is not listed");
            env(name).filter(|v| !v.is_empty())
        };
        let set = |name: &str, from_file: Option<String>| env(name).or(from_file);

        let mode = match set("YUEKE_ENV", file.env).as_deref() {
            None | Some("demo") => Mode::Demo,
            Some("production") => Mode::Production,
            Some(other) => {
                wrong.push(format!("YUEKE_ENV is `{other}`: use `demo` or `production`"));
                Mode::Demo
            }
        };
        let listen = set("YUEKE_LISTEN", file.listen).unwrap_or_else(|| "127.0.0.1:8080".into());
        let listen = listen.parse().unwrap_or_else(|_| {
            wrong.push(format!("YUEKE_LISTEN is `{listen}`: use an address and a port, such as 127.0.0.1:8080"));
            SocketAddr::from(([127, 0, 0, 1], 8080))
        });
        if mode == Mode::Demo && !listen.ip().is_loopback() {
            wrong.push(format!(
                "demo mode lets anyone log in as anyone, so it listens on loopback only, not on {listen}: \
                 set YUEKE_ENV=production, or YUEKE_LISTEN=127.0.0.1:{}",
                listen.port()
            ));
        }
        let manual_clock = set("YUEKE_CLOCK", file.clock).and_then(|text| {
            let at = text.strip_prefix("manual:").and_then(Timestamp::parse);
            if at.is_none() {
                wrong.push(format!("YUEKE_CLOCK is `{text}`: use manual:2025-11-12T12:00:00+08:00"));
            } else if mode == Mode::Production {
                wrong.push("YUEKE_CLOCK can be set in demo mode only".into());
            }
            at
        });
        let zone = set("YUEKE_ZONE", file.zone).unwrap_or_else(|| "Asia/Shanghai".into());
        let zone = Zone::named(&zone).unwrap_or_else(|| {
            wrong.push(format!("YUEKE_ZONE is `{zone}`: use a name such as Asia/Shanghai"));
            Zone::SHANGHAI
        });
        let mut kept = |name: &str, there: Option<Secret>, path: Option<PathBuf>| {
            let path = env(&format!("{name}_FILE")).map(PathBuf::from).or(path);
            env(name).map(Secret).or_else(|| Some(from_file(name, &path?, &mut wrong))).or(there)
        };
        let secret = kept("YUEKE_JWT_SECRET", file.jwt_secret, file.jwt_secret_file);
        let wechat_secret = kept("YUEKE_WECHAT_SECRET", file.wechat_secret, file.wechat_secret_file);
        let previous_secret = env("YUEKE_JWT_SECRET_PREVIOUS").map(Secret).or(file.jwt_secret_previous);
        for (name, secret) in [("YUEKE_JWT_SECRET", &secret), ("YUEKE_JWT_SECRET_PREVIOUS", &previous_secret)] {
            if let Some(bytes) = secret.as_ref().map(|s| s.0.len()).filter(|bytes| *bytes < 32) {
                wrong.push(format!("{name} has {bytes} bytes: use 32 or more, from a random source"));
            }
        }
        if mode == Mode::Production && secret.is_none() {
            wrong.push(
                "YUEKE_JWT_SECRET is missing: 32 or more random bytes, which sign the tokens; or YUEKE_JWT_SECRET_FILE, \
                 a file that holds them"
                    .into(),
            );
        }
        let found = wechat::Found {
            url: set("YUEKE_WECHAT_URL", file.wechat_url),
            appid: set("YUEKE_WECHAT_APPID", file.wechat_appid),
            secret: wechat_secret,
            state: set("YUEKE_WECHAT_STATE", file.wechat_state),
            templates: file.templates,
            quiet_hours: set("YUEKE_QUIET_HOURS", file.quiet_hours),
            quiet_hours_urgent: set("YUEKE_QUIET_HOURS_URGENT", file.quiet_hours_urgent.map(|u| u.to_string())),
        };
        let wechat = wechat::read(found, mode, &mut wrong);
        let mut number = |name: &str, from_file: Option<u32>, default: u32| match env(name) {
            None => from_file.unwrap_or(default),
            Some(text) => text.parse().unwrap_or_else(|_| {
                wrong.push(format!("{name} is `{text}`: use a whole number"));
                default
            }),
        };
        // A demo is driven by tests and by one person with many tabs.
        let (caller, address) = if mode == Mode::Demo { (0, 0) } else { (20, 200) };
        let limits = LimitConfig {
            per_caller: number("YUEKE_LIMIT_PER_CALLER", file.limit_per_caller, caller),
            per_address: number("YUEKE_LIMIT_PER_ADDRESS", file.limit_per_address, address),
        };
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let workers = number("YUEKE_WORKERS", file.workers, cores.min(256) as u32);
        if !(1..=256).contains(&workers) {
            wrong.push(format!("YUEKE_WORKERS is `{workers}`: use 1 to 256"));
        }
        let demo_data = match set("YUEKE_DEMO_DATA", file.demo_data.map(|d| u8::from(d).to_string())).as_deref() {
            None => mode == Mode::Demo,
            Some("1" | "true") => true,
            Some("0" | "false") => false,
            Some(other) => {
                wrong.push(format!("YUEKE_DEMO_DATA is `{other}`: use 0 or 1"));
                false
            }
        };
        let format = set("YUEKE_LOG_FORMAT", file.log_format).unwrap_or_else(|| "human".into());
        if format != "human" && format != "json" {
            wrong.push(format!("YUEKE_LOG_FORMAT is `{format}`: use `human` or `json`"));
        }
        let level = set("YUEKE_LOG", file.log).unwrap_or_else(|| "info".into());
        // A word alone that is no level would be taken for a part of the program that logs nothing.
        if level.split(',').any(|part| !part.contains('=') && !LEVELS.contains(&&*part.trim().to_lowercase())) {
            wrong.push(format!("YUEKE_LOG is `{level}`: use {}, or as in info,yueke=debug", LEVELS.join(", ")));
        }
        let list = |name: &str, from_file: Option<Vec<String>>| -> Vec<String> {
            let text = set(name, from_file.map(|l| l.join(","))).unwrap_or_default();
            text.split(',').map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
        };
        let mut trusted_proxies = Vec::new();
        for text in list("YUEKE_TRUSTED_PROXIES", file.trusted_proxies) {
            match text.parse::<IpAddr>() {
                Ok(address) => trusted_proxies.push(address.to_canonical()),
                Err(_) => {
                    wrong.push(format!("YUEKE_TRUSTED_PROXIES names `{text}`: use addresses, as in 10.0.0.1,::1"))
                }
            }
        }
        let config = Self {
            listen,
            workers: workers as usize,
            database_url: set("YUEKE_DATABASE_URL", file.database_url)
                .unwrap_or_else(|| "sqlite://data/yueke.db".into()),
            mode,
            demo_data,
            manual_clock,
            zone,
            tokens: TokenConfig { secret, previous_secret },
            wechat,
            limits,
            log: LogConfig {
                level,
                json: format == "json",
                directory: set("YUEKE_LOG_DIRECTORY", file.log_directory.map(|d| d.display().to_string()))
                    .map(PathBuf::from),
            },
            trusted_proxies,
            allowed_origins: list("YUEKE_ALLOWED_ORIGINS", file.allowed_origins),
        };
        if wrong.is_empty() { Ok(config) } else { Err(BadConfig(wrong)) }
    }

    pub fn is_demo(&self) -> bool {
        self.mode == Mode::Demo
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(file: &str, env: &[(&str, &str)]) -> Result<Config, Vec<String>> {
        let find = |name: &str| env.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
        Config::read(Some(file), find).map_err(|e| e.0)
    }

    #[test]
    fn nothing_set_is_a_demo_on_loopback() {
        let config = read("", &[]).unwrap();
        assert!(config.is_demo() && config.listen.ip().is_loopback() && config.demo_data);
        assert_eq!(config.database_url, "sqlite://data/yueke.db");
    }

    #[test]
    fn the_environment_wins_over_the_file() {
        let config = read("listen = '127.0.0.1:1'", &[("YUEKE_LISTEN", "127.0.0.1:2")]).unwrap();
        assert_eq!(config.listen.port(), 2);
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once() {
        let wrong = read(
            "",
            &[
                ("YUEKE_LISTEN", "0.0.0.0:80"),
                ("YUEKE_CLOCK", "manual:soon"),
                ("YUEKE_LOG_FORMAT", "xml"),
                ("YUEKE_JWT_SECRET", "short"),
            ],
        )
        .unwrap_err();
        for (word, line) in ["loopback", "YUEKE_CLOCK", "32 or more", "YUEKE_LOG_FORMAT"].iter().zip(&wrong) {
            assert!(line.contains(word), "{line}");
        }
    }

    #[test]
    fn production_names_every_missing_secret() {
        let wrong = read("", &[("YUEKE_ENV", "production")]).unwrap_err();
        assert_eq!(wrong.len(), 3, "{wrong:?}");
    }

    #[test]
    fn an_unknown_key_in_the_file_is_an_error() {
        assert!(read("listen = 1", &[]).unwrap_err()[0].contains("listen"));
    }

    #[test]
    fn a_bad_line_is_numbered_and_not_shown() {
        let wrong = read("listen = '127.0.0.1:1'\njwt_secret = 'hunter2", &[]).unwrap_err();
        assert!(wrong[0].contains("line 2") && !wrong[0].contains("hunter2"), "{wrong:?}");
        for misplaced in ["\"hunter2, expected none\"", "[\"hunter2\"]", "1e5"] {
            let wrong = read(&format!("[templates]\nwechat_secret = {misplaced}"), &[]).unwrap_err();
            assert!(wrong[0].contains("line 2 (wechat_secret): invalid "), "{wrong:?}");
            assert!(!wrong[0].contains("hunter2") && !wrong[0].contains("1e5"), "{wrong:?}");
            assert!(!wrong[0].contains("100000"), "{wrong:?}");
        }
    }

    #[test]
    fn what_would_do_nothing_is_refused_and_what_is_empty_is_not_set() {
        for (name, value) in
            [("YUEKE_LOG", "loud"), ("YUEKE_WORKERS", "0"), ("YUEKE_WORKERS", "x"), ("YUEKE_TRUSTED_PROXIES", "proxy")]
        {
            let wrong = read("", &[(name, value)]).unwrap_err();
            assert!(wrong.len() == 1 && wrong[0].contains(name) && wrong[0].contains(value), "{wrong:?}");
        }
        assert!(read("workers = 0", &[]).is_err());
        for name in ["YUEKE_WORKERS", "YUEKE_LIMIT_PER_CALLER", "YUEKE_LIMIT_PER_ADDRESS", "YUEKE_LOG"] {
            assert!(read("", &[(name, "")]).is_ok(), "{name}");
        }
        for level in ["off", "INFO", "warn,yueke=debug", "yueke=trace"] {
            assert!(read("", &[("YUEKE_LOG", level)]).is_ok(), "{level}");
        }
        let wrong = read("", &[("YUEKE_JWT_SECRET_PREVIOUS", "short")]).unwrap_err();
        assert!(wrong[0].starts_with("YUEKE_JWT_SECRET_PREVIOUS has 5 bytes"), "{wrong:?}");
    }

    #[test]
    fn a_misspelt_variable_is_told_with_the_one_that_was_meant() {
        let names = ["YUEKE_LISTN", "YUEKE_ZONE", "YUEKE_WORKER", "PATH"].map(str::to_owned);
        let told = unknown(names.into_iter());
        assert_eq!(told, [("YUEKE_LISTN".into(), "YUEKE_LISTEN"), ("YUEKE_WORKER".into(), "YUEKE_WORKERS")]);
    }
}

//! The command line.

use std::{io::IsTerminal, net::SocketAddr, path::PathBuf};

use actix_web::{App, HttpServer};
use anyhow::Context;
use clap::{Parser, Subcommand};
use tracing_subscriber::{EnvFilter, layer::SubscriberExt, util::SubscriberInitExt};

use crate::{
    api::{
        auth::{
            hash_password,
            passwords::check_password,
            sessions::{Which, revoke},
        },
        people::{NewAccount, insert_account},
    },
    app, args,
    base::{
        ids::{AccountId, IdSource, OrgId, SeededIds, secret_bytes},
        limits::{DEMO_TOKEN_TTL, TOKEN_TTL},
        time::{Clock, HOUR},
    },
    config::{self, Config, LogConfig},
    domain::access::Role,
    gateways::sandbox::{Sandbox, SandboxSettings, SandboxTemplate},
    outbox::wechat::templates::DEMO,
    store::{
        audit,
        backup::backup,
        open::{OpenError, Target, migrate, redacted},
        sql::{Conn, Reader},
    },
    web::server,
};

/// yueke (约课): seats, waitlists and first-to-confirm races, durable before they are acknowledged.
#[derive(Parser)]
#[command(version, about)]
struct Cli {
    /// The settings file; `yueke.toml` where it exists.
    #[arg(long, global = true, env = "YUEKE_CONFIG")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve HTTP and WebSocket (the default).
    Serve,
    /// Bring the database's tables up to date.
    Migrate,
    /// Make an account with a password, which is read from YUEKE_PASSWORD: how the first owner gets in.
    Account {
        /// The name to log in with.
        username: String,
        /// student, teacher, operator, admin or owner.
        #[arg(long, default_value = "owner")]
        role: String,
        /// Set a new password for the account that has this name, and end its sessions.
        #[arg(long, conflicts_with = "role")]
        reset: bool,
    },
    /// Ask WeChat whether it knows this mini-program, its secret and its templates; exits with 1 when not.
    WechatCheck,
    /// Check every invariant from the rows; exits with 1 when one is broken.
    Audit,
    /// Replay every schedule's events and compare what comes out with the rows.
    Replay,
    /// Copy the embedded database to a new file, while the server runs.
    Backup {
        /// The file to make; one that is there already is never overwritten.
        to: PathBuf,
    },
    /// Serve a WeChat of our own, with a phone to read messages on: for tests and demos, on this machine only.
    WechatSandbox(SandboxArgs),
}

#[derive(clap::Args)]
struct SandboxArgs {
    /// Where to listen: an address of this machine that others cannot reach.
    #[arg(long, default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    /// The mini-program that it knows.
    #[arg(long, default_value = "wx0000000000000000")]
    appid: String,
    /// Its secret.
    #[arg(long, default_value = "sandbox")]
    secret: String,
    /// A file with its templates, a JSON list in WeChat's own words; those of the demo where none is given:
    /// [{"id": "43 letters, digits, - and _", "title": "上课提醒", "content": "课程:{{thing1.DATA}}\n时间:{{time2.DATA}}\n"}]
    #[arg(long, value_name = "FILE")]
    templates: Option<PathBuf>,
}

/// Runs the command; the process's exit code.
pub fn run() -> anyhow::Result<u8> {
    let Cli { config, command } = Cli::parse();
    let config = read_config(config)?;
    let _log = start_log(&config.log)?;
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    for (name, nearest) in config::unknown(names) {
        tracing::warn!("{name} is set, but there is no such setting: did you mean {nearest}?");
    }
    match command.unwrap_or(Command::Serve) {
        Command::Serve => actix::System::new().block_on(serve(config)),
        Command::Migrate => block_on(async {
            migrate(&Target::parse(&config.database_url)?).await.map_err(|e| e.at(&config.database_url))?;
            println!("{} is up to date", redacted(&config.database_url));
            Ok(0)
        }),
        Command::Account { username, role, reset } => block_on(async {
            if reset { reset_account(config, username).await } else { make_account(config, username, role).await }
        }),
        Command::WechatCheck => block_on(check_wechat(config)),
        Command::Audit => block_on(check(config, Check::Audit)),
        Command::Replay => block_on(check(config, Check::Replay)),
        Command::WechatSandbox(args) => block_on(serve_sandbox(args)),
        Command::Backup { to } => block_on(async {
            backup(&config.database_url, &to).await?;
            println!("copied to {}, and the copy checks out", to.display());
            Ok(0)
        }),
    }
}

fn block_on(work: impl Future<Output = anyhow::Result<u8>>) -> anyhow::Result<u8> {
    actix::System::new().block_on(work)
}

fn read_config(path: Option<PathBuf>) -> anyhow::Result<Config> {
    let named = path.is_some();
    let path = path.unwrap_or_else(|| "yueke.toml".into());
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => Some(text),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound && !named => None,
        Err(e) => return Err(e).with_context(|| format!("cannot read {}", path.display())),
    };
    if text.as_deref().is_some_and(Config::holds_secrets) && !config::is_private(&path)? {
        anyhow::bail!("{0} holds secrets, and others may read it: run chmod 600 {0}", path.display());
    }
    Ok(Config::read(text.as_deref(), |name| std::env::var(name).ok())?)
}

/// Kept alive as long as something is logged; a file is written by a thread of its own.
type LogGuard = Option<tracing_appender::non_blocking::WorkerGuard>;

const QUIET: [&str; 2] = ["off", "error"];

fn start_log(config: &LogConfig) -> anyhow::Result<LogGuard> {
    // What others tell of themselves at every start; to ask for more of it is possible.
    let quiet = if QUIET.contains(&&*config.level) { "" } else { "actix_server=warn,sqlx::postgres::notice=warn," };
    let filter = EnvFilter::try_new(format!("{quiet}{}", config.level))
        .with_context(|| format!("YUEKE_LOG is `{}`", config.level))?;
    let (writer, guard) = match &config.directory {
        Some(dir) => {
            let problem = || format!("cannot write logs to {} (YUEKE_LOG_DIRECTORY)", dir.display());
            std::fs::create_dir_all(dir).with_context(problem)?;
            let daily = tracing_appender::rolling::Rotation::DAILY;
            let file = tracing_appender::rolling::Builder::new().rotation(daily).filename_prefix("yueke.log");
            let file = file.build(dir).with_context(problem)?;
            let (writer, guard) = tracing_appender::non_blocking(file);
            (tracing_subscriber::fmt::writer::BoxMakeWriter::new(writer), Some(guard))
        }
        None => (tracing_subscriber::fmt::writer::BoxMakeWriter::new(std::io::stderr), None),
    };
    let layer = tracing_subscriber::fmt::layer().with_writer(writer).with_target(false);
    let registry = tracing_subscriber::registry().with(filter);
    if config.json {
        registry.with(layer.json()).try_init()?;
    } else {
        registry.with(layer.with_ansi(config.directory.is_none() && std::io::stderr().is_terminal())).try_init()?;
    }
    Ok(guard)
}

async fn serve(config: Config) -> anyhow::Result<u8> {
    let mut running = app::start(config).await?;
    greet(&running);
    stop_signal().await?;
    tracing::info!("stopping: sockets are closed, requests end, writes are flushed");
    running.stop().await;
    tracing::info!("stopped");
    Ok(0)
}

fn greet(running: &app::Running) {
    let at = running.address;
    println!("yueke is up, on {}", redacted(&running.app.config.database_url));
    println!("  page     http://{at}/");
    println!("  API      http://{at}/api/v1/docs/");
    println!("  metrics  http://{at}/metrics");
    if running.app.config.is_demo() {
        println!("  demo mode: anyone may log in as anyone, so it listens on this machine only");
    }
    println!("  stop it with Ctrl-C");
}

async fn serve_sandbox(args: SandboxArgs) -> anyhow::Result<u8> {
    let SandboxArgs { listen, appid, secret, templates } = args;
    anyhow::ensure!(
        listen.ip().is_loopback(),
        "the sandbox lets anyone be anyone, so it listens on this machine only: --listen 127.0.0.1:{}, not {listen}",
        listen.port()
    );
    let templates = match templates {
        Some(path) => {
            let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            serde_json::from_str(&text).with_context(|| format!("{} is no list of templates", path.display()))?
        }
        None => app::wechat::demo_templates(),
    };
    let (known, settings) = (templates.clone(), SandboxSettings::new(&appid, &secret, templates));
    let sandbox = Sandbox::new(settings, Clock::system());
    let (listener, at) = server::listen(listen).with_context(|| format!("cannot listen on {listen} (--listen)"))?;
    let mount = sandbox.configure("");
    let server = HttpServer::new(move || App::new().configure(mount.clone()));
    let server = server.workers(1).shutdown_timeout(1).disable_signals().listen(listener)?.run();
    let handle = server.handle();
    let served = tokio::spawn(server);
    println!("a WeChat of our own is up, for the mini-program {appid}");
    println!("  phone    http://{at}/");
    println!("  API      http://{at}/cgi-bin/stable_token, and so on");
    println!("  control  http://{at}/control");
    println!("  stop it with Ctrl-C");
    println!("\nfor a server that uses it, in a yueke.toml of its own (chmod 600 yueke.toml):\n");
    println!("{}", settings_for(at, &appid, &secret, &known));
    stop_signal().await?;
    handle.stop(true).await;
    served.await??;
    Ok(0)
}

/// A server's settings to use a sandbox with these templates: those that are the demo's tell what they tell there.
fn settings_for(at: SocketAddr, appid: &str, secret: &str, known: &[SandboxTemplate]) -> String {
    let quoted = |text: &str| toml::Value::from(text).to_string();
    let mut lines = vec![
        format!("wechat_url = {}", quoted(&format!("http://{at}"))),
        format!("wechat_appid = {}", quoted(appid)),
        format!("wechat_secret = {}", quoted(secret)),
    ];
    for t in DEMO.iter().filter(|t| known.iter().any(|k| k.id == t.id && k.content == t.content())) {
        let fields: Vec<_> = t.fields.iter().map(|(_, field, text)| format!("{field} = {}", quoted(text))).collect();
        lines.push(format!("\n[templates.{}]", t.kind));
        lines.push(format!("id = {}", quoted(t.id)));
        lines.push(format!("page = {}", quoted(t.page)));
        lines.push(format!("fields = {{ {} }}", fields.join(", ")));
    }
    if !lines.iter().any(|line| line.starts_with("\n[templates.")) {
        lines.push("\n# and a [templates.KIND] for each kind of message that one of your templates tells".to_owned());
    }
    lines.join("\n")
}

/// Ctrl-C; on Unix also what a service manager sends.
async fn stop_signal() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        let mut term = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            stopped = tokio::signal::ctrl_c() => stopped,
            _ = term.recv() => Ok(()),
        }
    }
    #[cfg(windows)]
    {
        let mut shutdown = tokio::signal::windows::ctrl_shutdown()?;
        let mut close = tokio::signal::windows::ctrl_close()?;
        tokio::select! {
            stopped = tokio::signal::ctrl_c() => stopped,
            _ = shutdown.recv() => Ok(()),
            _ = close.recv() => Ok(()),
        }
    }
}

async fn check_wechat(config: Config) -> anyhow::Result<u8> {
    let parts = app::wechat::build(&config, config.listen, &Clock::system())?;
    anyhow::ensure!(
        parts.sandbox.is_none(),
        "no mini-program is named: set YUEKE_WECHAT_APPID and YUEKE_WECHAT_SECRET"
    );
    match app::wechat::ask(&parts).await? {
        Ok(()) => {
            let templates = parts.templates.by_id();
            println!("WeChat knows {} and its {} templates", parts.wechat.appid(), templates.len());
            for (id, kinds) in templates {
                println!("  {id}  {}", kinds.join(", "));
            }
            Ok(0)
        }
        Err(failure) => anyhow::bail!("WeChat could not be asked at {} (YUEKE_WECHAT_URL): {failure}", parts.url),
    }
}

async fn make_account(config: Config, username: String, role: String) -> anyhow::Result<u8> {
    anyhow::ensure!(!username.trim().is_empty(), "the name to log in with is empty");
    let role = Role::named(&role)
        .with_context(|| format!("`{role}` is not one of student, teacher, operator, admin, owner"))?;
    let hash = hash_of_password(&username)?;
    let now = Clock::system().now();
    let mut conn = begin_beside_server(&config).await?;
    let ids = SeededIds::from_os();
    let org = app::org_of(&mut conn, OrgId::from_u128(ids.next(now)), config.is_demo(), config.zone, now).await?;
    let sql = "select id from accounts where org_id = $1 and username = $2";
    anyhow::ensure!(
        conn.one(sql, args![org, &*username]).await?.is_none(),
        "this username is taken: choose another one, or set a new password for it with --reset"
    );
    let named = NewAccount::named(org, &username, role);
    let new = NewAccount { username: Some(&username), password_hash: Some(&hash), ..named };
    insert_account(&mut conn, &ids, &new, now).await?;
    conn.script("commit").await?;
    println!("made the account; log in with POST /api/v1/login");
    Ok(0)
}

/// A password that its owner forgot, where no other admin is there to help.
async fn reset_account(config: Config, username: String) -> anyhow::Result<u8> {
    let hash = hash_of_password(&username)?;
    let now = Clock::system().now();
    let mut conn = begin_beside_server(&config).await?;
    let ids = SeededIds::from_os();
    let org = app::org_of(&mut conn, OrgId::from_u128(ids.next(now)), config.is_demo(), config.zone, now).await?;
    // A part of another account leads to that.
    let sql = "select t.id, t.disabled_at from accounts a join accounts t on t.id = coalesce(a.merged_into, a.id) \
        where a.org_id = $1 and a.username = $2";
    let row = conn.one(sql, args![org, &*username]).await?;
    let row = row.with_context(|| format!("no account has the name `{username}`: make it without --reset"))?;
    anyhow::ensure!(
        row.opt_at("disabled_at")?.is_none(),
        "this account is disabled: an admin has to enable it first (POST /api/v1/users/{{id}}/enable)"
    );
    let account: AccountId = row.parse("id")?;
    let sql = "update accounts set password_hash = $2, failed_logins = 0, locked_until = null, updated_at = $3 \
        where id = $1";
    conn.exec(sql, args![account, hash, now]).await?;
    let ended = revoke(&mut conn, account, Which::All, now).await?.len();
    conn.script("commit").await?;
    let ttl = if config.is_demo() { DEMO_TOKEN_TTL } else { TOKEN_TTL } / HOUR;
    println!("set the password, and ended {ended} session{}", if ended == 1 { "" } else { "s" });
    println!("  a server that runs gives them no new tokens; those that it gave are good for up to {ttl} hours");
    println!("  restart it to put them out at once");
    Ok(0)
}

/// By the same rules as over HTTP.
fn hash_of_password(username: &str) -> anyhow::Result<String> {
    let password = std::env::var("YUEKE_PASSWORD").context("set YUEKE_PASSWORD to the password of the account")?;
    if let Err(weak) = check_password("YUEKE_PASSWORD", &password, &[username]) {
        anyhow::bail!("{}", weak.row().en);
    }
    hash_password(&password, &secret_bytes())
}

/// Beside a server that runs: nothing that it holds in memory is touched. SQLite takes its lock at
/// the start, because what was read under no lock may not be written upon any more.
async fn begin_beside_server(config: &Config) -> anyhow::Result<Conn> {
    let target = Target::parse(&config.database_url)?;
    migrate(&target).await.map_err(|e| e.at(&config.database_url))?;
    let mut conn = target.connect().await.map_err(|e| e.at(&config.database_url))?;
    conn.script(match &conn {
        Conn::Sqlite(_) => "begin immediate",
        Conn::Postgres(_) => "begin",
    })
    .await?;
    Ok(conn)
}

/// To read only: a database that is there and has its tables.
async fn open_made(url: &str) -> anyhow::Result<Reader> {
    let target = Target::parse(url)?;
    if let Target::Sqlite { path, .. } = &target
        && !path.exists()
    {
        let path = path.display();
        anyhow::bail!(
            "there is no database at {path}: `yueke serve` or `yueke migrate` makes one (YUEKE_DATABASE_URL)"
        );
    }
    let reader = target.reader().await.map_err(|e| e.at(url))?;
    if let Err(error) = reader.one("select epoch from lease where id = 1", vec![]).await {
        let has_no_tables = ["no such table", "\"lease\" does not exist"].iter().any(|t| error.to_string().contains(t));
        anyhow::ensure!(!has_no_tables, "{} has no tables yet: run `yueke migrate`", redacted(url));
        return Err(OpenError::from(error).at(url));
    }
    Ok(reader)
}

enum Check {
    Audit,
    Replay,
}

async fn check(config: Config, check: Check) -> anyhow::Result<u8> {
    let reader = open_made(&config.database_url).await?;
    let progress = |done: u64, all: u64| {
        if std::io::stderr().is_terminal() && (done.is_multiple_of(100) || done == all) {
            eprint!("\r{done} of {all} schedules");
        }
        true
    };
    let report = match &check {
        Check::Audit => audit::audit(&reader, &progress).await?,
        Check::Replay => audit::replay(&reader, &progress).await?,
    };
    if std::io::stderr().is_terminal() {
        eprintln!();
    }
    for wrong in &report.wrong {
        println!("WRONG  {wrong}");
    }
    let audit::Report { schedules, events, bookings, wrong, complete: _ } = report;
    let looked_at = match check {
        Check::Audit => format!("checked {schedules} schedules and {bookings} bookings"),
        Check::Replay => format!("replayed {events} events of {schedules} schedules with {bookings} bookings"),
    };
    println!("{looked_at}: {} wrong", wrong.len());
    Ok(u8::from(!wrong.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbox::wechat::{Templates, templates::TemplateText};

    #[test]
    fn what_the_sandbox_prints_are_settings_and_templates_that_fit_it() {
        let at = SocketAddr::from(([127, 0, 0, 1], 8090));
        let (secret, known) = ("it's \"so\\\"", app::wechat::demo_templates());
        let printed = settings_for(at, "wx1", secret, &known);
        let config = Config::read(Some(&printed), |_| None).expect(&printed);
        let config::WeChatAt::Server { url, appid, secret: read } = &config.wechat.at else { panic!("{printed}") };
        assert_eq!((&**url, &**appid, &*read.0), ("http://127.0.0.1:8090", "wx1", secret));
        let text = config.wechat.templates.iter().map(|(kind, t)| TemplateText {
            kind,
            id: &t.id,
            page: &t.page,
            fields: t.fields.iter().map(|(field, text)| (field.as_str(), text.as_str())).collect(),
        });
        let templates = Templates::compile(text).expect(&printed);
        assert_eq!(templates.by_id().into_values().map(|kinds| kinds.len()).sum::<usize>(), DEMO.len());
        assert!(known.iter().all(|k| templates.by_id().contains_key(&*k.id)));
        let own = settings_for(at, "wx1", secret, &[]);
        assert!(Config::read(Some(&own), |_| None).expect(&own).wechat.templates.is_empty(), "{own}");
    }
}

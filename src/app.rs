//! The only place that chooses the parts: which database, clock, journal and gateways.

pub mod watch;
pub mod wechat;

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context;
use quick_cache::sync::Cache;
use tokio::{
    sync::{Notify, Semaphore},
    task::JoinHandle,
};

use crate::{
    api::{
        auth::doors::Doors,
        courses::Courses,
        health::Health,
        people::{self, People},
        reach::Reachable,
        sizes::Sizes,
        waitlist::Places,
    },
    args,
    base::{
        ids::{AccountId, IdSource, OrgId, SeededIds, SessionId, hex, secret_bytes},
        keys::UnderWay,
        limits::{DEMO_TOKEN_TTL, OUR_SCHEDULES_MAX, PASSWORDS_AT_ONCE_MAX, TOKEN_TTL},
        secret::Secret,
        time::{Clock, Timestamp, Zone},
    },
    config::Config,
    demo,
    engine::{Engine, Parts, Threads},
    flows::transfer,
    gateways::sms::{ConsoleSms, NoSms, SmsSender},
    live::{Hub, Live, LiveParts},
    outbox::{
        Channel, Channels, Inbox, Outbox,
        wechat::{Postman, PostmanParts, WeChatChannel},
    },
    store::{
        Store, StoreError,
        open::{Target, create_private},
        sql::Conn,
    },
    web::{
        limit::Limits,
        server,
        state::{App, AppState, Readiness},
        tokens::Tokens,
    },
};

use self::wechat::WeChatParts;

/// A server that is up.
pub struct Running {
    pub app: App,
    pub address: SocketAddr,
    server: JoinHandle<std::io::Result<()>>,
    handle: actix_web::dev::ServerHandle,
    background: Vec<JoinHandle<()>>,
}

impl Running {
    /// Stops gracefully, whatever is under way.
    pub async fn stop(&mut self) {
        let Self { app, address: _, server, handle, background } = self;
        server::stop(app, handle.clone()).await;
        background.iter().for_each(JoinHandle::abort);
        app.store.close().await;
        match server.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "the server stopped with an error"),
            Err(error) => tracing::error!(%error, "the server did not stop by itself"),
        }
    }
}

/// Builds everything and starts to serve. Needs an actix system around it.
pub async fn start(config: Config) -> anyhow::Result<Running> {
    let clock = config.manual_clock.map_or_else(Clock::system, Clock::manual);
    // First of all: what cannot be served is not begun.
    let (listener, address) =
        server::listen(config.listen).with_context(|| format!("cannot listen on {} (YUEKE_LISTEN)", config.listen))?;
    let wechat = wechat::build(&config, address, &clock)?;
    wechat::check(&wechat).await?;
    let store = Store::open(&config.database_url, clock.now()).await.map_err(|e| e.at(&config.database_url))?;
    let ids: Arc<dyn IdSource> = Arc::new(SeededIds::from_os().after(store.last_id().await?));
    let org = ensure_org(&store, &clock, &*ids, &config).await?;
    let sizes = Sizes::load(&store).await?;
    let courses = Arc::new(Courses::new(store.clone(), org));
    courses.warm().await?;
    let tokens = Arc::new(tokens(&config, &clock)?);
    load_ended_sessions(&store, &tokens, &clock).await?;
    load_changed_roles(&store, &tokens, &clock, org).await?;

    let bell = Arc::new(Notify::new());
    let hub = Arc::new(Hub::new(clock.clone(), config.zone, bell.clone()));
    let reach = Arc::new(Reachable::new(store.clone(), hub.clone(), &wechat.templates));
    reach.load().await?;
    if let Some(sandbox) = &wechat.sandbox {
        wechat::remember_consents(sandbox, &store).await?;
    }
    let engine = Engine::start(Parts {
        journal: Arc::new(store.clone()),
        clock: clock.clone(),
        ids: ids.clone(),
        sizes: sizes.clone(),
        audience: hub.clone(),
        reach: reach.clone(),
        epoch: store.epoch(),
        zone: config.zone,
        last_booking_no: store.last_booking_no().await?,
        threads: Threads::for_cores(std::thread::available_parallelism().map_or(1, usize::from)),
    });
    let outbox = outbox(&config, &store, &clock, &ids, bell, &wechat, reach.clone());
    let live = Live::new(LiveParts {
        engine: engine.clone(),
        hub,
        zone: config.zone,
        names: courses.clone(),
        snapshots: Arc::new(Places { store: store.clone(), engine: engine.clone(), zone: config.zone }),
        sessions: tokens.clone(),
    });
    let app = App::new(AppState {
        limits: Limits::new(config.limits, &clock),
        people: People::new(store.clone(), ids.clone(), org),
        doors: Doors::load(&store, clock.now()).await?,
        sms: sms(&config, &wechat),
        demo_openid: wechat.sandbox.clone().map(wechat::demo_openid),
        readiness: Readiness::default(),
        under_way: UnderWay::default(),
        passwords: Arc::new(Semaphore::new(PASSWORDS_AT_ONCE_MAX)),
        planning: tokio::sync::Mutex::default(),
        moving: tokio::sync::Mutex::default(),
        auditing: tokio::sync::Mutex::default(),
        health: Health::new(clock.now()),
        config,
        clock,
        ids,
        store,
        engine,
        live,
        outbox,
        tokens,
        courses,
        sizes,
        org,
        our_schedules: Cache::new(OUR_SCHEDULES_MAX),
        wechat: wechat.wechat,
        templates: wechat.templates,
        sandbox: wechat.sandbox,
        reach,
    });
    let resumed = transfer::resume(&app.store, &app.engine).await?;
    if resumed > 0 {
        tracing::info!(resumed, "finished moves that a stop had interrupted");
    }
    if app.config.demo_data && app.config.is_demo() {
        demo::fill(&app).await;
    }
    let mut background = app.outbox.spawn();
    background.push(tokio::spawn(finish_moves(app.clone())));
    background.push(watch::spawn(app.clone()));
    background.push(watch::spawn_samples(app.clone()));
    let server = server::serve(app.clone(), listener)?;
    let handle = server.handle();
    let server = tokio::spawn(server);
    app.readiness.set(true);
    Ok(Running { app, address, server, handle, background })
}

/// Everything that people hear of, and on which ways.
fn outbox(
    config: &Config,
    store: &Store,
    clock: &Clock,
    ids: &Arc<dyn IdSource>,
    bell: Arc<Notify>,
    wechat: &WeChatParts,
    reach: Arc<Reachable>,
) -> Outbox {
    let WeChatParts { wechat, url: _, templates, quiet, sandbox: _ } = wechat;
    let post = Arc::new(Notify::new());
    let channel = WeChatChannel::new(ids.clone(), templates.clone(), *quiet, post.clone());
    let channels: [Arc<dyn Channel>; 2] = [Arc::new(Inbox::new(ids.clone())), Arc::new(channel)];
    let postman = Postman::new(PostmanParts {
        store: store.clone(),
        clock: clock.clone(),
        wechat: wechat.clone(),
        templates: templates.clone(),
        state: config.wechat.state,
        quiet: *quiet,
        zone: config.zone,
        bell: post,
        grants_changed: Arc::new(move |accounts| reach.look_again(accounts)),
    });
    Outbox::new(store.clone(), clock.clone(), bell, Channels::new(channels)).with_postman(postman)
}

/// Gives up the old seats of moves whose second step failed, such as while the database was away.
async fn finish_moves(app: App) {
    let mut look = tokio::time::interval(FINISH_MOVES_EVERY);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        look.tick().await;
        // Not between the two steps of one that is under way.
        let _moving = app.moving.lock().await;
        match transfer::resume(&app.store, &app.engine).await {
            Ok(0) => {}
            Ok(finished) => tracing::info!(finished, "finished moves that were left halfway"),
            Err(error) => tracing::debug!(%error, "looking for moves that were left halfway"),
        }
    }
}

const FINISH_MOVES_EVERY: std::time::Duration = std::time::Duration::from_secs(30);

/// The org of this installation, made at the first start.
async fn ensure_org(store: &Store, clock: &Clock, ids: &dyn IdSource, config: &Config) -> Result<OrgId, StoreError> {
    let at = clock.now();
    let fresh = OrgId::from_u128(ids.next(at));
    let (is_demo, zone) = (config.is_demo(), config.zone);
    store.write(move |tx| Box::pin(async move { org_of(tx, fresh, is_demo, zone, at).await })).await
}

/// The org that there is, or this one made.
pub async fn org_of(
    tx: &mut Conn,
    fresh: OrgId,
    is_demo: bool,
    zone: Zone,
    at: Timestamp,
) -> Result<OrgId, StoreError> {
    if let Some(row) = tx.one("select id from orgs order by id limit 1", vec![]).await? {
        return Ok(row.parse("id")?);
    }
    let name = if is_demo { "演示书院" } else { "约课" };
    let sql = "insert into orgs (id, name, zone, created_at, updated_at) values ($1, $2, $3, $4, $4)";
    tx.exec(sql, args![fresh, name, zone.name(), at]).await?;
    // Earlier versions made accounts before there was an org.
    tx.exec("update accounts set org_id = $1 where org_id = ''", args![fresh]).await?;
    Ok(fresh)
}

fn tokens(config: &Config, clock: &Clock) -> anyhow::Result<Tokens> {
    let secret = match &config.tokens.secret {
        Some(secret) => secret.clone(),
        None => demo_secret(&config.database_url)?,
    };
    let ttl = if config.is_demo() { DEMO_TOKEN_TTL } else { TOKEN_TTL };
    Ok(Tokens::new(clock.clone(), &secret, config.tokens.previous_secret.as_ref(), ttl))
}

/// In demo mode the secret is made at the first start and kept, so that logins outlive a restart.
fn demo_secret(database_url: &str) -> anyhow::Result<Secret> {
    let path = match Target::parse(database_url)? {
        Target::Sqlite { path, .. } => path.with_extension("secret"),
        Target::Postgres(_) => PathBuf::from("data/demo.secret"),
    };
    if let Ok(text) = fs::read_to_string(&path)
        && text.len() >= 64
    {
        return Ok(Secret(text));
    }
    let secret = hex(&secret_bytes::<32>());
    if let Some(dir) = path.parent().filter(|d| !d.as_os_str().is_empty()) {
        fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    }
    write_private(&path, &secret).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(Secret(secret))
}

/// Readable by its owner only, where the system knows owners; elsewhere the folder's rights count.
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = create_private(fs::File::options().create(true).truncate(true), path)?;
    std::io::Write::write_all(&mut file, text.as_bytes())
}

/// Logins that were ended and whose tokens may still be about.
async fn load_ended_sessions(store: &Store, tokens: &Tokens, clock: &Clock) -> Result<(), StoreError> {
    let sql = "select id from sessions where revoked_at is not null and revoked_at > $1";
    for row in store.reader().all(sql, args![clock.now() - tokens.ttl()]).await? {
        tokens.end_session(row.parse::<SessionId>("id")?);
    }
    Ok(())
}

/// Accounts whose roles changed while tokens may still be about that say otherwise.
async fn load_changed_roles(store: &Store, tokens: &Tokens, clock: &Clock, org: OrgId) -> Result<(), StoreError> {
    let sql = "select id from accounts where org_id = $1 and roles_changed_at > $2";
    for row in store.reader().all(sql, args![org, clock.now() - tokens.ttl()]).await? {
        let account: AccountId = row.parse("id")?;
        let rows = store.reader().all(people::ROLES_OF, args![account]).await?;
        let (roles, teacher) = people::read_roles(&rows)?;
        tokens.set_roles(account, roles, teacher);
    }
    Ok(())
}

/// There is no provider yet: a demo prints its texts, and shows them on the sandbox's phone.
fn sms(config: &Config, wechat: &WeChatParts) -> Arc<dyn SmsSender> {
    if config.is_demo() { Arc::new(ConsoleSms::beside(wechat.sandbox.clone())) } else { Arc::new(NoSms) }
}

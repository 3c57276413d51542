//! The portal put together: database, vault, network, engine and pages, and the loops that keep them going.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context as _;
use axum::{
    extract::{ConnectInfo, Request},
    middleware::{self, Next},
    response::Response,
};
use connectors::{Net, net::Policy, registry};
use domain::{
    institution::Offering,
    world::{Clock, Entropy},
};
use engine::{Engine, schedule::Schedule, vault::Vault};
use secrecy::SecretBox;
use store::Store;
use tokio::{net::TcpListener, task::JoinHandle};

use crate::{
    accept::{self, Limits},
    config::Config,
    directory,
    health::{self, Health, Heartbeat},
    key::Keys,
    metrics::{self, Metrics},
    open,
    stop::Stop,
    system::{SystemClock, SystemEntropy},
};

/// What the portal is called before somebody has signed in.
const NAME: &str = "Heldaway";
/// How long the engine may take to hand its work back; a step that takes longer is taken up by whoever comes next.
const HAND_BACK: Duration = Duration::from_secs(10);

/// All parts, wired, with nothing running yet.
pub struct Portal {
    pub engine: Engine,
    pub store: Store,
    config: Config,
    web_key: SecretBox<[u8; 32]>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    metrics: Arc<Metrics>,
    stop: Stop,
}

impl Portal {
    /// Opens everything. `own` are offerings beside the directory's.
    pub async fn open(
        config: Config,
        own: Vec<Offering>,
        metrics: Arc<Metrics>,
        stop: Stop,
    ) -> anyhow::Result<Self> {
        open::data_folder(&config.data)?;
        let (clock, entropy): (Arc<dyn Clock>, Arc<dyn Entropy>) =
            (Arc::new(SystemClock), Arc::new(SystemEntropy));
        let keys = Keys::read(&config, &*entropy, true)?;
        let web_key = keys.web_key();
        let store = open::store(&config, config.database.migrate_at_start).await?;
        let engine = engine(&config, &store, keys.into_vault(), own)?;
        engine.check_key().await.context("the master key doesn't fit this database")?;
        prepare_search(&engine);
        Ok(Self { engine, store, config, web_key, clock, entropy, metrics, stop })
    }

    /// Serves until the order to stop, and then until nothing is left to lose.
    pub async fn serve(self, listener: TcpListener) -> anyhow::Result<()> {
        let Self { engine, store, config, web_key, clock, entropy, metrics, stop } = self;
        let heartbeat = Heartbeat::default();
        let worker = work(engine.clone(), heartbeat.clone(), clock.clone(), stop.clone());
        let figures = figures(&config, &store, &clock, &metrics, &stop).await?;

        let settings =
            web::Settings::new(&config.public_origin, NAME)?.behind(config.server.trusted_proxies.clone());
        let health = Health {
            store: store.clone(),
            clock: clock.clone(),
            stop: stop.clone(),
            metrics: metrics.clone(),
            heartbeat,
        };
        let pages = web::router(web::App { engine, store, clock, entropy, key: web_key, settings });
        // The pages are merged into the rest and not the other way round: the page for what isn't there is theirs.
        let app = health::router(Arc::new(health)).merge(pages.layer(middleware::from_fn(name_peer)));
        let server = &config.server;
        let limits = Limits {
            connections_max: server.connections_max,
            header_timeout: server.header_timeout(),
            drain: server.drain(),
        };
        let cut_off = accept::serve(listener, metrics.counting(app), limits, metrics.clone(), stop).await;
        if cut_off > 0 {
            tracing::warn!(cut_off, "connections didn't end in time");
        }
        if tokio::time::timeout(HAND_BACK, worker).await.is_err() {
            tracing::warn!("a step didn't end in time; its lease runs out by itself");
        }
        if let Some(figures) = figures {
            figures.await?;
        }
        tracing::info!("stopped");
        Ok(())
    }
}

/// Has the search ready by the time somebody types; whoever comes for accounts needn't wait for it.
fn prepare_search(engine: &Engine) {
    let directory = engine.base_directory();
    tokio::task::spawn_blocking(move || directory.prepare());
}

/// The engine of these settings, with nothing running yet.
pub(crate) fn engine(
    config: &Config,
    store: &Store,
    vault: Vault,
    own: Vec<Offering>,
) -> anyhow::Result<Engine> {
    let policy = if config.connectors.loopback_http { Policy::WITH_SANDBOX } else { Policy::PUBLIC };
    let schedule = match config.engine.day_seconds {
        0 => Schedule::BusinessDays,
        seconds => Schedule::Every(Duration::from_secs(seconds.into())),
    };
    Ok(Engine::new(engine::Parts {
        store: store.clone(),
        vault,
        net: Net::new(policy)?,
        directory: Arc::new(directory::load(config, own)?),
        connectors: registry::all(),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        schedule,
        node: node(config),
        options: engine::Options::default(),
    }))
}

/// The name of this node among those that share the database.
fn node(config: &Config) -> String {
    if !config.engine.node.is_empty() {
        return config.engine.node.clone();
    }
    let machine = rustix::system::uname().nodename().to_string_lossy().into_owned();
    format!("{machine}-{}", std::process::id())
}

/// The engine's loop. The heart beats only while the loop's own task is polled: one that has ended or is stuck is seen.
fn work(engine: Engine, heartbeat: Heartbeat, clock: Arc<dyn Clock>, stop: Stop) -> JoinHandle<()> {
    tokio::spawn(async move {
        let run = engine.run(async move { stop.ordered().await });
        tokio::select! {
            () = run => {}
            () = heartbeat.keep(clock) => {}
        }
    })
}

/// `/metrics` on its own address, if it has one.
async fn figures(
    config: &Config,
    store: &Store,
    clock: &Arc<dyn Clock>,
    metrics: &Arc<Metrics>,
    stop: &Stop,
) -> anyhow::Result<Option<JoinHandle<usize>>> {
    let Some(address) = config.server.metrics_address()? else { return Ok(None) };
    let listener =
        TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address} (metrics)"))?;
    let (store, clock, kept) = (store.clone(), clock.clone(), metrics.clone());
    let before = move || {
        let (store, clock, metrics) = (store.clone(), clock.clone(), kept.clone());
        async move { backlog(&store, &*clock, &metrics).await }
    };
    let app = metrics::router(metrics.clone(), before);
    let limits = Limits {
        connections_max: FIGURES_CONNECTIONS_MAX,
        header_timeout: config.server.header_timeout(),
        drain: Duration::from_secs(1),
    };
    Ok(Some(tokio::spawn(accept::serve(listener, app, limits, Arc::default(), stop.clone()))))
}

/// Scrapers are few.
const FIGURES_CONNECTIONS_MAX: usize = 16;

async fn backlog(store: &Store, clock: &dyn Clock, metrics: &Metrics) {
    let now = clock.now();
    match store.engine().backlog(now).await {
        Ok(backlog) => {
            metrics.due_backlog.set(backlog.connections);
            let oldest = backlog.oldest.map_or(0.0, |due| now.duration_since(due).as_secs_f64());
            metrics.due_oldest_seconds.set(oldest);
        }
        Err(error) => tracing::warn!(%error, "cannot count the backlog"),
    }
}

/// Tells the pages where a request comes from.
async fn name_peer(mut request: Request, next: Next) -> Response {
    if let Some(ConnectInfo(peer)) = request.extensions().get::<ConnectInfo<SocketAddr>>().copied() {
        request.extensions_mut().insert(web::Peer(peer.ip()));
    }
    next.run(request).await
}

//! What must hold when something breaks: statements that fail, nodes that die, connections that go silent.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use domain::{
    Money,
    account::{AccountKind, Owner},
    audit::Doer,
};
use jiff::civil::date;
use store::{
    At, Error, Fault, Moment, Probe, Store, Topic, Tx,
    account::{Change, NewByHand},
    outbox::News,
    testing::{self, Database, Sample, now},
    wish::Kind,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    sync::watch,
    time::timeout,
};

fn house(sample: &Sample, form_key: &'static str, minor: i64) -> NewByHand<'static> {
    NewByHand {
        household: sample.household.id,
        form_key,
        kind: AccountKind::RealEstate,
        owner: Owner::Joint,
        name: "The house",
        institution: "",
        counted: true,
        value: Money { minor, currency: domain::Currency::USD },
        as_of: date(2026, 11, 20),
    }
}

/// Fails the statement of the given number; 0 fails none.
fn failing(number: &Arc<AtomicU32>) -> Probe {
    let number = Arc::clone(number);
    Arc::new(move |moment: Moment<'_>| match moment.at {
        At::Statement(at) if at == number.load(Ordering::Relaxed) => Err(Fault),
        At::BeforeCommit if number.load(Ordering::Relaxed) == u32::MAX => Err(Fault),
        _ => Ok(()),
    })
}

/// One of everything that writes, each with the state that it needs.
async fn verb(tx: &mut Tx, sample: &Sample, which: &str) -> Result<(), Error> {
    let (client, firm, household) = (&sample.client, &sample.firm, &sample.household);
    match which {
        "firm" => tx.add_firm("Another", "UTC").await.map(drop),
        "household" => tx.add_household(firm.id, "Another", sample.advisor.id).await.map(drop),
        "password" => tx.change_password(client.id, "$sample$", "$new$").await,
        "share" => tx.share_find_new(household.id, true).await,
        "invite" => tx.invite(household, sample.advisor.id, "N", "n@example.com", &[1; 32]).await.map(drop),
        "register" => tx.register(&[2; 32], "N", "r@example.com", "$h$").await.map(drop),
        "session" => tx.start_session(client, &[3; 32], "Firefox").await.map(drop),
        "try" => tx.count_sign_in_try(&[4; 32]).await.map(drop),
        "clear" => tx.clear_sign_in_tries(&[5; 32]).await,
        "token" => tx.add_token(client.id, "T", "read", &[6; 32]).await.map(drop),
        "account" => tx.add_by_hand(house(sample, "new", 100)).await.map(drop),
        "notice" => tx.confirm_notice(client.id, "bank", 1).await,
        "wish" => tx.wish(client.id, "bank", Kind::Connectable).await,
        "inform" => {
            let news = News { topic: "t", key: "k", body: "B.", href: "/" };
            tx.inform_household(household.id, news).await
        }
        "read" => tx.mark_all_read(client.id).await.map(drop),
        _ => panic!("no verb {which}"),
    }
}

const VERBS: [&str; 15] = [
    "firm",
    "household",
    "password",
    "share",
    "invite",
    "register",
    "session",
    "try",
    "clear",
    "token",
    "account",
    "notice",
    "wish",
    "inform",
    "read",
];

async fn prepare(database: &Database) -> Sample {
    let store = &database.store;
    let sample = Sample::new(store, "Oak").await;
    let mut tx = store.begin(&Doer::Operator, "prepare", now()).await.unwrap();
    tx.invite(&sample.household, sample.advisor.id, "R", "r@example.com", &[2; 32]).await.unwrap();
    tx.count_sign_in_try(&[5; 32]).await.unwrap();
    tx.commit().await.unwrap();
    sample
}

#[tokio::test]
async fn whichever_statement_fails_nothing_is_half_done() {
    for database in testing::databases().await {
        let sample = prepare(&database).await;
        let number = Arc::new(AtomicU32::new(0));
        let node = database.another_with(Some(failing(&number))).await;
        for which in VERBS {
            let before = testing::contents(&database.url).await;
            let mut failures = 0;
            let mut at = 1;
            loop {
                number.store(at, Ordering::Relaxed);
                let mut tx = node.begin(&sample.by_client(), which, now()).await.unwrap();
                let outcome = match verb(&mut tx, &sample, which).await {
                    Ok(()) if at == u32::MAX => tx.commit().await,
                    // Its statements have all failed once; the commit is left.
                    Ok(()) => {
                        at = u32::MAX;
                        continue;
                    }
                    failed => {
                        drop(tx);
                        failed
                    }
                };
                assert!(matches!(outcome, Err(Error::Probe)), "{database:?} {which} {at}: {outcome:?}");
                failures += 1;
                assert_eq!(testing::contents(&database.url).await, before, "{database:?} {which} {at}");
                if at == u32::MAX {
                    break;
                }
                at += 1;
            }
            assert!(
                failures >= 3,
                "{which} has a write, an audit row and a commit, and failed {failures} times"
            );
        }
    }
}

#[tokio::test]
async fn each_verb_leaves_its_audit_row() {
    for database in testing::databases().await {
        let sample = prepare(&database).await;
        for which in VERBS {
            let rows = async || testing::contents(&database.url).await["audit"].len();
            let before = rows().await;
            let mut tx = database.store.begin(&sample.by_client(), "op-7", now()).await.unwrap();
            verb(&mut tx, &sample, which).await.unwrap();
            tx.commit().await.unwrap();
            let added = rows().await - before;
            assert!(added >= 1, "{database:?} {which}");
            let named = testing::contents(&database.url).await["audit"]
                .iter()
                .filter(|row| row.contains("op-7") && row.contains(&sample.client.id.to_string()))
                .count();
            assert!(named >= added, "{database:?} {which}: the rows name who did it, and in which operation");
        }
    }
}

#[tokio::test]
async fn account_verbs_leave_audit_rows_and_nothing_half_done() {
    for database in testing::databases().await {
        let sample = prepare(&database).await;
        let mut tx = database.store.begin(&sample.by_client(), "op", now()).await.unwrap();
        let id = tx.add_by_hand(house(&sample, "a", 100)).await.unwrap();
        tx.commit().await.unwrap();
        let number = Arc::new(AtomicU32::new(0));
        let node = database.another_with(Some(failing(&number))).await;
        let change = Change { name: "N", owner: Owner::Client, counted: false, by_hand: None };
        for step in 0..4 {
            let before = testing::contents(&database.url).await;
            for at in 1.. {
                number.store(at, Ordering::Relaxed);
                let reader = node.reader(&sample.as_client());
                let mut tx = node.begin(&sample.by_client(), "op", now()).await.unwrap();
                let outcome = match step {
                    0 => {
                        tx.set_value(&reader.account(id).await.unwrap().account, 7, date(2026, 11, 23)).await
                    }
                    1 => tx.change_account(&reader.account(id).await.unwrap().account, change.clone()).await,
                    2 => tx.delete_account(&reader.account(id).await.unwrap().account).await,
                    _ => tx.undo_delete(sample.household.id, id).await,
                };
                if outcome.is_err() {
                    drop(tx);
                    assert_eq!(testing::contents(&database.url).await, before, "{database:?} {step} {at}");
                    continue;
                }
                assert!(at > 5, "{step}: hold, write, sum and audit at least");
                number.store(0, Ordering::Relaxed);
                tx.commit().await.unwrap();
                break;
            }
            let after = testing::contents(&database.url).await;
            assert_eq!(after["audit"].len(), before["audit"].len() + 1, "{database:?} {step}");
        }
    }
}

#[tokio::test]
async fn writers_at_once_wait_for_one_another_and_lose_nothing() {
    for database in testing::databases().await {
        let sample = Sample::new(&database.store, "Oak").await;
        let keys: Vec<&'static str> =
            (0..50).map(|n| &*Box::leak(format!("form-{n}").into_boxed_str())).collect();
        let writers = keys.into_iter().map(|key| {
            let (store, sample) = (database.store.clone(), sample.clone());
            tokio::spawn(async move {
                let mut tx = store.begin(&sample.by_client(), "op", now()).await?;
                tx.add_by_hand(house(&sample, key, 100)).await?;
                tx.commit().await
            })
        });
        for writer in writers.collect::<Vec<_>>() {
            writer.await.unwrap().unwrap();
        }
        let history = database
            .store
            .reader(&sample.as_client())
            .net_worth_history(sample.household.id, date(2026, 1, 1))
            .await
            .unwrap();
        assert_eq!(history[0].assets.minor, 50 * 100, "{database:?}");
    }
}

#[tokio::test]
async fn a_dropped_call_leaves_a_usable_store() {
    for database in testing::databases().await {
        let store = &database.store;
        let sample = Sample::new(store, "Oak").await;
        for nanos in [1, 1_000, 20_000, 100_000, 300_000, 1_000_000, 3_000_000] {
            let write = async {
                let mut tx = store.begin(&sample.by_client(), "op", now()).await?;
                tx.share_find_new(sample.household.id, true).await?;
                tx.commit().await
            };
            let _ = timeout(Duration::from_nanos(nanos), write).await;
            let reader = store.reader(&sample.as_client());
            let _ = timeout(Duration::from_nanos(nanos), reader.accounts(sample.household.id)).await;
            assert_eq!(reader.accounts(sample.household.id).await.unwrap(), [], "{database:?}");
            let mut tx = store.begin(&sample.by_client(), "op", now()).await.unwrap();
            tx.share_find_new(sample.household.id, false).await.unwrap();
            tx.commit().await.unwrap();
        }
    }
}

/// A proxy whose connections can be made to go silent for good, as a failover with half-open sockets does.
struct Proxy {
    port: u16,
    silence: watch::Sender<u32>,
    accepting: Arc<AtomicBool>,
}

impl Proxy {
    async fn before(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (silence, silenced) = watch::channel(0);
        let accepting = Arc::new(AtomicBool::new(true));
        let answers = Arc::clone(&accepting);
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let mut silenced = silenced.clone();
                silenced.borrow_and_update();
                let (server, answers) = (server.clone(), answers.load(Ordering::Relaxed));
                tokio::spawn(async move {
                    if answers {
                        let mut upstream = TcpStream::connect(server).await.unwrap();
                        tokio::select! {
                            _ = copy_bidirectional(&mut client, &mut upstream) => {
                                let _ = upstream.shutdown().await;
                                return;
                            }
                            _ = silenced.changed() => {}
                        }
                    }
                    // Takes every byte and never says anything again.
                    let mut swallowed = [0; 4096];
                    while client.read(&mut swallowed).await.is_ok_and(|count| count > 0) {}
                    std::future::pending::<()>().await;
                });
            }
        });
        Self { port, silence, accepting }
    }

    fn silence(&self, new_ones_too: bool) {
        self.accepting.store(!new_ones_too, Ordering::Relaxed);
        self.silence.send_modify(|count| *count += 1);
    }
}

fn through(proxy: &Proxy, url: &str) -> (String, String) {
    let (start, rest) = url.split_once('@').unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    (format!("{start}@127.0.0.1:{}/{path}", proxy.port), host.to_owned())
}

#[tokio::test]
async fn a_silent_database_is_an_error_in_time_and_the_pool_heals() {
    let database = testing::postgres().await;
    let host = database.url.split_once('@').unwrap().1.split_once('/').unwrap().0.to_owned();
    let proxy = Proxy::before(host).await;
    let (url, _) = through(&proxy, &database.url);
    let store = Store::open(&url, database.options()).await.unwrap();
    let sample = Sample::new(&store, "Oak").await;
    let reader = store.reader(&sample.as_client());
    // Several connections rest in the pool, and one transaction is open.
    let read = || reader.accounts(sample.household.id);
    let (a, b, c, d) = tokio::join!(read(), read(), read(), read());
    assert!([a, b, c, d].iter().all(Result::is_ok));
    let mut tx = store.begin(&sample.by_client(), "op", now()).await.unwrap();

    proxy.silence(true);
    let begun = Instant::now();
    let (read, write) =
        tokio::join!(reader.accounts(sample.household.id), tx.share_find_new(sample.household.id, true));
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    assert!(read.as_ref().is_err_and(Error::is_passing), "{read:?}");
    assert!(write.as_ref().is_err_and(Error::is_passing), "{write:?}");
    drop(tx);
    let begun = Instant::now();
    assert!(store.begin(&sample.by_client(), "op", now()).await.is_err_and(|error| error.is_passing()));
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());

    // The database is back at the same address; what was open before stays dead.
    proxy.accepting.store(true, Ordering::Relaxed);
    let begun = Instant::now();
    while reader.accounts(sample.household.id).await.is_err() {
        assert!(begun.elapsed() < Duration::from_secs(10), "the pool doesn't heal");
    }
    for _ in 0..8 {
        reader.accounts(sample.household.id).await.unwrap();
    }
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    let mut tx = store.begin(&sample.by_client(), "op", now()).await.unwrap();
    tx.share_find_new(sample.household.id, true).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_commit_without_an_answer_is_told_as_unclear() {
    let database = testing::postgres().await;
    let host = database.url.split_once('@').unwrap().1.split_once('/').unwrap().0.to_owned();
    let proxy = Arc::new(Proxy::before(host).await);
    let (url, _) = through(&proxy, &database.url);
    let sample = Sample::new(&database.store, "Oak").await;
    let silencer = Arc::clone(&proxy);
    let probe: Probe = Arc::new(move |moment: Moment<'_>| {
        if moment.at == At::BeforeCommit {
            silencer.silence(false);
        }
        Ok(())
    });
    let store = Store::open(&url, store::Options { probe: Some(probe), ..database.options() }).await.unwrap();
    let mut tx = store.begin(&sample.by_client(), "op", now()).await.unwrap();
    tx.share_find_new(sample.household.id, true).await.unwrap();
    assert!(matches!(tx.commit().await, Err(Error::Unclear)));
}

#[tokio::test]
async fn connections_that_the_server_closed_are_nobodys_error() {
    let database = testing::postgres().await;
    let sample = Sample::new(&database.store, "Oak").await;
    let reader = database.store.reader(&sample.as_client());
    let read = || reader.accounts(sample.household.id);
    let (a, b, c, d) = tokio::join!(read(), read(), read(), read());
    assert!([a, b, c, d].iter().all(Result::is_ok));
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    testing::execute(&database.url, end).await;
    for _ in 0..8 {
        reader.accounts(sample.household.id).await.unwrap();
    }
    testing::execute(&database.url, end).await;
    let mut tx = database.store.begin(&sample.by_client(), "op", now()).await.unwrap();
    tx.share_find_new(sample.household.id, true).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn nodes_hear_what_others_committed() {
    let database = testing::postgres().await;
    let sample = Sample::new(&database.store, "Oak").await;
    let other = database.another().await;
    let mut heard = other.signals();
    let mut next = async || timeout(Duration::from_secs(10), heard.recv()).await.unwrap().unwrap();
    database.store.signal(Topic::Household(sample.household.id)).await;
    assert_eq!(next().await, Topic::Household(sample.household.id));
    let mut tx = database.store.begin(&sample.by_client(), "op", now()).await.unwrap();
    tx.tell(Topic::Work);
    tx.share_find_new(sample.household.id, true).await.unwrap();
    drop(tx);
    let mut tx = database.store.begin(&sample.by_client(), "op", now()).await.unwrap();
    tx.share_find_new(sample.household.id, true).await.unwrap();
    tx.tell(Topic::Household(sample.household.id));
    tx.commit().await.unwrap();
    assert_eq!(next().await, Topic::Household(sample.household.id), "what was rolled back is not said");
}

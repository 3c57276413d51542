//! The life of a connection, step by step.

use std::time::Duration;

use connectors::Later;
use domain::{Reason, attempt::Stage as At, challenge::QuestionKind, connection::IllegalMove, limits};
use engine::{Error, Options, Worked};
use jiff::civil::date;
use tokio_stream::StreamExt;

use crate::{
    scripted::{Act, again, ask, busy, checking, done, fail},
    stage::{Stage, answers, engine_on, login, options},
};

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);

fn today() -> domain::Date {
    date(2026, 11, 23)
}

#[tokio::test]
async fn a_plain_login_brings_accounts_to_review_and_then_rests_until_the_next_morning() {
    for stage in Stage::all().await {
        stage.bank.will([again(), again(), done(vec![checking(120_000, today())])]);
        let id = stage.connect("right").await;
        let before = stage.progress(id).await;
        assert_eq!((before.connection.reason, before.attempt.unwrap().stage), (Reason::Started, At::Queued));
        assert_eq!(stage.tick().await, Worked { claimed: 1, stepped: 3, ..Worked::default() });
        assert_eq!(
            stage.bank.seen(),
            ["attended begin right memo 0", "attended resume right memo 1", "attended resume right memo 2"]
        );
        let after = stage.progress(id).await;
        assert_eq!(after.connection.reason, Reason::NewAccounts);
        assert_eq!(after.attempt.unwrap().stage, At::Done);
        assert_eq!(after.found[0].value.unwrap().amount.minor, 120_000);

        stage.add_all(id).await;
        let connection = stage.connection(id).await;
        assert_eq!(connection.reason, Reason::Ok);
        assert_eq!(connection.due_at.unwrap().strftime("%F").to_string(), "2026-11-24");
        assert!(stage.tick().await.is_idle());
        let accounts =
            stage.database.store.reader(&stage.client()).accounts(stage.sample.household.id).await.unwrap();
        assert_eq!((accounts.len(), &*accounts[0].account.name), (1, "Everyday Checking"));
        assert_eq!(stage.count("net_worth_day WHERE assets = 120000").await, 1);
    }
}

#[tokio::test]
async fn the_same_form_twice_makes_one_connection() {
    for stage in Stage::all().await {
        let first = stage.connect_form("right", "form").await;
        assert_eq!(stage.connect_form("right", "form").await, first);
        let (one, other) = tokio::join!(stage.connect_form("a", "both"), stage.connect_form("b", "both"));
        assert_eq!(one, other);
        assert_eq!(stage.count("connection").await, 2);
        assert_eq!(stage.count("attempt").await, 2);
    }
}

#[tokio::test]
async fn a_question_waits_across_a_restart_and_takes_one_answer() {
    for stage in Stage::all().await {
        stage.bank.will([ask(QuestionKind::Code, None, false)]);
        let id = stage.connect("right").await;
        stage.tick().await;
        assert_eq!(stage.reason(id).await, Reason::CodeAsked);
        // The server is restarted: another process on the same database.
        let restarted = stage.node("node-2", options()).await;
        let progress = restarted.progress(&stage.client(), id).await.unwrap();
        let challenge = progress.challenge.unwrap();
        assert_eq!(challenge.questions[0].label, "What was your first car?");
        assert_eq!(challenge.deadline, challenge.asked_at + limits::CHALLENGE_LIFETIME);

        let client = stage.client();
        let (one, other) = tokio::join!(
            restarted.answer(&client, "op", challenge.id, answers("1234")),
            stage.engine.answer(&client, "op", challenge.id, answers("9999"))
        );
        let lost = [&one, &other]
            .iter()
            .filter(|gave| matches!(gave, Err(Error::Illegal(IllegalMove::NothingAsked))))
            .count();
        assert_eq!((one.is_ok() ^ other.is_ok(), lost), (true, 1));
        assert_eq!(stage.count("sealed WHERE purpose = 'answers'").await, 1);

        stage.bank.seen();
        stage.bank.will([again(), done(vec![checking(1, today())])]);
        restarted.tick(stage.engine.now()).await.unwrap();
        let seen = stage.bank.seen();
        let answer = if one.is_ok() { "1234" } else { "9999" };
        assert_eq!(
            seen,
            [format!("attended MFA1={answer} right memo 1"), "attended resume right memo 2".to_owned()]
        );
        assert_eq!(stage.count("sealed WHERE purpose = 'answers'").await, 0);
        assert_eq!(stage.reason(id).await, Reason::NewAccounts);
    }
}

#[tokio::test]
async fn an_unanswered_question_runs_out_and_starts_again_without_the_password() {
    for stage in Stage::all().await {
        let deadline = stage.engine.now() + 3 * MINUTE;
        stage.bank.will([ask(QuestionKind::Code, Some(deadline), false)]);
        let id = stage.connect("right").await;
        stage.tick().await;
        let challenge = stage.progress(id).await.challenge.unwrap();
        assert!(stage.tick_after(2 * MINUTE).await.is_idle());
        stage.clock.pass(MINUTE);
        let late = stage.engine.answer(&stage.client(), "op", challenge.id, answers("1234")).await;
        assert!(matches!(late, Err(Error::Illegal(IllegalMove::NothingAsked))), "{late:?}");
        assert_eq!(stage.tick().await.expired, 1);
        assert_eq!(stage.reason(id).await, Reason::TimedOut);
        assert!(stage.progress(id).await.challenge.is_none());

        stage.bank.seen();
        stage.bank.will([done(vec![checking(1, today())])]);
        stage.engine.start_again(&stage.client(), "op", id).await.unwrap();
        stage.tick().await;
        assert_eq!(stage.bank.seen(), ["attended begin right memo 1"]);
        let again = stage.engine.start_again(&stage.client(), "op", id).await;
        assert!(matches!(again, Err(Error::Illegal(_))));
    }
}

#[tokio::test]
async fn wrong_answers_are_counted_and_end_the_run_but_not_the_login() {
    for stage in Stage::all().await {
        stage.bank.will([ask(QuestionKind::Text, None, false)]);
        let id = stage.connect("right").await;
        stage.tick().await;
        for tries_left in [3, 2, 1] {
            let challenge = stage.progress(id).await.challenge.unwrap();
            assert_eq!((challenge.tries_left, challenge.wrong_before), (tries_left, tries_left < 3));
            stage.engine.answer(&stage.client(), "op", challenge.id, answers("wrong")).await.unwrap();
            stage.bank.will([ask(QuestionKind::Text, None, true)]);
            stage.tick().await;
        }
        let progress = stage.progress(id).await;
        assert_eq!(progress.connection.reason, Reason::AnswerWrong);
        assert!(progress.challenge.is_none() && progress.connection.work.is_none());
        assert_eq!(stage.count("sealed WHERE purpose = 'login'").await, 1);
        stage.engine.start_again(&stage.client(), "op", id).await.unwrap();
    }
}

#[tokio::test]
async fn several_rounds_of_questions_are_no_wrong_answers() {
    for stage in Stage::all().await {
        let id = stage.connect("right").await;
        for round in 1..=5 {
            stage.bank.will([ask(QuestionKind::Text, None, false)]);
            stage.tick().await;
            let challenge = stage.progress(id).await.challenge.unwrap();
            assert_eq!((challenge.round, challenge.tries_left), (round, 3));
            stage.engine.answer(&stage.client(), "op", challenge.id, answers("right")).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_rejected_login_is_never_tried_again_by_itself_and_three_stop_everything() {
    for stage in Stage::all().await {
        let id = stage.connect("wrong 1").await;
        for (attempt, reason) in
            [(2, Reason::CredentialsRejected), (3, Reason::CredentialsRejected), (4, Reason::TooManyFailures)]
        {
            stage.bank.will([fail(Reason::CredentialsRejected)]);
            stage.tick().await;
            assert_eq!(stage.reason(id).await, reason);
            assert!(stage.tick_after(200 * HOUR).await.is_idle(), "it waits for the client");
            let refreshed = stage.engine.refresh(&stage.client(), "op", id).await;
            assert!(matches!(refreshed, Err(Error::Illegal(IllegalMove::NotNow))));
            if reason == Reason::CredentialsRejected {
                let password = format!("wrong {attempt}");
                stage.engine.update_login(&stage.client(), "op", id, login(&password), false).await.unwrap();
            }
        }
        let unconfirmed = stage.engine.update_login(&stage.client(), "op", id, login("right"), false).await;
        assert!(matches!(unconfirmed, Err(Error::Illegal(IllegalMove::Unconfirmed))));
        stage.engine.update_login(&stage.client(), "op", id, login("right"), true).await.unwrap();
        stage.bank.seen();
        stage.bank.will([done(vec![checking(1, today())])]);
        stage.tick().await;
        assert_eq!(stage.bank.seen(), ["attended begin right memo 3"]);
        assert_eq!(stage.connection(id).await.rejected_in_row, 0);
    }
}

#[tokio::test]
async fn an_institution_that_is_down_is_tried_again_later_and_later() {
    for stage in Stage::all().await {
        let id = stage.connect("right").await;
        for pause in [15 * MINUTE, HOUR, 4 * HOUR] {
            stage.bank.will([fail(Reason::Down)]);
            assert_eq!(stage.tick().await.claimed, 1);
            assert_eq!(stage.reason(id).await, Reason::Down);
            let wait = stage.connection(id).await.due_at.unwrap().duration_since(stage.engine.now());
            let wait = Duration::try_from(wait).unwrap();
            assert!(wait >= pause && wait < pause + 3 * MINUTE, "{wait:?}");
            stage.clock.pass(wait);
        }
        stage.bank.will([fail(Reason::Down)]);
        stage.tick().await;
        let due = stage.connection(id).await.due_at.unwrap();
        assert_eq!(due.strftime("%F").to_string(), "2026-11-24");
    }
}

#[tokio::test]
async fn an_institution_that_says_when_to_come_again_is_left_alone_until_then() {
    for stage in Stage::all().await {
        let (begun, id) = (stage.engine.now(), stage.connect("right").await);
        let due = async || stage.connection(id).await.due_at.unwrap();
        // Sooner than the pause that is taken anyway.
        stage.bank.will([busy(Later::In(MINUTE))]);
        stage.tick().await;
        assert!(due().await >= begun + 15 * MINUTE && due().await < begun + 18 * MINUTE);
        // Later.
        stage.bank.will([busy(Later::In(3 * HOUR))]);
        stage.clock.set(due().await);
        stage.tick().await;
        let asked = stage.engine.now() + 3 * HOUR;
        assert_eq!((due().await, stage.reason(id).await), (asked, Reason::Down));
        stage.clock.set(asked - MINUTE);
        assert_eq!(stage.tick().await.claimed, 0);
        // As late as one may ask for.
        stage.bank.will([busy(Later::In(1_000 * HOUR))]);
        stage.clock.set(asked);
        assert_eq!(stage.tick().await.claimed, 1);
        assert_eq!(due().await, asked + limits::RETRY_AFTER_MAX);
        // A person may try before.
        stage.bank.will([done(vec![checking(120_000, today())])]);
        stage.engine.refresh(&stage.client(), "op", id).await.unwrap();
        stage.tick().await;
        assert_eq!(stage.reason(id).await, Reason::NewAccounts);
    }
}

#[tokio::test]
async fn a_slow_or_panicking_connector_is_a_reason_and_the_worker_lives() {
    for stage in Stage::all().await {
        stage.bank.will([Act::Hang]);
        let slow = stage.connect("slow").await;
        stage.tick().await;
        assert_eq!(stage.reason(slow).await, Reason::NotResponding);
        stage.bank.will([Act::Panic, done(vec![checking(1, today())])]);
        let panics = stage.connect("panics").await;
        stage.clock.pass(MINUTE);
        let lives = stage.connect("lives").await;
        assert_eq!(stage.tick().await.claimed, 2);
        let (one, other) = (stage.reason(panics).await, stage.reason(lives).await);
        assert_eq!((one, other), (Reason::Internal, Reason::NewAccounts));
    }
}

#[tokio::test]
async fn at_night_nobody_is_asked() {
    for stage in Stage::all().await {
        stage.bank.will([done(vec![checking(1, today())])]);
        let id = stage.connect("right").await;
        stage.tick().await;
        stage.bank.seen();
        stage.bank.will([ask(QuestionKind::Code, None, false)]);
        stage.clock.set(stage.connection(id).await.due_at.unwrap());
        assert_eq!(stage.tick().await.claimed, 1);
        assert_eq!(stage.bank.seen(), ["unattended begin right memo 1"]);
        assert_eq!(stage.reason(id).await, Reason::AttendedOnly);
        assert_eq!(stage.count("challenge").await, 0);
        assert_eq!(stage.connection(id).await.due_at, None);
    }
}

#[tokio::test]
async fn refresh_by_hand_waits_a_quarter_of_an_hour() {
    for stage in Stage::all().await {
        let id = stage.connect("right").await;
        stage.bank.will([done(vec![checking(1, today())])]);
        stage.tick().await;
        stage.engine.refresh(&stage.client(), "op", id).await.unwrap();
        let busy = stage.engine.refresh(&stage.client(), "op", id).await;
        assert!(matches!(busy, Err(Error::Illegal(IllegalMove::Busy))));
        stage.bank.will([done(vec![checking(2, today())])]);
        stage.tick().await;
        let soon = stage.engine.refresh(&stage.client(), "op", id).await;
        assert!(matches!(soon, Err(Error::Illegal(IllegalMove::TooSoon { .. }))));
        stage.clock.pass(15 * MINUTE);
        stage.engine.refresh(&stage.client(), "op", id).await.unwrap();
        // The advisor's refresh is a run without anybody to ask.
        stage.bank.will([done(vec![checking(3, today())])]);
        stage.tick_after(15 * MINUTE).await;
        stage.clock.pass(15 * MINUTE);
        stage.engine.refresh(&stage.sample.as_advisor(), "op", id).await.unwrap();
        stage.bank.seen();
        stage.tick().await;
        assert_eq!(stage.bank.seen(), ["unattended begin right memo 3"]);
    }
}

#[tokio::test]
async fn a_disconnect_destroys_every_secret_and_a_worker_at_it_loses() {
    for stage in Stage::all().await {
        stage.bank.will([done(vec![checking(1, today())])]);
        let id = stage.connect("right").await;
        stage.tick().await;
        stage.add_all(id).await;
        stage.bank.will([ask(QuestionKind::Code, None, false)]);
        stage.engine.find_new(&stage.client(), "op", id).await.unwrap();
        stage.tick().await;
        let challenge = stage.progress(id).await.challenge.unwrap();
        stage.engine.answer(&stage.client(), "op", challenge.id, answers("1234")).await.unwrap();
        stage.engine.disconnect(&stage.client(), "op", id).await.unwrap();
        assert_eq!((stage.count("sealed").await, stage.count("data_key").await), (0, 0));
        assert_eq!(stage.reason(id).await, Reason::ByPerson);
        assert_eq!(stage.count("attempt WHERE ended_at IS NULL").await, 0);
        assert_eq!(stage.count("challenge WHERE closed_at IS NULL").await, 0);
        assert!(stage.tick_after(100 * HOUR).await.is_idle());

        // Switched on again with a login, under a new key; disconnected while the step is under way.
        stage.engine.update_login(&stage.client(), "op", id, login("right"), false).await.unwrap();
        stage.bank.will([Act::Hang]);
        let client = stage.client();
        let patient =
            stage.node("node-2", Options { step_timeout: Duration::from_secs(3), ..options() }).await;
        stage.bank.seen();
        let (worked, gone) = tokio::join!(patient.tick(stage.engine.now()), async {
            while stage.bank.seen().is_empty() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            stage.engine.disconnect(&client, "op", id).await
        });
        gone.unwrap();
        let worked = worked.unwrap();
        assert_eq!((worked.claimed, worked.stepped), (1, 0));
        assert_eq!(stage.reason(id).await, Reason::ByPerson);
        assert_eq!((stage.count("sealed").await, stage.count("data_key").await), (0, 0));
        assert_eq!(stage.count("connection WHERE lease_until IS NOT NULL").await, 0);
    }
}

#[tokio::test]
async fn a_worker_beyond_its_lease_loses_to_the_one_that_took_over() {
    for stage in Stage::all().await {
        let id = stage.connect("right").await;
        // The first node is paused in its step for longer than its lease.
        let quick = Options { lease: MINUTE, step_timeout: Duration::from_secs(3), ..options() };
        let paused = stage.node("node-2", quick).await;
        stage.bank.will([Act::Hang, again(), done(vec![checking(5, today())])]);
        let (late, ()) = tokio::join!(paused.tick(stage.engine.now()), async {
            while stage.bank.seen().is_empty() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            assert!(stage.tick().await.is_idle(), "the lease holds");
            stage.clock.pass(MINUTE);
            let worked = stage.tick().await;
            assert_eq!((worked.claimed, worked.stepped), (1, 2));
        });
        assert_eq!(late.unwrap(), Worked { claimed: 1, ..Worked::default() });
        assert_eq!(stage.reason(id).await, Reason::NewAccounts);
        assert_eq!(stage.count("audit WHERE action = 'attempt.ended'").await, 1);
    }
}

#[tokio::test]
async fn a_run_that_kills_its_workers_is_given_up() {
    for stage in Stage::all().await {
        let id = stage.connect("right").await;
        for _ in 0..5 {
            // Dropped in the middle of the step, as a crash would.
            stage.bank.will([Act::Hang]);
            let engine = stage.node("doomed", Options { step_timeout: HOUR, ..options() }).await;
            let stepping = async {
                while stage.bank.seen().is_empty() {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            };
            tokio::select! {
                _ = engine.tick(stage.engine.now()) => panic!("the step never ends"),
                () = stepping => {}
            }
            assert_eq!(stage.reason(id).await, Reason::Started);
            stage.clock.pass(limits::LEASE);
        }
        stage.bank.seen();
        stage.tick().await;
        assert_eq!((stage.reason(id).await, stage.bank.seen().len()), (Reason::Internal, 0));
        assert!(stage.connection(id).await.due_at.is_some());
    }
}

#[tokio::test]
async fn an_institution_that_fails_five_times_is_left_alone_but_for_one_probe() {
    for stage in Stage::all().await {
        let mut all = Vec::new();
        for number in 0..8 {
            all.push(stage.connect(&format!("login {number}")).await);
        }
        for _ in 0..5 {
            stage.bank.will([fail(Reason::Down)]);
        }
        stage.tick().await;
        // The other three are told at once, without another knock at the door.
        assert_eq!(stage.bank.seen().len(), 5);
        for id in &all {
            assert_eq!(stage.reason(*id).await, Reason::Down);
        }
        assert!(matches!(stage.engine.health("maple").await.unwrap(), engine::Health::Down { .. }));
        stage.bank.will([fail(Reason::Down)]);
        stage.tick_after(18 * MINUTE).await;
        stage.tick().await;
        assert_eq!(stage.bank.seen().len(), 1, "one probe");
        stage.bank.will([done(vec![checking(1, today())])]);
        stage.tick_after(18 * MINUTE).await;
        assert!(stage.bank.seen().len() > 1, "the probe succeeded and the others follow");
    }
}

#[tokio::test]
async fn no_more_than_the_limit_are_at_one_institution_on_all_nodes() {
    for stage in Stage::all().await {
        for number in 0..10 {
            stage.connect(&format!("login {number}")).await;
            stage.bank.will([Act::Hang]);
        }
        let busy = Options { workers: 8, step_timeout: HOUR, ..options() };
        let (one, other) = (stage.node("node-2", busy).await, stage.node("node-3", busy).await);
        let now = stage.engine.now();
        let both = async { tokio::join!(one.tick(now), other.tick(now)) };
        let _ = Box::pin(tokio::time::timeout(Duration::from_millis(1500), both)).await;
        assert_eq!(stage.bank.seen().len(), limits::INSTITUTION_CONCURRENCY_MAX as usize);
        assert_eq!(stage.count("connection WHERE lease_until IS NOT NULL").await, 4);
        one.hand_back().await;
        other.hand_back().await;
        assert_eq!(stage.count("connection WHERE lease_until IS NOT NULL").await, 0);
    }
}

#[tokio::test]
async fn a_signal_wakes_a_worker_and_a_page_and_a_stop_hands_leases_back() {
    for stage in Stage::all().await {
        let calm = Options { poll: HOUR, workers: 4, step_timeout: HOUR, ..options() };
        // SQLite has one process, whose parts share a store; PostgreSQL carries signals between nodes.
        let node = match stage.database.kind() {
            "sqlite" => engine_on(stage.database.store.clone(), &stage.clock, stage.bank, "node-2", calm),
            _ => stage.node("node-2", calm).await,
        };
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let running = {
            let node = node.clone();
            tokio::spawn(async move { node.run(async { drop(stopped.await) }).await })
        };
        stage.bank.will([Act::Hang]);
        // The listener of PostgreSQL needs a moment; signals before it are lost, as hints may be.
        tokio::time::sleep(Duration::from_millis(300)).await;
        let id = stage.connect("right").await;
        let mut wakes = Box::pin(node.watch(id));
        let mut woken = 0;
        while stage.bank.seen().is_empty() {
            tokio::time::timeout(Duration::from_secs(5), wakes.next()).await.unwrap().unwrap();
            tokio::time::sleep(Duration::from_millis(50)).await;
            woken += 1;
            assert!(woken < 100, "nobody took the work up");
        }
        assert_eq!(stage.count("connection WHERE lease_until IS NOT NULL").await, 1);
        stop.send(()).unwrap();
        running.await.unwrap();
        assert_eq!(stage.count("connection WHERE lease_until IS NOT NULL").await, 0);
        stage.bank.will([done(vec![checking(1, today())])]);
        assert_eq!(stage.tick().await.claimed, 1, "another node goes on at once");
        assert_eq!(stage.reason(id).await, Reason::NewAccounts);
    }
}

#[tokio::test]
async fn a_wrong_key_is_noticed_at_the_start() {
    use engine::{MasterKey, Vault, vault};
    for stage in Stage::all().await {
        stage.connect("right").await;
        stage.engine.check_key().await.unwrap();
        let with = |vault: Vault| {
            let mut parts = crate::stage::parts(
                stage.database.store.clone(),
                &stage.clock,
                stage.bank,
                "node-9",
                options(),
            );
            parts.vault = vault;
            engine::Engine::new(parts)
        };
        let other = || MasterKey::parse(&"ab".repeat(32)).unwrap();
        let right = || MasterKey::parse(crate::stage::KEY).unwrap();
        let missing = with(Vault::new(other(), [])).check_key().await;
        assert!(matches!(missing, Err(Error::Vault(vault::Error::KeyMissing { .. }))), "{missing:?}");
        // Rotated in, with the old one still in the ring; then the old one alone is not enough for what comes.
        with(Vault::new(other(), [right()])).check_key().await.unwrap();
        assert_eq!(stage.count("canary").await, 2);
    }
}

#[tokio::test]
async fn what_a_person_waits_for_comes_before_a_nights_regular_work() {
    for stage in Stage::all().await {
        let mut all = Vec::new();
        for number in 0..12 {
            stage.bank.will([done(vec![checking(1, today())])]);
            all.push(stage.connect(&format!("login {number}")).await);
        }
        stage.tick().await;
        stage.clock.pass(HOUR * 48);
        // All are due since this morning; one of them is asked for now.
        stage.engine.refresh(&stage.client(), "op", all[7]).await.unwrap();
        stage.bank.seen();
        for _ in &all {
            stage.bank.will([done(vec![checking(1, today())])]);
        }
        assert_eq!(stage.tick().await.claimed, 12);
        assert_eq!(stage.bank.seen()[0], "attended begin login 7 memo 1");
    }
}

#[tokio::test]
async fn a_slow_run_that_ends_well_is_told_to_who_began_it() {
    for stage in Stage::all().await {
        stage.bank.will([done(vec![checking(120_000, today())])]);
        let id = stage.connect("right").await;
        stage.tick_after(MINUTE * 3).await;
        assert_eq!(stage.reason(id).await, Reason::NewAccounts);
        assert_eq!(stage.count("outbox").await, 0, "that somebody must decide is told by the bar");
        stage.add_all(id).await;
        let news = async || stage.database.store.reader(&stage.client()).unread(5).await.unwrap();

        for (wait, told) in [(MINUTE / 2, 0), (MINUTE * 2, 1)] {
            stage.clock.pass(HOUR);
            stage.bank.will([done(vec![checking(120_000, today())])]);
            stage.engine.refresh(&stage.client(), "op", id).await.unwrap();
            stage.tick_after(wait).await;
            assert_eq!(stage.reason(id).await, Reason::Ok);
            assert_eq!(news().await.len(), told, "after {wait:?}");
        }
        let message = news().await.remove(0);
        assert_eq!(message.body, "Maple Bank took longer and has sent its newest values.");
        assert_eq!(message.href, format!("/connections/{id}"));

        // A failure is told by the bar for as long as it lasts.
        stage.clock.pass(HOUR);
        stage.bank.will([fail(Reason::Down)]);
        stage.engine.refresh(&stage.client(), "op", id).await.unwrap();
        stage.tick_after(MINUTE * 2).await;
        assert_eq!(stage.reason(id).await, Reason::Down);
        // The night's run is nobody's news, however long it takes.
        stage.bank.will([done(vec![checking(120_000, today())])]);
        stage.clock.set(stage.connection(id).await.due_at.unwrap());
        stage.tick_after(MINUTE * 5).await;
        assert_eq!((stage.reason(id).await, news().await.len()), (Reason::Ok, 1));
        // Two in one house: it is told to whose login it is.
        assert_eq!(stage.count("outbox").await, 1);
    }
}

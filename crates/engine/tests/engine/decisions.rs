//! What clients decide about accounts after they were found: closed, open after all, wanted after all; and how logins
//! at one institution are told apart.

use std::time::Duration;

use domain::{
    AccountId, ConnectionId, Date, Reason,
    account::{AccountKind, Owner},
    attempt::AttemptKind,
    harvest::FoundAccount,
    person::Role,
};
use engine::{Choice, Decision, Error};
use jiff::civil::date;
use store::account::NewByHand;

use crate::{
    scripted::{account, ask, checking, done, done_asking, fail, usd},
    stage::{Stage, answers},
};

const HOUR: Duration = Duration::from_hours(1);

fn today() -> Date {
    date(2026, 11, 23)
}

fn savings() -> FoundAccount {
    account("000987659120", "Rainy Day", AccountKind::Savings, 70_000, today())
}

async fn refreshed(stage: &Stage, id: ConnectionId, accounts: Vec<FoundAccount>) {
    stage.bank.will([done(accounts)]);
    stage.clock.pass(HOUR);
    stage.engine.refresh(&stage.client(), "op", id).await.unwrap();
    assert_eq!(stage.tick().await.stepped, 1);
}

async fn connected(stage: &Stage, password: &str, accounts: Vec<FoundAccount>) -> ConnectionId {
    stage.bank.will([done(accounts)]);
    let id = stage.connect(password).await;
    stage.tick().await;
    id
}

async fn named(stage: &Stage, name: &str) -> AccountId {
    let reader = stage.database.store.reader(&stage.client());
    let accounts = reader.accounts(stage.sample.household.id).await.unwrap();
    accounts.into_iter().find(|listed| listed.account.name == name).unwrap().account.id
}

/// What pages read: with what stands around it.
async fn seen(stage: &Stage, id: ConnectionId) -> domain::connection::Connection {
    stage.database.store.reader(&stage.client()).connection(id).await.unwrap()
}

async fn missing(stage: &Stage) -> (ConnectionId, AccountId) {
    let id = connected(stage, "right", vec![checking(120_000, today()), savings()]).await;
    stage.add_all(id).await;
    for _ in 0..3 {
        refreshed(stage, id, vec![checking(120_000, today())]).await;
    }
    assert_eq!(stage.reason(id).await, Reason::AccountMissing);
    (id, named(stage, "Rainy Day").await)
}

#[tokio::test]
async fn a_missing_account_is_named_and_closing_it_settles_the_connection() {
    for stage in Stage::all().await {
        let (id, account) = missing(&stage).await;
        assert_eq!(seen(&stage, id).await.around.missing, ["Rainy Day •••9120"]);
        let (engine, client) = (&stage.engine, stage.client());
        let still = named(&stage, "Everyday Checking").await;
        let listed = engine.close_account(&client, "op", id, still).await;
        assert!(matches!(listed, Err(Error::Decision)), "one that is listed isn't closed: {listed:?}");
        let advisor = engine.close_account(&stage.sample.as_advisor(), "op", id, account).await;
        assert!(matches!(advisor, Err(Error::Forbidden)), "{advisor:?}");

        let before = stage.count("audit").await;
        let (one, other) = tokio::join!(
            engine.close_account(&client, "op", id, account),
            engine.close_account(&client, "op", id, account)
        );
        one.unwrap();
        other.unwrap();
        assert_eq!(stage.count("audit WHERE action = 'account.closed'").await, 1, "{before}");
        let connection = seen(&stage, id).await;
        assert_eq!((connection.reason, connection.around.missing.len()), (Reason::Ok, 0));
        assert!(connection.due_at.is_some(), "the others still update");
        assert_eq!(stage.count("account WHERE closed_on = '2026-11-23' AND amount = 70000").await, 1);
        assert_eq!(stage.count("account_value").await, 2, "its history stays");
        assert_eq!(stage.count("net_worth_day WHERE assets = 120000").await, 1, "it no longer counts");
        // It keeps nothing amber from now on.
        refreshed(&stage, id, vec![checking(120_000, today())]).await;
        assert_eq!(stage.reason(id).await, Reason::Ok);
    }
}

#[tokio::test]
async fn a_closed_account_that_is_listed_again_lives_again_and_the_client_is_told() {
    for stage in Stage::all().await {
        let (id, account) = missing(&stage).await;
        stage.engine.close_account(&stage.client(), "op", id, account).await.unwrap();
        refreshed(&stage, id, vec![checking(120_000, today()), savings()]).await;
        assert_eq!(stage.reason(id).await, Reason::Ok);
        assert_eq!(stage.count("account WHERE closed_on IS NOT NULL").await, 0);
        assert_eq!(stage.count("net_worth_day WHERE assets = 190000").await, 1);
        assert_eq!(stage.count("audit WHERE action = 'account.listed_again'").await, 1);
        assert_eq!(stage.count("outbox WHERE topic = 'account_listed_again'").await, 1);
    }
}

#[tokio::test]
async fn a_word_about_a_closed_account_can_be_taken_back() {
    for stage in Stage::all().await {
        let (id, account) = missing(&stage).await;
        let (engine, client) = (&stage.engine, stage.client());
        engine.close_account(&client, "op", id, account).await.unwrap();
        engine.reopen_account(&client, "op", id, account).await.unwrap();
        engine.reopen_account(&client, "op", id, account).await.unwrap();
        assert_eq!(stage.reason(id).await, Reason::AccountMissing);
        assert_eq!(stage.count("net_worth_day WHERE assets = 190000").await, 1);
        assert_eq!(stage.count("audit WHERE action = 'account.reopened'").await, 1);
    }
}

#[tokio::test]
async fn what_was_left_out_is_offered_again_and_fetched_once_it_is_added() {
    for stage in Stage::all().await {
        let id = connected(&stage, "right", vec![checking(120_000, today()), savings()]).await;
        let (engine, client) = (&stage.engine, stage.client());
        let found = stage.progress(id).await.found;
        let all = found.iter().map(|found| Decision { account: found.id, choice: Choice::LeaveOut });
        engine.review(&client, "op", id, all.collect()).await.unwrap();
        let connection = seen(&stage, id).await;
        assert_eq!((connection.reason, connection.around.left_out), (Reason::Ok, 2));
        let runs = stage.database.store.reader(&client).attempts(id, 1).await.unwrap();
        assert_eq!(runs[0].added, Some(0));

        // Neither the daily run nor a search for new accounts brings them back unasked.
        stage.bank.will([done(vec![checking(120_000, today()), savings()])]);
        engine.find_new(&client, "op", id).await.unwrap();
        stage.tick().await;
        assert_eq!(stage.reason(id).await, Reason::Ok);

        let account = found.iter().find(|found| found.name == "Rainy Day").unwrap().id;
        engine.offer_again(&client, "op", id, account).await.unwrap();
        engine.offer_again(&client, "op", id, account).await.unwrap();
        let connection = seen(&stage, id).await;
        assert_eq!((connection.reason, connection.around.found), (Reason::NewAccounts, 1));
        assert!(stage.bank.seen().len() < 3, "the institution was not asked for it");
        stage.clock.pass(HOUR);
        stage.add_all(id).await;
        // Its values were not kept, so they are fetched now.
        let progress = stage.progress(id).await;
        assert_eq!(progress.attempt.unwrap().kind, AttemptKind::Refresh);
        stage.bank.will([done(vec![checking(120_000, today()), savings()])]);
        stage.tick().await;
        assert_eq!(stage.reason(id).await, Reason::Ok);
        assert_eq!(stage.count("net_worth_day WHERE assets = 70000").await, 1);
        assert_eq!(stage.count("account WHERE standing = 'left_out'").await, 1);
    }
}

#[tokio::test]
async fn the_first_run_is_told_with_what_was_added_of_it() {
    for stage in Stage::all().await {
        let id = connected(&stage, "right", vec![checking(1, today()), savings()]).await;
        let around = seen(&stage, id).await.around;
        assert_eq!((around.added, around.found), (0, 2));
        stage.add_all(id).await;
        let run = stage.database.store.reader(&stage.client()).attempts(id, 1).await.unwrap().remove(0);
        assert_eq!(
            (run.kind, run.outcome, run.added),
            (AttemptKind::Connect, Some(Reason::NewAccounts), Some(2))
        );
        let around = seen(&stage, id).await.around;
        assert_eq!((around.added, around.found), (2, 0));
    }
}

#[tokio::test]
async fn where_a_code_is_asked_each_time_nothing_is_due_by_itself() {
    for stage in Stage::all().await {
        stage.bank.will([ask(domain::challenge::QuestionKind::Code, None, false)]);
        let id = stage.connect("right").await;
        stage.tick().await;
        let challenge = stage.progress(id).await.challenge.unwrap();
        stage.engine.answer(&stage.client(), "op", challenge.id, answers("1")).await.unwrap();
        stage.bank.will([done_asking(vec![checking(1, today())])]);
        stage.tick().await;
        assert_eq!(stage.connection(id).await.due_at, None);
        stage.add_all(id).await;
        let connection = stage.connection(id).await;
        assert_eq!((connection.reason, connection.due_at), (Reason::AttendedOnly, None));
        assert!(stage.tick_after(100 * HOUR).await.is_idle(), "no code is sent at night");
        // An outage during the client's own refresh promises another try, which finds out whether it is over.
        stage.engine.refresh(&stage.client(), "op", id).await.unwrap();
        stage.bank.will([fail(Reason::Down), fail(Reason::AttendedOnly)]);
        stage.tick().await;
        assert_eq!(stage.reason(id).await, Reason::Down);
        stage.tick_after(HOUR).await;
        assert_eq!((stage.reason(id).await, stage.connection(id).await.due_at), (Reason::AttendedOnly, None));
        // Once the institution remembers, it updates by itself again.
        stage.engine.refresh(&stage.client(), "op", id).await.unwrap();
        stage.bank.will([done(vec![checking(1, today())])]);
        stage.tick().await;
        let connection = stage.connection(id).await;
        assert_eq!((connection.reason, connection.due_at.is_some()), (Reason::Ok, true));
    }
}

#[tokio::test]
async fn two_logins_at_one_institution_are_told_apart() {
    for stage in Stage::all().await {
        let first = connected(&stage, "one", vec![checking(1, today())]).await;
        assert_eq!(seen(&stage, first).await.name(), "Maple Bank", "alone it needs no more");
        stage.add_all(first).await;
        let second = connected(&stage, "two", vec![savings()]).await;
        assert_eq!(seen(&stage, first).await.name(), "Maple Bank (•••6789)");
        assert_eq!(seen(&stage, second).await.name(), "Maple Bank (second login)");
        stage.add_all(second).await;
        assert_eq!(seen(&stage, second).await.name(), "Maple Bank (•••9120)");
        // Another member of the household: by name.
        let partner = stage.sample.add(&stage.database.store, Role::CoClient, "Samuel").await;
        let own = store::testing::subject(&partner);
        let new = engine::NewConnection {
            offering: "maple".to_owned(),
            login: crate::stage::login("three"),
            form_key: "three".to_owned(),
        };
        let third = stage.engine.connect(&own, "op", new).await.unwrap();
        let first_name = partner.name.split_whitespace().next().unwrap();
        assert_eq!(seen(&stage, third).await.name(), format!("Maple Bank ({first_name})"));
        let all = stage.database.store.reader(&stage.client()).connections(stage.sample.household.id).await;
        let mut names: Vec<String> = all.unwrap().iter().map(domain::connection::Connection::name).collect();
        names.dedup();
        assert_eq!(names.len(), 3, "{names:?}");
        let staff = stage.database.store.reader(&stage.sample.as_advisor()).all_connections().await.unwrap();
        assert!(staff.iter().all(|connection| names.contains(&connection.name())), "{names:?}");
    }
}

#[tokio::test]
async fn a_link_is_proposed_only_where_digits_or_value_agree() {
    for stage in Stage::all().await {
        let by_hand = async |name: &str, minor| {
            let mut tx = stage
                .database
                .store
                .begin(&stage.sample.by_client(), "op", stage.engine.now())
                .await
                .unwrap();
            let new = NewByHand {
                household: stage.sample.household.id,
                form_key: name,
                kind: AccountKind::Savings,
                owner: Owner::Client,
                name,
                institution: "Maple Bank",
                counted: true,
                value: usd(minor),
                as_of: today(),
            };
            let id = tx.add_by_hand(new).await.unwrap();
            tx.commit().await.unwrap();
            id
        };
        let far = by_hand("Old savings", 31_000).await;
        let id = connected(&stage, "one", vec![savings()]).await;
        let suggested = async |id| {
            let suggestions = stage.engine.suggestions(&stage.client(), id).await.unwrap();
            let linkable: Vec<AccountId> = suggestions[0].linkable.iter().map(|account| account.id).collect();
            (suggestions[0].suggested, linkable)
        };
        assert_eq!(suggested(id).await, (None, vec![far]), "kind and institution alone are no sign");
        let near = by_hand("Savings 9120", 31_000).await;
        assert_eq!(suggested(id).await.0, Some(near));
        stage.add_all(id).await;
        // An account that another login brings is no target.
        let other =
            connected(&stage, "two", vec![account("5", "More", AccountKind::Savings, 1, today())]).await;
        let (_, linkable) = suggested(other).await;
        assert!(linkable.len() == 2 && linkable.contains(&far) && linkable.contains(&near), "{linkable:?}");
    }
}

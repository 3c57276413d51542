//! What is forgotten when, and by how many nodes.

use std::time::Duration;

use domain::{
    ConnectionId, Timestamp,
    account::{AccountKind, Owner},
    audit::Doer,
    challenge::QuestionKind,
    limits,
    world::Clock as _,
};
use jiff::civil::date;
use store::{
    account::{NewByHand, UNDO_FOR},
    housekeeping::Deleted,
};

use crate::{
    scripted::{ask, checking, done, usd},
    stage::{Stage, answers, options},
};

const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// Leaves something of everything that is forgotten one day.
async fn use_the_portal(stage: &Stage) -> ConnectionId {
    let sample = &stage.sample;
    let mut tx = stage.database.store.begin(&sample.by_client(), "op", stage.clock.now()).await.unwrap();
    tx.start_session(&sample.client, &[1; 32], "A browser").await.unwrap();
    tx.count_sign_in_try(&[2; 32]).await.unwrap();
    tx.invite(&sample.household, sample.advisor.id, "Ruth", "ruth@example.com", &[3; 32]).await.unwrap();
    tx.commit().await.unwrap();
    stage.bank.will([ask(QuestionKind::Text, None, false), done(vec![checking(1_000, date(2026, 11, 23))])]);
    let id = stage.connect("right").await;
    stage.tick().await;
    let challenge = stage.progress(id).await.challenge.unwrap();
    stage.engine.answer(&stage.client(), "op", challenge.id, answers("x")).await.unwrap();
    stage.tick().await;
    stage.add_all(id).await;
    id
}

/// Accounts kept by hand: one stays, the other one is deleted, with something of everything that an account has.
async fn delete_an_account(stage: &Stage) {
    let mut tx =
        stage.database.store.begin(&stage.sample.by_client(), "op", stage.clock.now()).await.unwrap();
    let mut ids = Vec::new();
    for form_key in ["stays", "goes"] {
        let new = NewByHand {
            household: stage.sample.household.id,
            form_key,
            kind: AccountKind::RealEstate,
            owner: Owner::Joint,
            name: form_key,
            institution: "",
            counted: true,
            value: usd(45_000_000),
            as_of: date(2026, 11, 23),
        };
        ids.push(tx.add_by_hand(new).await.unwrap());
    }
    tx.commit().await.unwrap();
    let reader = stage.database.store.reader(&stage.client());
    let account = reader.account(ids[1]).await.unwrap().account;
    let mut tx =
        stage.database.store.begin(&stage.sample.by_client(), "op", stage.clock.now()).await.unwrap();
    tx.delete_account(&account).await.unwrap();
    tx.commit().await.unwrap();
    let id = account.id;
    let rows = format!(
        "INSERT INTO entry (account_id, entry_key, posted_on, amount, payee, memo, detail, pending, first_seen_at)
             VALUES ('{id}', 'k', '2026-11-20', 1, '', '', '', false, 0);
         INSERT INTO holding (account_id, position, security_id, symbol, name, kind, quantity, amount)
             VALUES ('{id}', 1, 's', 's', 's', 'stock', '1', 1)"
    );
    store::testing::execute(&stage.database.url, &rows).await;
}

#[tokio::test]
async fn what_is_no_longer_needed_is_forgotten_in_its_time() {
    for stage in Stage::all().await {
        let begun = stage.clock.now();
        let count = async |what: &str| stage.count(what).await;
        let at = async |after: Duration| {
            stage.clock.set(begun + after);
            stage.tick().await;
        };
        use_the_portal(&stage).await;
        delete_an_account(&stage).await;
        assert_eq!((count("session").await, count("sign_in_guard").await), (1, 1));

        // Before its time nothing is touched.
        at(29 * HOUR / 60).await;
        assert_eq!((count("session").await, count("sign_in_guard").await), (1, 1));
        at(25 * HOUR).await;
        assert_eq!((count("session").await, count("sign_in_guard").await), (0, 0));

        at(29 * DAY).await;
        assert_eq!(count("account WHERE deleted_at IS NOT NULL").await, 1);
        assert_eq!(count("challenge").await, 1);
        at(UNDO_FOR + HOUR).await;
        assert_eq!(count("account WHERE deleted_at IS NOT NULL").await, 0);
        for table in ["account_value", "holding", "entry"] {
            assert_eq!(count(&format!("{table} WHERE account_id NOT IN (SELECT id FROM account)")).await, 0);
        }
        assert_eq!((count("account WHERE name = 'stays'").await, count("account_value").await), (1, 2));
        let told = "audit a JOIN household h ON h.id = a.household_id AND h.firm_id = a.firm_id
                    WHERE a.action = 'account.erased' AND a.doer = 'housekeeping'";
        assert_eq!(count(told).await, 1);
        assert_eq!(count("audit WHERE action = 'account.deleted'").await, 1, "the trail stays");
        assert_eq!(count("challenge").await, 0);

        let link = || stage.database.store.visitor();
        at(36 * DAY).await;
        assert!(link().invitation(&[3; 32]).await.unwrap().is_some(), "its page tells that it ran out");
        at(limits::INVITATION_LIFETIME + limits::INVITATION_LINKS_KEPT + HOUR).await;
        assert!(link().invitation(&[3; 32]).await.unwrap().is_none());
        assert_eq!(count("invitation").await, 1);

        let runs = count("attempt").await;
        assert_eq!(runs, 6, "the first and some regular ones");
        at(364 * DAY).await;
        assert_eq!(count("attempt").await, runs + 1);
        at(limits::ATTEMPTS_KEPT + 60 * DAY).await;
        assert_eq!(count("attempt").await, 2, "today's and the one of two months ago");
    }
}

#[tokio::test]
async fn the_latest_run_of_a_connection_stays_for_ever() {
    for stage in Stage::all().await {
        let id = use_the_portal(&stage).await;
        stage.engine.disconnect(&stage.client(), "op", id).await.unwrap();
        stage.tick_after(3 * limits::ATTEMPTS_KEPT).await;
        assert_eq!(stage.count("attempt").await, 1);
        assert!(stage.progress(id).await.attempt.is_some());
    }
}

#[tokio::test]
async fn of_several_nodes_one_keeps_house() {
    for stage in Stage::all().await {
        let (store, now) = (stage.database.store.engine(), stage.clock.now());
        let other = stage.database.another().await;
        let claims = async |at: Timestamp| {
            let others = other.engine();
            let (one, two) =
                tokio::join!(store.claim_housekeeping(at, HOUR), others.claim_housekeeping(at, HOUR));
            u32::from(one.unwrap()) + u32::from(two.unwrap())
        };
        assert_eq!(Box::pin(claims(now)).await, 1);
        assert_eq!(Box::pin(claims(now + HOUR / 2)).await, 0);
        assert_eq!(Box::pin(claims(now + HOUR)).await, 1);

        // Nodes that work at the same time erase an account once.
        delete_an_account(&stage).await;
        let node = stage.node("node-2", options()).await;
        stage.clock.pass(UNDO_FOR + HOUR);
        let now = stage.clock.now();
        let (one, two) = tokio::join!(stage.engine.tick(now), node.tick(now));
        assert_eq!([one.unwrap().broken, two.unwrap().broken], [0, 0]);
        assert_eq!(stage.count("audit WHERE action = 'account.erased'").await, 1);

        // One that was brought back after it was listed stays.
        let account =
            stage.database.store.reader(&stage.client()).all_accounts().await.unwrap().remove(0).account;
        let (id, household, firm) = (account.id, account.household, stage.sample.firm.id);
        let mut tx = stage.database.store.begin(&Doer::Housekeeping, "op", stage.clock.now()).await.unwrap();
        let refused = tx.erase_account(Deleted { id, household, firm }).await;
        assert!(matches!(refused, Err(store::Error::Conflict)), "{refused:?}");
    }
}

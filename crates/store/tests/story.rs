//! One story through the nouns, told on both databases.

use std::time::Duration;

use domain::{
    Money, Timestamp,
    account::{AccountKind, Owner, Standing},
    audit::Doer,
    invitation::Opening,
    limits,
    networth::NetWorthPoint,
    person::Role,
};
use jiff::civil::date;
use store::{
    Error, Store, Topic,
    account::{Change, NewByHand, UNDO_FOR},
    guard::Try,
    outbox::News,
    testing::{self, Sample, now},
    wish::Kind,
};

const HOUR: Duration = Duration::from_hours(1);

fn usd(minor: i64) -> Money {
    Money { minor, currency: domain::Currency::USD }
}

async fn begin(store: &Store, doer: &Doer, at: Timestamp) -> store::Tx {
    store.begin(doer, "story", at).await.unwrap()
}

fn house(sample: &Sample, form_key: &'static str) -> NewByHand<'static> {
    NewByHand {
        household: sample.household.id,
        form_key,
        kind: AccountKind::RealEstate,
        owner: Owner::Joint,
        name: "The house",
        institution: "",
        counted: true,
        value: usd(45_000_000),
        as_of: date(2026, 11, 20),
    }
}

#[tokio::test]
async fn an_invitation_becomes_a_login_once() {
    for database in testing::databases().await {
        let store = &database.store;
        let sample = Sample::new(store, "Oak").await;
        let advisor = Doer::Person(sample.as_advisor());
        let mut tx = begin(store, &advisor, now()).await;
        let hash = [7; 32];
        let invitation =
            tx.invite(&sample.household, sample.advisor.id, "Ruth", "ruth@example.com", &hash).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(store.visitor().invitation(&hash).await.unwrap().as_ref(), Some(&invitation));
        assert_eq!(store.visitor().invitation(&[8; 32]).await.unwrap(), None);

        let late = now() + limits::INVITATION_LIFETIME;
        assert_eq!(invitation.opening(late), Opening::Expired);
        let mut tx = begin(store, &Doer::Visitor, late).await;
        assert!(matches!(tx.register(&hash, "Ruth", "ruth@example.com", "$h$").await, Err(Error::Conflict)));
        drop(tx);
        let mut tx = begin(store, &Doer::Visitor, late).await;
        tx.ask_for_new_invitation(&invitation).await.unwrap();
        tx.commit().await.unwrap();
        let news = store.reader(&sample.as_advisor()).unread(10).await.unwrap();
        assert_eq!(news.len(), 1);
        assert_eq!(news[0].body, "Ruth asks for a new invitation.");

        let renewed = [9; 32];
        let mut tx = begin(store, &advisor, late).await;
        tx.renew_invitation(&invitation, &renewed).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(store.visitor().invitation(&hash).await.unwrap(), None, "the old link ended");

        let mut tx = begin(store, &Doer::Visitor, late).await;
        let ruth = tx.register(&renewed, "Ruth Kim", "ruth@example.com", "$h$").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!((ruth.role, ruth.household), (Role::CoClient, Some(sample.household.id)));
        assert_eq!(store.visitor().login("ruth@example.com").await.unwrap().unwrap().person, ruth);
        let used = store.visitor().invitation(&renewed).await.unwrap().unwrap();
        assert_eq!(used.opening(late), Opening::Used);
        let mut tx = begin(store, &Doer::Visitor, late).await;
        assert!(matches!(tx.register(&renewed, "Eve", "eve@example.com", "$h$").await, Err(Error::Conflict)));
        drop(tx);
        assert_eq!(store.reader(&sample.as_advisor()).people(sample.household.id).await.unwrap().len(), 2);
    }
}

#[tokio::test]
async fn the_first_who_registers_is_the_client() {
    for database in testing::databases().await {
        let store = &database.store;
        let sample = Sample::new(store, "Oak").await;
        let mut tx = begin(store, &Doer::Person(sample.as_advisor()), now()).await;
        let household = tx.add_household(sample.firm.id, "New", sample.advisor.id).await.unwrap();
        tx.invite(&household, sample.advisor.id, "A", "a@example.com", &[1; 32]).await.unwrap();
        tx.invite(&household, sample.advisor.id, "B", "b@example.com", &[2; 32]).await.unwrap();
        tx.commit().await.unwrap();
        let register = async |hash: [u8; 32], email: &'static str| {
            let mut tx = begin(store, &Doer::Visitor, now()).await;
            let person = tx.register(&hash, "N", email, "$h$").await.unwrap();
            tx.commit().await.unwrap();
            person.role
        };
        let (one, other) =
            tokio::join!(register([1; 32], "a@example.com"), register([2; 32], "b@example.com"));
        let mut roles = [one, other];
        roles.sort_by_key(|role| role.code());
        assert_eq!(roles, [Role::Client, Role::CoClient], "{database:?}");
    }
}

#[tokio::test]
async fn a_session_holds_until_it_is_idle_old_or_ended() {
    for database in testing::databases().await {
        let store = &database.store;
        let sample = Sample::new(store, "Oak").await;
        let mut tx = begin(store, &Doer::Visitor, now()).await;
        let first = tx.start_session(&sample.client, &[1; 32], "Firefox\u{7}").await.unwrap();
        let second = tx.start_session(&sample.client, &[2; 32], "Safari").await.unwrap();
        tx.commit().await.unwrap();
        let visitor = store.visitor();
        let signed = visitor.session(&[1; 32], now()).await.unwrap().unwrap();
        assert_eq!((signed.person, signed.firm), (sample.client.clone(), sample.firm.clone()));
        assert_eq!(signed.subject.through, domain::audit::Through::Session(first));
        assert_eq!(visitor.session(&[3; 32], now()).await.unwrap(), None);

        // Used every 20 minutes, one session lives for twelve hours; the other one idles out.
        let mut at = now();
        while at < now() + 11 * HOUR {
            at += Duration::from_mins(20);
            assert!(visitor.session(&[1; 32], at).await.unwrap().is_some(), "{database:?} {at}");
        }
        assert_eq!(visitor.session(&[2; 32], at).await.unwrap(), None);
        assert_eq!(visitor.session(&[1; 32], now() + limits::SESSION_LIFETIME_MAX).await.unwrap(), None);

        let reader = store.reader(&signed.subject);
        let listed = reader.sessions(now()).await.unwrap();
        assert_eq!(listed.len(), 2);
        assert_eq!(listed[0].agent, "Firefox");
        let mut tx = begin(store, &Doer::Person(signed.subject.clone()), now()).await;
        assert_eq!(tx.end_other_sessions(sample.client.id, first).await.unwrap(), 1);
        tx.end_session(sample.client.id, second).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(reader.sessions(now()).await.unwrap().len(), 1);
        assert_eq!(visitor.forget_sessions(now() + 24 * HOUR).await.unwrap(), 1);
    }
}

#[tokio::test]
async fn guesses_wait_longer_and_longer() {
    for database in testing::databases().await {
        let store = &database.store;
        let mut at = now();
        let tried = async |at: Timestamp| {
            let mut tx = begin(store, &Doer::Visitor, at).await;
            let tried = tx.count_sign_in_try(&[5; 32]).await.unwrap();
            tx.commit().await.unwrap();
            tried
        };
        let mut waits = Vec::new();
        for _ in 0..6 {
            let Try::Allowed { next } = tried(at).await else { panic!("{database:?}: refused at {at}") };
            waits.push(next.as_second() - at.as_second());
            if next > at {
                assert_eq!(tried(at).await, Try::Wait { until: next }, "{database:?}");
            }
            at = next;
        }
        assert_eq!(waits, [0, 0, 5, 10, 20, 40], "{database:?}");
        let mut tx = begin(store, &Doer::Visitor, at).await;
        tx.clear_sign_in_tries(&[5; 32]).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(tried(at).await, Try::Allowed { next: at });
        assert_eq!(store.visitor().forget_sign_in_tries(at + 25 * HOUR).await.unwrap(), 1);
    }
}

#[tokio::test]
async fn a_token_reads_until_it_is_revoked() {
    for database in testing::databases().await {
        let store = &database.store;
        let sample = Sample::new(store, "Oak").await;
        let mut tx = begin(store, &sample.by_client(), now()).await;
        let id = tx.add_token(sample.client.id, "Spreadsheet", "read", &[1; 32]).await.unwrap();
        tx.commit().await.unwrap();
        let reader = store.reader(&sample.as_client());
        assert_eq!(reader.tokens().await.unwrap()[0].last_used_at, None);

        let used = |after: u64| now() + Duration::from_secs(after);
        let last_used = async || reader.tokens().await.unwrap()[0].last_used_at.unwrap();
        let bearer = store.visitor().token(&[1; 32], used(0)).await.unwrap().unwrap();
        assert_eq!((bearer.signed.person, &*bearer.scope), (sample.client.clone(), "read"));
        store.visitor().token(&[1; 32], used(59)).await.unwrap().unwrap();
        assert_eq!(last_used().await, used(0), "written once a minute");
        store.visitor().token(&[1; 32], used(60)).await.unwrap().unwrap();
        assert_eq!(last_used().await, used(60));

        let mut tx = begin(store, &sample.by_client(), now()).await;
        assert!(matches!(tx.revoke_token(sample.advisor.id, id).await, Err(Error::Conflict)));
        drop(tx);
        let mut tx = begin(store, &sample.by_client(), now()).await;
        tx.revoke_token(sample.client.id, id).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(store.visitor().token(&[1; 32], now()).await.unwrap(), None);
        assert_eq!(reader.tokens().await.unwrap(), []);

        let mut tx = begin(store, &sample.by_client(), now()).await;
        for number in 0..limits::TOKENS_MAX as u8 {
            tx.add_token(sample.client.id, "T", "read", &[100 + number; 32]).await.unwrap();
        }
        let one_over = tx.add_token(sample.client.id, "T", "read", &[99; 32]).await;
        assert!(matches!(one_over, Err(Error::Full { max: limits::TOKENS_MAX })));
    }
}

#[tokio::test]
async fn an_account_by_hand_lives_with_its_history_and_net_worth() {
    for database in testing::databases().await {
        let store = &database.store;
        let sample = Sample::new(store, "Oak").await;
        let reader = store.reader(&sample.as_client());
        let household = sample.household.id;
        let mut signals = store.signals();

        let mut tx = begin(store, &sample.by_client(), now()).await;
        let id = tx.add_by_hand(house(&sample, "form-1")).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(signals.recv().await.unwrap(), Topic::Household(household));
        let mut tx = begin(store, &sample.by_client(), now()).await;
        assert_eq!(
            tx.add_by_hand(house(&sample, "form-1")).await.unwrap(),
            id,
            "the same form makes one account"
        );
        tx.commit().await.unwrap();

        let listed = reader.accounts(household).await.unwrap();
        assert_eq!(listed.len(), 1);
        let account = &listed[0].account;
        assert_eq!((account.id, account.standing, account.version), (id, Standing::Added, 1));
        assert_eq!(account.value.unwrap().amount, usd(45_000_000));
        assert_eq!(account.value.unwrap().updated_at, now());
        assert_eq!(listed[0].connection, None);

        // A later value is the latest, an earlier one only history.
        let later = now() + 24 * HOUR;
        let mut tx = begin(store, &sample.by_client(), later).await;
        tx.set_value(account, 46_000_000, date(2026, 11, 24)).await.unwrap();
        tx.commit().await.unwrap();
        let read = reader.account(id).await.unwrap().account;
        let mut tx = begin(store, &sample.by_client(), later).await;
        tx.set_value(&read, 40_000_000, date(2026, 1, 1)).await.unwrap();
        tx.commit().await.unwrap();
        let read = reader.account(id).await.unwrap().account;
        assert_eq!((read.value.unwrap().amount, read.version), (usd(46_000_000), 3));
        let points: Vec<_> = reader
            .values(id, date(2026, 1, 1))
            .await
            .unwrap()
            .iter()
            .map(|point| point.amount.minor)
            .collect();
        assert_eq!(points, [40_000_000, 45_000_000, 46_000_000], "{database:?}");
        assert_eq!(reader.values(id, date(2026, 11, 21)).await.unwrap().len(), 1);

        // Who read an older version loses.
        let mut tx = begin(store, &sample.by_client(), later).await;
        assert!(matches!(tx.set_value(account, 1, date(2026, 11, 24)).await, Err(Error::Conflict)));
        assert!(matches!(tx.delete_account(account).await, Err(Error::Conflict)));
        drop(tx);

        let change = Change {
            name: "Home",
            owner: Owner::Client,
            counted: false,
            by_hand: Some((AccountKind::OtherAsset, "Town")),
        };
        let mut tx = begin(store, &sample.by_client(), later).await;
        tx.change_account(&read, change).await.unwrap();
        tx.commit().await.unwrap();
        let read = reader.account(id).await.unwrap().account;
        assert_eq!((&*read.name, read.owner, read.counted), ("Home", Owner::Client, false));
        assert_eq!((read.kind, &*read.institution), (AccountKind::OtherAsset, "Town"));
        // What doesn't count is not in net worth: yesterday's point stays, today's is gone.
        let history = reader.net_worth_history(household, date(2026, 1, 1)).await.unwrap();
        let point = NetWorthPoint { day: date(2026, 11, 23), assets: usd(45_000_000), debts: usd(0) };
        let dated_back = NetWorthPoint { day: date(2026, 1, 1), assets: usd(40_000_000), ..point };
        // From the day on that its value was given for.
        let first = NetWorthPoint { day: date(2026, 11, 20), ..point };
        assert_eq!(history, [dated_back, first, point], "{database:?}");

        let mut tx = begin(store, &sample.by_client(), later).await;
        tx.delete_account(&read).await.unwrap();
        tx.commit().await.unwrap();
        assert!(matches!(reader.account(id).await, Err(Error::NotFound)));
        assert_eq!(reader.accounts(household).await.unwrap(), []);
        assert_eq!(reader.values(id, date(2026, 1, 1)).await.unwrap(), []);
        assert_eq!(reader.deleted_accounts(household, later).await.unwrap().len(), 1);
        let mut tx = begin(store, &sample.by_client(), later + UNDO_FOR).await;
        assert!(matches!(tx.undo_delete(household, id).await, Err(Error::Conflict)), "too late");
        drop(tx);
        let mut tx = begin(store, &sample.by_client(), later).await;
        tx.undo_delete(household, id).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(reader.account(id).await.unwrap().account.name, "Home");
    }
}

#[tokio::test]
async fn assets_and_debts_add_up_by_day() {
    for database in testing::databases().await {
        let store = &database.store;
        let sample = Sample::new(store, "Oak").await;
        let mut tx = begin(store, &sample.by_client(), now()).await;
        tx.add_by_hand(house(&sample, "a")).await.unwrap();
        let loan = NewByHand { kind: AccountKind::Mortgage, value: usd(-30_000_000), ..house(&sample, "b") };
        tx.add_by_hand(loan).await.unwrap();
        let yen = Money { minor: 5, currency: "JPY".parse().unwrap() };
        tx.add_by_hand(NewByHand { value: yen, ..house(&sample, "c") }).await.unwrap();
        tx.commit().await.unwrap();
        let point =
            NetWorthPoint { day: date(2026, 11, 23), assets: usd(45_000_000), debts: usd(-30_000_000) };
        let reader = store.reader(&sample.as_client());
        let first = NetWorthPoint { day: date(2026, 11, 20), ..point };
        let history = reader.net_worth_history(sample.household.id, date(2026, 1, 1)).await.unwrap();
        assert_eq!(history, [first, point], "{database:?}");

        // The firm's day, not that of UTC: at 04:30 UTC it is still Monday in New York.
        let night = "2026-11-24T04:30:00Z".parse().unwrap();
        let mut tx = begin(store, &sample.by_client(), night).await;
        tx.add_by_hand(NewByHand { value: usd(100), ..house(&sample, "d") }).await.unwrap();
        tx.commit().await.unwrap();
        let history = reader.net_worth_history(sample.household.id, date(2026, 1, 1)).await.unwrap();
        let more = |point| NetWorthPoint { assets: usd(45_000_100), ..point };
        assert_eq!(history, [more(first), more(point)], "{database:?}");
    }
}

#[tokio::test]
async fn a_value_that_is_dated_back_changes_the_days_since() {
    for database in testing::databases().await {
        let (store, day) = (&database.store, |day| date(2026, 11, day));
        let sample = Sample::new(store, "Oak").await;
        let (reader, household) = (store.reader(&sample.as_client()), sample.household.id);
        let by_hand = |form_key, value, as_of| NewByHand { value, as_of, ..house(&sample, form_key) };
        let add = async |days: u32, new: NewByHand<'_>| {
            let mut tx = begin(store, &sample.by_client(), now() + days * 24 * HOUR).await;
            let id = tx.add_by_hand(new).await.unwrap();
            tx.commit().await.unwrap();
            id
        };
        let set = async |days: u32, id, minor, as_of| {
            let account = reader.account(id).await.unwrap().account;
            let mut tx = begin(store, &sample.by_client(), now() + days * 24 * HOUR).await;
            tx.set_value(&account, minor, as_of).await.unwrap();
            tx.commit().await.unwrap();
        };
        let points = async || -> Vec<(i8, i64, i64)> {
            let history = reader.net_worth_history(household, date(2026, 1, 1)).await.unwrap();
            history.iter().map(|point| (point.day.day(), point.assets.minor, point.debts.minor)).collect()
        };
        let car = add(0, by_hand("car", usd(1_000), day(23))).await;
        add(0, by_hand("loan", usd(-300), day(23))).await;
        set(1, car, 1_100, day(24)).await;
        assert_eq!(points().await, [(23, 1_000, -300), (24, 1_100, -300)]);

        // Known from the 20th on, when nothing else was.
        let home = add(2, by_hand("home", usd(50_000), day(20))).await;
        let begun = [(20, 50_000, 0), (23, 51_000, -300), (24, 51_100, -300), (25, 51_100, -300)];
        assert_eq!(points().await, begun, "{database:?}");
        // A later value changes what comes after it, one in between what lies between.
        set(2, home, 60_000, day(24)).await;
        set(2, home, 40_000, day(21)).await;
        assert_eq!(
            points().await,
            [(20, 50_000, 0), (21, 40_000, 0), (23, 41_000, -300), (24, 61_100, -300), (25, 61_100, -300)],
            "{database:?}"
        );
        // The same day again, now as a debt.
        set(2, home, -5, day(21)).await;
        assert_eq!(points().await[1..3], [(21, 0, -5), (23, 1_000, -305)], "{database:?}");

        // What doesn't count, or not in these sums, changes nothing; the largest amount is no error.
        let before = points().await;
        add(2, NewByHand { counted: false, ..by_hand("boat", usd(7), day(22)) }).await;
        let yen = Money { minor: 5, currency: "JPY".parse().unwrap() };
        add(2, by_hand("abroad", yen, day(22))).await;
        assert_eq!(points().await, before, "{database:?}");
        add(2, by_hand("gold", usd(i64::MAX), day(22))).await;
        add(2, by_hand("more gold", usd(i64::MAX), day(22))).await;
        assert_eq!(points().await[2], (22, i64::MAX, -5), "{database:?}");
    }
}

#[tokio::test]
async fn notices_wishes_and_news_are_remembered() {
    for database in testing::databases().await {
        let store = &database.store;
        let sample = Sample::new(store, "Oak").await;
        let (client, reader) = (sample.client.id, store.reader(&sample.as_client()));
        let mut tx = begin(store, &sample.by_client(), now()).await;
        tx.confirm_notice(client, "first-bank", 2).await.unwrap();
        tx.wish(client, "first-bank", Kind::WorksAgain).await.unwrap();
        tx.wish(client, "first-bank", Kind::WorksAgain).await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = begin(store, &sample.by_client(), now() + HOUR).await;
        tx.confirm_notice(client, "first-bank", 2).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(reader.notice_confirmed_at("first-bank", 2).await.unwrap(), Some(now()));
        assert_eq!(reader.notice_confirmed_at("first-bank", 3).await.unwrap(), None);
        assert_eq!(reader.wishes("first-bank").await.unwrap(), [Kind::WorksAgain]);
        assert_eq!(store.engine().wishers("first-bank", Kind::WorksAgain).await.unwrap(), [client]);
        assert_eq!(store.engine().wishers("first-bank", Kind::Connectable).await.unwrap(), []);

        let news = News {
            topic: "works_again",
            key: "first-bank 1",
            body: "First Bank works again.",
            href: "/accounts",
        };
        let mut tx = begin(store, &Doer::Operator, now()).await;
        tx.fulfil_wish(client, "first-bank", Kind::WorksAgain).await.unwrap();
        assert!(tx.inform(client, news).await.unwrap());
        assert!(!tx.inform(client, news).await.unwrap(), "one cause is told once");
        tx.inform_household(sample.household.id, News { key: "first-bank 2", ..news }).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(reader.wishes("first-bank").await.unwrap(), []);
        let unread = reader.unread(10).await.unwrap();
        assert_eq!(unread.len(), 2);
        assert_eq!(reader.unread(1).await.unwrap().len(), 1);
        let mut tx = begin(store, &sample.by_client(), now()).await;
        tx.mark_read(sample.advisor.id, unread[0].id).await.unwrap();
        assert_eq!(reader.unread(10).await.unwrap().len(), 2, "nobody reads for another");
        tx.mark_read(client, unread[0].id).await.unwrap();
        assert_eq!(tx.mark_all_read(client).await.unwrap(), 1);
        tx.commit().await.unwrap();
        assert_eq!(reader.unread(10).await.unwrap(), []);
    }
}

#[tokio::test]
async fn a_password_changes_only_from_the_one_that_was_proved() {
    for database in testing::databases().await {
        let store = &database.store;
        let sample = Sample::new(store, "Oak").await;
        let reader = store.reader(&sample.as_client());
        let old = reader.password_hash().await.unwrap();
        let mut tx = begin(store, &sample.by_client(), now()).await;
        assert!(matches!(tx.change_password(sample.client.id, "other", "new").await, Err(Error::Conflict)));
        drop(tx);
        let mut tx = begin(store, &sample.by_client(), now() + HOUR).await;
        tx.change_password(sample.client.id, &old, "new").await.unwrap();
        tx.share_find_new(sample.household.id, true).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(reader.password_hash().await.unwrap(), "new");
        assert!(reader.household(sample.household.id).await.unwrap().advisor_may_find_new);
        let actions: Vec<String> = reader
            .audit(sample.household.id, 10)
            .await
            .unwrap()
            .into_iter()
            .map(|entry| entry.action)
            .collect();
        assert_eq!(actions[..2], ["household.find_new_shared", "person.password_changed"], "{database:?}");
    }
}

#[tokio::test]
async fn a_list_is_as_new_as_the_last_commit_on_any_node() {
    for database in testing::databases().await {
        let (here, there) = (&database.store, database.another().await);
        let sample = Sample::new(here, "Oak").await;
        let household = sample.household.id;
        let names = async |store: &Store| -> Vec<String> {
            let listed = store.reader(&sample.as_client()).accounts(household).await.unwrap();
            listed.into_iter().map(|listed| listed.account.name).collect()
        };
        assert_eq!((names(here).await, names(&there).await), (vec![], vec![]));
        for (n, form_key) in ["a", "b", "c"].into_iter().enumerate() {
            let store = [here, &there][n % 2];
            let mut tx = begin(store, &Doer::Operator, now()).await;
            tx.add_by_hand(NewByHand { name: form_key, ..house(&sample, form_key) }).await.unwrap();
            assert_eq!(names(here).await.len(), n, "{database:?}: not before the commit");
            tx.commit().await.unwrap();
            assert_eq!(names(here).await, ["a", "b", "c"][..=n], "{database:?}");
            assert_eq!(names(&there).await, ["a", "b", "c"][..=n], "{database:?}");
        }
        let account = here.reader(&sample.as_client()).accounts(household).await.unwrap().remove(1).account;
        let mut tx = begin(&there, &sample.by_client(), now()).await;
        tx.delete_account(&account).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(names(here).await, ["a", "c"], "{database:?}");
    }
}

//! The firm's view of the directory: edits with their history, searches without people, requests. On both databases.

use std::{collections::BTreeSet, time::Duration};

use domain::{
    FirmId,
    audit::{Doer, Subject},
    edit::{Changes, EditKind},
    limits,
    person::Role,
    sought::{Miss, RequestState},
};
use jiff::civil::date;
use store::{
    Error, Store, Topic,
    edit::NewEdit,
    request::NewRequest,
    testing::{self, Sample, now, subject},
};

fn named(name: &str) -> Changes {
    Changes { name: Some(name.to_owned()), ..Changes::default() }
}

async fn edit(
    store: &Store,
    who: &Subject,
    version: u32,
    changes: &Changes,
    comment: &str,
) -> Result<u32, Error> {
    let at = now() + Duration::from_secs(u64::from(version));
    let mut tx = store.begin(&Doer::Person(who.clone()), "op", at).await.unwrap();
    let kind = if version == 0 { EditKind::Added } else { EditKind::Corrected };
    let new = NewEdit { offering: "harbor", version, kind, changes, comment };
    let version = tx.edit_offering(who.firm, new).await?;
    tx.commit().await?;
    Ok(version)
}

#[tokio::test]
async fn edits_are_a_history_of_which_the_newest_holds() {
    for database in testing::databases().await {
        let store = &database.store;
        let (oak, elm) = (Sample::new(store, "Oak").await, Sample::new(store, "Elm").await);
        let support = subject(&oak.add(store, Role::DataSupport, "Oak").await);
        let engine = store.engine();
        assert_eq!(engine.directory_revision(oak.firm.id).await.unwrap(), 0);
        let mut signals = store.signals();
        assert_eq!(edit(store, &support, 0, &named("Harbor"), "new").await.unwrap(), 1);
        assert_eq!(signals.recv().await.unwrap(), Topic::Directory(oak.firm.id));
        assert_eq!(edit(store, &support, 1, &named("Harbor Trust"), "its name").await.unwrap(), 2);
        // Who looked at an older version loses, and nothing is written.
        for version in [0, 1, 3] {
            let late = edit(store, &support, version, &named("Late"), "late").await;
            assert!(matches!(late, Err(Error::Conflict)), "{database:?} {late:?}");
        }
        let history = store.reader(&support).offering_history("harbor").await.unwrap();
        let told: Vec<_> = history.iter().map(|edit| (edit.version, &*edit.comment, &*edit.by)).collect();
        assert_eq!(told, [(2, "its name", "Oak data_support"), (1, "new", "Oak data_support")]);
        assert_eq!(history[0].changes, named("Harbor Trust"));
        assert_eq!((history[1].kind, history[1].at), (EditKind::Added, now()));
        assert_eq!(engine.directory_revision(oak.firm.id).await.unwrap(), 2);
        let current = engine.current_edits(oak.firm.id).await.unwrap();
        assert_eq!(current, history[..1], "{database:?}");
        // Another firm has its own.
        assert_eq!(engine.directory_revision(elm.firm.id).await.unwrap(), 0);
        assert_eq!(engine.current_edits(elm.firm.id).await.unwrap(), []);
        assert_eq!(testing::count(&database.url, "audit WHERE action = 'offering.edited'").await, 2);
    }
}

#[tokio::test]
async fn of_two_who_edit_at_once_one_wins() {
    for database in testing::databases().await {
        let (store, other) = (&database.store, database.another().await);
        let oak = Sample::new(store, "Oak").await;
        let support = subject(&oak.add(store, Role::DataSupport, "Oak").await);
        let (harbor, haven) = (named("Harbor"), named("Haven"));
        let (one, two) =
            tokio::join!(edit(store, &support, 0, &harbor, "a"), edit(&other, &support, 0, &haven, "b"));
        let lost = [&one, &two].into_iter().filter(|outcome| matches!(outcome, Err(Error::Conflict))).count();
        assert_eq!((lost, one.is_ok() != two.is_ok()), (1, true), "{database:?} {one:?} {two:?}");
        assert_eq!(store.engine().directory_revision(oak.firm.id).await.unwrap(), 1);
    }
}

#[tokio::test]
async fn searches_are_counted_by_day_and_forgotten() {
    for database in testing::databases().await {
        let store = &database.store;
        let (oak, elm) = (Sample::new(store, "Oak").await, Sample::new(store, "Elm").await);
        let support = subject(&oak.add(store, Role::DataSupport, "Oak").await);
        let count = async |firm: FirmId, day, text: &'static str, miss, chosen| {
            store.engine().count_search(firm, date(2026, 11, day), text, miss, chosen).await.unwrap();
        };
        let before = testing::count(&database.url, "audit").await;
        count(oak.firm.id, 20, "harbour", Miss::Nothing, None).await;
        count(oak.firm.id, 20, "harbour", Miss::Nothing, None).await;
        count(oak.firm.id, 23, "harbour", Miss::Nothing, None).await;
        count(oak.firm.id, 23, "harbour", Miss::Corrected, Some("harbor")).await;
        count(elm.firm.id, 23, "elm bank", Miss::Nothing, None).await;
        let told = async |since| -> Vec<(String, Miss, Option<String>, u32)> {
            let found = store.reader(&support).searches(since).await.unwrap();
            found.into_iter().map(|row| (row.text, row.miss, row.offering, row.count)).collect()
        };
        let text = || "harbour".to_owned();
        let corrected = (text(), Miss::Corrected, Some("harbor".to_owned()), 1);
        let all = [(text(), Miss::Nothing, None, 3), corrected.clone()];
        assert_eq!(told(date(2026, 11, 1)).await, all, "{database:?}");
        let lately = [corrected, (text(), Miss::Nothing, None, 1)];
        assert_eq!(told(date(2026, 11, 21)).await, lately, "{database:?}");
        assert_eq!(testing::count(&database.url, "audit").await, before, "nothing tells who searched");
        assert_eq!(store.engine().forget_searches(date(2026, 11, 23)).await.unwrap(), 1);
        assert_eq!(told(date(2026, 11, 1)).await.len(), 2);
        // Nobody fills the database by typing.
        testing::execute(
            &database.url,
            &format!(
                "INSERT INTO directory_search (firm_id, day, text, kind, offering, count) VALUES {}",
                (2..limits::SEARCHES_A_DAY_MAX)
                    .map(|n| format!("('{}', '2026-11-23', 'n{n}', 'nothing', '', 1)", oak.firm.id))
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
        )
        .await;
        let rows = "directory_search WHERE day = '2026-11-23' AND text <> 'elm bank'";
        for text in ["one more", "and another"] {
            count(oak.firm.id, 23, text, Miss::Nothing, None).await;
        }
        let most = i64::from(limits::SEARCHES_A_DAY_MAX);
        assert_eq!(testing::count(&database.url, rows).await, most, "{database:?}");
    }
}

async fn ask(store: &Store, sample: &Sample, typed: &str, form_key: &str) -> Result<RequestedId, Error> {
    let mut tx = store.begin(&sample.by_client(), "op", now()).await.unwrap();
    let who = (sample.firm.id, sample.household.id, sample.client.id);
    let made = tx.request_institution(who, NewRequest { typed, address: "", form_key }).await?;
    tx.commit().await?;
    Ok(made.id)
}
type RequestedId = domain::RequestId;

#[tokio::test]
async fn a_request_is_made_once_and_closed_for_all_who_want_the_same() {
    for database in testing::databases().await {
        let store = &database.store;
        let (oak, elm) = (Sample::new(store, "Oak").await, Sample::new(store, "Elm").await);
        let spouse = oak.add(store, Role::CoClient, "Spouse").await;
        let support = subject(&oak.add(store, Role::DataSupport, "Oak").await);
        let first = ask(store, &oak, "Harbor-Trust", "form 1").await.unwrap();
        assert_eq!(ask(store, &oak, "Harbor-Trust", "form 1").await.unwrap(), first, "a form sent twice");
        assert_eq!(ask(store, &oak, "harbor trust", "form 2").await.unwrap(), first, "one who asks twice");
        let theirs = Sample { client: spouse.clone(), ..oak.clone() };
        let second = ask(store, &theirs, "HARBOR TRUST", "form 1").await.unwrap();
        let other = ask(store, &oak, "Pine Bank", "form 3").await.unwrap();
        ask(store, &elm, "Harbor Trust", "form 1").await.unwrap();
        assert!(first != second && second != other);

        let reader = store.reader(&support);
        let open = reader.requests().await.unwrap();
        assert_eq!(open.len(), 3, "{database:?}: those of the firm");
        assert_eq!(open.iter().filter(|request| request.wanted == "harbor trust").count(), 2);

        let begin = async || store.begin(&Doer::Person(support.clone()), "op", now()).await.unwrap();
        let mut tx = begin().await;
        let wanted = "harbor trust";
        let told =
            tx.close_requests(oak.firm.id, wanted, RequestState::Added, "", Some("harbor")).await.unwrap();
        tx.commit().await.unwrap();
        let people: Vec<_> = told.iter().map(|asker| asker.person).collect();
        assert_eq!(people.len(), 2);
        assert!(people.contains(&oak.client.id) && people.contains(&spouse.id));
        let mut tx = begin().await;
        let again = tx.close_requests(oak.firm.id, wanted, RequestState::Declined, "no", None).await;
        assert!(matches!(again, Err(Error::Conflict)), "{again:?}");
        drop(tx);
        let request = reader.request(first).await.unwrap();
        assert_eq!((request.state, request.offering.as_deref()), (RequestState::Added, Some("harbor")));
        assert_eq!(request.closed_at, Some(now()));
        assert_eq!(reader.requests().await.unwrap()[0].id, other, "open ones first");

        let own = store.reader(&oak.as_client()).own_requests().await.unwrap();
        let own: BTreeSet<_> = own.iter().map(|request| request.id).collect();
        assert_eq!(own, [other, first].into());
        // Once it is closed it may be asked for again.
        assert_ne!(ask(store, &oak, "Harbor Trust", "form 9").await.unwrap(), first);
        for n in 2..limits::REQUESTS_MAX {
            ask(store, &oak, &format!("Bank {n}"), &format!("more {n}")).await.unwrap();
        }
        let full = ask(store, &oak, "One more", "full").await;
        assert!(matches!(full, Err(Error::Full { max: limits::REQUESTS_MAX })), "{database:?} {full:?}");
    }
}

/// Data support, compliance and the administrator see how the directory is kept; nobody else does, and nobody of
/// another firm.
#[tokio::test]
async fn who_sees_how_the_directory_is_kept() {
    for database in testing::databases().await {
        let store = &database.store;
        let (oak, elm) = (Sample::new(store, "Oak").await, Sample::new(store, "Elm").await);
        let support = subject(&oak.add(store, Role::DataSupport, "Oak").await);
        edit(store, &support, 0, &named("Harbor"), "new").await.unwrap();
        let day = date(2026, 11, 23);
        store.engine().count_search(oak.firm.id, day, "harbour", Miss::Nothing, None).await.unwrap();
        let id = ask(store, &oak, "Harbor", "form").await.unwrap();
        for role in Role::ALL {
            for sample in [&oak, &elm] {
                let who = subject(
                    &sample.add(store, role, &format!("{}.x", sample.firm.name.replace(' ', ""))).await,
                );
                let reader = store.reader(&who);
                let sees = sample.firm.id == oak.firm.id
                    && matches!(role, Role::DataSupport | Role::Compliance | Role::Administrator);
                let found = [
                    reader.offering_history("harbor").await.unwrap().len(),
                    reader.searches(day).await.unwrap().len(),
                    reader.requests().await.unwrap().len(),
                    usize::from(reader.request(id).await.is_ok()),
                ];
                assert_eq!(found, [usize::from(sees); 4], "{database:?} {role:?} of {}", sample.firm.name);
            }
        }
    }
}

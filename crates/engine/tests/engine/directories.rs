//! Each firm's view of the directory, and what data support does with it.

use std::{sync::Arc, time::Duration};

use domain::{
    FirmId,
    audit::Subject,
    edit::{self, EditKind},
    institution::Offering,
    person::Role,
    sought::{Miss, RequestState},
};
use engine::{Engine, Error, OfferingEdit};
use jiff::{ToSpan, civil::date};
use store::{
    request::NewRequest,
    testing::{self, Sample},
};

use crate::{
    scripted::{checking, done},
    stage::{Stage, options},
};

async fn support(stage: &Stage) -> Subject {
    testing::subject(&stage.sample.add(&stage.database.store, Role::DataSupport, "Desk").await)
}

/// The id of an offering of the firm that is found by a text.
async fn finds(engine: &Engine, firm: FirmId, typed: &str) -> Vec<String> {
    let directory = engine.directory(firm).await.unwrap();
    let results = directory.search(typed, &[]);
    results.groups.iter().flat_map(|group| &group.hits).map(|hit| hit.offering.id.clone()).collect()
}

fn own(name: &str) -> Offering {
    let id = edit::own_id(name, "1");
    let url = format!("https://{id}.example");
    Offering { name: name.to_owned(), brand: name.to_owned(), home_url: url, ..edit::blank(&id) }
}

fn edited(wanted: Offering, version: u32, kind: EditKind) -> OfferingEdit {
    OfferingEdit { wanted, version, kind, comment: "because".to_owned() }
}

#[tokio::test]
async fn an_edit_is_found_at_once_and_only_in_its_firm() {
    for stage in Stage::all().await {
        let (desk, firm) = (support(&stage).await, stage.sample.firm.id);
        let other = Sample::new(&stage.database.store, "Elm").await.firm.id;
        let engine = &stage.engine;
        assert!(finds(engine, firm, "harbor trust").await.is_empty());
        let base = engine.directory(other).await.unwrap();
        assert!(Arc::ptr_eq(&base, &engine.directory(firm).await.unwrap()), "nothing is built for nothing");

        let harbor = own("Harbor Trust");
        let add = edited(harbor.clone(), 0, EditKind::Added);
        engine.edit_offering(&desk, "op", &add, None).await.unwrap();
        assert_eq!(finds(engine, firm, "harbor trust").await, [harbor.id.as_str()]);
        assert!(finds(engine, other, "harbor trust").await.is_empty());
        let twice = engine.edit_offering(&desk, "op", &add, None).await;
        assert!(matches!(twice, Err(Error::Store(store::Error::Conflict))), "{twice:?}");

        // A correction of what the binary knows, and the way back.
        let kept = engine.kept_offering(&desk, "maple").await.unwrap();
        assert_eq!((kept.version, kept.history.len()), (0, 0));
        let mut wanted = kept.offering.clone();
        wanted.also_known_as.push("Sugar House".to_owned());
        engine.edit_offering(&desk, "op", &edited(wanted, 0, EditKind::Corrected), None).await.unwrap();
        let kept = engine.kept_offering(&desk, "maple").await.unwrap();
        assert_eq!((kept.version, &*kept.offering.also_known_as), (1, &["Sugar House".to_owned()][..]));
        assert_eq!(kept.at(0).unwrap().also_known_as, [""; 0]);
        let back = edited(kept.at(0).unwrap(), 1, EditKind::Restored);
        engine.edit_offering(&desk, "op", &back, None).await.unwrap();
        let kept = engine.kept_offering(&desk, "maple").await.unwrap();
        assert_eq!((kept.version, kept.offering == kept.base), (2, true));
        assert!(matches!(engine.kept_offering(&desk, "nowhere").await, Err(Error::NotFound)));
        assert!(matches!(engine.kept_offering(&desk, "firm-nowhere").await, Err(Error::NotFound)));
    }
}

#[tokio::test]
async fn what_is_hidden_is_kept_for_those_who_use_it() {
    for stage in Stage::all().await {
        let (desk, firm) = (support(&stage).await, stage.sample.firm.id);
        stage.bank.will([done(vec![checking(1_000, date(2026, 11, 23))])]);
        let id = stage.connect("right").await;
        stage.tick().await;
        stage.add_all(id).await;
        let kept = stage.engine.kept_offering(&desk, "maple").await.unwrap();
        assert_eq!(kept.connections, 1);
        let wanted = Offering { listed: false, ..kept.offering };
        stage.engine.edit_offering(&desk, "op", &edited(wanted, 0, EditKind::Hidden), None).await.unwrap();
        let directory = stage.engine.directory(firm).await.unwrap();
        assert!(!directory.offering("maple").unwrap().listed);

        stage.clock.pass(Duration::from_hours(1));
        stage.bank.will([done(vec![checking(2_000, date(2026, 11, 23))])]);
        stage.engine.refresh(&stage.client(), "op", id).await.unwrap();
        assert_eq!(stage.tick().await.stepped, 1);
        let accounts =
            stage.database.store.reader(&stage.client()).accounts(stage.sample.household.id).await.unwrap();
        assert_eq!(accounts[0].account.value.unwrap().amount.minor, 2_000, "it is refreshed as before");
    }
}

/// The other node hears of it, or looks by itself after two seconds; until it has built its view it answers from the old.
#[tokio::test]
async fn another_node_follows_within_seconds() {
    for stage in Stage::all().await {
        let (desk, firm) = (support(&stage).await, stage.sample.firm.id);
        let other = stage.node("node-2", options()).await;
        assert!(finds(&other, firm, "harbor trust").await.is_empty());
        let harbor = own("Harbor Trust");
        let add = edited(harbor.clone(), 0, EditKind::Added);
        stage.engine.edit_offering(&desk, "op", &add, None).await.unwrap();
        stage.clock.pass(Duration::from_secs(2));
        let followed = async {
            while finds(&other, firm, "harbor trust").await.is_empty() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), followed).await.expect("the other node follows");
        assert_eq!(finds(&other, firm, "harbor trust").await, [harbor.id]);
    }
}

fn request<'a>(typed: &'a str, form_key: &'a str) -> NewRequest<'a> {
    NewRequest { typed, address: "", form_key }
}

#[tokio::test]
async fn who_asked_for_an_institution_is_told_once() {
    for stage in Stage::all().await {
        let (desk, engine) = (support(&stage).await, &stage.engine);
        let spouse =
            testing::subject(&stage.sample.add(&stage.database.store, Role::CoClient, "Spouse").await);
        let client = stage.client();
        let ask = async |who: &Subject, typed: &str| {
            engine.request_institution(who, "op", request(typed, typed)).await.unwrap().id
        };
        let (harbor, pine) = (ask(&client, "Harbor Trust").await, ask(&client, "Pine Bank").await);
        ask(&spouse, "harbor trust").await;
        let syrup = ask(&spouse, "Syrup Bank").await;

        let wanted = own("Harbor Trust");
        let add = edited(wanted.clone(), 0, EditKind::Added);
        engine.edit_offering(&desk, "op", &add, Some(harbor)).await.unwrap();
        engine.decline_request(&desk, "op", pine, "It has closed.").await.unwrap();
        engine.link_request(&desk, "op", syrup, "maple", true).await.unwrap();
        let told = async |who: &Subject| -> Vec<(String, String)> {
            let unread = stage.database.store.reader(who).unread(9).await.unwrap();
            let mut told: Vec<_> = unread.into_iter().map(|news| (news.body, news.href)).collect();
            told.sort();
            told
        };
        let href = format!("/accounts/add/{}", wanted.id);
        let added =
            ("Harbor Trust is in the list of institutions now. You had asked for it.".to_owned(), href);
        let declined = "About your request for Pine Bank: It has closed.".to_owned();
        let declined = (declined, "/accounts/add/request".to_owned());
        assert_eq!(told(&client).await, [declined, added.clone()]);
        let of_spouse = told(&spouse).await;
        assert_eq!((of_spouse.len(), &of_spouse[0], &*of_spouse[1].1), (2, &added, "/accounts/add/maple"));
        assert_eq!(finds(engine, stage.sample.firm.id, "syrup bank").await, ["maple"]);

        for late in [harbor, pine, syrup] {
            let twice = engine.decline_request(&desk, "op", late, "No.").await;
            assert!(matches!(twice, Err(Error::Store(store::Error::Conflict))), "{twice:?}");
        }
        assert_eq!(told(&client).await.len(), 2);
        let own = stage.database.store.reader(&client).own_requests().await.unwrap();
        assert!(own.iter().all(|request| request.state != RequestState::Open));
    }
}

#[tokio::test]
async fn searches_are_counted_only_when_they_were_in_vain() {
    for stage in Stage::all().await {
        let (desk, engine, client) = (support(&stage).await, &stage.engine, stage.client());
        for typed in ["harbour trst", "m", "maple", "ruth@lindqvist.example"] {
            engine.search_missed(&client, typed).await.unwrap();
        }
        engine.search_corrected(&client, "maple", "harbour trst", "maple").await.unwrap();
        engine.search_corrected(&client, "maple", "", "maple").await.unwrap();
        let nowhere = engine.search_corrected(&client, "maple", "x", "nowhere").await;
        assert!(matches!(nowhere, Err(Error::UnknownOffering)), "{nowhere:?}");
        assert!(matches!(engine.search_missed(&desk, "zzqq").await, Err(Error::NotFound)));
        let counted = stage.database.store.reader(&desk).searches(date(2026, 11, 1)).await.unwrap();
        let counted: Vec<_> = counted.iter().map(|row| (&*row.text, row.miss.code(), row.count)).collect();
        assert_eq!(counted, [("harbour trst", "corrected", 1), ("harbour trst", "nothing", 1)]);
    }
}

#[tokio::test]
async fn searches_are_forgotten_after_400_days() {
    for stage in Stage::all().await {
        let (desk, firm) = (support(&stage).await, stage.sample.firm.id);
        let store = &stage.database.store;
        for (days, text) in [(400, "stays"), (401, "goes")] {
            let day = date(2026, 11, 23).saturating_sub(days.days());
            store.engine().count_search(firm, day, text, Miss::Nothing, None).await.unwrap();
        }
        stage.tick().await;
        let left = store.reader(&desk).searches(date(2020, 1, 1)).await.unwrap();
        assert_eq!(left.iter().map(|row| row.text.as_str()).collect::<Vec<_>>(), ["stays"]);
    }
}

#[tokio::test]
async fn only_data_support_edits() {
    for stage in Stage::all().await {
        let (engine, sample) = (&stage.engine, &stage.sample);
        let asked = engine.request_institution(&stage.client(), "op", request("Pine", "f")).await.unwrap().id;
        for role in Role::ALL.into_iter().filter(|role| *role != Role::DataSupport) {
            let who = testing::subject(&sample.add(&stage.database.store, role, "Other").await);
            let kept = engine.kept_offering(&who, "maple").await;
            let views = matches!(role, Role::Compliance | Role::Administrator);
            assert_eq!(kept.is_ok(), views, "{role:?}");
            let wanted = own("Harbor Trust");
            let add = edited(wanted, 0, EditKind::Added);
            for outcome in [
                engine.edit_offering(&who, "op", &add, None).await,
                engine.link_request(&who, "op", asked, "maple", true).await,
                engine.decline_request(&who, "op", asked, "No.").await,
            ] {
                let refused = if views {
                    matches!(outcome, Err(Error::Forbidden))
                } else {
                    matches!(outcome, Err(Error::NotFound))
                };
                assert!(refused, "{role:?}: {outcome:?}");
            }
        }
        // Data support of another firm sees neither the request nor anything to edit here.
        let elm = Sample::new(&stage.database.store, "Elm").await;
        let stranger = testing::subject(&elm.add(&stage.database.store, Role::DataSupport, "Elm").await);
        let outcome = engine.decline_request(&stranger, "op", asked, "No.").await;
        assert!(matches!(outcome, Err(Error::NotFound)), "{outcome:?}");
        let edits = stage.database.store.engine().current_edits(sample.firm.id).await.unwrap();
        assert_eq!(edits, []);
    }
}

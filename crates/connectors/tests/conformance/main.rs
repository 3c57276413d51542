//! Every registered connector against the sandbox: the outcomes that the engine and the pages rely on.

mod bench;

use std::time::Duration;

use bench::{Bench, End, login, silent};
use connectors::{Later, Memo, Step, registry};
use domain::{
    Reason,
    account::AccountKind,
    attempt::{Mode, Stage},
    challenge::QuestionKind,
    transaction::Correction,
};
use secrecy::ExposeSecret;
use serde_json::json;

#[tokio::test]
async fn every_connector_has_institutions_in_the_sandbox() {
    let bench = Bench::start().await;
    let directory = bench.call("GET", "/directory.json", &json!(null)).await;
    for connector in registry::all() {
        let name = connector.about().name;
        let spoken = directory.as_array().expect("an array").iter().any(|row| row["protocol"] == name);
        assert!(spoken, "no institution of the sandbox speaks {name}");
        assert!(registry::find(name).is_some());
    }
}

#[tokio::test]
async fn a_good_login_brings_every_account_with_its_values() {
    let bench = Bench::start().await;
    let run = bench
        .run(
            "evergreen",
            &login("alex.plain", "sandbox-maple-1001"),
            Mode::Attended,
            Memo::default(),
            &mut silent,
        )
        .await;
    let harvest = run.harvest();
    assert!(harvest.complete);
    let kinds: Vec<_> = harvest.accounts.iter().map(|account| account.identity.kind).collect();
    assert_eq!(kinds, [AccountKind::Checking, AccountKind::Savings, AccountKind::CreditCard]);
    for account in &harvest.accounts {
        assert_eq!(account.incomplete, None);
        let balance = account.balance.expect("a balance");
        assert_eq!(balance.amount.is_negative(), account.identity.kind == AccountKind::CreditCard);
        let statement = account.transactions.as_ref().expect("transactions");
        assert!(!statement.posted.is_empty());
        assert!(statement.posted.iter().all(|entry| entry.posted_on >= bench.since));
        assert!(!account.identity.number.expose_secret().is_empty());
        assert!(!account.identity.qualifier.contains(account.identity.number.expose_secret()));
    }
    assert!(run.asked.is_empty());
    assert_eq!(run.stages, [Stage::SigningIn, Stage::ReadingValues]);
}

#[tokio::test]
async fn every_version_is_spoken() {
    let bench = Bench::start().await;
    for (version, password) in
        [(102, 2102), (103, 2103), (160, 2160), (203, 2203), (211, 2211), (220, 2220), (230, 2230)]
    {
        let login = login(&format!("pen.{version}"), &format!("sandbox-type-{password}"));
        let run =
            bench.run(&format!("press{version}"), &login, Mode::Attended, Memo::default(), &mut silent).await;
        let harvest = run.harvest();
        assert_eq!(harvest.accounts.len(), 2, "{version}");
        assert!(harvest.accounts.iter().all(|account| account.balance.is_some()), "{version}");
    }
}

#[tokio::test]
async fn a_wrong_password_is_sent_once_and_named() {
    let bench = Bench::start().await;
    let wrong = login("pat.wrong", "sandbox-thimble-0000");
    for mode in [Mode::Attended, Mode::Unattended] {
        bench.call("POST", "/api/reset", &json!({})).await;
        let run = bench.run("foxglove", &wrong, mode, Memo::default(), &mut silent).await;
        assert_eq!(run.failure().reason, Reason::CredentialsRejected);
        assert_eq!(bench.counter("foxglove", "pat.wrong", "logins_rejected").await, 1);
        assert!(!run.failure().detail.contains("thimble"));
    }
    let right = login("pat.wrong", "sandbox-thimble-2002");
    let run = bench.run("foxglove", &right, Mode::Attended, Memo::default(), &mut silent).await;
    assert_eq!(run.harvest().accounts.len(), 2);
}

#[tokio::test]
async fn what_the_institution_wants_from_the_client_is_told() {
    let bench = Bench::start().await;
    for (institution, user, password, reason) in [
        ("kestrel", "casey.locked", "sandbox-falcon-7001", Reason::Locked),
        ("juniper", "drew.expiring", "sandbox-berry-8001", Reason::PasswordReset),
        ("juniper", "drew.expired", "sandbox-berry-8002", Reason::PasswordReset),
        ("hollowcreek", "sam.patient", "sandbox-mill-9001", Reason::Maintenance),
        ("thornbury", "lee.busy", "sandbox-bramble-9101", Reason::SessionConflict),
        ("windmere", "nico.terms", "sandbox-sail-9201", Reason::ActionNeeded),
        ("stonewater", "toni.device", "sandbox-pier-9301", Reason::ActionNeeded),
    ] {
        let run = bench
            .run(institution, &login(user, password), Mode::Attended, Memo::default(), &mut silent)
            .await;
        assert_eq!(run.failure().reason, reason, "{institution}: {:?}", run.failure());
        assert!(
            run.failure().say.as_ref().is_some_and(|say| !say.is_empty()),
            "{institution} has words for the client"
        );
    }
}

#[tokio::test]
async fn our_own_wrong_parameters_never_look_like_a_wrong_password() {
    let bench = Bench::start().await;
    let (connector, mut parameters) = bench.offering("ironbridge").await;
    parameters["fid"] = json!("1");
    let login = login("quinn.rounds", "sandbox-girder-3001");
    let run =
        bench.run_with(connector, &parameters, &login, Mode::Attended, Memo::default(), &mut silent).await;
    assert_eq!(run.failure().reason, Reason::ConnectorConfig);
    parameters["url"] = json!("ftp://nowhere/");
    let run =
        bench.run_with(connector, &parameters, &login, Mode::Attended, Memo::default(), &mut silent).await;
    assert_eq!(run.failure().reason, Reason::ConnectorConfig);
    let run =
        bench.run_with(connector, &json!({}), &login, Mode::Attended, Memo::default(), &mut silent).await;
    assert_eq!(run.failure().reason, Reason::ConnectorConfig);
}

#[tokio::test]
async fn a_program_keeps_its_id_until_the_client_confirms_it() {
    let bench = Bench::start().await;
    let login = login("toni.device", "sandbox-pier-9301");
    let first = bench.run("stonewater", &login, Mode::Attended, Memo::default(), &mut silent).await;
    assert_eq!(first.failure().reason, Reason::ActionNeeded);
    bench.act("stonewater", "toni.device", "confirm_programs").await;
    let second = bench.run("stonewater", &login, Mode::Unattended, first.memo, &mut silent).await;
    assert_eq!(second.harvest().accounts.len(), 2);
}

#[tokio::test]
async fn security_questions_come_in_rounds_and_not_again_afterwards() {
    let bench = Bench::start().await;
    let login = login("quinn.rounds", "sandbox-girder-3001");
    let mut answer = |question: &domain::challenge::Question, _: usize| match question.id.as_str() {
        "MFA16" => Some("Sandberg".to_owned()),
        "IBQ-7" => Some("Galileo".to_owned()),
        other => panic!("unknown question {other}"),
    };
    let run = bench.run("ironbridge", &login, Mode::Attended, Memo::default(), &mut answer).await;
    assert_eq!(run.harvest().accounts.len(), 2, "{:?}", run.asked);
    let labels: Vec<_> = run.asked.iter().map(|(questions, _)| questions[0].label.as_str()).collect();
    assert_eq!(labels, ["Mother’s maiden name", "What did you call your first telescope?"]);
    assert!(run.asked.iter().all(|(questions, wrong)| questions[0].kind == QuestionKind::Text && !wrong));
    assert!(run.stages.contains(&Stage::SecurityCheck));
    let night = bench.run("ironbridge", &login, Mode::Unattended, run.memo, &mut silent).await;
    assert_eq!(night.harvest().accounts.len(), 2, "the access key proves the program");
}

#[tokio::test]
async fn several_questions_at_once_and_a_wrong_answer() {
    let bench = Bench::start().await;
    let login = login("quinn.both", "sandbox-girder-3002");
    let mut answer = |question: &domain::challenge::Question, before: usize| match question.id.as_str() {
        "MFA5" if before == 0 => Some("green".to_owned()),
        "MFA5" => Some("blue".to_owned()),
        _ => Some("1987".to_owned()),
    };
    let run = bench.run("ironbridge", &login, Mode::Attended, Memo::default(), &mut answer).await;
    assert_eq!(run.harvest().accounts.len(), 2);
    let shape: Vec<_> = run.asked.iter().map(|(questions, wrong)| (questions.len(), *wrong)).collect();
    assert_eq!(shape, [(2, false), (2, true)]);
}

#[tokio::test]
async fn a_question_before_everything_else() {
    let bench = Bench::start().await;
    let login = login("morgan.first", "sandbox-ledger-4001");
    let unattended = bench.run("fernwick", &login, Mode::Unattended, Memo::default(), &mut silent).await;
    assert_eq!(unattended.failure().reason, Reason::AttendedOnly);
    let mut answer = |_: &domain::challenge::Question, _: usize| Some("Duluth".to_owned());
    let run = bench.run("fernwick", &login, Mode::Attended, Memo::default(), &mut answer).await;
    assert_eq!((run.harvest().accounts.len(), run.asked.len()), (2, 1));
}

#[tokio::test]
async fn nobody_s_phone_rings_at_night() {
    let bench = Bench::start().await;
    let login = login("robin.code", "sandbox-kettle-5001");
    let run = bench.run("copperleaf", &login, Mode::Unattended, Memo::default(), &mut silent).await;
    assert_eq!(run.failure().reason, Reason::AttendedOnly);
    let messages = bench.call("GET", "/phone.json", &json!(null)).await;
    assert_eq!(messages.as_array().map(Vec::len), Some(0), "no code was sent");
}

#[tokio::test]
async fn a_code_wrong_then_right_and_the_program_is_remembered() {
    let bench = Bench::start().await;
    let login = login("robin.code", "sandbox-kettle-5001");
    let open = bench.run("copperleaf", &login, Mode::Attended, Memo::default(), &mut silent).await;
    let End::Open(questions) = &open.end else { panic!("{:?}", open.end) };
    assert_eq!(questions[0].kind, QuestionKind::Code);
    assert!(questions[0].sent_to.is_some(), "{questions:?}");
    let id = questions[0].id.as_str();
    let (memo, step) = bench.answer("copperleaf", &login, &open, &[(id, "000000")]).await;
    assert!(matches!(step, Step::Ask { wrong_before: true, .. }), "{step:?}");
    let again = bench::Run { memo, end: End::Open(Vec::new()), asked: Vec::new(), stages: Vec::new() };
    let code = bench.code("copperleaf", "robin.code").await;
    let (memo, step) = bench.answer("copperleaf", &login, &again, &[(id, code.as_str())]).await;
    assert!(matches!(step, Step::Again(Stage::ReadingValues)), "{step:?}");
    let night = bench.run("copperleaf", &login, Mode::Unattended, memo, &mut silent).await;
    assert_eq!(night.harvest().accounts.len(), 2);
}

#[tokio::test]
async fn an_expired_code_brings_a_new_one_and_not_the_password_form() {
    let mut bench = Bench::start().await;
    let login = login("robin.quick", "sandbox-kettle-5003");
    let open = bench.run("copperleaf", &login, Mode::Attended, Memo::default(), &mut silent).await;
    let End::Open(questions) = &open.end else { panic!("{:?}", open.end) };
    let code = bench.code("copperleaf", "robin.quick").await;
    bench.advance(120).await;
    let (_, step) =
        bench.answer("copperleaf", &login, &open, &[(questions[0].id.as_str(), code.as_str())]).await;
    let fresh = match step {
        Step::Ask { .. } | Step::Again(Stage::SecurityCheck) => true,
        Step::Failed(failure) => panic!("{failure:?}"),
        other => panic!("{other:?}"),
    };
    assert!(fresh);
}

#[tokio::test]
async fn a_one_time_key_from_the_site() {
    let bench = Bench::start().await;
    let login = login("jamie.token", "sandbox-pebble-6001");
    let night = bench.run("saltmarsh", &login, Mode::Unattended, Memo::default(), &mut silent).await;
    assert_eq!(night.failure().reason, Reason::AttendedOnly);
    let open = bench.run("saltmarsh", &login, Mode::Attended, Memo::default(), &mut silent).await;
    let End::Open(questions) = &open.end else { panic!("{:?}", open.end) };
    assert_eq!(questions[0].kind, QuestionKind::Code);
    assert!(questions[0].help_url.as_ref().is_some_and(|url| url.starts_with("http")), "{questions:?}");
    let (memo, step) = bench.answer("saltmarsh", &login, &open, &[("AUTHTOKEN", "WRONG")]).await;
    assert!(matches!(step, Step::Ask { wrong_before: true, .. }), "{step:?}");
    let again = bench::Run { memo, end: End::Open(Vec::new()), asked: Vec::new(), stages: Vec::new() };
    let shown = bench.act("saltmarsh", "jamie.token", "make_token").await;
    let key = bench.code("saltmarsh", "jamie.token").await;
    let (memo, step) = bench.answer("saltmarsh", &login, &again, &[("AUTHTOKEN", key.as_str())]).await;
    assert!(matches!(step, Step::Again(Stage::ReadingValues)), "{step:?} {shown:?}");
    let night = bench.run("saltmarsh", &login, Mode::Unattended, memo, &mut silent).await;
    assert_eq!(night.harvest().accounts.len(), 2);
}

#[tokio::test]
async fn a_code_every_time_updates_only_attended() {
    let bench = Bench::start().await;
    let login = login("robin.always", "sandbox-kettle-5002");
    let open = bench.run("copperleaf", &login, Mode::Attended, Memo::default(), &mut silent).await;
    let End::Open(questions) = &open.end else { panic!("{:?}", open.end) };
    let code = bench.code("copperleaf", "robin.always").await;
    let (memo, step) =
        bench.answer("copperleaf", &login, &open, &[(questions[0].id.as_str(), code.as_str())]).await;
    assert!(matches!(step, Step::Again(Stage::ReadingValues)), "{step:?}");
    let night = bench.run("copperleaf", &login, Mode::Unattended, memo, &mut silent).await;
    assert_eq!(night.failure().reason, Reason::AttendedOnly);
    // Now that the accounts are known, list and statements go into one request, and one code is enough.
    let open = bench.run("copperleaf", &login, Mode::Attended, night.memo, &mut silent).await;
    let End::Open(questions) = &open.end else { panic!("{:?}", open.end) };
    let code = bench.code("copperleaf", "robin.always").await;
    let (_, step) =
        bench.answer("copperleaf", &login, &open, &[(questions[0].id.as_str(), code.as_str())]).await;
    let Step::Done(harvest) = step else { panic!("{step:?}") };
    assert!(harvest.accounts.len() == 2 && harvest.accounts.iter().all(|account| account.balance.is_some()));
}

#[tokio::test]
async fn a_refresh_is_one_request_and_finds_what_changed() {
    let bench = Bench::start().await;
    for (user, password, before, after) in
        [("jo.gains", "sandbox-orchard-1201", 1, 2), ("jo.loses", "sandbox-orchard-1202", 2, 1)]
    {
        let login = login(user, password);
        let first = bench.run("rowan", &login, Mode::Attended, Memo::default(), &mut silent).await;
        assert_eq!(first.harvest().accounts.len(), before, "{user}");
        let second = bench.run("rowan", &login, Mode::Unattended, first.memo, &mut silent).await;
        let harvest = second.harvest();
        assert_eq!(harvest.accounts.len(), after, "{user}");
        assert!(
            harvest.accounts.iter().all(|account| account.balance.is_some() && account.incomplete.is_none()),
            "{user}"
        );
        let third = bench.run("rowan", &login, Mode::Unattended, second.memo, &mut silent).await;
        assert_eq!((third.harvest().accounts.len(), third.stages.len()), (after, 0), "{user}: one request");
    }
}

/// Every way in which an institution's server can misbehave, and the one reason that fits it.
#[tokio::test]
async fn a_broken_institution_is_named_by_what_is_broken() {
    let bench = Bench::start().await;
    let login = login("alex.plain", "sandbox-maple-1001");
    let mut wrong = Vec::new();
    for (fault, more, reason) in [
        ("refuse", json!({}), Reason::Down),
        ("reset", json!({}), Reason::Down),
        ("hang", json!({}), Reason::NotResponding),
        ("slow", json!({"seconds": 30}), Reason::NotResponding),
        ("hang_midway", json!({}), Reason::NotResponding),
        ("drip", json!({}), Reason::NotResponding),
        ("http_400", json!({}), Reason::BadResponse),
        ("http_403", json!({}), Reason::BadResponse),
        ("http_404", json!({}), Reason::BadResponse),
        ("http_429", json!({}), Reason::NotResponding),
        ("http_500", json!({}), Reason::Down),
        ("http_502", json!({}), Reason::Down),
        ("http_503", json!({}), Reason::Down),
        ("http_503_later", json!({"seconds": 3600}), Reason::Down),
        ("redirect", json!({}), Reason::BadResponse),
        ("redirect_away", json!({}), Reason::BadResponse),
        ("html", json!({}), Reason::BadResponse),
        ("garbage", json!({}), Reason::BadResponse),
        ("empty", json!({}), Reason::BadResponse),
        ("truncated", json!({}), Reason::BadResponse),
        ("half_body", json!({}), Reason::BadResponse),
        ("short_length", json!({}), Reason::BadResponse),
        ("long_length", json!({}), Reason::BadResponse),
        ("gzip_bomb", json!({}), Reason::BadResponse),
        ("huge", json!({}), Reason::BadResponse),
        ("header_flood", json!({}), Reason::BadResponse),
        ("deep_nesting", json!({}), Reason::BadResponse),
        ("entity_bomb", json!({}), Reason::BadResponse),
        ("maintenance", json!({}), Reason::Maintenance),
        ("status", json!({"code": 15501}), Reason::SessionConflict),
        ("status", json!({"code": 15999}), Reason::BadResponse),
        ("missing_answers", json!({}), Reason::BadResponse),
    ] {
        bench.heal().await;
        bench.fault("evergreen", fault, more).await;
        let run = bench.run("evergreen", &login, Mode::Unattended, Memo::default(), &mut silent).await;
        match &run.end {
            End::Failed(failure) if failure.reason == reason => {}
            other => wrong.push(format!("{fault}: {other:?}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// An institution that is too busy says for how long: at the sign-on, and when only the statements are hit.
#[tokio::test]
async fn when_to_come_again_is_told() {
    let bench = Bench::start().await;
    let login = login("alex.plain", "sandbox-maple-1001");
    let signed_on = bench.run("evergreen", &login, Mode::Attended, Memo::default(), &mut silent).await;
    for (fault, more, later) in [
        ("http_429", json!({}), Some(120)),
        ("http_503_later", json!({"seconds": 3600}), Some(3600)),
        ("http_503", json!({}), None),
    ] {
        for memo in [Memo::default(), signed_on.memo.clone()] {
            bench.heal().await;
            bench.fault("evergreen", fault, more.clone()).await;
            let run = bench.run("evergreen", &login, Mode::Unattended, memo, &mut silent).await;
            let told = later.map(|seconds| Later::In(Duration::from_secs(seconds)));
            assert_eq!(run.failure().later, told, "{fault}");
        }
    }
}

/// The same faults when the sign-on has succeeded and only the statements are hit.
#[tokio::test]
async fn no_half_value_is_harvested() {
    let bench = Bench::start().await;
    let login = login("alex.plain", "sandbox-maple-1001");
    let good = bench.run("evergreen", &login, Mode::Attended, Memo::default(), &mut silent).await;
    for fault in ["half_body", "short_length", "truncated", "wrong_charset", "wrong_trnuid"] {
        bench.heal().await;
        bench.fault("evergreen", fault, json!({})).await;
        let run =
            bench.run("evergreen", &login, Mode::Unattended, Memo(good.memo.0.clone()), &mut silent).await;
        match &run.end {
            End::Failed(failure) => assert_eq!(failure.reason, Reason::BadResponse, "{fault}: {failure:?}"),
            End::Done(harvest) => {
                let whole = good.harvest();
                assert_eq!(harvest.accounts.len(), whole.accounts.len(), "{fault}");
                for (account, known) in harvest.accounts.iter().zip(&whole.accounts) {
                    assert_eq!(account.balance, known.balance, "{fault}");
                }
            }
            End::Open(questions) => panic!("{fault}: {questions:?}"),
        }
    }
}

#[tokio::test]
async fn one_account_that_fails_does_not_lose_the_others() {
    let bench = Bench::start().await;
    bench.fault("evergreen", "statement_error", json!({})).await;
    let login = login("alex.plain", "sandbox-maple-1001");
    let run = bench.run("evergreen", &login, Mode::Attended, Memo::default(), &mut silent).await;
    let accounts = &run.harvest().accounts;
    let complete: Vec<_> =
        accounts.iter().map(|account| (account.balance.is_some(), account.incomplete)).collect();
    assert_eq!(complete, [(true, None), (true, None), (false, Some(Reason::BadResponse))]);
}

#[tokio::test]
async fn an_empty_list_is_a_result() {
    let bench = Bench::start().await;
    let login = login("ira.never", "sandbox-shell-1103");
    let run = bench.run("tidewater", &login, Mode::Attended, Memo::default(), &mut silent).await;
    assert!(run.harvest().accounts.is_empty() && run.harvest().complete);
}

#[tokio::test]
async fn ten_thousand_transactions_come_once_each() {
    let mut bench = Bench::start().await;
    bench.since = "2020-01-01".parse().expect("a date");
    bench.limits.total = std::time::Duration::from_secs(30);
    let login = login("max.many", "sandbox-burr-1301");
    let run = bench.run("thistledown", &login, Mode::Attended, Memo::default(), &mut silent).await;
    let statement = run.harvest().accounts[0].transactions.as_ref().expect("transactions");
    assert_eq!(statement.posted.len(), 10_000);
    let ids: std::collections::HashSet<_> = statement.posted.iter().map(|entry| &entry.native_id).collect();
    assert_eq!(ids.len(), 10_000);
}

#[tokio::test]
async fn pending_and_corrected_entries_are_told_apart() {
    let bench = Bench::start().await;
    let corrected = login("uma.corrected", "sandbox-cone-1402");
    let run = bench.run("pinegrove", &corrected, Mode::Attended, Memo::default(), &mut silent).await;
    let posted = &run.harvest().accounts[0].transactions.as_ref().expect("transactions").posted;
    let corrections: Vec<_> =
        posted.iter().filter_map(|entry| entry.corrects.as_ref().map(|(_, what)| *what)).collect();
    assert!(
        corrections.contains(&Correction::Replace) && corrections.contains(&Correction::Delete),
        "{corrections:?}"
    );
    let pending = login("uma.pending", "sandbox-cone-1401");
    let run = bench.run("pinegrove", &pending, Mode::Attended, Memo::default(), &mut silent).await;
    assert!(run.harvest().accounts.iter().all(|account| {
        account.transactions.as_ref().is_some_and(|statement| statement.pending.is_some())
    }));
}

#[tokio::test]
async fn investments_are_worth_their_positions_and_cash() {
    let bench = Bench::start().await;
    let login = login("dana.trader", "sandbox-crag-1701");
    let run = bench.run("summit", &login, Mode::Attended, Memo::default(), &mut silent).await;
    let account = &run.harvest().accounts[0];
    assert_eq!(account.incomplete, None);
    let holdings = account.holdings.as_ref().expect("holdings");
    let sum: i64 = holdings.iter().map(|holding| holding.value.minor).sum();
    assert_eq!(account.balance.expect("a balance").amount.minor, sum);
    assert_eq!(holdings.len(), 10, "nine positions and cash: {holdings:#?}");
    assert!(holdings.iter().any(|holding| holding.value.is_negative()), "the written call");
    let trades = &account.transactions.as_ref().expect("transactions").posted;
    assert!(
        trades.iter().any(|entry| entry.detail.starts_with("Buy ") && entry.quantity.is_some()),
        "{trades:?}"
    );
}

#[tokio::test]
async fn debts_are_negative_in_every_dialect() {
    let bench = Bench::start().await;
    for (institution, user, password, kind) in [
        ("lakeshore", "ruth.lindqvist", "sandbox-heron-3318", AccountKind::AutoLoan),
        ("lakeshore", "ruth.lindqvist", "sandbox-heron-3318", AccountKind::CreditCard),
        ("granite", "lindqvist.home", "sandbox-quarry-0071", AccountKind::Mortgage),
    ] {
        let run = bench
            .run(institution, &login(user, password), Mode::Attended, Memo::default(), &mut silent)
            .await;
        let accounts = &run.harvest().accounts;
        let account = accounts.iter().find(|account| account.identity.kind == kind);
        let account = account.unwrap_or_else(|| panic!("no {kind:?} in {accounts:#?}"));
        assert!(account.balance.expect("a balance").amount.is_negative(), "{kind:?}");
        assert!(account.transactions.is_some(), "{kind:?}");
    }
}

#[tokio::test]
async fn retirement_accounts_are_recognized_and_valued() {
    let bench = Bench::start().await;
    let plan = login("samuel.lindqvist", "sandbox-compass-5096");
    let run = bench.run("meridian", &plan, Mode::Attended, Memo::default(), &mut silent).await;
    let account = &run.harvest().accounts[0];
    assert_eq!((account.identity.kind, account.identity.kind_guessed), (AccountKind::WorkplacePlan, false));
    assert!(account.balance.is_some() && account.incomplete.is_none(), "{account:?}");
    let household = login("lindqvist.invest", "sandbox-lantern-4410");
    let run = bench.run("beacon", &household, Mode::Attended, Memo::default(), &mut silent).await;
    let kinds: Vec<_> = run.harvest().accounts.iter().map(|account| account.identity.kind).collect();
    assert_eq!(kinds, [AccountKind::Brokerage, AccountKind::RothIra, AccountKind::TraditionalIra]);
    assert!(run.harvest().accounts.iter().all(|account| {
        account
            .holdings
            .as_ref()
            .is_some_and(|holdings| holdings.iter().any(|holding| holding.cost_basis.is_some()))
    }));
}

#[tokio::test]
async fn message_sets_may_live_at_different_addresses() {
    let bench = Bench::start().await;
    let login = login("ari.split", "sandbox-signpost-9601");
    let run = bench.run("crossroads", &login, Mode::Attended, Memo::default(), &mut silent).await;
    let accounts = &run.harvest().accounts;
    assert_eq!(accounts.len(), 2);
    assert!(
        accounts.iter().all(|account| account.balance.is_some() && account.incomplete.is_none()),
        "{accounts:?}"
    );
    let again = bench.run("crossroads", &login, Mode::Unattended, run.memo, &mut silent).await;
    assert!(again.harvest().accounts.iter().all(|account| account.balance.is_some()));
}

#[tokio::test]
async fn a_third_credential_is_sent_when_the_form_declares_it() {
    let bench = Bench::start().await;
    let two = login("kim.member", "sandbox-thicket-9401");
    let run = bench.run("briarwood", &two, Mode::Attended, Memo::default(), &mut silent).await;
    assert_eq!(
        run.failure().reason,
        Reason::ConnectorConfig,
        "the form must declare what the profile demands"
    );
    let secret = |text: &str| secrecy::SecretString::from(text);
    let three = domain::login::Login::from_fields(vec![
        ("user_id".to_owned(), secret("kim.member")),
        ("password".to_owned(), secret("sandbox-thicket-9401")),
        ("usercred1".to_owned(), secret("440-118")),
    ]);
    let run = bench.run("briarwood", &three, Mode::Attended, Memo::default(), &mut silent).await;
    assert_eq!(run.harvest().accounts.len(), 2);
}

#[tokio::test]
async fn decimal_commas_and_accents() {
    let bench = Bench::start().await;
    let login = login("elise.virgule", "sandbox-quai-1601");
    let run = bench.run("banquedulac", &login, Mode::Attended, Memo::default(), &mut silent).await;
    let account = &run.harvest().accounts[0];
    assert_eq!(account.identity.currency.code(), "EUR");
    assert!(account.balance.is_some_and(|balance| balance.amount.minor > 100_000));
    let posted = &account.transactions.as_ref().expect("transactions").posted;
    assert!(posted.iter().any(|entry| !entry.payee.is_ascii()), "{posted:?}");
}

/// Debug output reaches logs: it holds neither password nor account number nor key.
#[tokio::test]
async fn nothing_secret_is_printed() {
    let bench = Bench::start().await;
    let login = login("alex.plain", "sandbox-maple-1001");
    let run = bench.run("evergreen", &login, Mode::Attended, Memo::default(), &mut silent).await;
    let printed = format!("{run:?} {login:?}");
    for secret in ["sandbox-maple-1001", "6100450017", "4485120077310022"] {
        assert!(!printed.contains(secret), "{secret}");
    }
}

//! The page of a connection in trouble: one next step for each reason.

use super::*;
use crate::client::samples;

fn html(reason: Reason, typed: Option<(&Form, &[LoginProblem], bool)>) -> String {
    let offering = samples::offering();
    let mut connection = samples::connection(1, "Meridian Retirement", reason);
    connection.rejected_in_row = u32::from(reason.state() == State::NeedsLogin);
    let page = samples::page(Nav::Fix, "Fix");
    let institution = Institution::of(&offering);
    let mut repair = Repair::of(page, &connection, institution, offering.access.as_ref(), typed);
    repair.sentence = sentence(&connection, samples::now(), &samples::zone());
    repair.good_to_know = good_to_know(&connection, &["401(k) (231,550.40 as of Nov 12, 2026)".to_owned()]);
    repair.queue = Place::of(Queue::At(0, 2), connection.id);
    repair.render().unwrap()
}

#[test]
fn every_reason_has_exactly_one_next_step() {
    for reason in Reason::ALL.iter().copied().filter(|reason| reason.mark() != Mark::Good) {
        let html = html(reason, None);
        let main = html.split("data-step").count() - 1;
        let expected = usize::from(reason.fix() != Fix::Wait);
        assert_eq!(main, expected, "{reason:?}");
        assert!(html.contains(reason.code()), "{reason:?}: the code stands small underneath");
        samples::is_clean(&html);
    }
}

#[test]
fn rejected_credentials_lead_to_the_site_in_a_new_tab_and_the_form() {
    let html = html(Reason::CredentialsRejected, None);
    for text in [
        "The institution rejected your credentials",
        "href=\"https://login.meridianretirement.example/start\" target=\"_blank\" rel=\"noopener noreferrer\"",
        ">Connect</button>",
        "Connection 1 of 2 to fix",
        "Skip to the next one",
        "1 of 3 tries used",
        // No figures and nothing secret: the institution, and the operation for the firm's log.
        "<a href=\"mailto:elena.marsh@fernhill.example?subject=Meridian%20Retirement%20%28operation%207F3K22QD0000%29\">Elena Marsh</a>",
        "type=\"password\"",
    ] {
        assert!(html.contains(text), "{text}\n{html}");
    }
    assert!(!html.contains("name=\"confirmed\""));
    samples::keep("repair-login", &html);
}

#[test]
fn three_rejections_demand_a_word_of_the_client() {
    let form = Form::default();
    let html = html(Reason::TooManyFailures, Some((&form, &[], true)));
    assert!(html.contains("I have signed in at Meridian Retirement and it works"));
    assert!(html.contains("name=\"confirmed\"") && html.contains("Please confirm this first"));
    samples::keep("repair-confirm", &html);
}

#[test]
fn a_broken_bank_offers_refresh_and_never_asks_for_a_password() {
    let down = html(Reason::Down, None);
    assert!(down.contains("Unable to get the recent account values") && down.contains(">Refresh</button>"));
    assert!(!down.contains("type=\"password\""));
    samples::keep("repair-down", &down);
    let none = html(Reason::NoAccounts, None);
    assert!(none.contains("No accounts found at the institution") && none.contains(">Find New</button>"));
    let expired = html(Reason::TimedOut, None);
    assert!(expired.contains(">Start again</button>") && !expired.contains("type=\"password\""));
    samples::keep("repair-expired", &expired);
}

#[test]
fn a_missing_account_is_named_and_can_be_told_closed() {
    let (_, accounts) = samples::household();
    let mut connection = samples::connection(1, "Rowan Valley Bank", Reason::AccountMissing);
    connection.around.missing = vec!["Reserve savings •••7745".to_owned()];
    let institution = Institution::named(&connection.institution, "rowan");
    let page = samples::page(Nav::Fix, "Fix");
    let mut repair = Repair::of(page, &connection, institution, None, None);
    repair.sentence = sentence(&connection, samples::now(), &samples::zone());
    repair.missing = vec![Missing::of(&accounts[1].account)];
    repair.good_to_know = good_to_know(&connection, &known(&[&accounts[1].account]));
    let html = repair.render().unwrap();
    for text in [
        "Reserve savings •••7745 is no longer listed at Rowan Valley Bank</h1>",
        ">It was closed<",
        "/close-account\"",
        ">Find New</button>",
        "Kept until this works: Reserve savings •••7745 (64,250.18 as of Nov 20, 2026).",
    ] {
        assert!(html.contains(text), "{text}\n{html}");
    }
    assert_eq!(html.matches("data-step").count(), 1);
    connection.around.missing.push("Auto loan •••9934".to_owned());
    assert_eq!(title(&connection), "2 accounts are no longer listed at Rowan Valley Bank");
    let told = sentence(&connection, samples::now(), &samples::zone());
    assert!(told.contains("Reserve savings •••7745 and Auto loan •••9934"), "{told}");
    samples::is_clean(&html);
    samples::keep("repair-missing", &html);
}

#[test]
fn many_accounts_are_counted_rather_than_named() {
    let (_, accounts) = samples::household();
    let all: Vec<&Account> = accounts.iter().map(|listed| &listed.account).collect();
    assert_eq!(known(&all).last().unwrap(), "6 more");
    assert_eq!(known(&all[..4]).len(), 4);
}

#[test]
fn the_end_of_the_queue_says_what_is_left() {
    let page = |skipped| {
        let page = samples::page(Nav::Fix, "Fix connections");
        Fixed { page, skipped }.render().unwrap()
    };
    assert!(page(0).contains("Nothing to fix") && page(2).contains("2 connections still wait"));
    samples::is_clean(&page(1));
    samples::keep("fixed", &page(2));
}

#[test]
fn disconnecting_says_what_it_does_to_net_worth() {
    let html = Disconnect {
        page: samples::page(Nav::Accounts, "Disconnect"),
        id: "1".to_owned(),
        institution: "Lakeshore Credit Union".to_owned(),
        accounts: "2 accounts".to_owned(),
        names: vec!["Everyday checking".to_owned(), "Visa Signature".to_owned()],
    }
    .render()
    .unwrap();
    assert!(html.contains("net worth") && html.contains(">Disconnect</button>"));
    samples::is_clean(&html);
    samples::keep("disconnect", &html);
}

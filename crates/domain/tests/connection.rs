//! The life of a connection: every state with every event has an expected verdict, and no order of events leads to a
//! state that contradicts itself.

use std::time::Duration;

use domain::{
    ConnectionId, FirmId, HouseholdId, PersonId, Reason, Timestamp,
    attempt::AttemptKind,
    connection::{Around, Calendar, Connection, Event, IllegalMove, Outcome, Review, Work},
    limits,
    reason::{Retry, State},
    world::Entropy,
};
use proptest::prelude::*;

struct Zeros;

impl Entropy for Zeros {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Tomorrow at this time, and no jitter.
struct Daily;

impl Calendar for Daily {
    fn next_run(&self, _: ConnectionId, now: Timestamp) -> Timestamp {
        now + DAY
    }

    fn jittered(&self, _: ConnectionId, after: Timestamp) -> Timestamp {
        after
    }
}

fn now() -> Timestamp {
    "2026-11-23T14:00:00Z".parse().unwrap()
}

fn connection(reason: Reason, work: Option<Work>) -> Connection {
    Connection {
        id: ConnectionId::new(now(), &Zeros),
        firm: FirmId::new(now(), &Zeros),
        household: HouseholdId::new(now(), &Zeros),
        owner: PersonId::new(now(), &Zeros),
        offering: "maple".to_owned(),
        institution: "Maple Bank".to_owned(),
        reason,
        since: now() - DAY,
        work,
        due_at: Some(now()),
        last_attempt_at: None,
        last_success_at: Some(now() - DAY),
        manual_refresh_after: None,
        rejected_in_row: 0,
        failures_in_row: 0,
        attended_only: false,
        version: 1,
        around: Around::default(),
    }
}

const ATTENDED: Work = Work { kind: AttemptKind::Refresh, attended: true };
const UNATTENDED: Work = Work { kind: AttemptKind::Refresh, attended: false };

fn events() -> [(&'static str, Event); 14] {
    let outcome = Outcome { listed: 2, ..Outcome::default() };
    [
        ("login", Event::LoginGiven { confirmed: false }),
        ("confirmed", Event::LoginGiven { confirmed: true }),
        ("refresh", Event::RefreshAsked { attended: true }),
        ("find_new", Event::FindNewAsked),
        ("due", Event::RunStarted),
        ("step", Event::StepTaken),
        ("asked", Event::Asked { code: true, deadline: now() + DAY, wrong_before: false }),
        ("answered", Event::Answered),
        ("deadline", Event::DeadlinePassed),
        ("succeeded", Event::Succeeded(outcome)),
        ("down", Event::Failed(Reason::Down)),
        ("rejected", Event::Failed(Reason::CredentialsRejected)),
        ("reviewed", Event::Reviewed(Review::default())),
        ("disconnect", Event::Disconnected { keeps_accounts: true }),
    ]
}

fn verdict(before: &Connection, event: Event) -> String {
    match before.on(event, now(), &Daily) {
        Ok(after) if after.reason == before.reason && after.work == before.work => "same".to_owned(),
        Ok(after) => {
            let runs = match after.work {
                Some(Work { attended: true, .. }) => "+",
                Some(Work { attended: false, .. }) => "*",
                None => "",
            };
            format!("{}{runs}", after.reason.code())
        }
        Err(IllegalMove::Busy) => "-busy".to_owned(),
        Err(IllegalMove::NothingAsked) => "-unasked".to_owned(),
        Err(IllegalMove::TooSoon { .. }) => "-soon".to_owned(),
        Err(IllegalMove::NotNow) => "-not_now".to_owned(),
        Err(IllegalMove::Unconfirmed) => "-confirm".to_owned(),
    }
}

/// At rest, by what each event comes to: a new login, refresh or find new, the regular run, disconnect. `=` keeps the
/// reason and starts an unattended run.
const AT_REST: &str = "
    started                -> started+ started+ =         by_person
    slow                   -> started+ started+ =         by_person
    ok                     -> started+ started+ =         by_person
    partial                -> started+ started+ =         by_person
    new_accounts           -> started+ started+ =         by_person
    attended_only          -> started+ started+ -not_now  by_person
    question               -> started+ started+ -not_now  by_person
    code                   -> started+ started+ -not_now  by_person
    answer_wrong           -> started+ started+ -not_now  by_person
    timed_out              -> started+ started+ -not_now  by_person
    credentials_rejected   -> started+ -not_now -not_now  by_person
    credentials_changed    -> started+ -not_now -not_now  by_person
    too_many_failures      -> -confirm -not_now -not_now  by_person
    different_login        -> started+ -not_now -not_now  by_person
    locked                 -> started+ -not_now -not_now  by_person
    password_reset         -> started+ -not_now -not_now  by_person
    action_needed          -> started+ started+ -not_now  by_person
    no_accounts            -> started+ started+ =         by_person
    account_missing        -> started+ started+ =         by_person
    down                   -> started+ started+ =         by_person
    maintenance            -> started+ started+ =         by_person
    not_responding         -> started+ started+ =         by_person
    session_conflict       -> started+ started+ =         by_person
    bad_response           -> started+ started+ =         by_person
    internal               -> started+ started+ =         by_person
    connector_config       -> started+ started+ =         by_person
    by_person              -> started+ -not_now -not_now  -not_now
    suspended              -> started+ started+ -not_now  by_person
    login_kind_unsupported -> started+ -not_now -not_now  by_person
    removed                -> -not_now -not_now -not_now  -not_now
";

/// What each event comes to in a state.
fn expected(reason: Reason, work: Option<Work>) -> Vec<String> {
    let row = AT_REST.lines().find_map(|line| {
        let (code, cells) = line.trim().split_once("->")?;
        (code.trim() == reason.code()).then(|| cells.split_whitespace().collect::<Vec<_>>())
    });
    let row = row.unwrap_or_else(|| panic!("{} is not in the table", reason.code()));
    let [login, run, due, disconnect] = row[..] else { panic!("four cells a row") };
    let waits = reason.state() == State::NeedsInput;
    let confirmed = if reason == Reason::TooManyFailures { "started+" } else { login };
    let due = if due == "=" { format!("{}*", reason.code()) } else { due.to_owned() };
    let reviewed = match reason {
        Reason::NewAccounts | Reason::AccountMissing | Reason::AttendedOnly | Reason::Partial => "ok",
        _ => "same",
    };
    let cells: [&str; 14] = match work {
        None => [
            login, confirmed, run, run, &due, "-not_now", "-not_now", "-unasked", "-unasked", "-not_now",
            "-not_now", "-not_now", reviewed, disconnect,
        ],
        // A question is open: only its answer, its deadline, a new login and a disconnect go on.
        Some(Work { attended, .. }) if waits => [
            "started+",
            "started+",
            "-busy",
            "-busy",
            "-busy",
            "-not_now",
            "-not_now",
            if attended { "started+" } else { "started*" },
            "timed_out",
            "-not_now",
            "-not_now",
            "-not_now",
            "same",
            "by_person",
        ],
        // A step is under way.
        Some(Work { attended, .. }) => [
            if reason == Reason::TooManyFailures { "-confirm" } else { "-busy" },
            "-busy",
            "-busy",
            "-busy",
            "-busy",
            "same",
            if attended { "code+" } else { "-not_now" },
            "-unasked",
            "-unasked",
            "ok",
            "down",
            "credentials_changed",
            "same",
            disconnect,
        ],
    };
    cells.map(str::to_owned).to_vec()
}

#[test]
fn every_state_with_every_event_has_an_expected_verdict() {
    let mut cells = 0;
    for reason in Reason::ALL {
        for work in [None, Some(ATTENDED), Some(UNATTENDED)] {
            let before = connection(*reason, work);
            for ((name, event), expected) in events().into_iter().zip(expected(*reason, work)) {
                assert_eq!(verdict(&before, event), expected, "{} {work:?} {name}", reason.code());
                cells += 1;
            }
        }
    }
    assert_eq!(cells, Reason::ALL.len() * 3 * 14);
}

#[test]
fn nothing_runs_by_itself_before_it_is_due() {
    for due_at in [None, Some(now() + DAY)] {
        let before = Connection { due_at, ..connection(Reason::Ok, None) };
        assert_eq!(before.on(Event::RunStarted, now(), &Daily), Err(IllegalMove::NotNow));
    }
}

#[test]
fn a_success_says_what_is_the_matter_in_the_order_of_its_weight() {
    let running =
        Connection { failures_in_row: 3, rejected_in_row: 2, ..connection(Reason::Started, Some(ATTENDED)) };
    let after = |outcome| running.on(Event::Succeeded(outcome), now(), &Daily).unwrap();
    let mut outcome = Outcome { listed: 2, undecided: 1, missing: 1, partial: true, attended_only: false };
    for reason in [Reason::AccountMissing, Reason::NewAccounts, Reason::Partial, Reason::Ok] {
        let after = after(outcome);
        assert_eq!(
            (after.reason, after.last_success_at, after.due_at),
            (reason, Some(now()), Some(now() + DAY))
        );
        assert_eq!((after.failures_in_row, after.rejected_in_row, after.work), (0, 0, None));
        match reason {
            Reason::AccountMissing => outcome.missing = 0,
            Reason::NewAccounts => outcome.undecided = 0,
            _ => outcome.partial = false,
        }
    }
    let empty = after(Outcome::default());
    assert_eq!((empty.reason, empty.last_success_at), (Reason::NoAccounts, running.last_success_at));
}

#[test]
fn ten_faults_of_ours_in_a_row_suspend_and_those_of_an_institution_never_do() {
    for (reason, last) in [(Reason::Internal, Reason::Suspended), (Reason::Down, Reason::Down)] {
        let mut connection = connection(Reason::Ok, None);
        for failure in 1..=limits::FAILURES_IN_ROW_MAX {
            connection = Connection { due_at: Some(now()), ..connection };
            connection = connection.on(Event::RunStarted, now(), &Daily).unwrap();
            connection = connection.on(Event::Failed(reason), now(), &Daily).unwrap();
            let expected = if failure == limits::FAILURES_IN_ROW_MAX { last } else { reason };
            assert_eq!(connection.reason, expected);
        }
        assert_eq!(connection.due_at.is_none(), last == Reason::Suspended);
    }
}

#[test]
fn a_refused_answer_lets_start_again_at_once_and_refresh_waits() {
    let asked =
        connection(Reason::Ok, None).on(Event::RefreshAsked { attended: true }, now(), &Daily).unwrap();
    let later = now() + limits::MANUAL_REFRESH_PAUSE;
    assert_eq!(asked.manual_refresh_after, Some(later));
    let failed = |reason| asked.on(Event::Failed(reason), now(), &Daily).unwrap();
    let again = |connection: Connection| connection.on(Event::RefreshAsked { attended: true }, now(), &Daily);
    assert!(again(failed(Reason::AnswerWrong)).is_ok());
    assert_eq!(again(failed(Reason::Down)), Err(IllegalMove::TooSoon { next: later }));
}

#[test]
fn a_code_can_be_sent_again_after_a_moment_and_a_question_that_ran_out_at_once() {
    let asked = |at| {
        let started = connection(Reason::Ok, None).on(Event::FindNewAsked, at, &Daily).unwrap();
        let deadline = at + limits::CHALLENGE_LIFETIME;
        started.on(Event::Asked { code: true, deadline, wrong_before: false }, at, &Daily).unwrap()
    };
    let soon = now() + limits::SEND_AGAIN_PAUSE;
    assert_eq!(
        asked(now()).on(Event::StartAgainAsked, now(), &Daily),
        Err(IllegalMove::TooSoon { next: soon })
    );
    let again = asked(now()).on(Event::StartAgainAsked, soon, &Daily).unwrap();
    assert_eq!(
        (again.reason, again.work),
        (Reason::Started, Some(Work { kind: AttemptKind::FindNew, attended: true }))
    );
    let out = asked(now()).on(Event::DeadlinePassed, now(), &Daily).unwrap();
    assert!(out.on(Event::StartAgainAsked, now(), &Daily).is_ok());
    for reason in [Reason::Ok, Reason::Down, Reason::CredentialsRejected, Reason::ByPerson] {
        let refused = connection(reason, None).on(Event::StartAgainAsked, now(), &Daily);
        assert_eq!(refused, Err(IllegalMove::NotNow), "{reason:?}");
    }
}

#[test]
fn a_decision_settles_what_is_about_accounts_and_nothing_else() {
    let (none, one) = (Review::default(), Review { undecided: 1, ..Review::default() });
    let missing = Review { missing: 1, ..one };
    let partial = Review { partial: true, ..none };
    let after =
        |reason, review| connection(reason, None).on(Event::Reviewed(review), now(), &Daily).unwrap().reason;
    for reason in [Reason::NewAccounts, Reason::AccountMissing, Reason::Ok, Reason::Partial] {
        assert_eq!(after(reason, none), Reason::Ok);
        assert_eq!(after(reason, partial), Reason::Partial);
        assert_eq!(after(reason, one), Reason::NewAccounts);
        assert_eq!(after(reason, missing), Reason::AccountMissing);
    }
    for reason in [Reason::Down, Reason::CredentialsRejected, Reason::TimedOut, Reason::ByPerson] {
        assert_eq!(after(reason, one), reason, "another trouble stays");
    }
}

#[test]
fn an_added_account_without_a_value_is_fetched_at_once() {
    let after = |attended_only, fetch, undecided| {
        let before = Connection { attended_only, due_at: None, ..connection(Reason::NewAccounts, None) };
        let review = Review { fetch, undecided, ..Review::default() };
        before.on(Event::Reviewed(review), now(), &Daily).unwrap()
    };
    let begun = after(true, Some(true), 0);
    assert_eq!((begun.reason, begun.work, begun.due_at), (Reason::Started, Some(ATTENDED), Some(now())));
    // Another member of the household can't answer: it is fetched without anybody, if that can work.
    assert_eq!((after(false, Some(false), 0).work, after(false, Some(false), 0).due_at), (None, Some(now())));
    assert_eq!(after(true, Some(false), 0).due_at, None);
    assert_eq!(after(true, Some(true), 1).work, None, "not before all is decided");
}

/// Whoever is asked each time is not promised values that come by themselves.
#[test]
fn an_institution_that_asks_each_time_is_never_due_by_itself() {
    let running = connection(Reason::Started, Some(ATTENDED));
    let outcome = |undecided| Outcome { listed: 2, undecided, attended_only: true, ..Outcome::default() };
    let found = running.on(Event::Succeeded(outcome(2)), now(), &Daily).unwrap();
    assert_eq!((found.reason, found.due_at), (Reason::NewAccounts, None));
    let added = found.on(Event::Reviewed(Review::default()), now(), &Daily).unwrap();
    assert_eq!((added.reason, added.due_at), (Reason::AttendedOnly, None));
    let again = running.on(Event::Succeeded(outcome(0)), now(), &Daily).unwrap();
    assert_eq!(
        (again.reason, again.due_at, again.last_success_at),
        (Reason::AttendedOnly, None, Some(now()))
    );
    // Somebody of the firm would only take the client's place.
    let unattended = again.on(Event::RefreshAsked { attended: false }, now() + DAY, &Daily);
    assert_eq!(unattended, Err(IllegalMove::NotNow));
    assert_eq!(found.on(Event::RefreshAsked { attended: false }, now() + DAY, &Daily), unattended);
    let remembered = Outcome { attended_only: false, ..outcome(0) };
    let spared = Connection { attended_only: true, ..running }
        .on(Event::Succeeded(remembered), now(), &Daily)
        .unwrap();
    assert_eq!((spared.reason, spared.due_at), (Reason::Ok, Some(now() + DAY)));
}

#[test]
fn two_logins_at_one_institution_have_names_of_their_own() {
    let named = |institution: &str, login: &str| {
        let around = Around { login: login.to_owned(), ..Around::default() };
        Connection { institution: institution.to_owned(), around, ..connection(Reason::Ok, None) }.name()
    };
    assert_eq!(named("Maple Bank", ""), "Maple Bank");
    assert_eq!(named("Maple Bank", "Ruth"), "Maple Bank (Ruth)");
    assert_eq!(named("Maple Bank (sandbox)", "second login"), "Maple Bank (sandbox, second login)");
}

fn any_event() -> impl Strategy<Value = Event> {
    let reason = prop::sample::select(Reason::ALL);
    prop_oneof![
        any::<bool>().prop_map(|confirmed| Event::LoginGiven { confirmed }),
        any::<bool>().prop_map(|attended| Event::RefreshAsked { attended }),
        Just(Event::FindNewAsked),
        Just(Event::StartAgainAsked),
        Just(Event::RunStarted),
        Just(Event::StepTaken),
        (any::<bool>(), any::<bool>(), 0..900_u64).prop_map(|(code, wrong_before, seconds)| Event::Asked {
            code,
            wrong_before,
            deadline: now() + Duration::from_secs(seconds)
        }),
        Just(Event::Answered),
        Just(Event::DeadlinePassed),
        (0..3_u32, 0..2_u32, 0..2_u32, any::<bool>(), any::<bool>()).prop_map(
            |(listed, undecided, missing, partial, attended_only)| {
                Event::Succeeded(Outcome { listed, undecided, missing, partial, attended_only })
            }
        ),
        reason
            .prop_filter("a connector says what went wrong", |reason| {
                *reason == Reason::AttendedOnly
                    || !matches!(reason.state(), State::Connecting | State::Active | State::NeedsInput)
            })
            .prop_map(Event::Failed),
        (0..2_u32, 0..2_u32, any::<bool>(), any::<Option<bool>>()).prop_map(
            |(undecided, missing, partial, fetch)| {
                Event::Reviewed(Review { undecided, missing, partial, fetch })
            }
        ),
        any::<bool>().prop_map(|keeps_accounts| Event::Disconnected { keeps_accounts }),
    ]
}

/// Found by the property below.
#[test]
fn where_each_run_needs_a_person_a_decision_leaves_nothing_due() {
    let mut missing = connection(Reason::AccountMissing, None);
    missing.attended_only = true;
    missing.due_at = Some(now() + Duration::from_secs(3_600));
    let review = Review { undecided: 0, missing: 0, partial: false, fetch: None };
    let settled = missing.on(Event::Reviewed(review), now(), &Daily).unwrap();
    assert_eq!((settled.reason, settled.due_at), (Reason::AttendedOnly, None));
}

proptest! {
    /// Whatever happens in whatever order, a connection never waits for nobody: it runs, or is due, or a person or an
    /// administrator has something to do; and where a person must act nothing is tried.
    #[test]
    fn no_order_of_events_strands_a_connection(events in prop::collection::vec((any_event(), 0..100_000_u64), 0..60)) {
        let mut connection = connection(Reason::Started, Some(Work { kind: AttemptKind::Connect, attended: true }));
        connection.due_at = Some(now());
        let mut at = now();
        for (event, seconds) in events {
            at += Duration::from_secs(seconds);
            let Ok(next) = connection.on(event, at, &Daily) else { continue };
            let person = matches!(
                next.state(),
                State::NeedsInput | State::NeedsLogin | State::NeedsVisit | State::Paused | State::Ended
            ) || (next.attended_only && next.due_at.is_none());
            if next.is_running() {
                prop_assert!(next.due_at.is_some(), "{event:?} {next:?}");
            } else if person {
                prop_assert_eq!(next.due_at, None);
            } else {
                prop_assert!(next.due_at.is_some() && next.reason.retry(next.failures_in_row) != Retry::Never, "{event:?} {next:?}");
            }
            prop_assert!(next.rejected_in_row <= limits::REJECTED_LOGINS_MAX + 1);
            prop_assert_eq!(next.version, connection.version);
            connection = next;
        }
    }
}

//! How accounts, reasons and times are told on a client's pages: the same words and marks wherever they appear.

use domain::{
    Currency, Money, Reason, Timestamp,
    account::{Account, AccountKind, Category, Owner, Value},
    connection::Connection,
    freshness,
    person::{Person, Role},
    reason::{Fix, Mark, State},
    time::{ago_words, clock_words, date_words, time_words},
};
use jiff::tz::TimeZone;

/// The household's currency, which pages leave out.
const HOME: Currency = Currency::USD;

/// An amount; the currency is named when it isn't the household's.
pub(crate) fn money(amount: Money) -> String {
    if amount.currency == HOME { amount.to_string() } else { format!("{} {amount}", amount.currency) }
}

/// An amount in two parts, `1,284,310` and `.52`, for the one large figure of a page.
pub(crate) fn large(amount: Money) -> (String, String) {
    let text = money(amount);
    match text.rfind('.') {
        Some(at) => (text[..at].to_owned(), text[at..].to_owned()),
        None => (text, String::new()),
    }
}

/// A change with its sign: `+30,030.78`.
pub(crate) fn signed(change: Money) -> String {
    if change.minor > 0 { format!("+{}", money(change)) } else { money(change) }
}

/// `•••3318`, or nothing when no digits are known.
pub(crate) fn masked(last_digits: &str) -> String {
    if last_digits.is_empty() { String::new() } else { format!("•••{last_digits}") }
}

/// Two letters for an institution without a picture: `Meridian Retirement` is `MR`.
pub(crate) fn initials(name: &str) -> String {
    let words = name.split(|c: char| !c.is_alphanumeric());
    let words = words.filter(|word| !matches!(*word, "" | "of" | "and" | "The"));
    words.filter_map(|word| word.chars().next()).take(2).flat_map(char::to_uppercase).collect()
}

/// The names of a household's people as owners of accounts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Owners {
    client: String,
    co_client: String,
}

impl Owners {
    /// First names are enough within a family.
    pub(crate) fn of(people: &[Person]) -> Self {
        let first = |role: Role| {
            let person = people.iter().find(|person| person.role == role);
            person.and_then(|person| person.name.split_whitespace().next()).unwrap_or_default().to_owned()
        };
        Self { client: first(Role::Client), co_client: first(Role::CoClient) }
    }

    /// Whose it is.
    pub(crate) fn name(&self, owner: Owner) -> &str {
        match owner {
            Owner::Client if !self.client.is_empty() => &self.client,
            Owner::Client => "Client",
            Owner::CoClient if !self.co_client.is_empty() => &self.co_client,
            Owner::CoClient => "My partner",
            Owner::Joint => "Joint",
        }
    }

    /// Code and words of each, for forms.
    pub(crate) fn options(&self) -> Vec<(&'static str, String)> {
        Owner::ALL.into_iter().map(|owner| (owner.code(), self.name(owner).to_owned())).collect()
    }
}

/// The kinds of accounts in their groups, for forms.
pub(crate) fn kinds() -> Vec<(&'static str, Vec<(&'static str, &'static str)>)> {
    let of = |category: Category| {
        let kinds = AccountKind::ALL.iter().filter(move |kind| kind.category() == category);
        kinds.map(|kind| (kind.code(), kind.label())).collect()
    };
    Category::ALL.into_iter().map(|category| (category.label(), of(category))).collect()
}

/// A mark with its words: never the colour alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pill {
    /// The CSS class: `good`, `key` or `wrench`.
    pub(crate) class: &'static str,
    pub(crate) icon: &'static str,
    pub(crate) words: &'static str,
}

impl Pill {
    /// The mark of a connection.
    pub(crate) fn of(connection: &Connection) -> Self {
        if connection.is_running() && connection.state() == State::NeedsInput {
            return Self { class: "key", icon: "key", words: "Your turn" };
        }
        if connection.is_running() {
            return Self { class: "good", icon: "clock", words: "Updating" };
        }
        match (connection.reason.mark(), connection.reason) {
            (Mark::Key, Reason::ByPerson) => Self { class: "good", icon: "clock", words: "Switched off" },
            (_, Reason::NewAccounts) if connection.around.added == 0 => {
                Self { class: "key", icon: "plus", words: "Accounts found" }
            }
            (_, Reason::NewAccounts) => Self { class: "key", icon: "plus", words: "New account" },
            (_, Reason::AttendedOnly) => Self { class: "good", icon: "refresh", words: "Updates with you" },
            (Mark::Key, _) => Self { class: "key", icon: "key", words: "You can fix this" },
            (Mark::Wrench, _) => Self { class: "wrench", icon: "wrench", words: "We are on it" },
            (Mark::Good, Reason::Removed | Reason::LoginKindUnsupported) => {
                Self { class: "good", icon: "hand", words: "Kept by hand" }
            }
            (Mark::Good, Reason::Partial) => Self { class: "good", icon: "clock", words: "Partly current" },
            // Without accounts nothing can be current.
            (Mark::Good, _) if connection.around.added == 0 => {
                Self { class: "good", icon: "dot", words: "Connected" }
            }
            (Mark::Good, _) => Self { class: "good", icon: "dot", words: "Current" },
        }
    }
}

/// What a button does: it follows a link or sends a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) label: &'static str,
    pub(crate) href: String,
    /// Sends a form instead of following a link.
    pub(crate) post: bool,
}

impl Step {
    fn link(label: &'static str, href: String) -> Self {
        Self { label, href, post: false }
    }

    fn send(label: &'static str, href: String) -> Self {
        Self { label, href, post: true }
    }

    /// The one next step of a reason, with its own word; `None` when there is nothing to do but wait.
    pub(crate) fn of(connection: &Connection) -> Option<Self> {
        let at = format!("/connections/{}", connection.id);
        Some(match connection.reason.fix() {
            Fix::Wait => return None,
            Fix::Refresh | Fix::VisitThenRefresh => Self::send("Refresh", format!("{at}/refresh")),
            Fix::FindNew if connection.reason == Reason::NewAccounts => {
                Self::link(decide(connection), format!("{at}/review"))
            }
            Fix::FindNew | Fix::ReviewAccounts => Self::send("Find New", format!("{at}/find-new")),
            Fix::UpdateLogin | Fix::VisitThenUpdateLogin | Fix::ConfirmThenUpdateLogin => {
                Self::link("Update login", format!("{at}/login"))
            }
            Fix::Answer if connection.is_running() => Self::link("Answer", at),
            // As many wrong answers as are permitted: nothing is asked any more.
            Fix::Answer | Fix::StartAgain => Self::send("Start again", format!("{at}/start-again")),
            Fix::Resume if connection.reason == Reason::ByPerson => {
                Self::link("Switch on", format!("{at}/login"))
            }
            Fix::Resume => Self::send("Try again", format!("{at}/refresh")),
            Fix::AddAgain => Self::link("Add again", format!("/accounts/add/{}", connection.offering)),
        })
    }
}

/// The matter with a connection, as bars and lists tell it; `None` while all is well.
#[derive(Debug, Clone)]
pub(crate) struct Trouble {
    /// `key`: the client can fix it; `wrench`: others are on it.
    pub(crate) class: &'static str,
    pub(crate) title: String,
    pub(crate) sentence: String,
    /// A question is open or a run is under way: what helps is its page, not a repair.
    pub(crate) label: &'static str,
}

impl Trouble {
    pub(crate) fn of(connection: &Connection, now: Timestamp, zone: &TimeZone) -> Option<Self> {
        let class = match mark(connection, now, zone) {
            Mark::Key => "key",
            Mark::Wrench => "wrench",
            Mark::Good => return None,
        };
        Some(Self {
            class,
            title: title(connection),
            sentence: sentence(connection, now, zone),
            label: match connection.reason.fix() {
                Fix::Answer if connection.is_running() => "Answer",
                Fix::FindNew if connection.reason == Reason::NewAccounts => decide(connection),
                Fix::FindNew => "Find New",
                Fix::Resume if connection.reason == Reason::ByPerson => "Switch on",
                _ => "Click to Fix",
            },
        })
    }
}

/// What leads to the review of accounts that were found: the first time a way is gone on with.
fn decide(connection: &Connection) -> &'static str {
    if connection.around.added == 0 { "Continue" } else { "Find New" }
}

/// The mark of a connection now. Where the institution asks each time, the client is called only once the values are
/// old: a bar that can't be cleared is no call.
pub(crate) fn mark(connection: &Connection, now: Timestamp, zone: &TimeZone) -> Mark {
    let recent = connection.last_success_at.is_some_and(|at| freshness::is_recent(at, now, zone));
    match connection.reason {
        Reason::AttendedOnly if recent => Mark::Good,
        reason => reason.mark(),
    }
}

/// The headline of what is the matter.
pub(crate) fn title(connection: &Connection) -> String {
    let (name, around) = (connection.name(), &connection.around);
    match (connection.reason, around.missing.as_slice()) {
        (Reason::NewAccounts, _) if around.added == 0 && around.found > 0 => {
            format!("{} found at {name}", counted(around.found as usize, "account"))
        }
        (Reason::NewAccounts, _) if around.found > 1 => format!("{} new accounts at {name}", around.found),
        (Reason::AccountMissing, [account]) => format!("{account} is no longer listed at {name}"),
        (Reason::AccountMissing, [_, _, ..]) => {
            format!("{} accounts are no longer listed at {name}", around.missing.len())
        }
        (reason, _) => Reason::fill(reason.title(), &name),
    }
}

/// What happened, who acts, whether waiting helps; with the times where somebody waits for them.
pub(crate) fn sentence(connection: &Connection, now: Timestamp, zone: &TimeZone) -> String {
    let (name, around) = (connection.name(), &connection.around);
    let sentence = match (connection.reason, around.missing.as_slice()) {
        (Reason::NewAccounts, _) if around.added == 0 && around.found > 0 => {
            let each = if around.found == 1 { "it" } else { "each of them" };
            format!("Say what becomes of {each}. Nothing counts in your net worth before you do.")
        }
        (Reason::NewAccounts, _) if around.found > 1 => format!(
            "We found {} accounts at {name} that you have not added. Have a look and decide.",
            around.found
        ),
        (Reason::AccountMissing, [_]) => format!(
            "{name} has left it out of its list several times in a row. If it was closed, say so: its history \
             stays. If it has another number now, press Find New."
        ),
        (Reason::AccountMissing, [_, _, ..]) => format!(
            "{name} has left them out of its list several times in a row: {}. If one was closed, say so: its \
             history stays. If it has another number now, press Find New.",
            listed(&around.missing)
        ),
        (Reason::AnswerWrong, _) if !connection.is_running() => format!(
            "{name} did not accept the answers, so we stopped before it locks you out. Start again and it asks \
             anew; your password is kept."
        ),
        (reason, _) => Reason::fill(reason.client_sentence(), &name),
    };
    if connection.reason.mark() != Mark::Wrench {
        return sentence;
    }
    let since = moment(connection.since, now, zone);
    match connection.due_at.filter(|next| *next > now) {
        Some(next) => {
            let next = moment(next, now, zone);
            format!("{sentence} It began at {since}; the next try is at {next}.")
        }
        None => format!("{sentence} It began at {since}."),
    }
}

/// An account in a sentence: `Rainy day savings •••9120`.
pub(crate) fn in_words(account: &Account) -> String {
    match masked(&account.last_digits) {
        digits if digits.is_empty() => account.name.clone(),
        digits => format!("{} {digits}", account.name),
    }
}

/// `a, b and c`.
pub(crate) fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// A time of today as a clock time, any other in full.
pub(crate) fn moment(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let day = |at: Timestamp| at.to_zoned_datetime(zone.clone()).date();
    if day(at) == day(now) { clock_words(at, zone) } else { time_words(at, zone) }
}

/// A time with its distance, where that is what people ask: `Nov 20, 2026, 6:04 AM (3 days ago)`.
pub(crate) fn time(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    format!("{} ({})", time_words(at, zone), ago_words(at, now, zone))
}

/// `Mon, Nov 23, 6:00 AM`: for what is to come.
pub(crate) fn coming(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned_datetime(zone.clone()).strftime("%a, %b %-d, %-I:%M %p").to_string()
}

/// An account as a row of a list.
#[derive(Debug, Clone)]
pub(crate) struct AccountRow {
    pub(crate) id: String,
    pub(crate) name: String,
    /// Institution, kind or owner and the last digits, as the list wants it.
    pub(crate) sub: String,
    pub(crate) value: Option<String>,
    pub(crate) as_of: String,
    pub(crate) updated: String,
    /// The number itself says that it is old.
    pub(crate) stale: bool,
    /// Counted in net worth.
    pub(crate) counted: bool,
    pub(crate) missing: bool,
    /// `Nov 23, 2026`, when the client said that it was closed; else empty.
    pub(crate) closed: String,
    pub(crate) pill: Option<Pill>,
    pub(crate) step: Option<Step>,
}

impl AccountRow {
    /// The row; `sub` is what stands below the name.
    pub(crate) fn of(account: &Account, sub: String, now: Timestamp, zone: &TimeZone) -> Self {
        let told = |tell: &dyn Fn(Value) -> String| account.value.map(tell).unwrap_or_default();
        Self {
            id: account.id.to_string(),
            name: account.name.clone(),
            sub,
            value: account.value.map(|value| money(value.amount)),
            as_of: told(&|value| date_words(value.as_of)),
            updated: told(&|value| time_words(value.updated_at, zone)),
            // What is closed is of its day and never gets newer.
            stale: account.closed_on.is_none() && !freshness::is_current(account, now, zone),
            counted: account.counts(),
            closed: account.closed_on.map(date_words).unwrap_or_default(),
            missing: account.closed_on.is_none()
                && account.missing_runs >= domain::limits::MISSING_RUNS_FLAGGED,
            pill: None,
            step: None,
        }
    }
}

/// Words joined by a middle dot, without the empty ones; a line breaks before the dot, never after it.
pub(crate) fn dotted(parts: &[&str]) -> String {
    parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(" ·\u{a0}")
}

/// `1 account`, `3 accounts`.
pub(crate) fn counted(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::samples;

    #[test]
    fn amounts_name_a_foreign_currency_only() {
        let amount = |minor, code: &str| Money { minor, currency: code.parse().unwrap() };
        assert_eq!(money(amount(-123_456, "USD")), "\u{2212}1,234.56");
        assert_eq!(money(amount(123_456, "EUR")), "EUR 1,234.56");
        assert_eq!(large(amount(128_431_052, "USD")), ("1,284,310".to_owned(), ".52".to_owned()));
        assert_eq!(large(amount(500, "JPY")), ("JPY 500".to_owned(), String::new()));
        assert_eq!(signed(amount(5, "USD")), "+0.05");
    }

    #[test]
    fn found_accounts_are_counted_and_the_first_ones_are_no_news() {
        let (now, zone) = (samples::now(), samples::zone());
        let mut connection = samples::connection(1, "Ironbridge Bank", Reason::NewAccounts);
        let told = |connection: &Connection| {
            let trouble = Trouble::of(connection, now, &zone).unwrap();
            let step = Step::of(connection).unwrap();
            assert!(step.href.ends_with("/review") && !step.post, "what was found needs no other run");
            assert_eq!(step.label, trouble.label);
            (trouble.title, trouble.sentence, trouble.label)
        };
        (connection.around.added, connection.around.found) = (0, 2);
        let (title, sentence, label) = told(&connection);
        assert_eq!((&*title, label), ("2 accounts found at Ironbridge Bank", "Continue"));
        assert!(sentence.contains("Say what becomes of each of them"), "{sentence}");
        (connection.around.added, connection.around.found) = (2, 1);
        let (title, sentence, label) = told(&connection);
        assert_eq!((&*title, label), ("A new account at Ironbridge Bank", "Find New"));
        assert!(sentence.contains("We found an account"));
        connection.around.found = 3;
        let (title, sentence, _) = told(&connection);
        assert_eq!(title, "3 new accounts at Ironbridge Bank");
        assert!(sentence.contains("We found 3 accounts"));
    }

    #[test]
    fn where_a_code_is_asked_each_time_the_client_is_called_only_once_values_are_old() {
        let (now, zone) = (samples::now(), samples::zone());
        let mut connection = samples::connection(1, "Copperleaf Bank", Reason::AttendedOnly);
        assert!(Trouble::of(&connection, now, &zone).is_none());
        assert_eq!(Pill::of(&connection).words, "Updates with you");
        connection.last_success_at = Some(now - std::time::Duration::from_hours(5 * 24));
        let trouble = Trouble::of(&connection, now, &zone).unwrap();
        assert_eq!((trouble.class, trouble.label), ("key", "Click to Fix"));
    }

    #[test]
    fn wrong_answers_that_ended_the_run_lead_to_a_new_one() {
        let mut connection = samples::connection(1, "Copperleaf Bank", Reason::AnswerWrong);
        let step = Step::of(&connection).unwrap();
        assert!(step.label == "Start again" && step.post && step.href.ends_with("/start-again"));
        assert!(sentence(&connection, samples::now(), &samples::zone()).contains("Start again"));
        let kind = domain::attempt::AttemptKind::Connect;
        connection.work = Some(domain::connection::Work { kind, attended: true });
        assert_eq!(Step::of(&connection).unwrap().label, "Answer");
    }

    #[test]
    fn names_get_two_letters() {
        assert_eq!(initials("Meridian Retirement Plans"), "MR");
        assert_eq!(initials("fidelity"), "F");
        assert_eq!(initials("The Bank of America"), "BA");
        assert_eq!(initials("1st (Bank)"), "1B");
        assert_eq!(initials("—"), "");
    }

    #[test]
    fn lists_are_joined_without_holes() {
        assert_eq!(dotted(&["Cash", "", "•••3318"]), "Cash ·\u{a0}•••3318");
        assert_eq!(
            (counted(1, "account"), counted(0, "account")),
            ("1 account".to_owned(), "0 accounts".to_owned())
        );
    }
}

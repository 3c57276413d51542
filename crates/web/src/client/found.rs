//! What a search found, as rows under their brands, and the tiles of a page on which nothing was typed yet.

use std::{collections::BTreeSet, ops::Range};

use directory::{Directory, Field, Group, Matched, Results};
use domain::{
    connection::Connection,
    institution::{InstitutionKind, Offering},
    login::FieldKind,
    reason::State,
};

use super::words::{Pill, counted, dotted, initials};
use crate::ctx::encoded;

/// Entries of one brand that are shown at once; the others stand behind one click.
const SHOWN: usize = 4;
/// From this popularity on few people outside the place know a bank, so the row names it.
const LOCAL: u8 = 4;
/// A household's own institutions that are offered for a second login.
const OWN_TILES: usize = 6;
/// The colours of monograms, in `app.css`.
const HUES: [&str; 12] = ["h0", "h1", "h2", "h3", "h4", "h5", "h6", "h7", "h8", "h9", "h10", "h11"];

/// A stretch of text; the marked ones are what was typed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) text: String,
    pub(super) marked: bool,
}

/// `nb.` and `fidelity.com`: the second is what a person compares.
pub(super) struct Address {
    pub(super) before: Vec<Piece>,
    pub(super) own: Vec<Piece>,
}

/// Rows that stand together: of one brand under its heading, or of several that have only one each.
pub(super) struct Block {
    of_many: bool,
    /// None above what nothing else stands before.
    pub(super) heading: Option<Heading>,
    pub(super) rows: Vec<Row>,
    pub(super) more: Option<More>,
}

pub(super) struct Heading {
    /// `Fidelity: 7 entries`.
    pub(super) words: String,
    /// What to choose by; empty where that is plain.
    pub(super) hint: &'static str,
}

pub(super) struct More {
    pub(super) words: String,
    /// The same page with all entries of the brand, for browsers without JavaScript.
    pub(super) href: String,
}

/// How an offering can be connected.
pub(super) struct How {
    pub(super) icon: &'static str,
    pub(super) words: String,
}

pub(super) struct Row {
    pub(super) id: String,
    pub(super) href: String,
    pub(super) initials: String,
    pub(super) hue: &'static str,
    pub(super) name: Vec<Piece>,
    pub(super) pill: Option<Pill>,
    pub(super) what: String,
    pub(super) addresses: Vec<Address>,
    /// The other name that was typed.
    pub(super) also: Option<Vec<Piece>>,
    pub(super) note: String,
    pub(super) how: How,
    /// Shown only on demand.
    pub(super) hidden: bool,
}

/// An institution to choose before anything is typed.
pub(super) struct Tile {
    pub(super) href: String,
    pub(super) initials: String,
    pub(super) hue: &'static str,
    pub(super) name: String,
    pub(super) address: String,
    pub(super) pill: Option<Pill>,
}

/// The blocks of an answer; all entries of the brand `opened` are shown.
pub(super) fn blocks(
    results: &Results<'_>,
    connections: &[Connection],
    typed: &str,
    opened: &str,
) -> Vec<Block> {
    let twins = twins(results);
    let mut blocks: Vec<Block> = Vec::new();
    for group in &results.groups {
        let mut rows: Vec<Row> = group
            .hits
            .iter()
            .map(|hit| Row::of(hit.offering, &hit.matched, connections, typed, &twins))
            .collect();
        if rows.len() > 1 {
            let more = more(group, typed).filter(|_| opened != group.brand);
            if more.is_some() {
                rows.iter_mut().skip(SHOWN).for_each(|row| row.hidden = true);
            }
            blocks.push(Block { of_many: false, heading: Some(Heading::of(group)), rows, more });
        } else if let Some(block) = blocks.last_mut().filter(|block| block.of_many) {
            block.rows.append(&mut rows);
        } else {
            let heading = Heading::of_others(&blocks);
            blocks.push(Block { of_many: true, heading, rows, more: None });
        }
    }
    blocks
}

/// Names that more than one row has.
fn twins(results: &Results<'_>) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let names =
        results.groups.iter().flat_map(|group| &group.hits).map(|hit| hit.offering.name.to_lowercase());
    names.filter(|name| !seen.insert(name.clone())).collect()
}

/// What opens the rest of a brand; a single further entry is worth no click.
fn more(group: &Group<'_>, typed: &str) -> Option<More> {
    let rest = group.hits.len().saturating_sub(SHOWN);
    (rest > 1).then(|| More {
        words: format!("Show {rest} more of {}", group.brand),
        href: format!("/accounts/add/search?q={}&more={}", encoded(typed), encoded(group.brand)),
    })
}

impl Heading {
    /// Above those of which there is one each; none at the top.
    fn of_others(before: &[Block]) -> Option<Self> {
        let words = match before {
            [] => return None,
            _ if before.iter().any(|block| block.of_many) => "More institutions",
            _ => "Other institutions",
        };
        Some(Self { words: words.to_owned(), hint: "" })
    }

    fn of(group: &Group<'_>) -> Self {
        let offerings = || group.hits.iter().map(|hit| hit.offering);
        let names: BTreeSet<&str> = offerings().map(|offering| offering.name.as_str()).collect();
        let addresses: BTreeSet<&str> = offerings().map(Offering::address).collect();
        let number = group.hits.len();
        let words = if names.len() == 1 {
            format!("{}: {number} institutions have this name", group.brand)
        } else {
            format!(
                "{}: {}",
                group.brand,
                if number == 1 { "1 entry".to_owned() } else { format!("{number} entries") }
            )
        };
        let hint = if addresses.len() == 1 {
            "All log in at one address. Choose what your account is for."
        } else {
            "Which address do you use to log in? Compare the address of each entry with it."
        };
        Self { words, hint }
    }
}

impl Row {
    fn of(
        offering: &Offering,
        matched: &Matched,
        connections: &[Connection],
        typed: &str,
        twins: &BTreeSet<String>,
    ) -> Self {
        let place = if is_local(offering) || twins.contains(&offering.name.to_lowercase()) {
            offering.place.as_str()
        } else {
            ""
        };
        let in_name = within_name(offering, matched);
        let also = (matched.field == Field::Alias && in_name.is_none())
            .then(|| pieces(&matched.text, &matched.spans));
        Self {
            id: offering.id.clone(),
            href: format!("/accounts/add/{}?q={}", offering.id, encoded(typed)),
            initials: initials(&offering.name),
            hue: hue(&offering.brand),
            name: pieces(&offering.name, &in_name.unwrap_or_default()),
            pill: pill(offering, connections),
            what: capital(&dotted(&[purpose(offering), place])),
            addresses: addresses(offering, matched),
            also,
            note: offering.note.clone(),
            how: How::of(offering),
            hidden: false,
        }
    }
}

/// What of the name to mark: also where another name, or the brand, is a part of it, as `Fidelity` is of `Fidelity
/// Investments`.
fn within_name(offering: &Offering, matched: &Matched) -> Option<Vec<Range<usize>>> {
    if matched.field == Field::Address {
        return None;
    }
    let at = offering.name.find(&matched.text)?;
    Some(matched.spans.iter().map(|span| at + span.start..at + span.end).collect())
}

impl How {
    fn of(offering: &Offering) -> Self {
        let Some(access) = &offering.access else {
            return Self { icon: "hand", words: "By hand only, for now".to_owned() };
        };
        let words = match access.form.iter().find(|field| field.kind == FieldKind::Text) {
            Some(field) => format!("Sign in here with your {}", lower(&field.label)),
            None => "Connect it here".to_owned(),
        };
        Self { icon: "key", words }
    }
}

impl Tile {
    /// The offerings that the household chose before, each once, and the best-known ones it has not.
    pub(super) fn lists(
        directory: &Directory,
        connections: &[Connection],
        most: usize,
    ) -> (Vec<Self>, Vec<Self>) {
        let mut seen = BTreeSet::new();
        let own: Vec<&Offering> = connections
            .iter()
            .filter(|connection| seen.insert(connection.offering.as_str()))
            .filter_map(|connection| directory.offering(&connection.offering))
            .take(OWN_TILES)
            .collect();
        let popular = directory.popular(most + own.len());
        let popular = popular.into_iter().filter(|offering| !seen.contains(offering.id.as_str()));
        let tile = |offering: &Offering| Self::of(offering, connections);
        (own.into_iter().map(tile).collect(), popular.take(most).map(tile).collect())
    }

    fn of(offering: &Offering, connections: &[Connection]) -> Self {
        Self {
            href: format!("/accounts/add/{}", offering.id),
            initials: initials(&offering.name),
            hue: hue(&offering.brand),
            name: offering.name.clone(),
            address: split(offering.address()).1.to_owned(),
            pill: pill(offering, connections),
        }
    }
}

fn pill(offering: &Offering, connections: &[Connection]) -> Option<Pill> {
    let mut at = connections.iter().filter(|connection| connection.offering == offering.id).peekable();
    at.peek()?;
    Some(if at.any(|connection| connection.state() != State::Ended) {
        Pill { class: "good", icon: "dot", words: "Connected" }
    } else {
        Pill { class: "good", icon: "clock", words: "Connected before" }
    })
}

/// Banks of one town are told apart by it.
fn is_local(offering: &Offering) -> bool {
    matches!(offering.kind, InstitutionKind::Bank | InstitutionKind::CreditUnion)
        && offering.popularity >= LOCAL
}

/// What it is for, in the directory's words or by its kind, unless the name says it already.
fn purpose(offering: &Offering) -> &str {
    if !offering.purpose.is_empty() {
        return &offering.purpose;
    }
    let kind = match offering.kind {
        InstitutionKind::Bank => "bank",
        InstitutionKind::CreditUnion => "credit union",
        InstitutionKind::Broker => "brokerage",
        InstitutionKind::Retirement => "workplace plans",
        InstitutionKind::Insurer => "insurance",
        InstitutionKind::Lender => "loans",
        InstitutionKind::Card => "credit cards",
        InstitutionKind::Hsa => "health savings accounts",
        InstitutionKind::Payroll => "payroll",
        InstitutionKind::Crypto => "crypto accounts",
        InstitutionKind::Other => "",
    };
    if offering.name.to_lowercase().contains(kind) { "" } else { kind }
}

/// Where people log in, and the institution's home when that is under another name: either may be the one they know.
fn addresses(offering: &Offering, matched: &Matched) -> Vec<Address> {
    let login = offering.address();
    let home = host(&offering.home_url);
    let mut hosts = vec![login];
    if !home.is_empty() && split(home).1 != split(login).1 {
        hosts.push(home);
    }
    let typed = host(&matched.text);
    let by_address = matched.field == Field::Address && !typed.is_empty();
    if by_address && !hosts.contains(&typed) {
        hosts.push(typed);
    }
    // Where the address begins within the text that answered: behind a scheme or a `www.`.
    let skipped = matched.text.find(typed).unwrap_or_default();
    let spans: Vec<Range<usize>> = matched
        .spans
        .iter()
        .map(|span| span.start.saturating_sub(skipped)..span.end.saturating_sub(skipped))
        .filter(|span| !span.is_empty())
        .collect();
    hosts
        .into_iter()
        .map(|host| Address::of(host, if by_address && host == typed { &spans } else { &[] }))
        .collect()
}

impl Address {
    fn of(host: &str, spans: &[Range<usize>]) -> Self {
        let at = split(host).0.len();
        let clip = |from: usize, to: usize| -> Vec<Range<usize>> {
            let within =
                |span: &Range<usize>| span.start.clamp(from, to) - from..span.end.clamp(from, to) - from;
            spans.iter().map(within).filter(|span| !span.is_empty()).collect()
        };
        let (before, own) = host.split_at(at);
        Self { before: pieces(before, &clip(0, at)), own: pieces(own, &clip(at, host.len())) }
    }
}

/// The host of an address, without scheme and `www.`.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    host.strip_prefix("www.").unwrap_or(host)
}

/// A host in two parts: `nb.` and `fidelity.com`.
fn split(host: &str) -> (&str, &str) {
    // An address of numbers has no part that is the institution's own.
    if host.split(':').next().is_some_and(|host| host.parse::<std::net::IpAddr>().is_ok()) {
        return ("", host);
    }
    let own = host.rmatch_indices('.').nth(1).map_or(0, |(at, _)| at + 1);
    host.split_at(own)
}

/// The two parts of an offering's address.
pub(super) fn split_address(offering: &Offering) -> (String, String) {
    let (before, own) = split(offering.address());
    (before.to_owned(), own.to_owned())
}

/// A text cut where its marks begin and end. Marks that don't fit the text are left out: the text is what counts.
fn pieces(text: &str, spans: &[Range<usize>]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut put = |range: Range<usize>, marked: bool| {
        if let Some(text) = text.get(range).filter(|text| !text.is_empty()) {
            pieces.push(Piece { text: text.to_owned(), marked });
        }
    };
    let mut done = 0;
    for span in spans {
        if span.start < done || text.get(span.clone()).is_none() {
            continue;
        }
        put(done..span.start, false);
        put(span.clone(), true);
        done = span.end;
    }
    put(done..text.len(), false);
    pieces
}

/// One of twelve colours, the same for a brand on every page and every server.
pub(super) fn hue(brand: &str) -> &'static str {
    // FNV-1a: `std`'s hashes may change between versions.
    let hash = brand.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0193)
    });
    HUES[(hash >> 16) as usize % HUES.len()]
}

/// The first letter as a capital.
fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// A label within a sentence: `user ID`, but `PIN`.
fn lower(label: &str) -> String {
    let mut chars = label.chars();
    let Some(first) = chars.next() else { return String::new() };
    if chars.clone().next().is_some_and(char::is_uppercase) {
        return label.to_owned();
    }
    first.to_lowercase().chain(chars).collect()
}

/// What the live region says.
pub(super) fn said(number: usize, typed: &str) -> String {
    match number {
        0 => format!("Nothing found for {typed}"),
        number => format!("{} for {typed}", counted(number, "result")),
    }
}

#[cfg(test)]
mod tests {
    use directory::{Hit, Score};

    use super::*;
    use crate::client::samples;

    fn row(offering: &Offering, field: Field, text: &str, spans: &[Range<usize>]) -> Row {
        let matched = Matched { field, text: text.to_owned(), spans: spans.to_vec(), forgiven: false };
        Row::of(offering, &matched, &[], "typed", &BTreeSet::new())
    }

    /// Marks in brackets.
    fn told(pieces: &[Piece]) -> String {
        pieces
            .iter()
            .map(|piece| if piece.marked { format!("[{}]", piece.text) } else { piece.text.clone() })
            .collect()
    }

    fn netbenefits() -> Offering {
        let mut offering = samples::offering();
        offering.name = "Fidelity NetBenefits".to_owned();
        offering.brand = "Fidelity".to_owned();
        offering.home_url = "https://www.netbenefits.com".to_owned();
        offering.login_url = "https://nb.fidelity.com/public/nb/default/home".to_owned();
        offering
    }

    #[test]
    fn a_row_tells_why_it_is_there() {
        let offering = netbenefits();
        let by_name = row(&offering, Field::Name, "Fidelity NetBenefits", &[0..4, 9..12]);
        assert_eq!(told(&by_name.name), "[Fide]lity [Net]Benefits");
        assert!(by_name.also.is_none());
        let by_alias = row(&offering, Field::Alias, "Fidelity 401k", std::slice::from_ref(&(9..13)));
        assert_eq!(told(&by_alias.also.unwrap()), "Fidelity [401k]");
        assert_eq!(told(&by_alias.name), "Fidelity NetBenefits");
        let by_brand = row(&offering, Field::Alias, "Fidelity", std::slice::from_ref(&(0..4)));
        assert_eq!(told(&by_brand.name), "[Fide]lity NetBenefits");
        assert!(by_brand.also.is_none());
        // Of the login's host, of the home's, with `www.` before it, and across the two parts.
        for (text, spans, first, second) in [
            ("nb.fidelity.com", 3..11, "nb.|[fidelity].com", "|netbenefits.com"),
            ("nb.fidelity.com", 0..5, "[nb.]|[fi]delity.com", "|netbenefits.com"),
            ("netbenefits.com", 0..15, "nb.|fidelity.com", "|[netbenefits.com]"),
            ("https://www.netbenefits.com", 12..27, "nb.|fidelity.com", "|[netbenefits.com]"),
        ] {
            let row = row(&offering, Field::Address, text, &[spans]);
            let told: Vec<String> = row
                .addresses
                .iter()
                .map(|address| format!("{}|{}", told(&address.before), told(&address.own)))
                .collect();
            assert_eq!(told, [first, second], "{text}");
        }
    }

    #[test]
    fn marks_that_do_not_fit_leave_the_text_as_it_is() {
        // Beyond the end, within a letter, empty, and out of order.
        for spans in [[0..99, 0..99], [0..2, 3..4], [3..3, 5..5], [2..5, 0..2]] {
            let whole: String = pieces("é–Bank", &spans).iter().map(|piece| piece.text.as_str()).collect();
            assert_eq!(whole, "é–Bank", "{spans:?}");
        }
        assert!(pieces("", &[]).is_empty());
    }

    #[test]
    fn how_it_can_be_connected_is_said_in_the_institutions_words() {
        let mut offering = samples::offering();
        assert!(
            How::of(&offering).words.starts_with("Sign in here with your "),
            "{}",
            How::of(&offering).words
        );
        offering.access = None;
        assert_eq!(How::of(&offering).words, "By hand only, for now");
        assert_eq!((lower("User ID"), lower("PIN")), ("user ID".to_owned(), "PIN".to_owned()));
    }

    #[test]
    fn a_place_stands_where_a_name_is_not_enough() {
        let bank = |id: &str, place: &str, popularity| Offering {
            id: id.to_owned(),
            name: "First National Bank".to_owned(),
            brand: "First National Bank".to_owned(),
            kind: InstitutionKind::Bank,
            purpose: String::new(),
            place: place.to_owned(),
            popularity,
            ..samples::offering()
        };
        let (one, two) = (bank("a", "Paris, TX", 2), bank("b", "Omaha, NE", 2));
        let hit = |offering| Hit {
            offering,
            matched: Matched { field: Field::Name, text: String::new(), spans: Vec::new(), forgiven: false },
            score: Score { total: 1.0, parts: Vec::new() },
        };
        let group = Group { brand: "First National Bank", hits: vec![hit(&one), hit(&two)] };
        let results = Results { groups: vec![group], compare_addresses: true };
        let block = blocks(&results, &[], "first", "").remove(0);
        assert_eq!(block.heading.unwrap().words, "First National Bank: 2 institutions have this name");
        assert_eq!(block.rows[0].what, "Paris, TX");
        assert_eq!(row(&one, Field::Name, "", &[]).what, "", "alone and known everywhere");
        assert_eq!(row(&bank("c", "Burke, SD", 5), Field::Name, "", &[]).what, "Burke, SD");
    }

    #[test]
    fn a_brand_keeps_its_colour() {
        assert_eq!(hue("Fidelity"), hue("FIDELITY"));
        let used: BTreeSet<&str> =
            ["Chase", "Citi", "Fidelity", "Vanguard", "Schwab", "Ally", "USAA", "Truist"].map(hue).into();
        assert!(used.len() > 3, "{used:?}");
    }

    #[test]
    fn addresses_are_split_where_people_compare() {
        for (host, before, own) in [
            ("nb.fidelity.com", "nb.", "fidelity.com"),
            ("fidelity.com", "", "fidelity.com"),
            ("localhost", "", "localhost"),
            ("127.0.0.1:8080", "", "127.0.0.1:8080"),
            ("a.b.c.org", "a.b.", "c.org"),
        ] {
            assert_eq!(split(host), (before, own));
        }
    }
}

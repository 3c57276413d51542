//! The directory: every institution a client may name, found as typed.
//!
//! Floor 1. Some 8,900 institutions of the United States are in the binary (`data/README.md`); the sandbox's are added at
//! start, and a firm's edits make another directory of it (decision 0012). It lives in memory and never changes, so a
//! search takes no lock and asks no database.
//!
//! A search in four steps: what was typed becomes words (`words`), read in several ways, each word with all words of the
//! directory that it may begin or be a slip of (`query`, `vocabulary`, `slips`); the texts with the rarest of these are
//! looked up (`index`, over the `texts` an offering is known by), or the offerings at an `address`; each is compared in
//! full and scored in parts that add up (`rank`); and what answered is marked (`highlight`). `eval` measures all of it;
//! `examples/eval.rs` runs that, with time, memory, and a directory of twenty times the size.

mod address;
mod bits;
pub mod check;
pub mod eval;
mod highlight;
pub mod import;
mod index;
mod query;
mod rank;
mod slips;
mod states;
pub mod table;
mod texts;
mod vocabulary;
mod words;

use std::{
    collections::{HashMap, HashSet},
    ops::Range,
    sync::OnceLock,
};

use domain::institution::Offering;

use index::Index;
use query::Query;
use rank::Found;
pub use table::Damaged;

/// Results on one page of the type-ahead.
pub const RESULTS_MAX: usize = 24;
/// From how many letters on a search answers.
pub const QUERY_CHARS_MIN: usize = 2;
/// A longer query is cut: no institution's address is longer.
pub const QUERY_CHARS_MAX: usize = 200;

/// An offering is close to the best one from this share of its relevance on.
const CLOSE: f32 = 0.8;
/// What a word must tell for two names that begin with it to be taken for one another: `fidelity` does, `first` doesn't.
const TELLING_NAME: f32 = 0.4;

/// All offerings, and the index to find them.
pub struct Directory {
    offerings: Vec<Offering>,
    by_id: HashMap<String, usize>,
    /// Built by [`Directory::prepare`] or the first search: a portal answers for accounts before it has one.
    index: OnceLock<Index>,
}

/// What a search found, best first.
#[derive(Debug, Default)]
pub struct Results<'a> {
    pub groups: Vec<Group<'a>>,
    /// Several results could be meant by what was typed: the page asks to compare the address with the one the client
    /// logs in at.
    pub compare_addresses: bool,
}

/// What was found of one brand.
#[derive(Debug)]
pub struct Group<'a> {
    pub brand: &'a str,
    pub hits: Vec<Hit<'a>>,
}

/// An offering that was found, and why.
#[derive(Debug)]
pub struct Hit<'a> {
    pub offering: &'a Offering,
    pub matched: Matched,
    pub score: Score,
}

/// The text of an offering that answers what was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matched {
    pub field: Field,
    /// As the offering has it: its name, one of its other names, or its address.
    pub text: String,
    /// Bytes of `text` that answer, in order, on character boundaries.
    pub spans: Vec<Range<usize>>,
    /// A slip of the hand was forgiven.
    pub forgiven: bool,
}

/// Where the matched text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    Name,
    Alias,
    Address,
}

/// Why a row is where it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    pub total: f32,
    /// What adds up to it: a few words for staff, and the share.
    pub parts: Vec<(&'static str, f32)>,
}

impl Results<'_> {
    /// How many offerings.
    pub fn len(&self) -> usize {
        self.groups.iter().map(|group| group.hits.len()).sum()
    }

    /// All hits in the order of their score, regardless of brand: the ranking that `eval` measures. Groups stand in the
    /// order of their best hit, so a page that unfolds a brand's other offerings on request shows the same.
    pub fn by_score(&self) -> Vec<&Hit<'_>> {
        let mut hits: Vec<&Hit<'_>> = self.groups.iter().flat_map(|group| &group.hits).collect();
        hits.sort_by(|a, b| b.score.total.total_cmp(&a.score.total));
        hits
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }
}

impl Directory {
    /// The embedded directory with `more` offerings; one of `more` replaces an embedded one of the same id.
    pub fn load(more: Vec<Offering>) -> Result<Self, Damaged> {
        Ok(Self::of(replaced(table::embedded()?, more)))
    }

    /// The directory of a file that `heldaway directory import` wrote, with `more` offerings. What a later release of the
    /// binary has brought since is there as well.
    pub fn read(file: &[u8], more: Vec<Offering>) -> Result<Self, Damaged> {
        Ok(Self::of(replaced(replaced(table::embedded()?, table::read(file)?), more)))
    }

    /// A directory of exactly these offerings.
    pub fn of(offerings: Vec<Offering>) -> Self {
        let by_id = offerings.iter().enumerate().map(|(at, offering)| (offering.id.clone(), at)).collect();
        Self { offerings, by_id, index: OnceLock::new() }
    }

    /// Builds the index, which takes a tenth of a second or two; else the first search does.
    pub fn prepare(&self) {
        self.index();
    }

    fn index(&self) -> &Index {
        self.index.get_or_init(|| Index::build(&self.offerings))
    }

    /// This directory with `more` offerings; one of `more` replaces one of the same id.
    #[must_use]
    pub fn with(&self, more: Vec<Offering>) -> Self {
        Self::of(replaced(self.offerings.clone(), more))
    }

    /// The offering of an id, also one that is no longer listed.
    pub fn offering(&self, id: &str) -> Option<&Offering> {
        self.by_id.get(id).map(|at| &self.offerings[*at])
    }

    /// All offerings, also those that are no longer listed.
    pub fn offerings(&self) -> &[Offering] {
        &self.offerings
    }

    /// How many offerings.
    pub fn len(&self) -> usize {
        self.offerings.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.offerings.is_empty()
    }

    /// The best-known listed offerings, for a page on which nothing was typed yet.
    pub fn popular(&self, most: usize) -> Vec<&Offering> {
        let entries = self.index().entries.iter().take(most);
        entries.map(|entry| &self.offerings[entry.offering as usize]).collect()
    }

    /// The offerings meant by what was typed: a name, a part of it, an abbreviation, a web address, with slips of the
    /// hand forgiven. Nothing before the second letter. `chosen` are ids that the household chose before: at equal
    /// relevance they come first.
    pub fn search(&self, typed: &str, chosen: &[&str]) -> Results<'_> {
        let typed: String = typed.trim().chars().take(QUERY_CHARS_MAX).collect();
        if typed.chars().count() < QUERY_CHARS_MIN {
            return Results::default();
        }
        let query = Query::read(&typed, self.index());
        let chosen = chosen.iter().filter_map(|id| self.index().entry_of(*self.by_id.get(*id)?));
        let found = self.index().rank(&query, &chosen.collect::<Vec<_>>(), RESULTS_MAX);
        let compare_addresses = self.several_could_be_meant(&found);
        let mut groups: Vec<Group<'_>> = Vec::new();
        for found in found {
            let hit = self.hit(&query, &found);
            match groups.iter_mut().find(|group| group.brand == hit.offering.brand) {
                Some(group) => group.hits.push(hit),
                None => groups.push(Group { brand: &hit.offering.brand, hits: vec![hit] }),
            }
        }
        Results { groups, compare_addresses }
    }

    fn hit(&self, query: &Query, found: &Found) -> Hit<'_> {
        let offering = self.offering_of(found);
        let matched = highlight::matched(self.index(), offering, query, found);
        let parts = found.score.named().into_iter().filter(|(_, part)| *part != 0.0).collect();
        Hit { offering, matched, score: Score { total: found.score.total(), parts } }
    }

    fn offering_of(&self, found: &Found) -> &Offering {
        &self.offerings[self.index().entries[found.entry as usize].offering as usize]
    }

    /// Whether another offering answers about as well as the best one and could be taken for it: one of the same brand, of
    /// the same name, or whose name begins with the same word, such as two that call themselves Fidelity.
    fn several_could_be_meant(&self, found: &[Found]) -> bool {
        let [first, others @ ..] = found else { return false };
        let best = self.offering_of(first);
        let leading = self.leading_word(best);
        others.iter().any(|found| {
            let other = self.offering_of(found);
            let alike = other.brand == best.brand
                || other.name == best.name
                || (leading.is_some() && self.leading_word(other) == leading);
            alike && found.score.relevance() > first.score.relevance() * CLOSE
        })
    }

    /// The word an offering's name begins with, unless hundreds begin so.
    fn leading_word(&self, offering: &Offering) -> Option<u32> {
        let word = words::read(&offering.name).into_iter().next()?;
        let word = self.index().vocabulary.number(&word.text)?;
        (self.index().weight(word) > TELLING_NAME).then_some(word)
    }

    /// Bytes of memory that the index takes, besides the offerings themselves.
    pub fn index_bytes(&self) -> usize {
        self.index().bytes()
    }
}

/// `offerings` and `more`, less those of `offerings` whose id one of `more` has.
fn replaced(mut offerings: Vec<Offering>, more: Vec<Offering>) -> Vec<Offering> {
    if !more.is_empty() {
        let ids: HashSet<&str> = more.iter().map(|own| own.id.as_str()).collect();
        offerings.retain(|offering| !ids.contains(offering.id.as_str()));
    }
    offerings.extend(more);
    offerings
}

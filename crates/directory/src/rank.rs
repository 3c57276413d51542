//! Ranking: how well a text of an offering answers, and who comes first among those that answer as well.
//!
//! A score is the sum of its parts: the name (how much of what was typed it answers, and how much of it was typed), place
//! and purpose (words the name didn't use up), popularity (the less the more was typed), size, and whether the household
//! chose the offering before.

use super::{
    bits::Bits,
    index::Index,
    query::{Fit, Query, Reading},
    texts::Source,
};

/// So many texts are compared in full for one reading; those cut off belong to the least known offerings.
const CANDIDATES_MAX: usize = 1_000;
/// Below this share of what was typed an offering doesn't answer.
const EXPLAINED_MIN: f32 = 0.5;
/// From so many candidates on, the other words of the query bring no more.
const CANDIDATES_ENOUGH: usize = 400;

/// An offering that answers.
pub(super) struct Found {
    pub(super) entry: u32,
    pub(super) why: Why,
    pub(super) forgiven: bool,
    pub(super) score: Parts,
}

#[derive(Clone, Copy)]
pub(super) enum Why {
    /// By number, under the query's reading of that number.
    Text { text: u32, reading: usize },
    Site(u32),
}

/// What a score adds up from.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Parts {
    pub(super) name: f32,
    pub(super) address: f32,
    pub(super) place: f32,
    pub(super) purpose: f32,
    pub(super) popularity: f32,
    pub(super) size: f32,
    pub(super) chosen: f32,
}

impl Parts {
    pub(super) fn named(&self) -> [(&'static str, f32); 7] {
        [
            ("name", self.name),
            ("address", self.address),
            ("place", self.place),
            ("purpose", self.purpose),
            ("popularity", self.popularity),
            ("size", self.size),
            ("chosen before", self.chosen),
        ]
    }

    pub(super) fn total(&self) -> f32 {
        self.named().iter().map(|(_, part)| part).sum()
    }

    /// What doesn't depend on who is known or liked.
    pub(super) fn relevance(&self) -> f32 {
        self.name + self.address + self.place + self.purpose
    }
}

/// How a text answers a reading.
struct Answer {
    name: f32,
    place: f32,
    purpose: f32,
    forgiven: bool,
}

impl Index {
    /// The best offerings, best first; `chosen` are numbers of those that were chosen before.
    pub(super) fn rank(&self, query: &Query, chosen: &[u32], most: usize) -> Vec<Found> {
        let at_address = query.address.as_ref().map(|address| self.sites.find(address)).unwrap_or_default();
        let mut best = Best { slots: vec![0; self.entries.len()], found: Vec::new() };
        for at in at_address {
            let score = Parts { address: at.relevance, ..Parts::default() };
            let why = Why::Site(at.site);
            let score = self.known_and_liked(score, at.entry, 0.1, chosen);
            best.offer(Found { entry: at.entry, why, forgiven: false, score });
        }
        if best.found.is_empty() {
            for (number, reading) in query.readings.iter().enumerate() {
                self.rank_texts(query, number, reading, chosen, &mut best);
            }
        }
        best.first(most)
    }

    fn rank_texts(&self, query: &Query, number: usize, reading: &Reading, chosen: &[u32], best: &mut Best) {
        for text in self.candidates(reading) {
            let Some(answer) = self.answer(reading, text, |_, _, _| {}) else { continue };
            let entry = self.texts[text as usize].entry;
            let score = Parts {
                name: answer.name,
                place: answer.place,
                purpose: answer.purpose,
                ..Parts::default()
            };
            let popularity = popularity_weight(query.letters, answer.place > 0.0);
            // Somebody well known isn't meant by mistake where somebody else is meant without one.
            let popularity = if answer.forgiven { popularity * 0.6 } else { popularity };
            let score = self.known_and_liked(score, entry, popularity, chosen);
            let why = Why::Text { text, reading: number };
            best.offer(Found { entry, why, forgiven: answer.forgiven, score });
        }
    }

    fn known_and_liked(&self, relevance: Parts, entry: u32, popularity: f32, chosen: &[u32]) -> Parts {
        let known = &self.entries[entry as usize];
        let (popularity, most) = (popularity * known.popularity, popularity);
        let (size, largest) = (0.1 * most * known.size, 0.1 * most);
        // As good as the best-known and largest of all, and a little more.
        let chosen = if chosen.contains(&entry) { most - popularity + largest - size + 0.06 } else { 0.0 };
        Parts { popularity, size, chosen, ..relevance }
    }

    /// Texts worth comparing: those with the rarest word, then with the next, until there are enough.
    fn candidates(&self, reading: &Reading) -> Vec<u32> {
        let initials = self.entries.last().map_or(0, |entry| entry.texts.end);
        let mut sources: Vec<(usize, usize)> = Vec::with_capacity(reading.terms.len());
        for (at, term) in reading.terms.iter().enumerate() {
            let slips: usize = term.slips.iter().map(|slip| self.postings.of(slip.word).len()).sum();
            let placed = if term.text.len() > 1 { self.places.of_all(self.placed(term)).len() } else { 0 };
            sources.push((self.postings.of_all(term.begins.clone()).len() + slips + 4 * placed, at));
        }
        sources.sort_unstable();
        let mut set = Bits::below(self.texts.len());
        let mut put = |text: u32| set.put(text);
        let mut all = 0;
        for (count, at) in sources {
            if all > 0 && all + count > CANDIDATES_ENOUGH {
                break;
            }
            all += count;
            let term = &reading.terms[at];
            if term.known {
                self.postings.of(term.begins.start).iter().copied().for_each(&mut put);
            }
            let slips = term.slips.iter().flat_map(|slip| self.postings.of(slip.word));
            let loose = self.postings.of_all(term.begins.clone()).iter().chain(slips);
            loose.copied().filter(|text| *text < initials).for_each(&mut put);
            if term.text.len() > 1 {
                let placed = self.places.of_all(self.placed(term)).iter();
                placed.flat_map(|entry| self.entries[*entry as usize].texts.clone()).for_each(&mut put);
            }
        }
        set.ascending().take(CANDIDATES_MAX).collect()
    }

    /// Words that are taken as places for a term: a state's code must be whole.
    fn placed(&self, term: &super::query::Term) -> std::ops::Range<u32> {
        if term.text.len() >= 3 {
            term.begins.clone()
        } else {
            term.begins.start..term.begins.start + u32::from(term.known)
        }
    }

    /// Compares a reading with a text, and tells `matched` which term was answered by which word of the text.
    fn answer(&self, reading: &Reading, text: u32, mut matched: impl FnMut(usize, usize, Fit)) -> Option<Answer> {
        let words = self.words_of(text);
        let source = self.texts[text as usize].source;
        let entry = self.texts[text as usize].entry;
        // Words of the text that may answer and haven't yet.
        let mut open = 0u32;
        for (at, word) in words.iter().enumerate() {
            open |= u32::from(reading.meant.has(*word)) << at;
        }
        let (mut used, mut asked, mut named, mut covered) = (0, 0.0, 0.0, 0.0);
        let (mut placed, mut purposed, mut in_order) = (0.0, 0.0, 0.0);
        let (mut forgiven, mut exact, mut expected) = (false, true, 0);
        for (number, term) in reading.terms.iter().enumerate() {
            let mut best: Option<(usize, Fit)> = None;
            for (at, word) in words.iter().enumerate().filter(|(at, _)| open & (1 << at) != 0) {
                let fit = term.fit(*word, self);
                if let Some(fit) = fit.filter(|fit| best.is_none_or(|(_, best)| fit.quality > best.quality)) {
                    best = Some((at, fit));
                }
            }
            if let Some((at, fit)) = best.filter(|(_, fit)| source != Source::Initials || fit.quality == 1.0) {
                let weight = self.weight(words[at]);
                open &= !(1 << at);
                used += 1;
                asked += weight;
                named += weight * fit.quality;
                covered += weight * fit.typed * fit.quality;
                in_order += f32::from(u8::from(at == expected));
                expected = at + 1;
                forgiven |= fit.forgiven;
                exact &= fit.quality == 1.0;
                matched(number, at, fit);
                continue;
            }
            exact = false;
            asked += if term.weight > 0.05 { term.weight.max(0.2) } else { term.weight };
            let aside = |words: &[u32]| {
                let meant = words.iter().filter(|word| reading.meant.has(**word));
                let fits = meant.filter_map(|word| term.fit_aside(*word, self));
                fits.map(|fit| fit.quality).fold(0.0, f32::max)
            };
            let place = aside(self.place_of(entry));
            if place > 0.0 {
                placed += term.weight * place * 0.95;
            } else {
                purposed += term.weight * aside(self.purpose_of(entry)) * 0.8;
            }
        }
        let explained = named + placed + purposed;
        if explained < EXPLAINED_MIN * asked || (named == 0.0 && placed == 0.0) {
            return None;
        }
        let covered = covered / self.weight_of_text(text);
        let in_order = in_order / reading.terms.len() as f32;
        let whole = exact && used == words.len();
        let shape = 0.7 + 0.2 * covered.min(1.0) + 0.08 * in_order + if whole { 0.07 } else { 0.0 };
        let worth = of_source(source, covered) * shape / asked;
        Some(Answer { name: worth * named, place: worth * placed, purpose: worth * purposed, forgiven })
    }

    /// Which terms of a reading which words of a text answer.
    pub(super) fn matches(&self, reading: &Reading, text: u32) -> Vec<(usize, usize, Fit)> {
        let mut matches = Vec::new();
        self.answer(reading, text, |term, word, fit| matches.push((term, word, fit)));
        matches
    }
}

/// The best answer of each offering.
struct Best {
    /// Per offering: one more than its place in `found`; 0 for none.
    slots: Vec<u32>,
    found: Vec<Found>,
}

impl Best {
    fn offer(&mut self, found: Found) {
        let slot = &mut self.slots[found.entry as usize];
        if *slot == 0 {
            self.found.push(found);
            *slot = self.found.len() as u32;
        } else {
            let known = &mut self.found[*slot as usize - 1];
            if found.score.total() > known.score.total() {
                *known = found;
            }
        }
    }

    fn first(self, most: usize) -> Vec<Found> {
        let mut found: Vec<(f32, Found)> =
            self.found.into_iter().map(|found| (found.score.total(), found)).collect();
        let order = |a: &(f32, Found), b: &(f32, Found)| b.0.total_cmp(&a.0).then(a.1.entry.cmp(&b.1.entry));
        if found.len() > most {
            found.select_nth_unstable_by(most - 1, order);
            found.truncate(most);
        }
        found.sort_unstable_by(order);
        found.into_iter().map(|(_, found)| found).collect()
    }
}

/// Two letters are anybody's, so the best-known comes first; a whole name speaks for itself.
fn popularity_weight(letters: usize, with_place: bool) -> f32 {
    let weight = (1.0 - 0.09 * letters as f32).max(0.15);
    if with_place { weight * 0.4 } else { weight }
}

/// What else than its name an offering is called answers as well when typed out; a part of it is a weaker hint.
fn of_source(source: Source, covered: f32) -> f32 {
    match source {
        Source::Name => 1.0,
        Source::Alias(_) => 0.8 + 0.18 * covered.min(1.0),
        Source::Home | Source::Login => 0.8 + 0.16 * covered.min(1.0),
        Source::Brand => 0.9,
        Source::Initials => 0.76,
    }
}

//! Ranking: how well a text of an offering answers, and who comes first among those that answer as well.
//!
//! A score is the sum of its parts: the name (how much of what was typed it answers, and how much of it was typed), place
//! and purpose (words the name didn't use up), popularity (the less the more was typed), size, and whether the household
//! chose the offering before.

use super::{
    bits::Bits,
    index::Index,
    query::{Fit, Query, Reading, Term},
    texts::{Source, Text},
};

/// So many texts are compared in full for one reading; those cut off belong to the least known offerings.
const CANDIDATES_MAX: usize = 1_000;
/// Below this share of what was typed an offering doesn't answer.
const EXPLAINED_MIN: f32 = 0.5;
/// What glue words such as `of` tell.
const GLUE: f32 = 0.05;
/// A word that was typed and isn't answered costs at least this, however common it is.
const MISSED_MIN: f32 = 0.2;
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
    Text {
        text: u32,
        reading: usize,
    },
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

/// What adds up while a reading is compared with a text, in the weights of the words.
#[derive(Default)]
struct Tally {
    /// All that was typed.
    asked: f32,
    /// Of it, what the text answers, what the place, and what the purpose.
    named: f32,
    placed: f32,
    purposed: f32,
    /// How much of the text was typed.
    covered: f32,
    /// Terms that follow one another as in the text.
    in_order: f32,
    /// Words of the text that answer; the one after the last of them.
    used: usize,
    next: usize,
    /// Terms answered otherwise than by the same word.
    inexact: usize,
    forgiven: bool,
}

impl Tally {
    fn add_word(&mut self, at: usize, weight: f32, fit: Fit) {
        self.asked += weight;
        self.named += weight * fit.quality;
        self.covered += weight * fit.typed * fit.quality;
        self.in_order += f32::from(u8::from(at == self.next));
        self.next = at + 1;
        self.used += 1;
        self.inexact += usize::from(!fit.exact);
        self.forgiven |= fit.forgiven;
    }

    /// A word the text doesn't have: it may be the place, else what the offering is for.
    fn add_aside(&mut self, weight: f32, place: f32, purpose: f32) {
        let weight = if weight > GLUE { weight.max(MISSED_MIN) } else { weight };
        self.asked += weight;
        self.inexact += 1;
        if place > 0.0 {
            self.placed += weight * place * 0.95;
        } else {
            self.purposed += weight * purpose * 0.8;
        }
    }

    /// `None` where too much of what was typed stays unanswered.
    fn answer(&self, source: Source, words: usize, weight: f32, terms: usize) -> Option<Answer> {
        let explained = self.named + self.placed + self.purposed;
        if explained < EXPLAINED_MIN * self.asked || (self.named == 0.0 && self.placed == 0.0) {
            return None;
        }
        let covered = (self.covered / weight).min(1.0);
        let whole = if self.inexact == 0 && self.used == words { 0.07 } else { 0.0 };
        let shape = 0.7 + 0.2 * covered + 0.08 * self.in_order / terms as f32 + whole;
        let worth = of_source(source, covered) * shape / self.asked;
        Some(Answer {
            name: worth * self.named,
            place: worth * self.placed,
            purpose: worth * self.purposed,
            forgiven: self.forgiven,
        })
    }
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
            let score =
                Parts { name: answer.name, place: answer.place, purpose: answer.purpose, ..Parts::default() };
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

    /// Texts worth comparing: those with the rarest words; and, where an offering may answer without these, the best-known
    /// of those with the others.
    fn candidates(&self, reading: &Reading) -> Vec<u32> {
        let mut rarest: Vec<(usize, &Term)> =
            reading.terms.iter().map(|term| (self.texts_with(term), term)).collect();
        rarest.sort_by_key(|(count, _)| *count);
        let asked: f32 = reading.terms.iter().map(|term| term.weight).sum();
        let mut left = asked;
        let mut all = 0;
        let mut rare = Bits::below(self.texts.len());
        let mut others: Option<Bits> = None;
        for (count, term) in rarest {
            if all == 0 || all + count <= CANDIDATES_ENOUGH {
                self.put_texts_with(term, &mut rare);
            } else if left >= EXPLAINED_MIN * asked {
                let others = others.get_or_insert_with(|| Bits::below(self.texts.len()));
                self.put_texts_with(term, others);
            } else {
                break;
            }
            all += count;
            left -= term.weight;
        }
        // A word alone, of hundreds of texts, leaves it to popularity who is meant.
        let most = if reading.terms.len() == 1 { CANDIDATES_ENOUGH } else { CANDIDATES_MAX };
        let mut texts: Vec<u32> = rare.ascending().take(most).collect();
        if let Some(others) = others {
            texts.extend(others.ascending().filter(|text| !rare.has(*text)).take(CANDIDATES_ENOUGH));
        }
        texts
    }

    /// About how many texts have a term, or belong to an offering whose place it is.
    fn texts_with(&self, term: &Term) -> usize {
        let slips: usize = term.slips.iter().map(|slip| self.postings.of(slip.word).len()).sum();
        let placed = self.places.of_all(term.as_place()).len();
        self.postings.of_all(term.begins.clone()).len() + slips + 4 * placed
    }

    fn put_texts_with(&self, term: &Term, texts: &mut Bits) {
        // Initials come after all other texts, and answer only whole.
        let initials = self.entries.last().map_or(0, |entry| entry.texts.end);
        if term.known {
            self.postings.of(term.begins.start).iter().for_each(|text| texts.put(*text));
        }
        let slips = term.slips.iter().flat_map(|slip| self.postings.of(slip.word));
        let loose = self.postings.of_all(term.begins.clone()).iter().chain(slips);
        loose.filter(|text| **text < initials).for_each(|text| texts.put(*text));
        for entry in self.places.of_all(term.as_place()) {
            texts.put_all(self.entries[*entry as usize].texts.clone());
        }
    }

    /// Compares a reading with a text, and tells `matched` which term was answered by which word of the text.
    fn answer(
        &self,
        reading: &Reading,
        text: u32,
        mut matched: impl FnMut(usize, usize, Fit),
    ) -> Option<Answer> {
        let words = self.words_of(text);
        let Text { source, entry, .. } = self.texts[text as usize];
        // Words of the text that may answer and haven't yet.
        let mut open = 0u32;
        for (at, word) in words.iter().enumerate() {
            open |= u32::from(reading.meant.has(*word)) << at;
        }
        let mut tally = Tally::default();
        for (number, term) in reading.terms.iter().enumerate() {
            let best = self.best_word(term, words, open);
            if let Some((at, fit)) = best.filter(|(_, fit)| fit.exact || source != Source::Initials) {
                open &= !(1 << at);
                tally.add_word(at, self.weight(words[at]), fit);
                matched(number, at, fit);
            } else {
                let place = self.best_aside(reading, term, self.place_of(entry));
                let purpose = self.best_aside(reading, term, self.purpose_of(entry));
                tally.add_aside(term.weight, place, purpose);
            }
        }
        tally.answer(source, words.len(), self.weight_of_text(text), reading.terms.len())
    }

    /// The word that answers a term best, of those whose bits are set in `open`.
    fn best_word(&self, term: &Term, words: &[u32], open: u32) -> Option<(usize, Fit)> {
        let mut best: Option<(usize, Fit)> = None;
        for (at, word) in words.iter().enumerate().filter(|(at, _)| open & (1 << at) != 0) {
            let fit = term.fit(*word, self);
            if let Some(fit) = fit.filter(|fit| best.is_none_or(|(_, best)| fit.quality > best.quality)) {
                best = Some((at, fit));
            }
        }
        best
    }

    /// How well the best of some words beside the name answers a term; 0.0 for not at all.
    fn best_aside(&self, reading: &Reading, term: &Term, words: &[u32]) -> f32 {
        let meant = words.iter().filter(|word| reading.meant.has(**word));
        let fits = meant.filter_map(|word| term.fit_aside(*word, self));
        fits.map(|fit| fit.quality).fold(0.0, f32::max)
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
        Source::Alias(_) => 0.68 + 0.3 * covered,
        Source::Home | Source::Login => 0.68 + 0.28 * covered,
        Source::Brand => 0.9,
        Source::Initials => 0.76,
    }
}

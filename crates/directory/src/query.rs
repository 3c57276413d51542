//! What was typed, read in every way it may be meant: word by word, with neighbours joined, as an address.

use std::ops::Range;

use super::{address::Address, bits::Bits, index::Index, slips::Slip, words};

/// So many words with a slip are also tried as one word without spaces.
const JOINED_WITH_SLIPS_MAX: usize = 3;
/// What two words joined must tell to be tried: `creditunion` is not worth a reading of its own.
const TELLING_MIN: f32 = 0.5;
/// More words than this are not looked at.
const TERMS_MAX: usize = 12;

pub(super) struct Query {
    pub(super) address: Option<Address>,
    pub(super) readings: Vec<Reading>,
    /// Letters and digits typed, by bytes.
    pub(super) letters: usize,
}

/// One way to read what was typed.
pub(super) struct Reading {
    pub(super) terms: Vec<Term>,
    /// All words of the directory that one of the terms may stand for: most words of most texts are none of them.
    pub(super) meant: Bits,
}

/// A typed word, and the words of the directory that it may stand for.
pub(super) struct Term {
    pub(super) text: String,
    /// Words that begin with it; the word itself is the first if `known`.
    pub(super) begins: Range<u32>,
    pub(super) known: bool,
    /// Sorted by word.
    pub(super) slips: Vec<Slip>,
    /// What it tells, and so what it costs an offering not to answer it.
    pub(super) weight: f32,
    /// The last word typed may still go on.
    open: bool,
    /// Nothing else was typed.
    alone: bool,
}

/// How a word of the directory answers a term.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fit {
    /// It is the same word.
    pub(super) exact: bool,
    /// 1.0 for the same word, a little less where it may be the beginning of another.
    pub(super) quality: f32,
    /// How much of the known word was typed.
    pub(super) typed: f32,
    pub(super) forgiven: bool,
}

impl Query {
    pub(super) fn read(typed: &str, index: &Index) -> Self {
        let address = typed.split_whitespace().find_map(Address::read);
        // Half an address nobody has still names somebody: `https://www.vanguad.com/login` means Vanguard.
        let text = match &address {
            Some(address) if !typed.contains(char::is_whitespace) => address.host.as_str(),
            _ => typed,
        };
        let mut words: Vec<String> = words::read(text).into_iter().map(|word| word.text).collect();
        words.retain(|word| word != "www");
        words.truncate(TERMS_MAX);
        let letters = words.iter().map(String::len).sum();
        let mut readings = Vec::new();
        if !words.is_empty() {
            readings.extend(joined_readings(&words, index));
            readings.push(Reading::of(words.iter().map(String::as_str), true, index));
        }
        Self { address, readings, letters }
    }
}

/// `robin hood` is one word to Robinhood, and `guide line 401k` begins with one of Guideline's; all words together may
/// be a name written without spaces.
fn joined_readings(words: &[String], index: &Index) -> Vec<Reading> {
    let mut readings = Vec::new();
    if words.len() > 1 {
        let with_slips = words.len() <= JOINED_WITH_SLIPS_MAX;
        readings.push(Reading::of(std::iter::once(words.concat().as_str()), with_slips, index));
    }
    if words.len() > 2 {
        for at in 0..words.len() - 1 {
            let joined = words[at..at + 2].concat();
            let known = index.vocabulary.number(&joined);
            if known.is_some_and(|word| index.weight(word) >= TELLING_MIN) {
                let rest = words[..at].iter().map(String::as_str);
                let rest = rest.chain([joined.as_str()]).chain(words[at + 2..].iter().map(String::as_str));
                readings.push(Reading::of(rest, true, index));
            }
        }
    }
    readings
}

impl Reading {
    fn of<'a>(words: impl Iterator<Item = &'a str>, with_slips: bool, index: &Index) -> Self {
        let mut words = words.peekable();
        let mut terms = Vec::new();
        while let Some(word) = words.next() {
            terms.push(Term::of(word, words.peek().is_none(), with_slips, index));
        }
        if let [only] = terms.as_mut_slice() {
            only.alone = true;
        }
        let mut meant = Bits::below(index.vocabulary.len());
        for term in &terms {
            meant.put_all(term.begins.clone());
            term.slips.iter().for_each(|slip| meant.put(slip.word));
        }
        Self { terms, meant }
    }
}

impl Term {
    fn of(text: &str, open: bool, with_slips: bool, index: &Index) -> Self {
        let mut begins = index.vocabulary.beginning_with(text);
        let known = !begins.is_empty() && index.vocabulary.letters_of(begins.start) as usize == text.len();
        if !open && (text.len() == 1 || words::is_glue(text)) {
            begins.end = begins.start + u32::from(known);
        }
        let slips = if with_slips {
            index.neighbours.of(text, |word| index.vocabulary.word(word))
        } else {
            Vec::new()
        };
        let weight = if words::is_glue(text) || words::is_said_of_any(text) {
            0.05
        } else if known {
            index.weight(begins.start)
        } else {
            let begun = (!begins.is_empty())
                .then(|| index.weight_of_common(index.postings.of_all(begins.clone()).len()));
            let meant = slips.iter().filter(|slip| !slip.unfinished).map(|slip| index.weight(slip.word));
            begun.into_iter().chain(meant).fold(1.0, f32::min)
        };
        Self { text: text.to_owned(), begins, known, slips, weight, open, alone: false }
    }

    /// How `word` answers, if it does.
    #[inline]
    pub(super) fn fit(&self, word: u32, index: &Index) -> Option<Fit> {
        if self.begins.contains(&word) {
            // From two or three letters nobody can tell how much is still to come.
            let certain = if self.open { (self.text.len() as f32 - 1.0).min(4.0) / 4.0 } else { 1.0 };
            if self.known && word == self.begins.start {
                let quality = if self.alone { 0.88 + 0.12 * certain } else { 1.0 };
                return Some(Fit { exact: true, quality, typed: 1.0, forgiven: false });
            }
            let typed = certain * self.text.len() as f32 / index.vocabulary.letters_of(word) as f32;
            let quality = if self.open { 0.88 + 0.12 * typed } else { 0.8 + 0.18 * typed };
            return Some(Fit { exact: false, quality, typed, forgiven: false });
        }
        let at = self.slips.binary_search_by_key(&word, |slip| slip.word).ok()?;
        let slip = self.slips[at];
        let typed = (self.text.len() as f32 / index.vocabulary.letters_of(word) as f32).min(1.0);
        // In a short word a slip leaves less to go by.
        let quality =
            if slip.slips == 1 { 0.86 - 0.03 * (7.0 - self.text.len() as f32).max(0.0) } else { 0.7 };
        let quality = if slip.first_letter { quality * 0.9 } else { quality };
        let quality = if slip.unfinished { quality * (0.7 + 0.25 * typed) } else { quality };
        let typed = if slip.unfinished { typed } else { 1.0 };
        Some(Fit { exact: false, quality, typed, forgiven: true })
    }

    /// Words that are places if it is one: the code of a state must be whole, and says nothing alone.
    pub(super) fn as_place(&self) -> Range<u32> {
        match self.text.len() {
            0 | 1 => 0..0,
            2 | 3 if self.alone => 0..0,
            2 => self.begins.start..self.begins.start + u32::from(self.known),
            _ => self.begins.clone(),
        }
    }

    /// How `word` of an offering's place or purpose answers: without guessing from few letters.
    pub(super) fn fit_aside(&self, word: u32, index: &Index) -> Option<Fit> {
        let fit = self.fit(word, index)?;
        (fit.exact || (self.text.len() >= 3 && (self.open || fit.forgiven))).then_some(fit)
    }
}

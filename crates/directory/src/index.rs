//! The index: a sorted vocabulary with, for each word, the offerings that carry it.
//!
//! A query's words are looked up exactly, as beginnings, and (when nothing begins so) with slips forgiven; each
//! offering adds up what its words are worth, the rarer the word the more. Names typed without spaces and web addresses
//! are words of their own.

use std::collections::HashMap;

use domain::institution::Offering;

use super::words;

/// Which text of an offering a word comes from; a name counts more than a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    /// The whole name or alias, written without spaces.
    Whole,
    Name,
    Alias,
    Host,
    Place,
}

impl Field {
    fn weight(self) -> f32 {
        match self {
            Self::Whole => 1.3,
            Self::Name => 1.0,
            Self::Alias => 0.85,
            Self::Host => 0.8,
            Self::Place => 0.35,
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Posting {
    offering: u32,
    field: Field,
    /// The word stands first in its text.
    first: bool,
}

pub(super) struct Index {
    /// Sorted by word.
    vocabulary: Vec<(String, Vec<Posting>)>,
    hosts: HashMap<String, Vec<usize>>,
    /// Per offering: how many words its name has, so that `Chase` beats `Chase County Bank`.
    name_words: Vec<f32>,
    /// Per offering: 1.0 (household name) down to 0.0 (tiny).
    popularity: Vec<f32>,
}

impl Index {
    pub(super) fn build(offerings: &[Offering]) -> Self {
        let mut words: HashMap<String, Vec<Posting>> = HashMap::new();
        let mut hosts: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, offering) in offerings.iter().enumerate() {
            let mut put = |word: String, field, first| {
                let postings = words.entry(word).or_default();
                if !postings.last().is_some_and(|last| last.offering as usize == at && last.field == field) {
                    postings.push(Posting { offering: at as u32, field, first });
                }
            };
            for (text, field) in texts(offering) {
                let parts = words::of(text);
                if matches!(field, Field::Name | Field::Alias) {
                    put(parts.concat(), Field::Whole, true);
                }
                for (position, word) in parts.into_iter().enumerate() {
                    put(word, field, position == 0);
                }
            }
            for host in
                [&offering.home_url, &offering.login_url].into_iter().filter_map(|url| words::host(url))
            {
                put(without_ending(&host).replace(['.', '-'], ""), Field::Host, true);
                let at_host = hosts.entry(host).or_default();
                if at_host.last() != Some(&at) {
                    at_host.push(at);
                }
            }
        }
        let mut vocabulary: Vec<_> = words.into_iter().collect();
        vocabulary.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        Self {
            vocabulary,
            hosts,
            name_words: offerings.iter().map(|offering| words::of(&offering.name).len() as f32).collect(),
            popularity: offerings
                .iter()
                .map(|offering| (6.0 - f32::from(offering.popularity.clamp(1, 6))) / 5.0)
                .collect(),
        }
    }

    /// The best offerings with their scores, best first.
    pub(super) fn rank(&self, typed: &str, limit: usize) -> Vec<(usize, f32)> {
        if let Some(host) = words::host(typed) {
            let found = self.at_host(&host);
            if !found.is_empty() {
                return self.best(found, limit);
            }
        }
        // An address nobody has still names somebody: `www.vanguard.com` means Vanguard.
        let query = words::of(words::host(typed).as_deref().map_or(typed, without_ending));
        if query.is_empty() {
            return Vec::new();
        }
        let mut scores = self.score_words(&query);
        if query.len() > 1 {
            self.score_joined(&query, &mut scores);
        }
        self.best(scores, limit)
    }

    /// An address as pasted: its host, or any host above it (`secure.chase.com` → `chase.com`).
    fn at_host(&self, host: &str) -> HashMap<usize, f32> {
        let mut rest = host;
        loop {
            if let Some(found) = self.hosts.get(rest) {
                return found.iter().map(|at| (*at, 1.0)).collect();
            }
            match rest.split_once('.') {
                Some((_, above)) if above.contains('.') => rest = above,
                _ => return HashMap::new(),
            }
        }
    }

    /// Adds up each word's worth; an offering must answer for every word that says something.
    fn score_words(&self, query: &[String]) -> HashMap<usize, f32> {
        let telling: Vec<bool> = query.iter().map(|word| !words::is_noise(word)).collect();
        let any_telling = telling.contains(&true);
        let mut scores: HashMap<usize, (f32, u32)> = HashMap::new();
        for (position, word) in query.iter().enumerate() {
            let must = telling[position] || !any_telling;
            for (offering, worth) in self.worth_of(word, position == 0) {
                let worth = if must { worth } else { worth * 0.25 };
                let entry = scores.entry(offering).or_default();
                entry.0 += worth;
                entry.1 += u32::from(must);
            }
        }
        let needed = telling.iter().filter(|telling| **telling || !any_telling).count() as u32;
        scores
            .into_iter()
            .filter(|(_, (_, met))| *met >= needed)
            .map(|(at, (score, _))| (at, score / needed as f32))
            .collect()
    }

    /// `wells fargo` typed as two words is one name without its space, and `td ameritrade` is `tdameritrade`.
    fn score_joined(&self, query: &[String], scores: &mut HashMap<usize, f32>) {
        for (offering, worth) in self.worth_of(&query.concat(), true) {
            let score = scores.entry(offering).or_default();
            *score = score.max(worth);
        }
    }

    /// What a typed word is worth to each offering: exact, then as a beginning, then with slips forgiven.
    fn worth_of(&self, word: &str, leads: bool) -> HashMap<usize, f32> {
        let mut worth: HashMap<usize, f32> = HashMap::new();
        let mut add = |postings: &[Posting], quality: f32| {
            for posting in postings {
                let lead = if leads && posting.first { 1.1 } else { 1.0 };
                let value = quality * posting.field.weight() * lead;
                let best = worth.entry(posting.offering as usize).or_default();
                *best = best.max(value);
            }
        };
        let start = self.vocabulary.partition_point(|(known, _)| known.as_str() < word);
        let mut begun = false;
        for (known, postings) in
            self.vocabulary[start..].iter().take_while(|(known, _)| known.starts_with(word))
        {
            begun = true;
            // The more of the word is typed, the likelier it is meant.
            let typed = word.len() as f32 / known.len() as f32;
            add(postings, if known == word { 1.0 } else { 0.55 + 0.25 * typed });
        }
        let slips = match word.chars().count() {
            0..=3 => 0,
            4..=7 => 1,
            _ => 2,
        };
        if !begun && slips > 0 {
            for (known, postings) in &self.vocabulary {
                if known.len().abs_diff(word.len()) <= slips && words::within(word, known, slips) {
                    add(postings, 0.5);
                }
            }
        }
        worth
    }

    fn best(&self, scores: HashMap<usize, f32>, limit: usize) -> Vec<(usize, f32)> {
        let mut ranked: Vec<_> = scores
            .into_iter()
            .map(|(at, score)| (at, score * (1.0 + 0.6 * self.popularity[at]) - 0.01 * self.name_words[at]))
            .collect();
        ranked.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        ranked.truncate(limit);
        ranked
    }
}

fn texts(offering: &Offering) -> impl Iterator<Item = (&str, Field)> {
    let aliases = offering.also_known_as.iter().map(|alias| (alias.as_str(), Field::Alias));
    [(offering.name.as_str(), Field::Name)]
        .into_iter()
        .chain(aliases)
        .chain([(offering.place.as_str(), Field::Place)])
}

fn without_ending(host: &str) -> &str {
    host.rsplit_once('.').map_or(host, |(name, _)| name)
}

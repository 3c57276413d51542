//! The index: for each word the texts it stands in, best-known offerings first.
//!
//! Offerings are numbered by standing, so that whatever ascends (the texts of a word, a set of candidates) comes in the
//! order in which people look for them, and a bound on work cuts off those whom nobody looks for.

use std::{collections::HashMap, ops::Range};

use domain::institution::Offering;

use super::{
    address::Sites,
    slips::Neighbours,
    texts::{Form, Source, Text, Texts},
    vocabulary::Vocabulary,
    words,
};

/// Numbers, for each of many keys some, all in one array.
pub(super) struct Lists {
    starts: Vec<u32>,
    items: Vec<u32>,
}

/// What ranking knows of an offering besides its texts.
pub(super) struct Entry {
    /// Its place in the directory.
    pub(super) offering: u32,
    /// Its texts, without initials.
    pub(super) texts: Range<u32>,
    purpose: u16,
    /// 1.0 (household name) down to 0.0 (tiny).
    pub(super) popularity: f32,
    /// By assets, or as its popularity lets expect, and by how much its brand offers; 1.0 for the largest.
    pub(super) size: f32,
}

pub(super) struct Index {
    pub(super) vocabulary: Vocabulary,
    pub(super) neighbours: Neighbours,
    pub(super) sites: Sites,
    pub(super) texts: Vec<Text>,
    pub(super) entries: Vec<Entry>,
    /// Per word: how much it tells, from 0.0 to 1.0.
    weights: Vec<f32>,
    /// Per text: what its words tell together.
    text_weights: Vec<f32>,
    text_words: Vec<u32>,
    /// Per word: its texts.
    pub(super) postings: Lists,
    /// Per word: the offerings whose city or state it is.
    pub(super) places: Lists,
    place_words: Lists,
    purposes: Vec<Vec<u32>>,
    /// Per offering of the directory: its number here; `u32::MAX` where it isn't listed.
    entry_of: Vec<u32>,
}

impl Index {
    pub(super) fn build(offerings: &[Offering]) -> Self {
        let order = by_standing(offerings);
        let ordered: Vec<&Offering> = order.iter().map(|at| &offerings[*at as usize]).collect();
        let sites = Sites::build(&ordered);
        let mut read = Texts::read(&ordered);
        let (vocabulary, finals) = std::mem::take(&mut read.intake).sorted();
        let place_lists = read.places.iter_mut().chain(&mut read.purposes);
        for word in read.words.iter_mut().chain(place_lists.flatten()) {
            *word = finals[*word as usize];
        }
        let pairs =
            read.all.iter().enumerate().flat_map(|(number, text)| {
                read.words_of(text).iter().map(move |word| (*word, number as u32))
            });
        let postings = Lists::collect(vocabulary.len(), pairs);
        let weights = weights(&vocabulary, &postings, &read, ordered.len());
        let text_weights =
            read.all.iter().map(|text| read.words_of(text).iter().map(|word| weights[*word as usize]).sum());
        let placed = read.places.iter().enumerate();
        let placed = placed.flat_map(|(entry, words)| words.iter().map(move |word| (*word, entry as u32)));
        let places = Lists::collect(vocabulary.len(), placed.clone());
        let neighbours = Neighbours::build((0..vocabulary.len() as u32).map(|word| {
            let written = |text: &u32| read.all[*text as usize].source != Source::Initials;
            let meant = !places.of(word).is_empty() || postings.of(word).first().is_some_and(written);
            meant.then(|| vocabulary.word(word))
        }));
        let mut entry_of = vec![u32::MAX; offerings.len()];
        for (entry, at) in order.iter().enumerate() {
            entry_of[*at as usize] = entry as u32;
        }
        Self {
            text_weights: text_weights.collect(),
            place_words: Lists::collect(ordered.len(), placed.map(|(word, entry)| (entry, word))),
            entries: entries(&ordered, &order, &read),
            vocabulary,
            neighbours,
            sites,
            weights,
            texts: read.all,
            text_words: read.words,
            postings,
            places,
            purposes: read.purposes,
            entry_of,
        }
    }

    pub(super) fn words_of(&self, text: u32) -> &[u32] {
        let text = &self.texts[text as usize];
        &self.text_words[text.start as usize..][..usize::from(text.count)]
    }

    pub(super) fn weight(&self, word: u32) -> f32 {
        self.weights[word as usize]
    }

    pub(super) fn weight_of_text(&self, text: u32) -> f32 {
        self.text_weights[text as usize]
    }

    /// The words of an offering's city and state.
    pub(super) fn place_of(&self, entry: u32) -> &[u32] {
        self.place_words.of(entry)
    }

    /// The words for what an offering is for.
    pub(super) fn purpose_of(&self, entry: u32) -> &[u32] {
        &self.purposes[usize::from(self.entries[entry as usize].purpose)]
    }

    /// The number here of an offering of the directory, if it is listed.
    pub(super) fn entry_of(&self, offering: usize) -> Option<u32> {
        self.entry_of.get(offering).copied().filter(|entry| *entry != u32::MAX)
    }

    /// What a word tells that stands in so many texts.
    pub(super) fn weight_of_common(&self, texts: usize) -> f32 {
        telling(texts as f32, self.entries.len() as f32)
    }

    /// Bytes of memory that the index takes besides the offerings.
    pub(super) fn bytes(&self) -> usize {
        let lists = [&self.postings, &self.places, &self.place_words];
        self.vocabulary.bytes()
            + self.neighbours.bytes()
            + self.sites.bytes()
            + self.texts.capacity() * size_of::<Text>()
            + self.entries.capacity() * size_of::<Entry>()
            + (self.weights.capacity() + self.text_weights.capacity()) * size_of::<f32>()
            + (self.text_words.capacity() + self.entry_of.capacity()) * size_of::<u32>()
            + lists.into_iter().map(Lists::bytes).sum::<usize>()
    }
}

impl Lists {
    /// From pairs of key and item; the items of a key keep their order.
    fn collect(keys: usize, pairs: impl Iterator<Item = (u32, u32)> + Clone) -> Self {
        let mut starts = vec![0u32; keys + 1];
        for (key, _) in pairs.clone() {
            starts[key as usize + 1] += 1;
        }
        for key in 0..keys {
            starts[key + 1] += starts[key];
        }
        let mut next = starts.clone();
        let mut items = vec![0; starts[keys] as usize];
        for (key, item) in pairs {
            let place = &mut next[key as usize];
            items[*place as usize] = item;
            *place += 1;
        }
        Self { starts, items }
    }

    pub(super) fn of(&self, key: u32) -> &[u32] {
        self.of_all(key..key + 1)
    }

    /// The items of neighbouring keys, one key after the other.
    pub(super) fn of_all(&self, keys: Range<u32>) -> &[u32] {
        &self.items[self.starts[keys.start as usize] as usize..self.starts[keys.end as usize] as usize]
    }

    fn bytes(&self) -> usize {
        (self.starts.capacity() + self.items.capacity()) * size_of::<u32>()
    }
}

/// Places of the listed offerings, best-known first.
fn by_standing(offerings: &[Offering]) -> Vec<u32> {
    let listed = offerings.iter().enumerate().filter(|(_, offering)| offering.listed);
    let mut order: Vec<u32> = listed.map(|(at, _)| at as u32).collect();
    order.sort_by_key(|at| {
        let offering = &offerings[*at as usize];
        (offering.popularity, std::cmp::Reverse(offering.assets_usd_thousands))
    });
    order
}

fn entries(ordered: &[&Offering], order: &[u32], read: &Texts) -> Vec<Entry> {
    let end_of_written = read.all.iter().filter(|text| text.source != Source::Initials).count() as u32;
    let mut written =
        read.all.iter().zip(0u32..).filter(|(text, _)| text.source != Source::Initials).peekable();
    let mut of_brand: HashMap<&str, u32> = HashMap::new();
    for offering in ordered {
        *of_brand.entry(&offering.brand).or_default() += 1;
    }
    let entry_numbers = 0u32..;
    let entries = ordered.iter().zip(order).zip(entry_numbers).map(|((offering, at), entry)| {
        let start = written.peek().map_or(end_of_written, |(_, number)| *number);
        let mut end = start;
        while let Some((_, number)) = written.next_if(|(text, _)| text.entry == entry) {
            end = number + 1;
        }
        let popularity = (6.0 - f32::from(offering.popularity.clamp(1, 6))) / 5.0;
        // From a million to four trillion dollars.
        let assets = (offering.assets_usd_thousands as f32 / 1e3).max(1.0).ln() / 4e6f32.ln();
        let siblings = of_brand[offering.brand.as_str()] - 1;
        let size = (assets.max(0.8 * popularity) + 0.05 * siblings.min(4) as f32).min(1.0);
        let purpose = read.purpose_of[entry as usize];
        Entry { offering: *at, texts: start..end, purpose, popularity, size }
    });
    entries.collect()
}

/// What each word tells: the fewer offerings have it, the more. A name without its spaces tells no more than its words:
/// `creditunion` is no better known than `credit union`.
fn weights(vocabulary: &Vocabulary, postings: &Lists, read: &Texts, offerings: usize) -> Vec<f32> {
    let weigh = |word: u32| {
        if words::is_glue(vocabulary.word(word)) {
            return 0.05;
        }
        let texts = postings.of(word).iter();
        let mut entries: Vec<u32> = texts.map(|text| read.all[*text as usize].entry).collect();
        entries.dedup();
        telling(entries.len() as f32, offerings as f32)
    };
    let mut weights: Vec<f32> = (0..vocabulary.len() as u32).map(weigh).collect();
    // Of the same name; a name whose words another one has already stands only joined.
    let mut apart: Option<(u32, Source, f32)> = None;
    for text in &read.all {
        let words = read.words_of(text);
        match text.form {
            Form::Words => {
                let told = words.iter().map(|word| weights[*word as usize]).sum();
                apart = Some((text.entry, text.source, told));
            }
            Form::Joined => {
                let same = apart.filter(|(entry, source, _)| (*entry, *source) == (text.entry, text.source));
                if let Some((.., told)) = same {
                    let joined = &mut weights[words[0] as usize];
                    *joined = joined.min(told);
                }
            }
            Form::NumbersApart => {}
        }
    }
    weights
}

/// 1.0 for a word of one offering, down to little for a word of half of them.
fn telling(having: f32, of: f32) -> f32 {
    let all = (1.0 + of).ln();
    ((1.0 + of / having.max(1.0)).ln() / all).clamp(0.1, 1.0)
}

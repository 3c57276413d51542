//! All words of the directory, sorted, so that those with a common beginning have neighbouring numbers.

use std::{collections::HashMap, ops::Range};

/// Numbers words as they come; `sorted` then gives them their final numbers.
#[derive(Default)]
pub(super) struct Intake {
    numbers: HashMap<String, u32>,
}

/// Sorted words; a word's number is its place.
pub(super) struct Vocabulary {
    letters: String,
    /// Where each word begins in `letters`; one more for the end of the last.
    starts: Vec<u32>,
}

impl Intake {
    pub(super) fn number(&mut self, word: &str) -> u32 {
        if let Some(number) = self.numbers.get(word) {
            return *number;
        }
        let number = self.numbers.len() as u32;
        self.numbers.insert(word.to_owned(), number);
        number
    }

    /// The vocabulary, and for each number given so far the final one.
    pub(super) fn sorted(self) -> (Vocabulary, Vec<u32>) {
        let mut words: Vec<(String, u32)> = self.numbers.into_iter().collect();
        words.sort_unstable();
        let mut finals = vec![0; words.len()];
        let mut letters = String::with_capacity(words.iter().map(|(word, _)| word.len()).sum());
        let mut starts = Vec::with_capacity(words.len() + 1);
        for (place, (word, number)) in words.iter().enumerate() {
            finals[*number as usize] = place as u32;
            starts.push(letters.len() as u32);
            letters.push_str(word);
        }
        starts.push(letters.len() as u32);
        (Vocabulary { letters, starts }, finals)
    }
}

impl Vocabulary {
    pub(super) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    pub(super) fn word(&self, number: u32) -> &str {
        let at = number as usize;
        &self.letters[self.starts[at] as usize..self.starts[at + 1] as usize]
    }

    /// Bytes of a word.
    pub(super) fn letters_of(&self, number: u32) -> u32 {
        self.starts[number as usize + 1] - self.starts[number as usize]
    }

    /// The numbers of all words that begin with `beginning`; the word itself, if known, is the first.
    pub(super) fn beginning_with(&self, beginning: &str) -> Range<u32> {
        let start = self.partition(0, |word| word < beginning);
        start..self.partition(start, |word| word.starts_with(beginning))
    }

    pub(super) fn number(&self, word: &str) -> Option<u32> {
        let place = self.partition(0, |known| known < word);
        ((place as usize) < self.len() && self.word(place) == word).then_some(place)
    }

    /// Bytes of memory.
    pub(super) fn bytes(&self) -> usize {
        self.letters.capacity() + self.starts.capacity() * size_of::<u32>()
    }

    /// The first word from `start` on that doesn't hold, where all that hold come first.
    fn partition(&self, start: u32, holds: impl Fn(&str) -> bool) -> u32 {
        let (mut low, mut high) = (start, self.len() as u32);
        while low < high {
            let middle = low + (high - low) / 2;
            if holds(self.word(middle)) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_whole_and_by_their_beginning() {
        let mut intake = Intake::default();
        for word in ["chase", "bank", "bankers", "banc", "bank"] {
            intake.number(word);
        }
        let (vocabulary, finals) = intake.sorted();
        let words: Vec<&str> = (0..vocabulary.len() as u32).map(|number| vocabulary.word(number)).collect();
        assert_eq!(words, ["banc", "bank", "bankers", "chase"]);
        assert_eq!(finals, [3, 1, 2, 0]);
        assert_eq!(vocabulary.beginning_with("bank"), 1..3);
        assert_eq!(vocabulary.beginning_with("x"), 4..4);
        assert_eq!((vocabulary.number("chase"), vocabulary.number("chas")), (Some(3), None));
    }
}

//! Slips of the hand: which known words are meant by one that was typed wrong.
//!
//! Two words one slip apart become the same when the right letter is taken from each. So every known word is filed
//! under its beginning and its end, each as it is and with any one letter left out; a typed word is looked up the same
//! way, and what is found is measured. A word with two slips usually has at most one in either half.

use std::ops::Range;

/// How many letters of a word's beginning and end are filed.
const FILED_LETTERS: usize = 6;
/// Shorter words have too many neighbours to guess.
const LETTERS_MIN: usize = 4;
/// From here on two slips are forgiven.
const TWO_SLIPS_LETTERS_MIN: usize = 7;
/// Longer words than this are compared no further; the array of a row is on the stack.
const LETTERS_MAX: usize = 56;
/// How many neighbours are measured for one word: a bound for hostile input, far above what names need.
const MEASURED_MAX: usize = 4_000;
/// A word may be typed wrong before it is typed out: so many letters may still be to come.
const UNTYPED_MAX: usize = 4;

/// An entry is, from the top, up to six letters of six bits, the word's length, and its number.
const WORD_BITS: u32 = 22;
const LENGTH_BITS: u32 = 6;
const LETTERS_SHIFT: u32 = WORD_BITS + LENGTH_BITS;

/// What a typed word may have been meant to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slip {
    pub(super) word: u32,
    /// Letters missing, extra or changed, and neighbours swapped.
    pub(super) slips: u8,
    /// The known word goes on after what was typed.
    pub(super) unfinished: bool,
    /// Also the first letter is another one, which is rare.
    pub(super) first_letter: bool,
}

/// Which known words are near a typed one. Sorted entries of letters and word number.
pub(super) struct Neighbours {
    beginnings: Vec<u64>,
    ends: Vec<u64>,
}

impl Neighbours {
    /// `words` in the order of their numbers; those for whom `None` is given can't be meant by mistake.
    pub(super) fn build<'a>(words: impl Iterator<Item = Option<&'a str>>) -> Self {
        let (mut beginnings, mut ends) = (Vec::new(), Vec::new());
        for (number, word) in words.enumerate().take(1 << WORD_BITS) {
            let Some(word) = word.map(str::as_bytes).filter(|word| word.len() >= LETTERS_MIN - 1) else {
                continue;
            };
            let entry = length(word.len()) | number as u64;
            filed(word.iter().copied(), |key| beginnings.push(key | entry));
            if word.len() >= TWO_SLIPS_LETTERS_MIN - 1 {
                filed(word.iter().rev().copied(), |key| ends.push(key | entry));
            }
        }
        for entries in [&mut beginnings, &mut ends] {
            entries.sort_unstable();
            entries.dedup();
            entries.shrink_to_fit();
        }
        Self { beginnings, ends }
    }

    /// The known words that `typed` may be a slip of, without itself, by their numbers. `known` gives a word's letters.
    pub(super) fn of<'a>(&self, typed: &str, known: impl Fn(u32) -> &'a str) -> Vec<Slip> {
        let most = slips_forgiven(typed);
        if most == 0 {
            return Vec::new();
        }
        let typed = typed.as_bytes();
        let mut near = Vec::new();
        let least = typed.len() - most;
        let unfinished = length(least)..length(typed.len() + most + UNTYPED_MAX + 1);
        filed(typed.iter().copied(), |key| collect(&self.beginnings, key, &unfinished, &mut near));
        if most > 1 {
            let whole = length(least)..length(typed.len() + most + 1);
            filed(typed.iter().rev().copied(), |key| collect(&self.ends, key, &whole, &mut near));
        }
        near.sort_unstable();
        near.dedup();
        near.truncate(MEASURED_MAX);
        near.into_iter().filter_map(|word| measure(typed, known(word).as_bytes(), word, most)).collect()
    }

    /// Bytes of memory.
    pub(super) fn bytes(&self) -> usize {
        (self.beginnings.capacity() + self.ends.capacity()) * size_of::<u64>()
    }
}

fn slips_forgiven(typed: &str) -> usize {
    match typed.len() {
        0..LETTERS_MIN => 0,
        LETTERS_MIN..TWO_SLIPS_LETTERS_MIN => 1,
        TWO_SLIPS_LETTERS_MIN..=LETTERS_MAX => 2,
        _ => 0,
    }
}

/// The part of an entry for a length; the longest that are filed share one.
fn length(letters: usize) -> u64 {
    (letters.min((1 << LENGTH_BITS) - 1) as u64) << WORD_BITS
}

fn collect(entries: &[u64], key: u64, lengths: &Range<u64>, near: &mut Vec<u32>) {
    let start = entries.partition_point(|entry| *entry < key | lengths.start);
    let end = key | lengths.end;
    let found = entries[start..].iter().take_while(|entry| **entry < end).take(MEASURED_MAX);
    near.extend(found.map(|entry| (entry & ((1 << WORD_BITS) - 1)) as u32));
}

/// Calls `file` with the first letters, and with those again less any one of them, as upper bits of an entry.
fn filed(letters: impl Iterator<Item = u8>, mut file: impl FnMut(u64)) {
    let mut first = [0u64; FILED_LETTERS];
    let mut count = 0;
    for (place, letter) in first.iter_mut().zip(letters) {
        *place = code(letter);
        count += 1;
    }
    let pack = |skipped: usize| {
        let kept = first[..count].iter().enumerate().filter(|(at, _)| *at != skipped);
        kept.fold(0, |key, (_, letter)| key << 6 | letter) << LETTERS_SHIFT
    };
    file(pack(FILED_LETTERS));
    for skipped in 0..count {
        // Leaving out either of two equal neighbours gives the same.
        if skipped == 0 || first[skipped] != first[skipped - 1] {
            file(pack(skipped));
        }
    }
}

/// Six bits for a letter or digit; letters of other alphabets share what is left.
fn code(letter: u8) -> u64 {
    u64::from(match letter {
        b'a'..=b'z' => letter - b'a' + 1,
        b'0'..=b'9' => letter - b'0' + 27,
        other => 37 + other % 27,
    })
}

fn measure(typed: &[u8], known: &[u8], word: u32, most: usize) -> Option<Slip> {
    let (whole, beginning) = distances(typed, known, most);
    // A first letter that is wrong costs one of two, so that nothing far off is guessed.
    let first_letter = typed.first() != known.first();
    let far = |slips: usize| slips > most || (first_letter && slips > 1);
    let (slips, unfinished) = if !far(whole) {
        (whole, false)
    } else if !far(beginning) && typed.len() > LETTERS_MIN {
        (beginning, true)
    } else {
        return None;
    };
    (slips > 0).then_some(Slip { word, slips: slips as u8, unfinished, first_letter })
}

/// How many slips lead from `typed` to `known`, and to the nearest beginning of `known`; `most + 1` stands for more.
/// Only the cells near the diagonal are computed.
fn distances(typed: &[u8], known: &[u8], most: usize) -> (usize, usize) {
    let far = most as u8 + 1;
    let width = known.len().min(LETTERS_MAX);
    let mut rows = [[far; LETTERS_MAX + 1]; 3];
    for (at, cell) in (0..=far).zip(&mut rows[0][..=width]) {
        *cell = at;
    }
    for i in 1..=typed.len() {
        let [before, last, row] = three(&mut rows, i);
        let near = i.saturating_sub(most)..(i + most).min(width) + 1;
        if near.is_empty() {
            return (most + 1, most + 1);
        }
        row[near.start.saturating_sub(1)] = far;
        if near.end <= width {
            row[near.end] = far;
        }
        let mut least = far;
        for j in near {
            let cell = if j == 0 {
                i as u8
            } else {
                let change = last[j - 1] + u8::from(typed[i - 1] != known[j - 1]);
                let swap = i > 1 && j > 1 && typed[i - 1] == known[j - 2] && typed[i - 2] == known[j - 1];
                let swapped = if swap { before[j - 2] + 1 } else { far };
                change.min(last[j] + 1).min(row[j - 1] + 1).min(swapped).min(far)
            };
            row[j] = cell;
            least = least.min(cell);
        }
        if least == far {
            return (most + 1, most + 1);
        }
    }
    let end = &rows[typed.len() % 3];
    let near: Range<usize> = typed.len().saturating_sub(most).min(width)..(typed.len() + most).min(width) + 1;
    let beginning = end[near].iter().copied().min().unwrap_or(far);
    let whole = if width.abs_diff(typed.len()) <= most && width == known.len() { end[width] } else { far };
    (usize::from(whole), usize::from(beginning))
}

/// The row before the last, the last, and the one to fill, of three that take turns.
fn three(rows: &mut [[u8; LETTERS_MAX + 1]; 3], i: usize) -> [&mut [u8; LETTERS_MAX + 1]; 3] {
    let [a, b, c] = rows;
    match i % 3 {
        0 => [b, c, a],
        1 => [c, a, b],
        _ => [a, b, c],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 9] =
        ["ameritrade", "capital", "chase", "fidelity", "merrill", "schwab", "union", "vanguard", "vystar"];

    fn meant_by(typed: &str) -> Vec<&'static str> {
        let neighbours = Neighbours::build(KNOWN.iter().map(|word| Some(*word)));
        neighbours
            .of(typed, |word| KNOWN[word as usize])
            .iter()
            .map(|slip| KNOWN[slip.word as usize])
            .collect()
    }

    #[test]
    fn one_slip_from_four_letters_on_and_two_from_seven() {
        for (typed, meant) in [
            ("chse", "chase"),
            ("chasse", "chase"),
            ("hcase", "chase"),
            ("vistar", "vystar"),
            ("fidleity", "fidelity"),
            ("fedelity", "fidelity"),
            ("idelity", "fidelity"),
            ("ameritraid", "ameritrade"),
            ("amertrad", "ameritrade"),
            ("vangaurd", "vanguard"),
            ("vnaguar", "vanguard"),
        ] {
            assert_eq!(meant_by(typed), [meant], "{typed}");
        }
        for typed in ["chs", "cash", "meryll", "chase", "bidelitx", "", "é", &"x".repeat(300)] {
            assert!(meant_by(typed).is_empty(), "{typed}: {:?}", meant_by(typed));
        }
    }

    #[test]
    fn distance_is_that_of_swaps_changes_and_letters_too_many_or_missing() {
        for (typed, known, whole) in [
            ("abcd", "abcd", 0),
            ("abdc", "abcd", 1),
            ("abc", "abcd", 1),
            ("xbcdy", "abcd", 2),
            ("", "ab", 2),
        ] {
            assert_eq!(distances(typed.as_bytes(), known.as_bytes(), 2).0, whole, "{typed} {known}");
        }
        assert_eq!(distances(b"abcd", b"wxyz", 2), (3, 3));
        assert_eq!(distances(b"fidl", b"fidelity", 1), (2, 1));
    }
}

//! A set of small numbers, one bit each.

use std::ops::Range;

pub(super) struct Bits {
    blocks: Vec<u64>,
}

impl Bits {
    /// An empty set of numbers below `limit`.
    pub(super) fn below(limit: usize) -> Self {
        Self { blocks: vec![0; limit.div_ceil(64)] }
    }

    pub(super) fn put(&mut self, number: u32) {
        self.blocks[number as usize / 64] |= 1 << (number % 64);
    }

    pub(super) fn put_all(&mut self, numbers: Range<u32>) {
        let mut number = numbers.start;
        while number < numbers.end {
            if number.is_multiple_of(64) && numbers.end - number >= 64 {
                self.blocks[number as usize / 64] = u64::MAX;
                number += 64;
            } else {
                self.put(number);
                number += 1;
            }
        }
    }

    pub(super) fn has(&self, number: u32) -> bool {
        self.blocks[number as usize / 64] & (1 << (number % 64)) != 0
    }

    pub(super) fn ascending(&self) -> impl Iterator<Item = u32> {
        self.blocks.iter().enumerate().flat_map(|(block, bits)| {
            let mut bits = *bits;
            std::iter::from_fn(move || {
                let bit = (bits != 0).then(|| bits.trailing_zeros())?;
                bits &= bits - 1;
                Some(block as u32 * 64 + bit)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_comes_back_in_order() {
        let mut bits = Bits::below(300);
        bits.put(299);
        bits.put(3);
        bits.put_all(60..200);
        bits.put_all(7..7);
        let expected: Vec<u32> = std::iter::once(3).chain(60..200).chain([299]).collect();
        assert_eq!(bits.ascending().collect::<Vec<_>>(), expected);
        assert!(bits.has(128) && bits.has(299) && !bits.has(200) && !bits.has(0));
    }
}

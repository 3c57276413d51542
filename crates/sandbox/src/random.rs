//! Two kinds of chance: the *dice*, which give the same answer for the same question for ever (they make the data), and the
//! *draw*, which nobody can predict (it makes codes, cookies and keys).

/// A number that depends only on the seed and the key. SplitMix64's finaliser over an FNV-1a walk of the key.
pub(crate) fn dice(seed: u64, key: &str) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64 ^ seed;
    for byte in key.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    scramble(hash)
}

/// The dice of a series, by two numbers: cheaper than a formatted key in the daily loops.
pub(crate) fn roll(seed: u64, day: i64, slot: u64) -> u64 {
    let key = (day as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ slot.wrapping_mul(0xd1b5_4a32_d192_ed03);
    scramble(scramble(seed ^ key).wrapping_add(slot))
}

/// A number from `low` to `high`, both included.
pub(crate) fn between(roll: u64, low: i64, high: i64) -> i64 {
    let span = (high - low + 1).max(1) as u64;
    low + (roll % span) as i64
}

fn scramble(mut value: u64) -> u64 {
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// Six digits that nobody can predict.
pub(crate) fn draw_code() -> String {
    format!("{:06}", u64::from_le_bytes(draw::<8>()) % 1_000_000)
}

/// 128 bits in hexadecimal, for cookies, access keys and file ids.
pub(crate) fn draw_key() -> String {
    format!("{:032x}", u128::from_le_bytes(draw::<16>()))
}

#[expect(clippy::disallowed_methods, reason = "the one place where the sandbox takes randomness")]
fn draw<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives randomness");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dice_are_stable_and_draws_are_not() {
        assert_eq!(dice(1, "a"), dice(1, "a"));
        assert_ne!(dice(1, "a"), dice(2, "a"));
        assert_ne!(roll(1, 1, 2), roll(1, 2, 1));
        assert_ne!(draw_key(), draw_key());
        assert_eq!(draw_code().len(), 6);
        assert!((-3..=5).contains(&between(roll(7, 7, 7), -3, 5)));
    }
}

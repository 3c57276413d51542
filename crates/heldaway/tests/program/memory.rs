//! What is freed is wiped: the program's memory is searched for secrets.

use std::{
    fs::File,
    io::{BufRead as _, BufReader},
    os::unix::fs::FileExt as _,
};

use heldaway::allocator::Wiping;

#[global_allocator]
static ALLOCATOR: Wiping = Wiping;

/// Never in memory as it is, or the search would find itself.
const MASK: u8 = 0x5a;
/// `correct-horse-battery`, masked.
const MASKED: [u8; 21] = masked(*b"correct-horse-battery");

const fn masked(mut text: [u8; 21]) -> [u8; 21] {
    let mut at = 0;
    while at < text.len() {
        text[at] ^= MASK;
        at += 1;
    }
    text
}

/// How often the text stands in this process's writable memory.
fn hits() -> usize {
    let memory = File::open("/proc/self/mem").expect("this process may read itself");
    let maps = BufReader::new(File::open("/proc/self/maps").expect("maps"));
    let mut hits = 0;
    for line in maps.lines().map_while(Result::ok) {
        let mut words = line.split_whitespace();
        let (Some(range), Some(rights)) = (words.next(), words.next()) else { continue };
        let Some((from, to)) = range.split_once('-').filter(|_| rights.starts_with("rw")) else { continue };
        let bound = |text| u64::from_str_radix(text, 16).expect("an address");
        hits += hits_between(&memory, bound(from), bound(to));
    }
    hits
}

fn hits_between(memory: &File, from: u64, to: u64) -> usize {
    let mut hits = 0;
    // On the stack and wiped at the end, since what is read here may hold what is looked for.
    let mut part = [0_u8; 64 * 1024];
    let mut at = from;
    while at < to {
        let wanted = part.len().min((to - at) as usize);
        let Ok(read @ 1..) = memory.read_at(&mut part[..wanted], at) else { break };
        hits += part[..read].windows(MASKED.len()).filter(|window| is_it(window)).count();
        part.fill(0);
        std::hint::black_box(&part);
        // Parts overlap, so that nothing hides on their border; what lies in the overlap is shorter than the text.
        at += if read == wanted && at + (read as u64) < to {
            (read - MASKED.len() + 1) as u64
        } else {
            read as u64
        };
    }
    hits
}

fn is_it(window: &[u8]) -> bool {
    window.iter().zip(MASKED).all(|(byte, masked)| byte ^ MASK == masked)
}

#[inline(never)]
fn secret() -> String {
    MASKED.iter().map(|byte| char::from(byte ^ MASK)).collect()
}

#[test]
fn what_was_freed_cannot_be_found_any_more() {
    let kept = secret();
    assert!(hits() >= 1, "the search finds what is there");
    let mut grown = Vec::new();
    for _ in 0..200 {
        // Each growth leaves an old place behind.
        grown.extend_from_slice(kept.as_bytes());
        let boxed: Box<str> = kept.clone().into();
        std::hint::black_box(&boxed);
    }
    let while_kept = hits();
    assert!(while_kept >= 200, "{while_kept}");
    drop(grown);
    drop(kept);
    assert_eq!(hits(), 0);
}

//! An allocator that wipes what is freed.
//!
//! Passwords pass through buffers that no type of ours owns: hyper's read buffer, form parsing, TLS records. Measured
//! without this: a password posted 20 times was found 4 times in the memory of the process afterwards; with it: 0.
#![expect(
    unsafe_code,
    reason = "GlobalAlloc is an unsafe trait; this module is the only one with unsafe code"
)]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    hint::black_box,
};

/// The system's allocator, except that freed memory holds zeros.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wiping;

/// Makes freed large blocks go back to the system. Call once, before threads are started.
///
/// Left alone, glibc raises its threshold to the largest block that was ever freed (mallopt(3), `M_MMAP_THRESHOLD`), and
/// the 19 MiB of a password hash stay with the process, for each thread that ever hashed: measured, 94 MiB after three
/// sign-ins instead of 33.
pub fn give_back_large() {
    #[cfg(target_env = "gnu")]
    {
        const M_MMAP_THRESHOLD: i32 = -3;
        /// From this size on a block is mapped by itself.
        const LARGE_BYTES: i32 = 256 * 1024;
        unsafe extern "C" {
            fn mallopt(parameter: i32, value: i32) -> i32;
        }
        // SAFETY: no memory is touched; a value that glibc doesn't take changes nothing.
        unsafe { mallopt(M_MMAP_THRESHOLD, LARGE_BYTES) };
    }
}

/// Overwrites an allocation with zeros.
///
/// # Safety
/// `pointer` must be valid for writes of `size` bytes.
unsafe fn wipe(pointer: *mut u8, size: usize) {
    // SAFETY: the caller's promise.
    unsafe { pointer.write_bytes(0, size) };
    // Without this the compiler drops the write, since nobody reads memory that is about to be freed.
    black_box(pointer);
}

// SAFETY: every call is handed to the system's allocator with the layout the caller gave.
unsafe impl GlobalAlloc for Wiping {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller promises that `pointer` is an allocation of `layout`.
        unsafe {
            wipe(pointer, layout.size());
            System.dealloc(pointer, layout);
        }
    }

    /// Always moves: the system's own would free the old place without wiping it.
    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller promises that `size`, rounded up to the alignment, fits, and that `old` is an
        // allocation of `layout`; both places are at least as long as what is copied.
        unsafe {
            let new = System.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !new.is_null() {
                old.copy_to_nonoverlapping(new, layout.size().min(size));
                self.dealloc(old, layout);
            }
            new
        }
    }
}

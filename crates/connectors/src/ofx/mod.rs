//! OFX.

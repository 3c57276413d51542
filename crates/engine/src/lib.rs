pub mod directory;
pub mod schedule;
pub mod vault;

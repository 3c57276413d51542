//! The pages: plain HTML without scripts.

pub(crate) mod control;
pub(crate) mod index;
pub(crate) mod layout;
pub(crate) mod phone;
pub(crate) mod site;

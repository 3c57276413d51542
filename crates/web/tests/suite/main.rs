//! The portal over its router, with the real store on both databases.

mod advisor;
mod api;
mod harness;
mod invitation;
mod matrix;
mod missing;
mod news;
mod security;
mod settings;
mod sign_in;
mod support;

//! The program as people run it: started as a process, asked over sockets, stopped by signals.

mod child;
mod demo;
mod directory;
mod memory;
mod serve;
mod setting_up;
mod way;

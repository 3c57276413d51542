//! The telephone of everybody who banks here: what the institutions have sent, newest first.

use std::collections::VecDeque;

use jiff::Timestamp;
use serde::Serialize;

const MESSAGES_MAX: usize = 200;

/// A text message.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Message {
    pub institution: &'static str,
    pub name: &'static str,
    pub login: String,
    pub code: String,
    pub sent_at: Timestamp,
    pub expires_at: Timestamp,
}

/// All messages, newest first.
#[derive(Debug, Default)]
pub(crate) struct Phone {
    messages: VecDeque<Message>,
}

impl Phone {
    pub(crate) fn receive(&mut self, message: Message) {
        self.messages.push_front(message);
        self.messages.truncate(MESSAGES_MAX);
    }

    /// The messages of one institution, or of all.
    pub(crate) fn messages(&self, institution: Option<&str>) -> Vec<Message> {
        let wanted = |message: &&Message| institution.is_none_or(|id| message.institution == id);
        self.messages.iter().filter(wanted).cloned().collect()
    }
}

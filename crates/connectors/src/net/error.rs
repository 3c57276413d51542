//! What can go wrong on the way to an institution, and whose matter each is.

use std::error::Error;

use domain::Reason;

use super::{
    guard::{NoSuchName, Refused},
    later::Later,
};

/// Why there is no answer. Never holds a part of a body or an address with its query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NetError {
    /// TLS can't be set up on this machine.
    #[error("TLS can't be set up")]
    Setup,
    /// The address is not one that institutions have: no TLS, private, or with a user name in it.
    #[error("the address is refused: {0}")]
    Refused(#[from] Refused),
    /// The name doesn't resolve.
    #[error("the name does not resolve")]
    Name,
    /// Nobody listens, or the way there is broken.
    #[error("no connection")]
    Connect,
    /// The institution's certificate is not valid.
    #[error("TLS failed")]
    Tls,
    /// No connection or no answer's header in time.
    #[error("no answer in time")]
    NoAnswer,
    /// The answer's body came too slowly.
    #[error("the answer came too slowly")]
    Slow,
    /// The connection ended in the middle of the answer.
    #[error("the answer is cut off")]
    Cut,
    /// More than [`super::Limits::body_bytes`].
    #[error("the answer is too large")]
    TooLarge,
    /// A packing that we never asked for and can't read.
    #[error("the answer is packed in an unknown way")]
    Encoding,
    /// Neither success nor a redirect.
    #[error("HTTP status {0}")]
    Status(u16),
    /// Too busy for now (429, 503), and says when to come again.
    #[error("HTTP status {status} with Retry-After")]
    Busy { status: u16, later: Later },
    /// A redirect to another origin.
    #[error("redirected to another origin")]
    RedirectedAway,
    #[error("too many redirects")]
    TooManyRedirects,
    /// A header of the parameters is no header.
    #[error("a header is not valid")]
    Header,
    /// The answer is no HTTP.
    #[error("the answer is not HTTP")]
    Protocol,
}

impl NetError {
    /// Sorts an error of the HTTP client; `header` until the answer's header has come.
    pub(super) fn of(error: &reqwest::Error, header: bool) -> Self {
        if let Some(refused) = find::<Refused>(error) {
            return Self::Refused(*refused);
        }
        if find::<rustls::Error>(error).is_some() {
            return Self::Tls;
        }
        if find::<NoSuchName>(error).is_some() {
            return Self::Name;
        }
        if error.is_timeout() {
            return Self::NoAnswer;
        }
        match find::<hyper::Error>(error) {
            Some(cause) if cause.is_parse() || cause.is_parse_too_large() => Self::Protocol,
            _ if header => Self::Connect,
            _ => Self::Cut,
        }
    }

    /// When the institution wants to be asked again, if it said so.
    pub fn later(self) -> Option<Later> {
        if let Self::Busy { later, .. } = self { Some(later) } else { None }
    }

    /// Whose matter it is.
    pub fn reason(self) -> Reason {
        match self {
            Self::Setup => Reason::Internal,
            Self::Refused(_) | Self::Header => Reason::ConnectorConfig,
            // 5xx is down or its back end timed out (OFX 2.3 §4.2); 408 and 429 ask to come later.
            Self::Name | Self::Connect | Self::Tls | Self::Status(500..) => Reason::Down,
            Self::NoAnswer | Self::Slow | Self::Status(408 | 429) => Reason::NotResponding,
            Self::Busy { status, .. } => Self::Status(status).reason(),
            Self::Cut
            | Self::TooLarge
            | Self::Encoding
            | Self::Status(_)
            | Self::Protocol
            | Self::RedirectedAway
            | Self::TooManyRedirects => Reason::BadResponse,
        }
    }
}

/// Looks for a cause of a type in an error's chain.
fn find<'e, E: Error + 'static>(error: &'e (dyn Error + 'static)) -> Option<&'e E> {
    let mut next = Some(error);
    while let Some(cause) = next {
        if let Some(found) = cause.downcast_ref::<E>() {
            return Some(found);
        }
        // An I/O error's chain leaves out the error that it wraps, and rustls reports through one.
        let wrapped = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        next = wrapped.map(|inner| inner as &(dyn Error + 'static)).or_else(|| cause.source());
    }
    None
}

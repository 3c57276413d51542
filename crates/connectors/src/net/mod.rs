//! The guarded network: the only place that names the HTTP client.
//!
//! What an institution's address may be, how long and how large an answer may get, and where a password may be sent is
//! decided here once for all connectors. Nothing of a body is ever logged.

mod error;
mod guard;
mod later;

use std::{io::Read, sync::Arc, time::Duration};

use bytes::Bytes;
use reqwest::header;
use url::Url;
use zeroize::Zeroizing;

pub use error::NetError;
pub use guard::{check_url, is_public};
pub use later::Later;

/// Redirects followed for one request.
pub const REDIRECTS_MAX: usize = 3;

/// Where requests may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Loopback addresses are permitted, also without TLS: for the sandbox of the demo and the tests only.
    pub loopback: bool,
}

impl Policy {
    /// Public addresses over TLS.
    pub const PUBLIC: Self = Self { loopback: false };
    /// Also the sandbox on this machine.
    pub const WITH_SANDBOX: Self = Self { loopback: true };
}

/// How long and how large an answer may get.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// To look the name up, connect and agree on TLS.
    pub connect: Duration,
    /// To send the request and get the answer's header, connecting included.
    pub header: Duration,
    /// Between two parts of the body.
    pub idle: Duration,
    /// The whole exchange, redirects included; below `domain::limits::STEP_TIMEOUT`.
    pub total: Duration,
    /// The body, packed and unpacked, in bytes.
    pub body_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            header: Duration::from_secs(30),
            idle: Duration::from_secs(10),
            total: Duration::from_secs(45),
            body_bytes: domain::limits::RESPONSE_BYTES_MAX,
        }
    }
}

/// One POST.
#[derive(Default)]
pub struct Post {
    /// Additional headers: name and value.
    pub headers: Vec<(String, String)>,
    /// Wiped when the exchange is over.
    pub body: Zeroizing<Vec<u8>>,
}

/// A successful answer.
pub struct Answer {
    /// Content-Type, lower case, without parameters; empty when there is none.
    pub content_type: String,
    /// `name=value` of each cookie set.
    pub cookies: Vec<String>,
    /// Unpacked. Wiped when dropped, since it may hold account numbers and access keys.
    pub body: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Answer({}, {} bytes)", self.content_type, self.body.len())
    }
}

/// The guarded HTTP client. Cheap to clone.
#[derive(Clone)]
pub struct Net {
    client: reqwest::Client,
    policy: Policy,
    limits: Limits,
}

impl std::fmt::Debug for Net {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Net").field("policy", &self.policy).finish_non_exhaustive()
    }
}

impl Net {
    /// A client with the usual limits. Fails only when TLS can't be set up.
    pub fn new(policy: Policy) -> Result<Self, NetError> {
        Self::with_limits(policy, Limits::default())
    }

    /// A client with limits of its own, for tests.
    pub fn with_limits(policy: Policy, limits: Limits) -> Result<Self, NetError> {
        // Another part of the program may have installed the same provider before.
        rustls::crypto::ring::default_provider().install_default().ok();
        let builder = || {
            #[expect(clippy::disallowed_methods, reason = "this module is the one that owns the HTTP client")]
            let builder = reqwest::Client::builder();
            builder
                .no_proxy()
                .redirect(reqwest::redirect::Policy::none())
                .referer(false)
                .http1_only()
                // Institutions close idle connections without a word, and a POST is not repeated by itself.
                .pool_max_idle_per_host(0)
                .connect_timeout(limits.connect)
                .dns_resolver(Arc::new(guard::Resolver { policy }))
        };
        let client = builder().build().or_else(|error| {
            tracing::warn!(%error, "no certificate authorities on this machine: institutions can't be reached over TLS");
            builder().tls_certs_only([]).build()
        });
        Ok(Self { client: client.map_err(|_| NetError::Setup)?, policy, limits })
    }

    /// Whether an address may be used, as far as can be told before its name is resolved.
    pub fn permits(&self, url: &Url) -> bool {
        check_url(url, self.policy).is_ok()
    }

    /// Posts a body and reads the answer.
    ///
    /// A redirect is followed with the same body only to the same origin: a password never goes where the directory
    /// didn't send it.
    pub async fn post(&self, url: &Url, post: Post) -> Result<Answer, NetError> {
        let started = tokio::time::Instant::now();
        let outcome = tokio::time::timeout(self.limits.total, self.follow(url, post)).await;
        let outcome = outcome.unwrap_or(Err(NetError::Slow));
        let host = url.host_str().unwrap_or_default();
        let milliseconds = started.elapsed().as_millis();
        match &outcome {
            Ok(answer) => tracing::debug!(host, milliseconds, bytes = answer.body.len(), "answered"),
            Err(error) => tracing::debug!(host, milliseconds, %error, "failed"),
        }
        outcome
    }

    async fn follow(&self, url: &Url, post: Post) -> Result<Answer, NetError> {
        let Post { headers, body } = post;
        // `Bytes` shares the one wiped buffer between hops instead of copying it.
        let body = Bytes::from_owner(body);
        let mut url = url.clone();
        for _ in 0..=REDIRECTS_MAX {
            check_url(&url, self.policy)?;
            let response = self.exchange(&url, &headers, body.clone()).await?;
            let status = response.status();
            if status.is_success() {
                return self.read(response).await;
            }
            if !status.is_redirection() {
                return Err(refused(&response));
            }
            let next = response.headers().get(header::LOCATION).and_then(|location| location.to_str().ok());
            let next =
                next.and_then(|location| url.join(location).ok()).ok_or(NetError::Status(status.as_u16()))?;
            // 303 means "fetch that page instead": never an OFX answer.
            if next.origin() != url.origin() || status.as_u16() == 303 {
                return Err(NetError::RedirectedAway);
            }
            url = next;
        }
        Err(NetError::TooManyRedirects)
    }

    async fn exchange(
        &self,
        url: &Url,
        headers: &[(String, String)],
        body: Bytes,
    ) -> Result<reqwest::Response, NetError> {
        let mut request = self.client.post(url.clone());
        for (name, value) in headers {
            let name = header::HeaderName::try_from(name).map_err(|_| NetError::Header)?;
            let mut value = header::HeaderValue::try_from(value).map_err(|_| NetError::Header)?;
            value.set_sensitive(name == header::COOKIE);
            request = request.header(name, value);
        }
        let sent = tokio::time::timeout(self.limits.header, request.body(body).send()).await;
        sent.map_err(|_| NetError::NoAnswer)?.map_err(|error| NetError::of(&error, true))
    }

    async fn read(&self, mut response: reqwest::Response) -> Result<Answer, NetError> {
        let text = |name: header::HeaderName| {
            let value =
                response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
            value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
        };
        let (content_type, encoding) = (text(header::CONTENT_TYPE), text(header::CONTENT_ENCODING));
        let set =
            response.headers().get_all(header::SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
        let cookies = set
            .filter_map(|cookie| cookie.split(';').next())
            .map(|cookie| cookie.trim().to_owned())
            .collect();
        if response.content_length().is_some_and(|length| length > self.limits.body_bytes as u64) {
            return Err(NetError::TooLarge);
        }
        let mut body = Zeroizing::new(Vec::new());
        loop {
            let part =
                tokio::time::timeout(self.limits.idle, response.chunk()).await.map_err(|_| NetError::Slow)?;
            let Some(part) = part.map_err(|error| NetError::of(&error, false))? else { break };
            if body.len() + part.len() > self.limits.body_bytes {
                return Err(NetError::TooLarge);
            }
            body.extend_from_slice(&part);
        }
        let body = match encoding.as_str() {
            "" | "identity" => body,
            "gzip" | "x-gzip" => unpack(&body, self.limits.body_bytes)?,
            _ => return Err(NetError::Encoding),
        };
        Ok(Answer { content_type, cookies, body })
    }
}

/// A status that is neither success nor redirect.
fn refused(response: &reqwest::Response) -> NetError {
    let status = response.status().as_u16();
    let value = response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
    // Elsewhere the header means nothing (RFC 6585 §4, RFC 9110 §15.6.4).
    match value.and_then(Later::read).filter(|_| matches!(status, 429 | 503)) {
        Some(later) => NetError::Busy { status, later },
        None => NetError::Status(status),
    }
}

/// Unpacks gzip, which we never ask for and some gateways send all the same, up to a size.
fn unpack(packed: &[u8], bytes_max: usize) -> Result<Zeroizing<Vec<u8>>, NetError> {
    let mut unpacked = Zeroizing::new(Vec::new());
    let mut reader = flate2::read::MultiGzDecoder::new(packed).take(bytes_max as u64 + 1);
    reader.read_to_end(&mut unpacked).map_err(|_| NetError::Cut)?;
    if unpacked.len() > bytes_max { Err(NetError::TooLarge) } else { Ok(unpacked) }
}

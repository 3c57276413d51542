//! Sessions of browsers: a random token in a cookie, its hash in a row.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::world::Entropy;
use http::{HeaderMap, HeaderValue, header};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::{Settings, ctx};

/// 256 bits, as ASVS 5.0 §7.2.3 asks 128.
const TOKEN_BYTES: usize = 32;

/// A fresh token: 43 characters that fit cookies and addresses.
pub(crate) fn new_token(entropy: &dyn Entropy) -> SecretString {
    let mut bytes = [0; TOKEN_BYTES];
    entropy.fill(&mut bytes);
    token_of(&bytes)
}

/// A token of bytes that nobody can guess.
pub(crate) fn token_of(bytes: &[u8; TOKEN_BYTES]) -> SecretString {
    SecretString::from(URL_SAFE_NO_PAD.encode(bytes))
}

/// What is stored of a token. A plain hash does, since a random token can't be guessed.
pub(crate) fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// `__Host-` binds the cookie to this host and to https (RFC 6265bis §4.1.3.2).
fn name(settings: &Settings) -> &'static str {
    if settings.is_https() { "__Host-session" } else { "session" }
}

/// The hash of the token that a browser sent.
pub(crate) fn token(settings: &Settings, headers: &HeaderMap) -> Option<[u8; 32]> {
    ctx::cookie(headers, name(settings)).filter(|token| token.len() <= 64).map(hash)
}

/// The header that hands a browser its token. It ends with the browser, or with the row.
pub(crate) fn cookie(settings: &Settings, token: &SecretString) -> HeaderValue {
    set(settings, token.expose_secret(), "")
}

/// The header that takes it back.
pub(crate) fn no_cookie(settings: &Settings) -> HeaderValue {
    set(settings, "", "; Max-Age=0")
}

fn set(settings: &Settings, value: &str, more: &str) -> HeaderValue {
    let secure = if settings.is_https() { "; Secure" } else { "" };
    let text = format!("{}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{more}", name(settings));
    let mut header = HeaderValue::from_str(&text).expect("a token is made of letters and digits");
    header.set_sensitive(true);
    header
}

/// How a person recognizes a browser: `Firefox on Windows`. The full text says more about people than is needed.
pub(crate) fn agent(headers: &HeaderMap) -> String {
    let text = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    // The order matters: Edge says "Chrome" and "Safari" too, Chrome says "Safari".
    let browsers = [
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("CriOS/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    let systems = [
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS X", "Mac"),
        ("Linux", "Linux"),
    ];
    let find = |table: &[(&str, &'static str)]| {
        table.iter().find(|(mark, _)| text.contains(mark)).map(|(_, name)| *name)
    };
    match (find(&browsers), find(&systems)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        _ => "Another browser".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_is_bound_to_host_and_https() {
        let token = SecretString::from("abc");
        let https = Settings::new("https://portal.firm.example", "P").unwrap();
        let text = cookie(&https, &token);
        assert_eq!(text, "__Host-session=abc; Path=/; HttpOnly; SameSite=Lax; Secure");
        assert!(text.is_sensitive());
        let loopback = Settings::new("http://127.0.0.1:8080", "P").unwrap();
        assert_eq!(cookie(&loopback, &token), "session=abc; Path=/; HttpOnly; SameSite=Lax");
        assert_eq!(no_cookie(&loopback), "session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
    }

    #[test]
    fn browsers_are_told_apart_in_words() {
        let told = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::USER_AGENT, HeaderValue::from_static(text));
            agent(&headers)
        };
        let chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36";
        assert_eq!(told(chrome), "Chrome on Linux");
        assert_eq!(
            told("Mozilla/5.0 (Windows NT 10.0; rv:130.0) Gecko/20100101 Firefox/130.0"),
            "Firefox on Windows"
        );
        assert_eq!(told("curl/8.5"), "Another browser");
    }
}

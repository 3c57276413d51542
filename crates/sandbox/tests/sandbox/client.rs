//! A client that shares nothing with the sandbox: HTTP over a bare socket, OFX as text, answers searched as text.

use sandbox::{Options, Sandbox};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The clock of most tests: the evening of the reference day, standing still.
pub(crate) async fn start() -> Sandbox {
    let clock = Some("2026-11-20T22:00:00Z".parse().unwrap());
    Sandbox::start(Options { clock, clock_stopped: true, ..Options::default() }).await.unwrap()
}

#[derive(Debug)]
pub(crate) struct Reply {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Reply {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The values of all leaves of this name, in order.
    pub(crate) fn all(&self, tag: &str) -> Vec<String> {
        let text = self.text();
        text.match_indices(&format!("<{tag}>"))
            .map(|(at, open)| {
                let rest = &text[at + open.len()..];
                rest[..rest.find('<').unwrap()].trim().to_owned()
            })
            .collect()
    }

    pub(crate) fn first(&self, tag: &str) -> String {
        self.all(tag).first().cloned().unwrap_or_else(|| panic!("no {tag} in\n{}", self.text()))
    }

    /// The signon's status code.
    pub(crate) fn signon(&self) -> u32 {
        assert_eq!(self.status, 200, "{}", self.text());
        self.first("CODE").parse().unwrap()
    }

    /// Amounts in cents.
    pub(crate) fn cents(&self, tag: &str) -> Vec<i64> {
        self.all(tag).iter().map(|text| cents(text)).collect()
    }
}

pub(crate) fn cents(text: &str) -> i64 {
    let (whole, cents) = text.split_once(['.', ',']).unwrap();
    assert_eq!(cents.len(), 2, "{text}");
    format!("{whole}{cents}").parse().unwrap()
}

/// Sends a request and reads until the server closes. A body cut short is returned as far as it came.
pub(crate) async fn send(sandbox: &Sandbox, method: &str, path: &str, kind: &str, body: &str) -> Reply {
    let host = sandbox.address().trim_start_matches("http://").to_owned();
    let mut socket = TcpStream::connect(&host).await.unwrap();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    socket.write_all(body.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    let _ = socket.read_to_end(&mut bytes).await;
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or(bytes.len());
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    Reply { status, head, body: bytes.get(end + 4..).unwrap_or_default().to_vec() }
}

pub(crate) async fn get(sandbox: &Sandbox, path: &str) -> Reply {
    send(sandbox, "GET", path, "text/plain", "").await
}

pub(crate) async fn json(sandbox: &Sandbox, path: &str) -> serde_json::Value {
    let reply = get(sandbox, path).await;
    assert_eq!(reply.status, 200, "{path}");
    serde_json::from_slice(&reply.body).unwrap()
}

pub(crate) async fn tell(sandbox: &Sandbox, path: &str, body: serde_json::Value) -> Reply {
    let reply = send(sandbox, "POST", path, "application/json", &body.to_string()).await;
    assert!((200..300).contains(&reply.status), "{path}: {} {}", reply.status, reply.text());
    reply
}

/// Someone who banks at an institution of the sandbox.
#[derive(Debug, Clone)]
pub(crate) struct Customer {
    pub institution: &'static str,
    pub login: String,
    pub password: String,
    pub fid: &'static str,
    pub version: u16,
    pub app_version: u16,
    /// Goes behind the password into SONRQ.
    pub extra: String,
}

impl Customer {
    pub(crate) fn new(institution: &'static str, fid: &'static str, login: &str, password: &str) -> Self {
        let (login, password) = (login.to_owned(), password.to_owned());
        Self { institution, login, password, fid, version: 211, app_version: 2900, extra: String::new() }
    }

    pub(crate) fn plain() -> Self {
        Self::new("evergreen", "10201", "alex.plain", "sandbox-maple-1001")
    }

    pub(crate) fn version(self, version: u16) -> Self {
        Self { version, ..self }
    }

    pub(crate) fn with(&self, extra: impl Into<String>) -> Self {
        Self { extra: extra.into(), ..self.clone() }
    }

    /// The request file with the given sets; `signon` goes behind SONRQ.
    pub(crate) fn file(&self, signon: &str, sets: &str) -> String {
        let header = if self.version >= 200 {
            format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<?OFX OFXHEADER=\"200\" VERSION=\"{}\" SECURITY=\"NONE\" \
                 OLDFILEUID=\"NONE\" NEWFILEUID=\"file-1\"?>\r\n",
                self.version
            )
        } else {
            format!(
                "OFXHEADER:100\r\nDATA:OFXSGML\r\nVERSION:{}\r\nSECURITY:NONE\r\nENCODING:USASCII\r\nCHARSET:1252\r\n\
                 COMPRESSION:NONE\r\nOLDFILEUID:NONE\r\nNEWFILEUID:file-1\r\n\r\n",
                self.version
            )
        };
        format!(
            "{header}<OFX><SIGNONMSGSRQV1><SONRQ><DTCLIENT>20261120220000</DTCLIENT><USERID>{}</USERID>\
             <USERPASS>{}</USERPASS><LANGUAGE>ENG</LANGUAGE><FI><ORG>SANDBOX</ORG><FID>{}</FID></FI><APPID>QWIN</APPID>\
             <APPVER>{}</APPVER>{}</SONRQ>{signon}</SIGNONMSGSRQV1>{sets}</OFX>",
            self.login, self.password, self.fid, self.app_version, self.extra
        )
    }

    pub(crate) async fn send(&self, sandbox: &Sandbox, signon: &str, sets: &str) -> Reply {
        let path = format!("/ofx/{}", self.institution);
        send(sandbox, "POST", &path, "application/x-ofx", &self.file(signon, sets)).await
    }

    pub(crate) async fn accounts(&self, sandbox: &Sandbox) -> Reply {
        self.send(sandbox, "", ACCOUNT_LIST).await
    }

    pub(crate) async fn challenge(&self, sandbox: &Sandbox) -> Reply {
        self.send(sandbox, CHALLENGE, "").await
    }
}

pub(crate) const ACCOUNT_LIST: &str = "<SIGNUPMSGSRQV1><ACCTINFOTRNRQ><TRNUID>list-1</TRNUID><CLTCOOKIE>crumbs</CLTCOOKIE>\
    <ACCTINFORQ><DTACCTUP>19900101</DTACCTUP></ACCTINFORQ></ACCTINFOTRNRQ></SIGNUPMSGSRQV1>";

pub(crate) const CHALLENGE: &str = "<MFACHALLENGETRNRQ><TRNUID>mfa-1</TRNUID><MFACHALLENGERQ><DTCLIENT>20261120220000</DTCLIENT>\
    </MFACHALLENGERQ></MFACHALLENGETRNRQ>";

pub(crate) fn answer(id: &str, answer: &str) -> String {
    format!(
        "<MFACHALLENGEANSWER><MFAPHRASEID>{id}</MFAPHRASEID><MFAPHRASEA>{answer}</MFAPHRASEA></MFACHALLENGEANSWER>"
    )
}

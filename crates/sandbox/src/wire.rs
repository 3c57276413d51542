//! Broken HTTP on purpose. A handler that wants to misbehave takes the socket away from the HTTP layer and plays a script.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use crate::fault::{Fault, Kind};
use crate::ofx::document_response;

const GIGABYTE: usize = 1 << 30;

/// What is written to a socket once it is ours.
#[derive(Debug)]
pub(crate) enum Script {
    Close,
    Reset,
    /// These bytes, then silence until the client leaves.
    Hang(Vec<u8>),
    /// These bytes, one a second.
    Drip(Vec<u8>),
    /// These bytes, then the end.
    Send(Vec<u8>),
    /// A head, then the chunk again and again until so many bytes are sent.
    Repeat {
        head: Vec<u8>,
        chunk: Vec<u8>,
        times: usize,
    },
}

/// The way for a handler to take the socket of its connection.
#[derive(Debug, Clone)]
pub(crate) struct Hijack(Arc<Mutex<Option<oneshot::Sender<Script>>>>);

impl Hijack {
    pub(crate) fn pair() -> (Self, oneshot::Receiver<Script>) {
        let (sender, receiver) = oneshot::channel();
        (Self(Arc::new(Mutex::new(Some(sender)))), receiver)
    }

    /// Plays the script instead of an answer. The handler is dropped with the HTTP layer, so this never returns.
    async fn play(self, script: Script) -> Response {
        let sender = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(sender) = sender
            && sender.send(script).is_ok()
        {
            std::future::pending::<()>().await;
        }
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    }
}

impl Script {
    /// Errors are the client's going away, which is the end of every script.
    pub(crate) async fn run(self, mut socket: TcpStream) -> std::io::Result<()> {
        match self {
            Self::Close => {}
            Self::Reset => socket.set_zero_linger()?,
            Self::Send(bytes) => socket.write_all(&bytes).await?,
            Self::Hang(bytes) => {
                socket.write_all(&bytes).await?;
                wait_for_end(&mut socket).await?;
            }
            Self::Drip(bytes) => {
                for byte in bytes {
                    socket.write_all(&[byte]).await?;
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
            Self::Repeat { head, chunk, times } => {
                socket.write_all(&head).await?;
                for _ in 0..times {
                    socket.write_all(&chunk).await?;
                }
            }
        }
        Ok(())
    }
}

async fn wait_for_end(socket: &mut TcpStream) -> std::io::Result<()> {
    use tokio::io::AsyncReadExt;
    let mut sink = [0; 1024];
    while socket.read(&mut sink).await? > 0 {}
    Ok(())
}

/// Faults that answer without looking at the request.
pub(crate) fn before(fault: Fault, institution: &str) -> Option<Response> {
    let status = |code: StatusCode| Some((code, format!("{code}\n")).into_response());
    match fault.kind {
        Kind::Http400 => status(StatusCode::BAD_REQUEST),
        Kind::Http403 => status(StatusCode::FORBIDDEN),
        Kind::Http404 => status(StatusCode::NOT_FOUND),
        Kind::Http429 => Some(
            (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "120")], "Too many requests\n")
                .into_response(),
        ),
        Kind::Http500 => status(StatusCode::INTERNAL_SERVER_ERROR),
        Kind::Http502 => status(StatusCode::BAD_GATEWAY),
        Kind::Http503 => status(StatusCode::SERVICE_UNAVAILABLE),
        Kind::Http503Later => Some(
            (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, fault.seconds.to_string())], "Busy\n")
                .into_response(),
        ),
        // 307 keeps the method and the body.
        Kind::Redirect => Some(Redirect::temporary(&format!("/ofx/{institution}")).into_response()),
        Kind::RedirectAway => Some(Redirect::temporary("http://169.254.169.254/latest/").into_response()),
        Kind::Html => Some(Html(GATEWAY_PAGE).into_response()),
        Kind::Empty => Some(document_response(Vec::new())),
        Kind::Garbage => Some(document_response(garbage())),
        _ => None,
    }
}

const GATEWAY_PAGE: &str = "<!doctype html><html><head><title>Gateway</title></head>\
    <body><h1>Welcome</h1><p>Please enable cookies to continue.</p></body></html>\n";

/// Faults that spoil a finished document, or its way to the client.
pub(crate) async fn after(fault: Fault, document: Vec<u8>, hijack: Hijack) -> Response {
    let half = document.len() / 2;
    let script = match fault.kind {
        Kind::Refuse => Script::Close,
        Kind::Reset => Script::Reset,
        Kind::Hang => Script::Hang(Vec::new()),
        Kind::HangMidway => Script::Hang(framed(document.len(), &document[..half])),
        Kind::Drip => Script::Drip(framed(document.len(), &document)),
        Kind::Truncated => Script::Send(framed(document.len(), &document[..half])),
        Kind::ShortLength => Script::Send(framed(document.len().saturating_sub(10), &document)),
        Kind::LongLength => Script::Send(framed(document.len() + 1000, &document)),
        Kind::GzipBomb => gzip_bomb(),
        Kind::Huge => huge(&document),
        Kind::HeaderFlood => Script::Send(header_flood(&document)),
        Kind::HalfBody => return document_response(document[..half].to_vec()),
        Kind::DeepNesting => {
            return document_response(with_body(&document, &format!("<OFX>{}", "<A>".repeat(100_000))));
        }
        Kind::EntityBomb => return document_response(entity_bomb(&document)),
        Kind::WrongCharset => return document_response(wrong_charset(document)),
        _ => return document_response(document),
    };
    hijack.play(script).await
}

fn head(fields: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nContent-Type: application/x-ofx\r\nConnection: close\r\n{fields}\r\n")
        .into_bytes()
}

fn framed(length: usize, body: &[u8]) -> Vec<u8> {
    let mut bytes = head(&format!("Content-Length: {length}\r\n"));
    bytes.extend_from_slice(body);
    bytes
}

fn header_flood(document: &[u8]) -> Vec<u8> {
    let mut fields = format!("Content-Length: {}\r\n", document.len());
    for number in 0..10_000 {
        let _ = write!(fields, "X-Flood-{number}: {number}\r\n");
    }
    let mut bytes = head(&fields);
    bytes.extend_from_slice(document);
    bytes
}

fn garbage() -> Vec<u8> {
    (0..4_096_i64).map(|at| crate::random::roll(4_096, at, 3) as u8).collect()
}

/// The document's header with another body.
fn with_body(document: &[u8], body: &str) -> Vec<u8> {
    let at = document.windows(5).position(|window| window == b"<OFX>").unwrap_or(document.len());
    let mut bytes = document[..at].to_vec();
    bytes.extend_from_slice(body.as_bytes());
    bytes
}

/// A valid beginning, then a gigabyte of entries.
fn huge(document: &[u8]) -> Script {
    const ENTRY: &str = "<STMTTRN><TRNTYPE>POS</TRNTYPE><DTPOSTED>20261101</DTPOSTED><TRNAMT>-1.00</TRNAMT>\
                         <FITID>1</FITID><NAME>AGAIN</NAME></STMTTRN>\r\n";
    let mut start = head(&format!("Content-Length: {GIGABYTE}\r\n"));
    start.extend(with_body(document, "<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><BANKTRANLIST>"));
    let chunk = ENTRY.repeat(500).into_bytes();
    let times = GIGABYTE / chunk.len() + 1;
    Script::Repeat { head: start, chunk, times }
}

/// One deflate stream whose blocks, cut off by full flushes, are all the same: a gigabyte of spaces from a megabyte of work.
fn gzip_bomb() -> Script {
    const BLOCK: usize = 1 << 20;
    let mut deflate = flate2::Compress::new(flate2::Compression::best(), false);
    let mut chunk = Vec::with_capacity(BLOCK / 100);
    // Into a vector with room to spare this can't fail; were it to, the bomb would only be smaller.
    let _ = deflate.compress_vec(&vec![b' '; BLOCK], &mut chunk, flate2::FlushCompress::Full);
    let mut start = head("Content-Encoding: gzip\r\n");
    start.extend_from_slice(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
    Script::Repeat { head: start, chunk, times: GIGABYTE / BLOCK }
}

/// Entities of entities: 10^9 characters once expanded.
fn entity_bomb(document: &[u8]) -> Vec<u8> {
    let mut text = String::from("<!DOCTYPE OFX [<!ENTITY a0 \"aaaaaaaaaa\">");
    for level in 1..9 {
        let entity = format!("&a{};", level - 1).repeat(10);
        let _ = write!(text, "<!ENTITY a{level} \"{entity}\">");
    }
    text.push_str("]><OFX><SIGNONMSGSRSV1><SONRS><STATUS><CODE>0</CODE><SEVERITY>INFO</SEVERITY><MESSAGE>&a8;</MESSAGE>");
    text.push_str("</STATUS></SONRS></SIGNONMSGSRSV1></OFX>");
    with_body(document, &text)
}

/// Replaces every `a` by a byte that is neither UTF-8 nor Windows-1252.
fn wrong_charset(mut document: Vec<u8>) -> Vec<u8> {
    for byte in &mut document {
        if *byte == b'a' {
            *byte = 0x81;
        }
    }
    document
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn the_gzip_bomb_is_small_and_opens() {
        let Script::Repeat { head, chunk, times } = gzip_bomb() else { panic!("a bomb repeats") };
        assert!(chunk.len() * times < 4 << 20, "{} bytes", chunk.len() * times);
        let start = head.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
        let mut bytes = head[start..].to_vec();
        bytes.extend(chunk.iter().cycle().take(chunk.len() * 3));
        let mut opened = vec![0; 3 << 20];
        flate2::read::GzDecoder::new(bytes.as_slice()).read_exact(&mut opened).unwrap();
        assert!(opened.iter().all(|byte| *byte == b' '));
    }
}

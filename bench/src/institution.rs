//! `bench institution`: an OFX server with one account of many entries, in a process of its own so that its memory and
//! processor time aren't taken for ours. It sends all entries each time, whatever was asked for: the hardest case.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
};

use anyhow::{Context as _, ensure};
use domain::institution::{Access, InstitutionKind, Offering};

use crate::{
    firm::Credentials,
    process::{Process, Request, program},
    statement::{Shape, answer},
};

/// A request for statements has some two kilobytes.
const REQUEST_BYTES_MAX: u64 = 64 * 1024;

/// The process, ended when dropped.
pub(crate) struct Institution {
    _process: Process,
    address: String,
}

impl Institution {
    const OFFERING: &str = "many-entries";
    /// It takes every login.
    pub(crate) const LOGIN: Credentials<'static> =
        Credentials { offering: Self::OFFERING, user: "max", password: "many-entries-1" };

    /// Starts one whose account has so many entries.
    pub(crate) fn start(entries: u32) -> anyhow::Result<Self> {
        let mut command = Command::new(program("bench")?);
        let command = command.args(["institution", "--entries", &entries.to_string()]);
        let (process, address) = Process::announced(command)?;
        Ok(Self { _process: process, address })
    }

    /// Gives all entries other ids.
    pub(crate) fn renumber(&self) -> anyhow::Result<()> {
        Request::get("/generation/1").send(&self.address)?;
        Ok(())
    }

    /// Its row in a directory.
    pub(crate) fn offering(&self) -> Offering {
        let parameters = serde_json::json!({
            "url": self.address, "org": "BENCH", "fid": "1", "version": 102, "profile": false,
        });
        Offering {
            id: Self::OFFERING.to_owned(),
            brand: "Many Entries Bank".to_owned(),
            name: "Many Entries Bank".to_owned(),
            kind: InstitutionKind::Bank,
            purpose: String::new(),
            also_known_as: Vec::new(),
            home_url: self.address.clone(),
            login_url: self.address.clone(),
            place: String::new(),
            popularity: 3,
            assets_usd_thousands: 0,
            note: String::new(),
            listed: true,
            access: Some(Access { connector: "ofx".to_owned(), parameters, form: Vec::new() }),
            notice: None,
        }
    }
}

/// Serves until the process is killed. Prints its address first.
pub(crate) fn run(shape: Shape) -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("http://{}", listener.local_addr()?);
    let generation = AtomicU32::new(shape.generation);
    for stream in listener.incoming() {
        let shape = Shape { generation: generation.load(Ordering::Relaxed), ..shape };
        // A client that leaves early is nothing to stop for.
        match stream.map_err(anyhow::Error::from).and_then(|stream| serve(&stream, shape)) {
            Ok(Some(next)) => generation.store(next, Ordering::Relaxed),
            Ok(None) => {}
            Err(error) => eprintln!("institution: {error:#}"),
        }
    }
    Ok(())
}

/// Answers one request; `GET /generation/N` gives the entries other ids from then on.
fn serve(stream: &TcpStream, shape: Shape) -> anyhow::Result<Option<u32>> {
    let mut reader = BufReader::new(stream).take(REQUEST_BYTES_MAX);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let address = line.split(' ').nth(1).context("no request line")?.to_owned();
    let mut length = 0;
    loop {
        let mut header = String::new();
        ensure!(reader.read_line(&mut header)? > 0, "the request ends early");
        let header = header.trim().to_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    if let Some(next) = address.strip_prefix("/generation/") {
        send(stream, "")?;
        return Ok(Some(next.parse()?));
    }
    let body = String::from_utf8_lossy(&body);
    send(stream, &answer(shape, transaction(&body, "ACCTINFOTRNRQ"), transaction(&body, "STMTTRNRQ")))?;
    Ok(None)
}

fn send(mut stream: &TcpStream, body: &str) -> anyhow::Result<()> {
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: application/x-ofx\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    )?;
    Ok(stream.write_all(body.as_bytes())?)
}

/// The TRNUID of a request of this kind, if there is one.
fn transaction<'a>(request: &'a str, wrapper: &str) -> Option<&'a str> {
    let (_, inside) = request.split_once(&format!("<{wrapper}>"))?;
    let (_, value) = inside.split_once("<TRNUID>")?;
    value.split(['<', '\r', '\n']).next().map(str::trim)
}

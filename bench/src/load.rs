//! Load by `wrk`: one thread, 1 and 16 connections, the best of several runs, as the peers were measured.

use std::{io::Write as _, process::Command, time::Duration};

use anyhow::{Context as _, bail, ensure};

use crate::process::{Portal, Request};

/// What is asked for, and as whom.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// Asked for in turn.
    pub(crate) paths: Vec<String>,
    /// Name and value: a personal access key or a session's cookie, and what else the browser would send.
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl Asked {
    pub(crate) fn one(path: &str, credential: (&'static str, String)) -> Self {
        Self { paths: vec![path.to_owned()], headers: vec![credential] }
    }

    /// What somebody asks for who types each of `texts`, letter by letter, into the search for an institution.
    pub(crate) fn typing(texts: &[&str], cookie: String) -> Self {
        let letters =
            |text: &&str| (2..=text.len()).map(|end| text[..end].replace(' ', "+")).collect::<Vec<_>>();
        let paths = texts.iter().flat_map(letters).map(|typed| format!("/accounts/add/search?q={typed}"));
        Self { paths: paths.collect(), headers: vec![("Cookie", cookie), ("HX-Request", "true".to_owned())] }
    }

    /// For wrk, which asks for one address only unless a script tells it more.
    fn script(&self) -> anyhow::Result<tempfile::NamedTempFile> {
        let mut file = tempfile::NamedTempFile::with_suffix(".lua")?;
        let paths: Vec<String> = self.paths.iter().map(|path| format!("{path:?}")).collect();
        write!(
            file,
            "local paths = {{ {} }}\nlocal at = 0\n\
             request = function() at = at % #paths + 1 return wrk.format(nil, paths[at]) end\n",
            paths.join(", ")
        )?;
        Ok(file)
    }
}

/// How a run is made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    pub(crate) runs: u32,
    pub(crate) seconds: u32,
}

/// The figures of the best run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Figures {
    pub(crate) per_second: f64,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
    /// Processor time of the portal alone, per request.
    pub(crate) cpu: Duration,
}

/// Asks with so many connections, several times; returns the best run.
pub(crate) fn best(
    portal: &Portal,
    asked: &Asked,
    connections: u32,
    effort: Effort,
) -> anyhow::Result<Figures> {
    for path in &asked.paths {
        let plain = Request::get(path);
        let request = asked.headers.iter().fold(plain, |request, (name, value)| request.header(name, value));
        let answer = request.send(&portal.address)?;
        ensure!(answer.status == 200, "{path} answers {}", answer.status);
    }
    let mut best: Option<Figures> = None;
    for _ in 0..effort.runs {
        let figures = run(portal, asked, connections, effort.seconds)?;
        if best.is_none_or(|best| figures.per_second > best.per_second) {
            best = Some(figures);
        }
    }
    best.context("no run at all")
}

fn run(portal: &Portal, asked: &Asked, connections: u32, seconds: u32) -> anyhow::Result<Figures> {
    let script = asked.script()?;
    let headers =
        asked.headers.iter().flat_map(|(name, value)| ["-H".to_owned(), format!("{name}: {value}")]);
    let before = portal.process.cpu()?;
    let output = Command::new("wrk")
        .args(["-t1", &format!("-c{connections}"), &format!("-d{seconds}s"), "--latency"])
        .args(headers)
        .arg("-s")
        .arg(script.path())
        .arg(format!("http://{}/", portal.address))
        .output()
        .context("cannot run wrk")?;
    let spent = portal.process.cpu()?.saturating_sub(before);
    let text = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "wrk: {}", String::from_utf8_lossy(&output.stderr));
    read(&text, spent)
}

/// Reads what wrk prints.
fn read(text: &str, spent: Duration) -> anyhow::Result<Figures> {
    if let Some(line) = text.lines().find(|line| line.contains("Non-2xx") || line.contains("Socket errors")) {
        bail!("wrk: {}", line.trim());
    }
    let after = |mark: &str| {
        let line = text.lines().map(str::trim).find(|line| line.starts_with(mark));
        line.and_then(|line| line.split_whitespace().nth(1)).with_context(|| format!("no {mark} in: {text}"))
    };
    let requests = text.lines().find_map(|line| line.split_once(" requests in ")).context("no requests")?.0;
    let requests: u32 = requests.trim().parse()?;
    Ok(Figures {
        per_second: after("Requests/sec:")?.parse()?,
        p50: duration(after("50%")?)?,
        p99: duration(after("99%")?)?,
        cpu: spent / requests.max(1),
    })
}

/// `85.00us`, `1.29ms`, `1.02s`.
fn duration(text: &str) -> anyhow::Result<Duration> {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let number: f64 = text[..text.len() - unit.len()].parse().with_context(|| text.to_owned())?;
    let seconds = match unit {
        "us" => number / 1e6,
        "ms" => number / 1e3,
        "s" => number,
        "m" => number * 60.0,
        _ => bail!("{text} is no duration"),
    };
    Ok(Duration::from_secs_f64(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_wrk_prints_is_read() {
        let text = "Running 8s test\n  Thread Stats   Avg      Stdev     Max   +/- Stdev\n    Latency   1.31ms\n  \
            Latency Distribution\n     50%  850.00us\n     75%    1.2ms\n     90%    2.0ms\n     99%    4.80ms\n  \
            98888 requests in 8.00s, 1.00GB read\nRequests/sec:  12361.00\nTransfer/sec:  128.00MB\n";
        let figures = read(text, Duration::from_secs(8)).unwrap();
        assert_eq!(figures.p50, Duration::from_micros(850));
        assert_eq!(figures.p99, Duration::from_micros(4_800));
        assert_eq!(figures.cpu, Duration::from_secs(8) / 98_888);
        assert!((figures.per_second - 12_361.0).abs() < 0.1);
        assert!(read(&format!("{text}  Non-2xx or 3xx responses: 3\n"), Duration::ZERO).is_err());
        assert!(duration("3h").is_err());
    }
}

//! The way to a database, which can be blocked and opened: what a failing network or a restarting server look like.

use std::{
    io,
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

/// Passes connections on, until it is blocked.
pub(crate) struct Way {
    listen: SocketAddr,
    blocked: Arc<AtomicBool>,
    open: Arc<Mutex<Vec<TcpStream>>>,
}

impl Way {
    /// A way to the server of a `postgres://user@host:port/name`.
    pub(crate) fn to(url: &str) -> Self {
        let server = server(url).to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let listen = listener.local_addr().expect("bound");
        let (blocked, open) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
        let way = Self { listen, blocked: blocked.clone(), open: open.clone() };
        thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                if blocked.load(Ordering::SeqCst) {
                    continue;
                }
                if let Ok(far) = TcpStream::connect(&server) {
                    pass(&near, &far, &open);
                }
            }
        });
        way
    }

    /// The same database, by this way.
    pub(crate) fn address(&self, url: &str) -> String {
        url.replacen(server(url), &self.listen.to_string(), 1)
    }

    /// Cuts all connections, and takes no new one.
    pub(crate) fn block(&self) {
        self.blocked.store(true, Ordering::SeqCst);
        for stream in self.open.lock().expect("nobody panics").drain(..) {
            // One side may be gone already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    pub(crate) fn open(&self) {
        self.blocked.store(false, Ordering::SeqCst);
    }
}

/// `host:port` of an address.
fn server(url: &str) -> &str {
    let rest = url.split_once("://").expect("an address").1;
    let host = rest.split(['/', '?']).next().expect("a host");
    host.rsplit_once('@').map_or(host, |(_, host)| host)
}

fn pass(near: &TcpStream, far: &TcpStream, open: &Mutex<Vec<TcpStream>>) {
    let clone = |stream: &TcpStream| stream.try_clone().expect("a socket");
    open.lock().expect("nobody panics").extend([clone(near), clone(far)]);
    for (mut from, mut to) in [(clone(near), clone(far)), (clone(far), clone(near))] {
        thread::spawn(move || {
            // Ends with either side.
            let _ = io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Both);
        });
    }
}

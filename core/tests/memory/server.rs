//! A server in dedicated threads that keeps everything it sends in memory, so that all allocations during a call are
//! those of the library.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

const LISTING: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 25\r\n\r\n\
{\"entities\":[],\"total\":0}";

/// The header of requests that receive the hostile response. Sign-ins receive it as well.
pub(crate) const HOSTILE: &str = "x-hostile";

pub(crate) struct Server {
    pub(crate) url: String,
    hostile: Arc<Mutex<Arc<[u8]>>>,
}

impl Server {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let hostile: Arc<Mutex<Arc<[u8]>>> = Arc::new(Mutex::new(Arc::from(LISTING)));
        let responses = Arc::clone(&hostile);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let responses = Arc::clone(&responses);
                std::thread::spawn(move || serve(stream, &responses));
            }
        });
        Server { url, hostile }
    }

    /// Sets the hostile response: head and body, as they are sent.
    pub(crate) fn respond_with(&self, response: Arc<[u8]>) {
        *self.hostile.lock().unwrap() = response;
    }
}

/// Serves a connection until the client closes it.
fn serve(mut stream: TcpStream, hostile: &Mutex<Arc<[u8]>>) {
    let _ = stream.set_nodelay(true);
    let mut bytes = [0; 8 * 1024];
    let mut filled = 0;
    while let Ok(read @ 1..) = stream.read(&mut bytes[filled..]) {
        filled += read;
        let request = &bytes[..filled];
        let sign_in = request.starts_with(b"POST /oauth/token");
        // A sign-in has a body of one line.
        let ends = if sign_in { &b"grant_type=client_credentials"[..] } else { b"\r\n\r\n" };
        if !request.ends_with(ends) {
            continue;
        }
        let is_hostile = sign_in || request.windows(HOSTILE.len()).any(|part| part == HOSTILE.as_bytes());
        filled = 0;
        let response = Arc::clone(&hostile.lock().unwrap());
        let response = if is_hostile { &*response } else { LISTING };
        if stream.write_all(response).is_err() {
            break;
        }
    }
}

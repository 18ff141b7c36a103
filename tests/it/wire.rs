//! A server of scripted bytes on a real socket: it answers each connection with what a test wants to go wrong.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Nobody in a test waits longer for the other side.
const PATIENCE: Duration = Duration::from_secs(30);

/// What one connection meets after its request.
#[derive(Clone)]
pub enum Play {
    /// These bytes, then an orderly end.
    Send(Vec<u8>),
    /// The first bytes at once, the others one by one with this pause.
    Drip(Vec<u8>, usize, Duration),
    /// These bytes, then a reset.
    Reset(Vec<u8>),
    /// Nothing, for as long as the client stays.
    Hang,
}

/// Listens on loopback until the process ends.
pub struct Server {
    pub port: u16,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// One play a connection; the last one stays.
    pub fn start(script: Vec<Play>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let server = Self {
            port,
            seen: Arc::clone(&seen),
        };
        std::thread::spawn(move || {
            for (count, stream) in listener.incoming().enumerate() {
                let play = script[count.min(script.len() - 1)].clone();
                let seen = Arc::clone(&seen);
                std::thread::spawn(move || {
                    // The client may leave whenever it wants.
                    let _ = serve(stream.unwrap(), &play, &seen);
                });
            }
        });
        server
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The requests so far: head and, where it was read, body.
    pub fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

fn serve(mut stream: TcpStream, play: &Play, seen: &Mutex<Vec<String>>) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut head = Vec::new();
    let mut byte = [0];
    // What is no HTTP (a TLS handshake) ends the reading too.
    while !head.ends_with(b"\r\n\r\n") && !head.starts_with(&[0x16]) {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let mut text = String::from_utf8_lossy(&head).into_owned();
    let length = text
        .to_lowercase()
        .split_once("content-length: ")
        .map_or(0, |(_, rest)| {
            rest.lines().next().unwrap_or_default().parse().unwrap_or(0)
        });
    let mut body = vec![0; length];
    // An unread body makes the system reset the connection when it is closed.
    if !matches!(play, Play::Reset(_)) {
        stream.read_exact(&mut body)?;
    }
    text.push_str(&String::from_utf8_lossy(&body));
    seen.lock().unwrap().push(text);
    match play {
        Play::Send(bytes) => stream.write_all(bytes)?,
        Play::Drip(bytes, at_once, pause) => {
            stream.write_all(&bytes[..*at_once])?;
            for byte in &bytes[*at_once..] {
                std::thread::sleep(*pause);
                stream.write_all(&[*byte])?;
            }
        }
        Play::Reset(bytes) => {
            stream.write_all(bytes)?;
            std::thread::sleep(Duration::from_millis(50));
        }
        Play::Hang => {
            let _ = stream.read(&mut byte);
        }
    }
    Ok(())
}

/// An answer with its true length.
pub fn response(status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let mut bytes = head(status, headers);
    bytes.extend_from_slice(format!("content-length: {}\r\n\r\n", body.len()).as_bytes());
    bytes.extend_from_slice(body);
    bytes
}

/// The head of an answer, open for more headers.
pub fn head(status: u16, headers: &[(&str, &str)]) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status} X\r\nconnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.into_bytes()
}

/// A port where nobody listens.
pub fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

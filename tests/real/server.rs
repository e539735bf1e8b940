//! A real server program of one test: found, configured in a directory of its own, started on a free port, ended on drop.
//! It knows nothing of what the program serves.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio, id};
use std::sync::atomic::{AtomicU16, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Longest time from the start of a program until it listens; varnishd compiles C first, and LiteLLM imports for half a minute.
const LONGEST_START: Duration = Duration::from_secs(60);

/// Longest time that a program gets to end by itself.
const LONGEST_END: Duration = Duration::from_secs(2);

/// A running server program.
pub struct Server {
    child: Child,
    place: Place,
}

impl Server {
    /// Starts a program that listens on `place`'s port, and waits until it does.
    pub fn start(place: Place, program: &str, arguments: &[&str]) -> Server {
        let log = File::create(place.directory.join("log")).expect("a log file");
        let child = Command::new(find(program))
            .args(arguments)
            .current_dir(&place.directory)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a second handle of the log"))
            .stderr(log)
            // Workers are in the group too, and die with it.
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("{program}: {error}"));
        let mut server = Server { child, place };
        server.wait_until_it_listens(program);
        server
    }

    fn wait_until_it_listens(&mut self, program: &str) {
        let deadline = Instant::now() + LONGEST_START;
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port())).is_err() {
            let ended = self.child.try_wait().expect("the state of a child");
            if ended.is_some() || Instant::now() > deadline {
                panic!("{program} does not listen on port {} ({ended:?}):\n{}", self.port(), self.log());
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    pub fn port(&self) -> u16 {
        self.place.port
    }

    /// Such as `http://127.0.0.1:20123`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port())
    }

    /// Signals the program and its workers: std can kill a process, but not a group.
    fn signal(&self, name: &str) {
        let command = format!("kill -{name} -{}", self.child.id());
        let _ = Command::new("sh").args(["-c", &command]).stderr(Stdio::null()).status();
    }

    fn log(&self) -> String {
        fs::read_to_string(self.place.directory.join("log")).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Asked first: Squid and hypercorn leave shared memory behind where they are killed.
        self.signal("TERM");
        let deadline = Instant::now() + LONGEST_END;
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(5));
        }
        self.signal("KILL");
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("log of the server on port {}:\n{}", self.port(), self.log());
        }
    }
}

/// Where a server lives: a directory of its own, removed on drop, and a free port.
pub struct Place {
    pub directory: PathBuf,
    pub port: u16,
}

impl Place {
    pub fn new() -> Place {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("real-{}-{}", id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&directory).expect("a directory for a server");
        Place { directory, port: free_port() }
    }

    /// Writes a file into the directory and returns its path.
    pub fn write(&self, name: &str, text: &str) -> String {
        let path = self.directory.join(name);
        fs::write(&path, text).expect("a file in the server's directory");
        path.display().to_string()
    }

    pub fn path(&self) -> String {
        self.directory.display().to_string()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// A port on which nobody listens. Below the range from which the kernel takes ports for clients, and no port twice, so that nothing
/// takes it before the server does.
pub fn free_port() -> u16 {
    static COUNT: AtomicU16 = AtomicU16::new(0);
    let first = 10_000 + u16::try_from(id() % 200).expect("a small number") * 100;
    let next = || first + COUNT.fetch_add(1, Ordering::Relaxed) % 2_000;
    std::iter::repeat_with(next).take(2_000).find(|&port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()).expect("a free port")
}

/// A program on PATH, or where Debian keeps servers.
fn find(program: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let servers = ["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from);
    let mut places = std::env::split_paths(&path).chain(servers).map(|directory| directory.join(program));
    places.find(|file| file.is_file()).unwrap_or_else(|| panic!("{program} is not installed; .ci/run installs it"))
}

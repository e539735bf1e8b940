use std::process::Command;
use std::thread;

use super::*;
use crate::plan::Plan;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const RECORDING: &[u8] = b"{\"llmcheck\":\"recording/1\",\"asked\":{}}\n[0.000001,0,\"<\",\"HTTP/1.1 200 OK\\r\\n\\r\\n\"]\n";

/// A cache in a directory of its own, which goes with it.
struct Place(Cache);

impl Place {
    fn new() -> Place {
        let directory = std::env::temp_dir().join(format!("llmcheck-cache-{}-{:016x}", std::process::id(), fastrand::u64(..)));
        Place(Cache::at(directory.join("a").join("answers")))
    }

    fn holding(recording: &[u8]) -> Place {
        let place = Place::new();
        place.0.store(&key(0), recording).unwrap();
        place
    }

    fn names(&self) -> Vec<String> {
        let items = fs::read_dir(&self.0.directory).unwrap();
        items.map(|item| item.unwrap().file_name().into_string().unwrap()).collect()
    }

    fn found(&self) -> Option<Vec<u8>> {
        self.0.find(&key(0), DAY).map(|hit| hit.recording)
    }

    /// With this in place of the entry it is a miss, and gone after it.
    #[track_caller]
    fn misses(&self, bytes: &[u8]) {
        let path = self.0.path(&key(0));
        fs::write(&path, bytes).unwrap();
        assert!(self.found().is_none(), "{}", String::from_utf8_lossy(bytes));
        assert!(!path.exists());
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(self.0.directory.ancestors().nth(2).unwrap());
    }
}

fn key(number: u32) -> Key {
    let plan = Plan { body: number.to_be_bytes().to_vec(), ..Plan::supposed("a") };
    Key::of(&plan, None)
}

fn age(path: &Path, seconds: u64) {
    File::options().write(true).open(path).unwrap().set_modified(SystemTime::now() - Duration::from_secs(seconds)).unwrap();
}

#[test]
fn what_was_stored_is_found_at_once_and_for_its_request_only() {
    let place = Place::holding(RECORDING);
    for _ in 0..200 {
        place.0.store(&key(0), RECORDING).unwrap();
        assert_eq!(place.found().as_deref(), Some(RECORDING));
    }
    assert!(place.0.find(&key(1), DAY).is_none());
    assert_eq!(place.names(), [format!("{}.jsonl", key(0).as_str())]);
}

#[test]
fn the_last_one_stored_is_found() {
    let place = Place::holding(RECORDING);
    place.0.store(&key(0), b"later").unwrap();
    assert_eq!(place.found().as_deref(), Some(&b"later"[..]));
}

#[cfg(unix)]
#[test]
fn nobody_else_can_read_it_whoever_made_the_directory() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    fs::create_dir_all(&place.0.directory).unwrap();
    fs::set_permissions(&place.0.directory, fs::Permissions::from_mode(0o755)).unwrap();
    place.0.store(&key(0), RECORDING).unwrap();
    assert_eq!((mode(&place.0.directory), mode(&place.0.path(&key(0)))), (0o700, 0o600));
}

#[test]
fn an_entry_is_found_until_it_is_too_old_and_never_before_it_was_stored() {
    let place = Place::holding(RECORDING);
    let stored = place.0.find(&key(0), DAY).unwrap().stored;
    let after = |milliseconds: i64| {
        let now = stored + jiff::SignedDuration::from_millis(milliseconds);
        place.0.find_at(&key(0), Duration::from_secs(10), now).map(|hit| hit.age.as_millis())
    };
    assert_eq!([after(0), after(1), after(10_000)], [Some(0), Some(1), Some(10_000)]);
    assert_eq!([after(10_001), after(-1), after(-100_000_000)], [None; 3]);
    // Another run may be content with it.
    assert!(place.found().is_some());
}

#[test]
fn an_entry_cut_at_any_byte_or_with_any_bit_flipped_is_a_miss() {
    let place = Place::holding(RECORDING);
    let whole = fs::read(place.0.path(&key(0))).unwrap();
    for length in 0..whole.len() {
        place.misses(&whole[..length]);
    }
    for bit in 0..whole.len() * 8 {
        let mut flipped = whole.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        place.misses(&flipped);
    }
    place.misses(&[&whole[..], b"\n"].concat());
    fs::write(place.0.path(&key(0)), &whole).unwrap();
    assert_eq!(place.found().as_deref(), Some(RECORDING));
}

#[test]
fn an_entry_of_another_request_version_or_shape_is_a_miss() {
    let place = Place::holding(RECORDING);
    place.misses(&entry::written(&key(1), Timestamp::now(), RECORDING));
    let whole = String::from_utf8(entry::written(&key(0), Timestamp::now(), RECORDING)).unwrap();
    place.misses(whole.replace("cache/1", "cache/2").as_bytes());
    place.misses(whole.replacen('{', "{\"more\":1,", 1).as_bytes());
    place.misses(RECORDING);
    place.misses(&vec![b'\n'; LARGEST_ENTRY + 2]);
}

#[test]
fn whatever_stands_in_the_place_of_an_entry_is_a_miss_and_makes_room() {
    let place = Place::holding(RECORDING);
    let path = place.0.path(&key(0));
    let replace = |make: &dyn Fn()| {
        fs::remove_file(&path).unwrap();
        make();
        assert!(place.found().is_none());
        place.0.store(&key(0), RECORDING).unwrap();
        assert!(place.found().is_some());
    };
    replace(&|| fs::create_dir_all(path.join("full/of/things")).unwrap());
    if cfg!(unix) {
        // Reading it would wait for ever.
        replace(&|| assert!(Command::new("mkfifo").arg(&path).status().unwrap().success()));
        replace(&|| assert!(Command::new("ln").args(["-s", "/nowhere"]).arg(&path).status().unwrap().success()));
    }
}

#[test]
fn an_entry_that_is_too_large_is_not_stored_and_takes_no_other_away() {
    let place = Place::holding(RECORDING);
    place.0.store(&key(1), &vec![b'x'; LARGEST_ENTRY]).unwrap();
    assert_eq!(place.names().len(), 1);
    let room = LARGEST_ENTRY - entry::written(&key(2), Timestamp::now(), b"").len();
    place.0.store(&key(2), &vec![b'x'; room]).unwrap();
    assert_eq!(place.0.find(&key(2), DAY).unwrap().recording.len(), room);
}

#[test]
fn the_oldest_entries_leave_a_full_cache() {
    let mut place = Place::new();
    place.0.bounds = Bounds { bytes: 1 << 30, entries: 20 };
    for number in 0..30 {
        place.0.store(&key(number), RECORDING).unwrap();
        if place.0.path(&key(number)).exists() {
            age(&place.0.path(&key(number)), u64::from(100 - number));
        }
    }
    place.0.sweep(SystemTime::now());
    let kept: Vec<u32> = (0..30).filter(|number| place.0.find(&key(*number), DAY).is_some()).collect();
    assert_eq!(kept, (12..30).collect::<Vec<_>>());
}

#[test]
fn the_bounds_hold_over_thousands_of_stores() {
    fastrand::seed(7);
    let mut place = Place::new();
    place.0.bounds = Bounds { bytes: 600_000, entries: 10_000 };
    for number in 0..3000 {
        place.0.store(&key(number), RECORDING).unwrap();
        assert!(place.0.find(&key(number), DAY).is_some());
    }
    let summary = place.0.summary().unwrap();
    assert!(summary.entries > 1000 && summary.bytes <= 600_000, "{summary:?}");
}

#[test]
fn what_a_killed_process_left_goes_after_an_hour_and_other_files_stay() {
    let place = Place::holding(RECORDING);
    let leftover = |name: &str, seconds: u64| {
        let path = place.0.directory.join(name);
        fs::write(&path, "half").unwrap();
        age(&path, seconds);
    };
    leftover(".1.0123456789abcdef.tmp", 3700);
    leftover(".2.0123456789abcdef.tmp", 3500);
    leftover("notes.txt", 10_000);
    place.0.sweep(SystemTime::now());
    let mut names = place.names();
    names.sort();
    assert_eq!(names, [".2.0123456789abcdef.tmp".to_string(), format!("{}.jsonl", key(0).as_str()), "notes.txt".to_string()]);
    let length = fs::metadata(place.0.path(&key(0))).unwrap().len();
    assert_eq!(place.0.summary().unwrap(), Summary { entries: 1, bytes: length, ..place.0.summary().unwrap() });
    assert_eq!(place.0.clear().unwrap(), Cleared { entries: 1, bytes: length + 4 });
    assert_eq!(place.names(), ["notes.txt"]);
}

#[test]
fn there_is_nothing_to_clear_or_count_where_there_is_no_cache() {
    let place = Place::new();
    assert_eq!((place.0.clear().unwrap(), place.0.summary().unwrap()), Default::default());
    assert!(place.found().is_none() && !place.0.directory.exists());
}

#[test]
fn a_directory_that_cannot_be_made_is_an_error_of_storing_only() {
    let place = Place::holding(RECORDING);
    let blocked = Cache::at(place.0.path(&key(0)).join("below"));
    assert!(blocked.find(&key(0), DAY).is_none() && blocked.store(&key(0), RECORDING).is_err());
    assert_eq!(place.found().as_deref(), Some(RECORDING));
}

#[test]
fn many_that_store_read_and_clear_at_once_see_whole_entries_or_none() {
    let place = Place::new();
    let recordings: Vec<Vec<u8>> = (0..8).map(|number: u8| vec![b'a' + number; 50_000 + usize::from(number)]).collect();
    thread::scope(|scope| {
        for recording in &recordings {
            let (place, recordings) = (&place, &recordings);
            scope.spawn(move || {
                for round in 0..60 {
                    place.0.store(&key(round % 3), recording).unwrap();
                    if let Some(hit) = place.0.find(&key(fastrand::u32(..3)), DAY) {
                        assert!(recordings.contains(&hit.recording));
                    }
                    if round % 20 == 19 {
                        // What another is writing goes as well.
                        let _ = place.0.clear();
                    }
                }
            });
        }
    });
    assert!(place.names().iter().all(|name| name.ends_with(".jsonl")));
}

#[test]
fn the_place_is_that_of_the_xdg_specification() {
    let place = |variables: &[(&str, &str)]| {
        let cache = Cache::open(&|name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.to_string()));
        cache.map(|cache| cache.directory().to_str().unwrap().to_string())
    };
    let is = |path: &str| Some(path.to_string());
    assert_eq!(place(&[("XDG_CACHE_HOME", "/c"), ("HOME", "/h")]), is("/c/llmcheck/answers"));
    assert_eq!(place(&[("XDG_CACHE_HOME", "c"), ("HOME", "/h")]), is("/h/.cache/llmcheck/answers"));
    assert_eq!(place(&[("HOME", "h")]), None);
    assert_eq!(place(&[]), None);
}

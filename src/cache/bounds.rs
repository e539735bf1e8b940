//! How much the cache may hold, and what goes when it is full. Nothing is read or removed here.

use std::time::{Duration, SystemTime};

/// What all files together may take, and how many they may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub bytes: u64,
    pub entries: usize,
}

pub(super) const BOUNDS: Bounds = Bounds { bytes: 256 * 1024 * 1024, entries: 10_000 };

/// A larger entry is not stored: it would drive out hundreds of others.
pub const LARGEST_ENTRY: usize = 8 * 1024 * 1024;

/// No process writes one entry for as long: who began it was killed.
const ABANDONED: Duration = Duration::from_secs(60 * 60);

/// A file of the cache.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Listed<P> {
    pub path: P,
    pub bytes: u64,
    pub modified: SystemTime,
    /// It has no final name: somebody is writing it, or was killed while writing it.
    pub is_unfinished: bool,
}

/// Whether to look at the whole directory after an entry of this length. A look at 10,000 files takes some 250 times as long as a store,
/// and an exact count would have to be agreed upon by all processes: one store in 32 looks, and about one in each MiB.
pub(super) fn is_look_due(bytes: usize) -> bool {
    const OFTEN: u32 = 32;
    const MUCH: usize = 1024 * 1024;
    fastrand::u32(..OFTEN) == 0 || fastrand::usize(..MUCH) < bytes
}

/// The files that have to go: what was abandoned, and the oldest of a full cache until it is 90 % full. It counts as full at 95 %, so that
/// the bounds hold also between two looks.
pub(super) fn surplus<P>(files: Vec<Listed<P>>, bounds: Bounds, now: SystemTime) -> Vec<Listed<P>> {
    let is_abandoned = |file: &Listed<P>| file.is_unfinished && now.duration_since(file.modified).is_ok_and(|age| age > ABANDONED);
    let (mut surplus, mut kept): (Vec<_>, Vec<_>) = files.into_iter().partition(is_abandoned);
    let mut bytes: u64 = kept.iter().map(|file| file.bytes).sum();
    let exceeds = |bytes: u64, entries: usize, percent: u64| {
        bytes > bounds.bytes * percent / 100 || entries as u64 > bounds.entries as u64 * percent / 100
    };
    if exceeds(bytes, kept.len(), 95) {
        // The youngest first, so that the oldest can be taken off the end.
        kept.sort_by_key(|file| std::cmp::Reverse(file.modified));
        while exceeds(bytes, kept.len(), 90)
            && let Some(oldest) = kept.pop()
        {
            bytes -= oldest.bytes;
            surplus.push(oldest);
        }
    }
    surplus
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Bounds = Bounds { bytes: 1000, entries: 20 };

    fn now() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000)
    }

    /// A file of this many bytes and this many seconds of age.
    fn file(bytes: u64, age: u64) -> Listed<u64> {
        Listed { path: age, bytes, modified: now() - Duration::from_secs(age), is_unfinished: false }
    }

    /// The ages of those that go.
    fn gone(files: Vec<Listed<u64>>) -> Vec<u64> {
        surplus(files, SMALL, now()).into_iter().map(|file| file.path).collect()
    }

    #[test]
    fn nothing_goes_while_there_is_room() {
        assert_eq!(gone(vec![]), [0; 0]);
        assert_eq!(gone((0..19).map(|age| file(50, age)).collect()), [0; 0]);
    }

    #[test]
    fn the_oldest_go_until_nine_tenths_are_left() {
        assert_eq!(gone((0..20).map(|age| file(1, age)).collect()), [19, 18]);
        assert_eq!(gone((0..100).map(|age| file(1, age)).collect()), (18..100).rev().collect::<Vec<_>>());
        assert_eq!(gone(vec![file(400, 3), file(300, 9), file(300, 1)]), [9]);
        assert_eq!(gone(vec![file(10, 3), file(951, 1), file(10, 2)]), [3, 2, 1]);
    }

    #[test]
    fn what_was_abandoned_goes_and_what_is_being_written_stays() {
        let unfinished = |age| Listed { is_unfinished: true, ..file(10, age) };
        assert_eq!(gone(vec![file(10, 9000), unfinished(3599), unfinished(3601), unfinished(10_000)]), [3601, 10_000]);
        // A clock that was set back makes no file abandoned.
        assert_eq!(gone(vec![Listed { modified: now() + Duration::from_secs(10_000), ..unfinished(0) }]), [0; 0]);
    }

    #[test]
    fn unfinished_files_count_as_well() {
        let unfinished = |age| Listed { is_unfinished: true, ..file(500, age) };
        assert_eq!(gone(vec![unfinished(5), unfinished(3), file(10, 1)]), [5]);
    }

    #[test]
    fn a_large_entry_looks_each_time_and_small_ones_now_and_then() {
        fastrand::seed(1);
        assert!((0..100).all(|_| is_look_due(1024 * 1024)));
        let looks = (0..32_000).filter(|_| is_look_due(0)).count();
        assert!((800..1200).contains(&looks), "{looks}");
    }
}

//! `llmcheck cache`: where the answers lie that `chat --cache` keeps, how much they are, and their end.

use std::time::SystemTime;

use anyhow::{Context as _, anyhow};

use super::Failure;
use super::console::Console;
use crate::cache::Cache;
use crate::cli::{CacheArgs, CacheCommand};
use crate::config;
use crate::lang::{Text, text};

const CLEARED: Text = text("answers removed: {n} ({bytes} bytes)", "已清除回答：{n} 个（{bytes} 字节）");
const PLACE: Text = text("place", "位置");
const ANSWERS: Text = text("answers", "回答");
const BYTES: Text = text("bytes", "字节");
const OLDEST: Text = text("oldest", "最早");
const NEWEST: Text = text("newest", "最新");

pub fn run(args: &CacheArgs, console: &Console) -> Result<u8, Failure> {
    let Some(cache) = Cache::open(&config::environment) else {
        return Err(Failure::Usage(anyhow!("there is no place for a cache: set XDG_CACHE_HOME or HOME to an absolute path")));
    };
    let text = match args.command {
        CacheCommand::Clear => clear(&cache, console),
        CacheCommand::Info => info(&cache, console),
    };
    console.print(&text.map_err(Failure::Internal)?)?;
    Ok(0)
}

fn clear(cache: &Cache, console: &Console) -> anyhow::Result<String> {
    let cleared = cache.clear().with_context(|| format!("the cache {} cannot be cleared", cache.directory().display()))?;
    let words = CLEARED.fill(console.lang, |slot| Some(if slot == "n" { cleared.entries.to_string() } else { cleared.bytes.to_string() }));
    Ok(words + "\n")
}

fn info(cache: &Cache, console: &Console) -> anyhow::Result<String> {
    let summary = cache.summary().with_context(|| format!("the cache {} cannot be read", cache.directory().display()))?;
    let mut rows =
        vec![(PLACE, cache.directory().display().to_string()), (ANSWERS, summary.entries.to_string()), (BYTES, summary.bytes.to_string())];
    rows.extend(summary.oldest.and_then(shown).map(|time| (OLDEST, time)));
    rows.extend(summary.newest.and_then(shown).map(|time| (NEWEST, time)));
    Ok(rows.into_iter().map(|(name, value)| format!("{:8} {value}\n", name.get(console.lang))).collect())
}

/// As the user's clock shows it.
fn shown(time: SystemTime) -> Option<String> {
    let time = jiff::Timestamp::try_from(time).ok()?;
    Some(time.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string())
}

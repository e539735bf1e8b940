//! What a request can be varied in, one factor at a time or several at once. A failure is explained by naming levels of these.

use schemars::JsonSchema;
use serde::Serialize;

use crate::lang::{Text, text};

/// One thing that can be asked for in two or three ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Factor {
    /// As a plain answer or a stream.
    Mode,
    /// Which content coding is offered.
    Coding,
    Length,
    /// The language of prompt and answer.
    Language,
    /// `max_tokens`.
    Limit,
    Connection,
    /// Through the proxy or past it.
    Way,
    Family,
    /// Which endpoint.
    Place,
}

/// One way to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    Plain,
    Stream,
    Identity,
    Gzip,
    Brotli,
    Short,
    Long,
    Ascii,
    Chinese,
    SmallLimit,
    LargeLimit,
    /// `Connection: close` is sent.
    Closed,
    /// The first request on a connection that may be kept.
    Kept,
    /// The second on such a connection.
    Second,
    Proxied,
    Direct,
    V4,
    V6,
    Here,
    /// The endpoint of `--against`.
    There,
}

impl Level {
    pub fn factor(self) -> Factor {
        use Level::*;
        match self {
            Plain | Stream => Factor::Mode,
            Identity | Gzip | Brotli => Factor::Coding,
            Short | Long => Factor::Length,
            Ascii | Chinese => Factor::Language,
            SmallLimit | LargeLimit => Factor::Limit,
            Closed | Kept | Second => Factor::Connection,
            Proxied | Direct => Factor::Way,
            V4 | V6 => Factor::Family,
            Here | There => Factor::Place,
        }
    }

    /// As a cell of a table.
    pub fn word(self) -> Text {
        use Level::*;
        match self {
            Plain => text("plain", "非流式"),
            Stream => text("stream", "流式"),
            Identity => text("identity", "不压缩"),
            Gzip => text("gzip", "gzip"),
            Brotli => text("br", "br"),
            Short => text("short", "短"),
            Long => text("long", "长"),
            Ascii => text("ASCII", "ASCII"),
            Chinese => text("Chinese", "中文"),
            SmallLimit => text("small", "小"),
            LargeLimit => text("large", "大"),
            Closed => text("close", "关闭"),
            Kept => text("first", "第一个"),
            Second => text("second", "第二个"),
            Proxied => text("proxy", "代理"),
            Direct => text("direct", "直连"),
            V4 => text("IPv4", "IPv4"),
            V6 => text("IPv6", "IPv6"),
            Here => text("here", "本端点"),
            There => text("there", "另一端点"),
        }
    }
}

impl Factor {
    /// As the head of a table's column.
    pub fn word(self) -> Text {
        match self {
            Factor::Mode => text("mode", "模式"),
            Factor::Coding => text("coding", "编码"),
            Factor::Length => text("answer", "回答"),
            Factor::Language => text("text", "文字"),
            Factor::Limit => text("max_tokens", "max_tokens"),
            Factor::Connection => text("connection", "连接"),
            Factor::Way => text("way", "路径"),
            Factor::Family => text("address", "地址"),
            Factor::Place => text("endpoint", "端点"),
        }
    }

    /// Levels that may share a cause, beside each by itself.
    fn groups(self) -> &'static [&'static [Level]] {
        match self {
            Factor::Coding => &[&[Level::Gzip, Level::Brotli]],
            Factor::Connection => &[&[Level::Kept, Level::Second]],
            _ => &[],
        }
    }
}

/// The factors that can be varied here, each with its levels, the usual one first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Space {
    pub factors: Vec<(Factor, Vec<Level>)>,
}

/// One level of each factor of a space, by its place there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Setting(Vec<u8>);

impl Space {
    /// What is asked for in one way only is no factor.
    pub fn of(levels: &[Level]) -> Space {
        let mut factors: Vec<(Factor, Vec<Level>)> = Vec::new();
        for level in levels {
            match factors.iter_mut().find(|(factor, _)| *factor == level.factor()) {
                Some((_, known)) => known.push(*level),
                None => factors.push((level.factor(), vec![*level])),
            }
        }
        factors.retain(|(_, levels)| levels.len() > 1);
        Space { factors }
    }

    /// The setting in which all is as usual.
    pub fn usual(&self) -> Setting {
        Setting(vec![0; self.factors.len()])
    }

    /// All settings.
    pub fn settings(&self) -> Vec<Setting> {
        let mut all = vec![Vec::new()];
        for (_, levels) in &self.factors {
            all = all.into_iter().flat_map(|begun| (0..levels.len() as u8).map(move |level| [&begun[..], &[level]].concat())).collect();
        }
        all.into_iter().map(Setting).collect()
    }

    /// The levels of a setting, in the order of the factors.
    pub fn levels<'a>(&'a self, setting: &'a Setting) -> impl Iterator<Item = Level> + 'a {
        self.factors.iter().zip(&setting.0).map(|((_, levels), level)| levels[usize::from(*level)])
    }

    pub fn has(&self, setting: &Setting, level: Level) -> bool {
        self.levels(setting).any(|own| own == level)
    }

    /// The same setting with this level; itself where the space does not have it.
    pub fn with(&self, setting: &Setting, level: Level) -> Setting {
        let mut changed = setting.clone();
        for (at, (_, levels)) in self.factors.iter().enumerate() {
            if let Some(place) = levels.iter().position(|own| *own == level) {
                changed.0[at] = place as u8;
            }
        }
        changed
    }

    /// Everything that can be said of one factor: one of its levels, or a group of them that may share a cause.
    pub fn claims(&self) -> Vec<Claim> {
        let mut claims = Vec::new();
        for (factor, levels) in &self.factors {
            claims.extend(levels.iter().map(|level| Claim { factor: *factor, levels: vec![*level] }));
            let whole_groups = factor.groups().iter().filter(|group| group.iter().all(|level| levels.contains(level)));
            // A group that is all there is says nothing.
            claims.extend(
                whole_groups.filter(|group| group.len() < levels.len()).map(|group| Claim { factor: *factor, levels: group.to_vec() }),
            );
        }
        claims
    }

    /// What is left without this level; a factor with only one level left is none any more.
    pub fn without(&self, level: Level) -> Space {
        let kept: Vec<Level> = self.factors.iter().flat_map(|(_, levels)| levels).copied().filter(|own| *own != level).collect();
        Space::of(&kept)
    }
}

/// A factor has one of these levels.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Claim {
    pub factor: Factor,
    pub levels: Vec<Level>,
}

impl Claim {
    pub fn holds(&self, space: &Space, setting: &Setting) -> bool {
        self.levels.iter().any(|level| space.has(setting, *level))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn space() -> Space {
        Space::of(&[Level::Plain, Level::Stream, Level::Identity, Level::Gzip, Level::Brotli, Level::V4])
    }

    #[test]
    fn a_factor_with_one_level_is_none() {
        let space = space();
        assert_eq!(space.factors.iter().map(|(factor, _)| *factor).collect::<Vec<_>>(), [Factor::Mode, Factor::Coding]);
        assert_eq!(space.settings().len(), 6);
        assert_eq!(space.without(Level::Stream).factors.len(), 1);
    }

    #[test]
    fn codings_may_share_a_cause_and_all_levels_together_say_nothing() {
        let claims: Vec<Vec<Level>> = space().claims().into_iter().map(|claim| claim.levels).collect();
        assert!(claims.contains(&vec![Level::Gzip, Level::Brotli]) && claims.len() == 6);
        let without_identity = space().without(Level::Identity).claims();
        assert!(without_identity.iter().all(|claim| claim.levels.len() == 1));
    }

    #[test]
    fn a_setting_is_changed_in_one_level() {
        let space = space();
        let changed = space.with(&space.usual(), Level::Gzip);
        assert_eq!(space.levels(&changed).collect::<Vec<_>>(), [Level::Plain, Level::Gzip]);
        assert_eq!(space.with(&changed, Level::V6), changed);
    }
}

//! English and Chinese: which one to speak, and a sentence in both. No sentence of a diagnosis lives here.

use std::fmt;

/// The language of every word of a diagnosis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lang {
    En,
    Zh,
}

impl Lang {
    /// The language that a POSIX locale asks for. The first variable that is set and not empty decides,
    /// as `setlocale` does; everything that is not Chinese is English.
    pub fn from_locale(mut variable: impl FnMut(&str) -> Option<String>) -> Lang {
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().find_map(|name| variable(name).filter(|value| !value.is_empty()));
        match locale {
            Some(value) if value.to_ascii_lowercase().starts_with("zh") => Lang::Zh,
            _ => Lang::En,
        }
    }

    /// The tag that stands in the report: `en` or `zh`.
    pub fn tag(self) -> &'static str {
        match self {
            Lang::En => "en",
            Lang::Zh => "zh",
        }
    }
}

impl fmt::Display for Lang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tag())
    }
}

/// One text in both languages. Parts in `{braces}` are slots, filled by [`Text::fill`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Text {
    pub en: &'static str,
    pub zh: &'static str,
}

/// A text from its English and its Chinese form.
pub const fn text(en: &'static str, zh: &'static str) -> Text {
    Text { en, zh }
}

impl Text {
    /// The text in one language, its slots still open.
    pub fn get(self, lang: Lang) -> &'static str {
        match lang {
            Lang::En => self.en,
            Lang::Zh => self.zh,
        }
    }

    /// The names of its slots.
    pub fn slots(self) -> impl Iterator<Item = &'static str> {
        self.en.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(slot, _)| slot)
    }

    /// The text in one language with every `{slot}` that `value` knows replaced. A slot that it does not know stays as it is,
    /// so that a test can find it.
    pub fn fill(self, lang: Lang, value: impl Fn(&str) -> Option<String>) -> String {
        let mut rest = self.get(lang);
        let mut filled = String::with_capacity(rest.len());
        while let Some(open) = rest.find('{') {
            let Some(close) = rest[open..].find('}').map(|at| open + at) else {
                break;
            };
            filled.push_str(&rest[..open]);
            match value(&rest[open + 1..close]) {
                Some(known) => filled.push_str(&known),
                None => filled.push_str(&rest[open..=close]),
            }
            rest = &rest[close + 1..];
        }
        filled.push_str(rest);
        filled
    }
}

/// A text and what stands in its slots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence {
    pub words: Text,
    pub values: Vec<(&'static str, String)>,
}

impl Sentence {
    pub fn say(&self, lang: Lang) -> String {
        self.words.fill(lang, |slot| self.values.iter().find(|(name, _)| *name == slot).map(|(_, value)| value.clone()))
    }
}

impl From<Text> for Sentence {
    fn from(words: Text) -> Sentence {
        Sentence { words, values: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lang_of(pairs: &[(&str, &str)]) -> Lang {
        Lang::from_locale(|name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| value.to_string()))
    }

    #[test]
    fn the_first_locale_variable_that_is_set_decides() {
        assert_eq!(lang_of(&[("LANG", "zh_CN.UTF-8")]), Lang::Zh);
        assert_eq!(lang_of(&[("LC_ALL", "C"), ("LANG", "zh_CN.UTF-8")]), Lang::En);
        assert_eq!(lang_of(&[("LC_ALL", ""), ("LANG", "zh_TW")]), Lang::Zh);
        assert_eq!(lang_of(&[]), Lang::En);
    }

    #[test]
    fn slots_are_filled_and_unknown_ones_stay() {
        let sentence = text("{a} of {b}, {c}", "");
        let filled = sentence.fill(Lang::En, |slot| match slot {
            "a" => Some("1".into()),
            "b" => Some("{a}".into()),
            _ => None,
        });
        assert_eq!(filled, "1 of {a}, {c}");
    }
}

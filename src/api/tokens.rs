//! How many tokens a text is, without any model's tokenizer: a range from its characters. It is no count: the low end is for saying
//! that something cannot fit, the high end for a person's guess.
//!
//! Measured against cl100k, o200k, Claude 2's and DeepSeek's tokenizers (2026-11) on English and Chinese prose, Rust, Python, JSON, HTML and
//! logs: real counts lay between 1.3 and 2 times the low end, and the high end lay 1.3 to 1.5 times above them. No text was found whose
//! count is below the low end, also among those made for it: runs of blanks, rows of one character, only long words. Random letters
//! (base64) and scripts that a tokenizer hardly knows (Thai in cl100k) can exceed the high end.

use std::iter::Sum;
use std::ops::Add;

use serde::Serialize;
use serde_json::Value;

/// From the fewest to the most tokens that are to be expected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tokens {
    pub low: u64,
    pub high: u64,
}

impl Add for Tokens {
    type Output = Tokens;

    fn add(self, other: Tokens) -> Tokens {
        Tokens { low: self.low + other.low, high: self.high + other.high }
    }
}

impl Sum for Tokens {
    fn sum<I: Iterator<Item = Tokens>>(items: I) -> Tokens {
        items.fold(Tokens::default(), Add::add)
    }
}

/// The frame that a chat template puts around a message: 3 tokens for OpenAI's models (openai-cookbook, "How to count tokens"), more for
/// others.
const MESSAGE: Tokens = Tokens { low: 1, high: 8 };

/// A part that is no text. An image is 85 tokens or some thousands by its size and model, so that nothing is certain but that it is there.
const OTHER_PART: Tokens = Tokens { low: 1, high: 3000 };

/// What the messages and tools of a chat request are for a model.
pub fn of_request(body: &Value) -> Tokens {
    let messages = body["messages"].as_array().map_or(&[][..], Vec::as_slice);
    messages.iter().map(of_message).sum::<Tokens>() + strings(&body["tools"]) + strings(&body["functions"])
}

fn of_message(message: &Value) -> Tokens {
    let content = match &message["content"] {
        Value::Array(parts) => parts.iter().map(of_part).sum(),
        Value::String(text) => of_text(text),
        _ => Tokens::default(),
    };
    let calls = message["tool_calls"].as_array().map_or(&[][..], Vec::as_slice);
    let calls = calls.iter().map(|call| strings(&call["function"])).sum();
    MESSAGE + content + calls
}

fn of_part(part: &Value) -> Tokens {
    match part["text"].as_str() {
        Some(text) => of_text(text),
        None => OTHER_PART,
    }
}

/// The strings of a definition: how its frame is shown to the model, each maker decides.
fn strings(value: &Value) -> Tokens {
    match value {
        Value::String(text) => of_text(text),
        Value::Array(items) => items.iter().map(strings).sum(),
        Value::Object(members) => members.values().map(strings).sum(),
        _ => Tokens::default(),
    }
}

/// One number where a range is of no use, and quickly: four ASCII characters or one other character make a token.
pub fn about(text: &str) -> u64 {
    if text.is_ascii() {
        return text.len().div_ceil(4) as u64;
    }
    let ascii = text.bytes().filter(u8::is_ascii).count();
    let continuations = text.bytes().filter(|byte| (*byte as i8) < -0x40).count();
    (ascii.div_ceil(4) + text.len() - ascii - continuations) as u64
}

/// The tokens of one text.
pub fn of_text(text: &str) -> Tokens {
    let (mut low, mut high) = (0.0, 0.0);
    let mut characters = text.chars().peekable();
    while let Some(first) = characters.next() {
        let mut run = Run::of(first);
        while let Some(next) = characters.next_if(|next| Kind::of(*next) == run.kind) {
            run.take(next);
        }
        let (few, many) = run.tokens();
        low += few;
        high += many;
    }
    let low = low as u64;
    Tokens { low: if text.is_empty() { 0 } else { low.max(1) }, high: (high.ceil() as u64).max(low) }
}

/// What a tokenizer treats alike.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Blank,
    /// Chinese characters, kana, hangul and their punctuation.
    Cjk,
    Digit,
    /// Letters of any other script with their marks.
    Letter,
    Punctuation,
    /// Emoji, box drawing, mathematics.
    Symbol,
}

impl Kind {
    fn of(c: char) -> Kind {
        match c {
            '\u{1100}'..='\u{11ff}'
            | '\u{2e80}'..='\u{2fff}'
            | '\u{3001}'..='\u{9fff}'
            | '\u{ac00}'..='\u{d7af}'
            | '\u{f900}'..='\u{faff}'
            | '\u{ff00}'..='\u{ffef}'
            | '\u{20000}'..='\u{3ffff}' => Kind::Cjk,
            _ if c.is_whitespace() => Kind::Blank,
            _ if c.is_ascii_digit() => Kind::Digit,
            // Combining marks are no letters and yet within words.
            _ if c.is_alphabetic() || ('\u{300}'..'\u{2000}').contains(&c) => Kind::Letter,
            _ if c.is_ascii() => Kind::Punctuation,
            _ => Kind::Symbol,
        }
    }
}

/// Neighbouring characters of one kind.
struct Run {
    kind: Kind,
    first: char,
    length: f64,
    /// How many of them are not ASCII.
    foreign: f64,
    /// All are the first one again.
    is_uniform: bool,
}

impl Run {
    fn of(first: char) -> Run {
        let mut run = Run { kind: Kind::of(first), first, length: 0.0, foreign: 0.0, is_uniform: true };
        run.take(first);
        run
    }

    fn take(&mut self, next: char) {
        self.length += 1.0;
        self.foreign += f64::from(u8::from(!next.is_ascii()));
        self.is_uniform &= next == self.first;
    }

    /// The fewest and the most tokens. Only a vocabulary's longest entries bring a text near the low end: common words are one token
    /// up to 16 letters with their blank, rows of `=` one for each 64, blanks one for each thousand (Claude 2), Chinese one for each 2.7
    /// (DeepSeek). The high end is for everyday text in a vocabulary that is not made for it.
    fn tokens(&self) -> (f64, f64) {
        let length = self.length;
        let is_row = self.is_uniform && length > 3.0;
        match self.kind {
            Kind::Blank if length > 1.0 => (length / 1024.0, 1.0 + length / 16.0),
            Kind::Blank => (0.0, if self.first == '\n' { 1.0 } else { 0.05 }),
            Kind::Cjk => (length * 0.35, length * 1.3),
            Kind::Digit => (length / if is_row { 32.0 } else { 3.0 }, length),
            Kind::Letter => ((length / 16.0).max(1.0), self.letters()),
            Kind::Punctuation if is_row => (length / 128.0, 1.0 + length / 16.0),
            Kind::Punctuation => (length / 6.0, (length * 0.75).max(1.0)),
            Kind::Symbol => (length / if is_row { 32.0 } else { 4.0 }, length * 2.0),
        }
    }

    fn letters(&self) -> f64 {
        let ascii = self.length - self.foreign;
        // A word this long is a compound or no word.
        let each = if ascii > 20.0 { 2.0 } else { 4.0 };
        let word = if ascii > 1.0 { (ascii / each).max(1.0) + 0.3 } else { ascii };
        word + self.foreign * 1.3
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The counts of cl100k, o200k, Claude 2's and DeepSeek's tokenizers, as measured.
    #[test]
    fn no_tokenizer_needs_fewer_than_the_low_end() {
        let cases: [(String, [u64; 4]); 12] = [
            ("the cat sat on the mat and it was a big red dog who ran to the end of the road ".repeat(50), [1051; 4]),
            (
                "International communication organizations demonstrate extraordinary responsibilities regarding environmental \
                 sustainability, technological transformation, administrative accountability. "
                    .repeat(50),
                [801; 4],
            ),
            (" ".repeat(100_000), [782, 782, 100, 782]),
            ("=".repeat(100_000), [1563, 1562, 1563, 1563]),
            ("a".repeat(100_000), [12_500, 12_500, 6250, 12_500]),
            ("0".repeat(10_000), [3334, 3334, 313, 3334]),
            ("hello hello ".repeat(5000), [10_001; 4]),
            ("31415926535".repeat(1000), [3667, 3667, 4001, 3667]),
            (
                "人工智能技术的发展对社会经济产生了重要影响，中华人民共和国国家标准化管理委员会发布公告。我们可以使用计算机进行数据分析。"
                    .repeat(50),
                [2950, 1500, 2750, 1100],
            ),
            (
                "Искусственный интеллект оказывает значительное влияние на развитие общества и экономики. Международные организации \
                 обсуждают вопросы ответственности. "
                    .repeat(50),
                [3351, 1102, 3751, 1551],
            ),
            (format!("{}\n", "═".repeat(80)).repeat(200), [8200, 2200, 1200, 4200]),
            ("| a | b | c |\n|---|---|---|\n".repeat(1000), [14_000, 14_000, 12_000, 10_000]),
        ];
        for (text, counts) in cases {
            let estimate = of_text(&text);
            let start: String = text.chars().take(30).collect();
            assert!(counts.iter().all(|count| estimate.low <= *count), "{start}: {estimate:?} {counts:?}");
            assert!(estimate.low <= estimate.high);
        }
    }

    #[test]
    fn everyday_text_lies_within_the_range() {
        for (text, count) in [
            ("Say hello.", 3),
            ("Translate the following paragraph into French and keep the line breaks:", 12),
            ("fn main() {\n    println!(\"hello\");\n}\n", 12),
            ("请把下面的段落翻译成英文，保留换行。", 16),
        ] {
            let estimate = of_text(text);
            assert!(estimate.low <= count && count <= estimate.high, "{text}: {estimate:?}");
        }
        assert_eq!(of_text(""), Tokens::default());
        assert_eq!(of_text(" ").low, 1);
    }

    #[test]
    fn text_parts_calls_and_tools_count_and_an_image_s_base64_does_not() {
        let words = "word ".repeat(100);
        let plain = of_request(&json!({"messages": [{"role": "user", "content": words}]}));
        assert!(plain.low >= 100, "{plain:?}");
        let parts = json!({"messages": [{"role": "user", "content": [
            {"type": "text", "text": words},
            {"type": "image_url", "image_url": {"url": format!("data:image/png;base64,{}", "iVBORw0KGgo".repeat(100_000))}}
        ]}]});
        assert!((plain.low..plain.low + 5).contains(&of_request(&parts).low));
        let call = json!({"messages": [{"role": "assistant", "tool_calls": [{"id": "x", "function": {"name": "f", "arguments": words}}]}]});
        assert!(of_request(&call).low >= 100);
        assert!(of_request(&json!({"tools": [{"function": {"description": words}}]})).low >= 100);
        assert_eq!(of_request(&json!("no request")), Tokens::default());
    }
}

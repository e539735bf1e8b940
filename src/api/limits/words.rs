//! The rate that an error's text tells: only texts that name both what is counted and in which time.

/// No rate is told over more seconds than a day has.
const LONGEST: f64 = 86_400.0;

/// So many in so many seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    pub amount: u64,
    pub seconds: f64,
    pub is_of_tokens: bool,
}

/// The rate in the words of LiteLLM's router, of OpenAI and who passes its words on, and of the one-api family.
pub fn rate_in_words(message: &str) -> Option<Rate> {
    let lower = message.to_lowercase();
    let by_minute = [("rpm limit=", false), ("(rpm): limit ", false), ("tpm limit=", true), ("(tpm): limit ", true)];
    let told = by_minute.iter().find_map(|(phrase, is_of_tokens)| {
        let amount = number(lower.split_once(phrase)?.1)?;
        Some(Rate { amount, seconds: 60.0, is_of_tokens: *is_of_tokens })
    });
    let in_minutes = || {
        let (before, after) = lower.split_once("分钟内最多请求")?;
        let digits = before.chars().rev().take_while(char::is_ascii_digit).count();
        let minutes = number(&before[before.len() - digits..])?;
        Some(Rate { amount: number(after)?, seconds: 60.0 * minutes as f64, is_of_tokens: false })
    };
    told.or_else(in_minutes).filter(|rate| rate.amount > 0 && (1.0..=LONGEST).contains(&rate.seconds))
}

fn number(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text[..digits].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_read_where_its_time_is_told_too() {
        let rate = |amount, seconds, is_of_tokens| Some(Rate { amount, seconds, is_of_tokens });
        for (message, expected) in [
            ("litellm.RateLimitError: Model rate limit exceeded. RPM limit=60, current usage=62", rate(60, 60.0, false)),
            ("litellm.RateLimitError: Model rate limit exceeded. TPM limit=6000, current usage=6034", rate(6000, 60.0, true)),
            (
                "Rate limit reached for m in organization o on requests per min (RPM): Limit 500, Used 500, Requested 1.",
                rate(500, 60.0, false),
            ),
            ("Rate limit reached for m on tokens per min (TPM): Limit 30000, Used 29000, Requested 1538.", rate(30_000, 60.0, true)),
            ("Rate limit reached for m on requests per day (RPD): Limit 200, Used 200, Requested 1.", None),
            ("您已达到请求数限制：1分钟内最多请求1200次", rate(1200, 60.0, false)),
            ("您已达到总请求数限制：3分钟内最多请求90次，包括失败次数", rate(90, 180.0, false)),
            ("Rate limit exceeded for api_key: k. Limit type: requests. Current limit: 20, Remaining: 0.", None),
            ("99999999999999分钟内最多请求1次", None),
            ("RPM limit=0", None),
            ("RPM limit=99999999999999999999999", None),
            ("分钟内最多请求次", None),
            ("", None),
        ] {
            assert_eq!(rate_in_words(message), expected, "{message}");
        }
    }
}

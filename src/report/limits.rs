//! Rate limits as a table for people: names in the reader's language, numbers aligned, durations as people say them.

use unicode_width::UnicodeWidthStr as _;

use super::{sanitize, words};
use crate::api::limits::Limit;
use crate::lang::Lang;

/// The rows of the table, its head first; none without limits. Names come from the server and are made safe here. A column of which
/// nothing is told would only be dashes, and is left out.
pub fn rows(limits: &[Limit], lang: Lang) -> Vec<Vec<String>> {
    let number = |number: Option<u64>| number.map_or("-".to_string(), |number| number.to_string());
    let mut rows = vec![words::LIMIT_COLUMNS.map(|column| column.get(lang).to_string())];
    rows.extend(limits.iter().map(|limit| {
        let back = limit.resets_in.map_or("-".to_string(), duration);
        [name(&limit.what, lang), number(limit.limit), number(limit.remaining), back]
    }));
    let is_told = |column: usize| column == 0 || rows[1..].iter().any(|row| row[column] != "-");
    let columns: Vec<usize> = (0..4).filter(|column| is_told(*column)).collect();
    let told = |row: &[String; 4]| columns.iter().map(|column| row[*column].clone()).collect();
    if limits.is_empty() { Vec::new() } else { rows.iter().map(told).collect() }
}

/// The same as aligned lines.
pub fn table(limits: &[Limit], lang: Lang) -> Vec<String> {
    let rows = rows(limits, lang);
    let width = |column: usize| rows.iter().map(|row| row[column].width()).max().unwrap_or(0);
    let times = words::LIMIT_COLUMNS[3].get(lang);
    let line = |row: &Vec<String>| {
        let cells = row.iter().enumerate().map(|(column, cell)| {
            let blanks = " ".repeat(width(column) - cell.width());
            let is_number = column > 0 && rows[0][column] != times;
            if is_number { format!("{blanks}{cell}") } else { format!("{cell}{blanks}") }
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_string()
    };
    rows.iter().map(line).collect()
}

/// What is counted: known names in the reader's language, others as they stand.
fn name(what: &str, lang: Lang) -> String {
    let (counted, per) = what.split_once("-per-").map_or((what, None), |(counted, per)| (counted, Some(per)));
    let known = |name: &str| words::limit(name).map(|words| words.get(lang).to_string());
    match (known(counted), per.map(known)) {
        (Some(counted), None) => counted,
        (Some(counted), Some(Some(per))) if lang == Lang::Zh => format!("{per}{counted}"),
        (Some(counted), Some(Some(per))) => format!("{counted} {per}"),
        _ => sanitize::for_line(what).into_owned(),
    }
}

/// Seconds as people say them: `17 ms`, `9.5 s`, `6 min 5 s`, `7 h 12 min`, `3 d 4 h`.
fn duration(seconds: f64) -> String {
    let two = |large: &str, small: &str, size: u64, smaller: u64| {
        let whole = seconds.round() as u64;
        match (whole % size) / smaller {
            0 => format!("{} {large}", whole / size),
            rest => format!("{} {large} {rest} {small}", whole / size),
        }
    };
    match seconds {
        short if short > 0.0 && short < 1.0 => format!("{:.0} ms", short * 1000.0),
        short if short < 60.0 => format!("{} s", (short * 10.0).round() / 10.0),
        middle if middle < 3600.0 => two("min", "s", 60, 1),
        long if long < 86_400.0 => two("h", "min", 3600, 60),
        _ => two("d", "h", 86_400, 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(what: &str, limit: Option<u64>, remaining: Option<u64>, resets_in: Option<f64>) -> Limit {
        Limit { what: what.into(), limit, remaining, resets_in, window: None, source: "x".into() }
    }

    #[test]
    fn numbers_stand_under_each_other_in_both_languages() {
        let limits = [
            limit("input-tokens", Some(20000), Some(0), Some(9.0)),
            limit("requests-per-minute", Some(50), Some(49), None),
            limit("retry", None, None, Some(433.0)),
        ];
        assert_eq!(
            table(&limits, Lang::En),
            [
                "what                 limit  left  back in",
                "input tokens         20000     0  9 s",
                "requests per minute     50    49  -",
                "next attempt             -     -  7 min 13 s",
            ]
        );
        assert_eq!(
            table(&limits, Lang::Zh),
            [
                "项目         限额  剩余  恢复时间",
                "输入 token  20000     0  9 s",
                "每分钟请求     50    49  -",
                "下次尝试        -     -  7 min 13 s"
            ]
        );
        assert_eq!(table(&[], Lang::En), [""; 0]);
    }

    #[test]
    fn what_nobody_tells_has_no_column() {
        assert_eq!(table(&[limit("requests", None, Some(4), None)], Lang::En), ["what      left", "requests     4"]);
    }

    #[test]
    fn a_hostile_name_cannot_leave_its_line() {
        let lines = table(&[limit("a\u{1b}[31m\r\nb\u{202e}", Some(1), None, None)], Lang::En);
        assert!(lines.iter().all(|line| !line.chars().any(char::is_control) && !line.contains('\u{202e}')), "{lines:?}");
    }

    #[test]
    fn durations_are_said_as_people_say_them() {
        let cases = [
            (0.0, "0 s"),
            (0.017, "17 ms"),
            (9.55, "9.6 s"),
            (59.96, "60 s"),
            (360.0, "6 min"),
            (25_920.0, "7 h 12 min"),
            (273_600.0, "3 d 4 h"),
        ];
        for (seconds, words) in cases {
            assert_eq!(duration(seconds), words);
        }
    }
}

//! The right spelling of a name that is not known.

/// Names less alike than this are no misspellings of each other.
const NEAR: f64 = 0.8;

/// The nearest of the known names, if any is near.
pub fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wrong = wrong.to_lowercase();
    let alike = known.into_iter().map(|name| (strsim::jaro_winkler(&wrong, name), name)).filter(|(similarity, _)| *similarity > NEAR);
    alike.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, name)| name)
}

/// «; did you mean …?» or nothing.
pub fn hint<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(wrong, known).map_or_else(String::new, |right| format!("; did you mean {right:?}?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_name_is_offered_and_a_far_one_is_not() {
        let known = ["json-cut", "cut-by-close", "healthy"];
        assert_eq!(nearest("jsoncut", known), Some("json-cut"));
        assert_eq!(nearest("interrupted-by-user", known), None);
    }
}

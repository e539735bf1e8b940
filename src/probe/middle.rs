//! Who answered in a failing exchange, as far as they show themselves: the products that are known by their signs, and what the fields
//! `Via` and `Server` say. Where failures depend on the way, that is who to talk to.

use crate::products;
use crate::wire::head::Head;

/// As much of a field as a line has room for.
const SHOWN: usize = 60;

/// Such as `Squid (Via: 1.1 gate (squid/5.7))`; none where nobody shows. `issuer` is who issued the certificate that was shown.
pub fn who(head: Option<&Head>, issuer: Option<&str>) -> Option<String> {
    let names: Vec<&str> = products::passed(head, issuer).into_iter().map(|product| product.name).collect();
    let field = |name: &str| {
        let value = head.and_then(|head| head.get(name)).map(str::trim).filter(|value| !value.is_empty())?;
        Some(format!("{name}: {}", shortened(value)))
    };
    let fields: Vec<String> = [field("Via"), field("Server")].into_iter().flatten().collect();
    match (names.is_empty(), fields.is_empty()) {
        (true, true) => None,
        (true, false) => Some(fields.join(", ")),
        (false, true) => Some(names.join(", ")),
        (false, false) => Some(format!("{} ({})", names.join(", "), fields.join(", "))),
    }
}

fn shortened(value: &str) -> String {
    let kept: String = value.chars().take(SHOWN).collect();
    if kept.len() < value.len() { kept + "…" } else { kept }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(fields: &str, issuer: Option<&str>) -> Option<String> {
        who(Some(&Head::parse(format!("HTTP/1.1 200 OK\r\n{fields}\r\n").as_bytes(), 0)), issuer)
    }

    #[test]
    fn a_middle_is_told_by_its_name_and_its_own_words() {
        assert_eq!(told("Via: 1.1 gate (squid/5.7)\r\n", None).unwrap(), "Squid (Via: 1.1 gate (squid/5.7))");
        assert_eq!(told("Server: nginx/1.22.1\r\n", None).unwrap(), "nginx (Server: nginx/1.22.1)");
        assert_eq!(told("", Some("CN=mitmproxy,O=mitmproxy")).unwrap(), "mitmproxy");
        assert_eq!(told("Via: 1.1 own\r\n", None).unwrap(), "Via: 1.1 own");
        assert_eq!(told("Via: \r\n", None), None);
    }

    #[test]
    fn a_long_field_is_cut() {
        let told = told(&format!("Via: {}\r\n", "长".repeat(200)), None).unwrap();
        assert!(told.ends_with('…') && told.chars().count() == SHOWN + 6, "{told}");
    }
}

//! Roughly where a request came from: the network and the kind of program, in words for the person whose account it was
//! about. Rough on purpose: enough to know one's own browser or the agent's server, too little to find anybody by.

use core::net::IpAddr;

/// Roughly where: `Firefox on Linux, 203.0.113.0/24`.
pub fn place(address: IpAddr, user_agent: &str) -> String {
    format!("{}, {}", program(user_agent), network(address))
}

/// The network that an address lies in: a /24, an IPv6 /48.
pub fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        ip if ip.is_loopback() => "this machine".to_owned(),
        IpAddr::V4(ip) => {
            let [a, b, c, _] = ip.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(ip) => {
            let [a, b, c, ..] = ip.segments();
            format!("{}/48", core::net::Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))
        }
    }
}

/// A browser by its name and system; another program by the name it gives itself; else `a program`. A guess, never
/// anything that is decided by.
pub fn program(user_agent: &str) -> String {
    let named = |names: &[(&str, &'static str)]| {
        names.iter().find(|(mark, _)| user_agent.contains(mark)).map(|(_, name)| *name)
    };
    if let (true, Some(browser)) = (user_agent.starts_with("Mozilla/"), named(BROWSERS)) {
        return named(SYSTEMS).map_or_else(|| browser.to_owned(), |system| format!("{browser} on {system}"));
    }
    let name: String = user_agent.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c)).collect();
    let plausible = (2..=32).contains(&name.len()) && name.starts_with(|c: char| c.is_ascii_alphabetic());
    if plausible && name != "Mozilla" { name } else { "a program".to_owned() }
}

/// Marks of browsers; those that name others as well stand first.
const BROWSERS: &[(&str, &str)] = &[
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Vivaldi/", "Vivaldi"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];

/// Marks of systems; those that name others as well stand first.
const SYSTEMS: &[(&str, &str)] = &[
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_known_by_name_and_system_and_an_address_by_its_network() {
        let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
        let edge = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0 Safari/537.36 Edg/138.0";
        let phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile Safari/604.1";
        for (agent, words) in [
            (firefox, "Firefox on Linux"),
            (edge, "Edge on Windows"),
            (phone, "Safari on iPhone"),
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Vivaldi/7.0",
                "Vivaldi on Linux",
            ),
            ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/19.0 Safari/605.1.15", "Safari on macOS"),
            ("Mozilla/5.0 (Linux; Android 16) Chrome/140.0 Mobile Safari/537.36", "Chrome on Android"),
            ("python-requests/2.32.3", "python-requests"),
            ("curl/8.5.0", "curl"),
            ("", "a program"),
            ("Mozilla/5.0", "a program"),
            ("=cmd|' /C calc'!A0", "a program"),
            ("\u{1b}[2J", "a program"),
        ] {
            assert_eq!(program(agent), words);
        }
        for (address, words) in [
            ("203.0.113.77", "203.0.113.0/24"),
            ("::ffff:203.0.113.77", "203.0.113.0/24"),
            ("2001:db8:1:2:3::4", "2001:db8:1::/48"),
            ("127.0.0.1", "this machine"),
            ("::1", "this machine"),
        ] {
            assert_eq!(network(address.parse().expect("an address")), words);
        }
        assert_eq!(place("203.0.113.77".parse().expect("an address"), firefox), "Firefox on Linux, 203.0.113.0/24");
    }

    proptest::proptest! {
        #[test]
        fn whatever_a_program_calls_itself_the_words_are_short_and_plain(agent in ".*") {
            let words = program(&agent);
            proptest::prop_assert!(words.len() <= 40 && words.is_ascii() && !words.contains(char::is_control));
            proptest::prop_assert!(words.starts_with(|c: char| c.is_ascii_alphabetic()));
        }
    }
}

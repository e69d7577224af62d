//! What is legal setting by setting and still wrong as a whole.

use super::Config;

impl Config {
    /// Everything that must be mended before the server starts; empty when all is well. Each is a sentence that names
    /// the settings and the remedy.
    pub fn check(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut demand = |holds: bool, problem: String| {
            if !holds {
                problems.push(problem);
            }
        };
        let loopback = self.listen.ip().to_canonical().is_loopback();
        demand(
            self.speaks_tls() || loopback || self.insecure || !self.trusted_proxies.is_empty(),
            format!(
                "listen = \"{}\" would speak plain HTTP beyond this machine: give tls.cert and tls.key, or name the reverse \
                 proxy in trusted_proxies, or set insecure = true",
                self.listen
            ),
        );
        let console_here = self.console_listen.is_none_or(|address| address.ip().to_canonical().is_loopback());
        demand(
            self.speaks_tls() || console_here || self.insecure || !self.trusted_proxies.is_empty(),
            "console_listen would speak plain HTTP beyond this machine: give tls.cert and tls.key, or name the reverse proxy \
             in trusted_proxies, or set insecure = true"
                .to_owned(),
        );
        demand(
            self.tls.cert.is_some() == self.tls.key.is_some(),
            "tls.cert and tls.key belong together: give both or neither".to_owned(),
        );
        demand(
            self.public_url.is_https() || self.public_url.is_loopback() || self.insecure,
            format!("public_url must be https unless insecure = true (found \"{}\")", self.public_url),
        );
        demand(
            self.master_key.as_ref().is_none_or(|key| is_hex_key(key.expose())),
            "master_key must be 64 hexadecimal digits".to_owned(),
        );
        demand(
            self.database.as_ref().is_none_or(|url| is_postgres(url.expose())),
            "database must be empty or a postgres:// URL".to_owned(),
        );
        for (key, address) in
            [("support_email", &self.support_email), ("business_development_email", &self.business_development_email)]
        {
            demand(looks_like_email(address), format!("{key} must be an email address (found {address:?})"));
        }
        self.mail.check(&mut demand);
        self.check_numbers(&mut demand);
        problems
    }

    fn check_numbers(&self, demand: &mut impl FnMut(bool, String)) {
        let limits = &self.limits;
        for (key, value) in [
            ("limits.max_connections", limits.max_connections),
            ("limits.max_connections_per_address", limits.max_connections_per_address),
            ("limits.failures_before_lockout", limits.failures_before_lockout),
            ("limits.lockout_seconds", limits.lockout_seconds),
            ("limits.failures_per_address_per_minute", limits.failures_per_address_per_minute),
            ("limits.hash_queue", limits.hash_queue),
            ("password.iterations", self.password.iterations),
        ] {
            demand(value > 0, format!("{key} must be at least 1"));
        }
        let lanes = self.password.parallelism;
        demand((1..=64).contains(&lanes), format!("password.parallelism must be from 1 to 64 (found {lanes})"));
        let (memory, least) = (self.password.memory_kib, 8 * lanes.clamp(1, 64));
        demand(
            (least..=1024 * 1024).contains(&memory),
            format!("password.memory_kib must be from {least} (8 a lane) to 1048576 (found {memory})"),
        );
    }
}

fn is_hex_key(key: &str) -> bool {
    key.len() == 64 && key.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_postgres(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}

/// A rough look, for what operators type: what people type is read by `domain::email`.
pub(super) fn looks_like_email(address: &str) -> bool {
    address.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty())
        && !address.contains(|letter: char| letter.is_whitespace() || letter.is_control())
}

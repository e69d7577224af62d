use super::*;

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("prosper.toml");
    std::fs::write(&path, text).unwrap();
    (dir, path)
}

fn load(text: &str, environment: &[(&str, &str)], flags: &[(&str, &str)]) -> Result<Config, Vec<String>> {
    let (_dir, path) = file(text);
    Config::load(Some(&path), pairs(environment), &pairs(flags)).map_err(|problems| {
        problems.0.into_iter().map(|p| p.replace(&path.display().to_string(), "prosper.toml")).collect()
    })
}

fn origin(config: &Config, key: &str) -> String {
    let origin = config.entry(key).unwrap().origin.to_string();
    origin.rsplit('/').next().unwrap().to_owned()
}

#[test]
fn no_configuration_at_all_works() {
    let config = Config::load(None, [], &[]).unwrap();
    assert_eq!(config.listen, SocketAddr::from(([127, 0, 0, 1], 8080)));
    assert_eq!(config.public_url.as_str(), "http://127.0.0.1:8080");
    assert_eq!(config.data_dir, Path::new("./prosper-data"));
    assert_eq!(config.check(), Vec::<String>::new());
    assert!(config.entries().iter().all(|entry| entry.origin == Origin::Default));
}

#[test]
fn data_lies_with_the_other_data_of_the_person() {
    let dir = |environment: &[(&str, &str)]| Config::load(None, pairs(environment), &[]).unwrap().data_dir;
    assert_eq!(dir(&[("HOME", "/home/ada")]), Path::new("/home/ada/.local/share/prosper"));
    assert_eq!(dir(&[("HOME", "/home/ada"), ("XDG_DATA_HOME", "/data")]), Path::new("/data/prosper"));
    assert_eq!(
        dir(&[("HOME", "/home/ada"), ("XDG_DATA_HOME", "relative")]),
        Path::new("/home/ada/.local/share/prosper")
    );
}

#[test]
fn flags_overrule_the_environment_which_overrules_the_file() {
    let text = "listen = \"127.0.0.1:1\"\nsupport_email = \"file@x.example\"\n\n[log]\nlevel = \"warn\"\n";
    let environment = [("PROSPER_LISTEN", "127.0.0.1:2"), ("PROSPER_LOG__LEVEL", "debug")];
    let config = load(text, &environment, &[("listen", "127.0.0.1:3")]).unwrap();
    assert_eq!(config.listen.port(), 3);
    assert_eq!(config.log.level, tracing::level_filters::LevelFilter::DEBUG);
    assert_eq!(config.support_email, "file@x.example");
    assert_eq!(origin(&config, "listen"), "flag --listen");
    assert_eq!(origin(&config, "log.level"), "environment PROSPER_LOG__LEVEL");
    assert_eq!(origin(&config, "support_email"), "prosper.toml:2");
    assert_eq!(origin(&config, "insecure"), "default");
    assert_eq!(config.public_url.as_str(), "http://127.0.0.1:3", "derived from what won");
}

#[test]
fn the_environment_may_name_the_file() {
    let (_dir, path) = file("sample_resource = true");
    let environment = [("PROSPER_CONFIG".to_owned(), path.display().to_string())];
    assert!(Config::load(None, environment, &[]).unwrap().sample_resource);
    let environment = [("PROSPER_CONFIG".to_owned(), "/nowhere/at/all.toml".to_owned())];
    let problem = Config::load(None, environment, &[]).unwrap_err().to_string();
    assert!(problem.contains("cannot read the configuration file /nowhere/at/all.toml"), "{problem}");
}

#[test]
fn unknown_keys_name_the_nearest_one() {
    let text = "lisen = \"x\"\ncert = \"/c\"\nfoo = 1\n[tsl]\nkey = \"/k\"\n[limits]\nlock_seconds = 3\n";
    let environment =
        [("PROSPER_PUBLICURL", "x"), ("PROSPER_FOO", "x"), ("PROSPER_TLS_CERT", "x"), ("PROSPER_LISTEN_FILE", "x")];
    let problems = load(text, &environment, &[("data-dri", "/d")]).unwrap_err();
    for expected in [
        "prosper.toml:1: unknown key `lisen` (nearest: `listen`)",
        "prosper.toml:2: unknown key `cert` (nearest: `tls.cert`)",
        "prosper.toml:3: unknown key `foo` (`prosper config reference` lists them all)",
        "environment: unknown variable PROSPER_FOO (`prosper config reference` lists them all)",
        "prosper.toml:5: unknown key `tsl.key` (nearest: `tls.key`)",
        "prosper.toml:7: unknown key `limits.lock_seconds` (nearest: `limits.lockout_seconds`)",
        "environment: unknown variable PROSPER_PUBLICURL (nearest: PROSPER_PUBLIC_URL)",
        "environment: unknown variable PROSPER_TLS_CERT (nearest: PROSPER_TLS__CERT)",
        "environment: unknown variable PROSPER_LISTEN_FILE (nearest: PROSPER_LISTEN)",
        "flag --data-dri: unknown key `data-dri` (nearest: `data_dir`)",
    ] {
        assert!(problems.contains(&expected.to_owned()), "{expected}\nnot in {problems:#?}");
    }
    assert_eq!(problems.len(), 10, "{problems:#?}");
}

#[test]
fn wrong_types_say_where_and_what_was_expected() {
    let text = "insecure = \"true\"\ntrusted_proxies = [\"10.0.0.0/8\", 3]\ntls = 3\nlisten = 80\n[limits]\nhash_queue = -1\n\
                [log]\nlevel = \"loud\"\n[password]\nmemory_kib = [1]\n";
    let problems =
        load(text, &[("PROSPER_LIMITS__LOCKOUT_SECONDS", "soon")], &[("public_url", "id.example")]).unwrap_err();
    for expected in [
        "prosper.toml:1: `insecure` must be true or false (found \"true\")",
        "prosper.toml:2: `trusted_proxies` must be a list of addresses or networks, as in 10.0.0.0/8 or ::1 (found [\"10.0.0.0/8\", 3])",
        "prosper.toml:3: `tls` is a section: write [tls]",
        "prosper.toml:4: `listen` must be an address and a port, as in 127.0.0.1:8080 or [::1]:8080 (found 80)",
        "prosper.toml:6: `limits.hash_queue` must be a whole number from 0 to 4294967295 (found -1)",
        "prosper.toml:8: `log.level` must be off, error, warn, info, debug or trace (found \"loud\")",
        "prosper.toml:10: `password.memory_kib` must be a whole number from 0 to 4294967295 (found [1])",
        "environment PROSPER_LIMITS__LOCKOUT_SECONDS: `limits.lockout_seconds` must be a whole number from 0 to 4294967295 (found \"soon\")",
        "flag --public-url: `public_url` must be an http or https URL of scheme, host and port alone, as in https://id.example (found \"id.example\")",
    ] {
        assert!(problems.contains(&expected.to_owned()), "{expected}\nnot in {problems:#?}");
    }
    assert_eq!(problems.len(), 9, "{problems:#?}");
}

#[test]
fn a_file_that_is_not_toml_says_which_line() {
    let problems = load("insecure = true\nlisten = = 3\n", &[], &[]).unwrap_err();
    assert!(problems.len() == 1 && problems[0].starts_with("prosper.toml:2: "), "{problems:?}");
}

#[test]
fn a_secret_never_shows_and_may_lie_in_a_file() {
    let key = "ab".repeat(32);
    let (_dir, path) = file(&format!("{key}\n"));
    let named = path.display().to_string();
    let environment = [("PROSPER_MASTER_KEY_FILE", &*named), ("PROSPER_DATABASE", "postgres://ada:hunter2@db/prosper")];
    let config = Config::load(None, pairs(&environment), &[]).unwrap();
    assert_eq!(config.master_key.as_ref().unwrap().expose(), key);
    assert_eq!(config.check(), Vec::<String>::new());
    assert_eq!(config.entry("master_key").unwrap().origin.to_string(), format!("{named} (PROSPER_MASTER_KEY_FILE)"));
    for shown in [config.print(), format!("{config:?}")] {
        assert!(!shown.contains(&key) && !shown.contains("hunter2"), "{shown}");
    }
    assert!(config.print().contains("database = \"********\""), "{}", config.print());
    assert!(Config::load(None, [], &[]).unwrap().print().contains("database = \"\" "), "unset is not masked");

    let problems =
        Config::load(None, pairs(&[("PROSPER_MASTER_KEY", "aa"), ("PROSPER_MASTER_KEY_FILE", &*named)]), &[]);
    assert_eq!(problems.unwrap_err().0, ["PROSPER_MASTER_KEY and PROSPER_MASTER_KEY_FILE are both set: keep one"]);
    let problems = Config::load(None, pairs(&[("PROSPER_MASTER_KEY_FILE", "/nowhere")]), &[]).unwrap_err();
    assert!(problems.0[0].starts_with("PROSPER_MASTER_KEY_FILE: cannot read /nowhere: "), "{problems}");
    let problems = load("master_key = 31337\n", &[], &[]).unwrap_err();
    assert_eq!(problems, ["prosper.toml:1: `master_key` must be text (a secret) (found ********)"]);
}

#[test]
fn what_is_printed_is_a_configuration_that_says_the_same() {
    let environment = [("PROSPER_TRUSTED_PROXIES", "10.0.0.0/8, ::1"), ("PROSPER_SUPPORT_EMAIL", "a\"b\\@x.example")];
    let config = Config::load(None, pairs(&environment), &[]).unwrap();
    let (_dir, path) = file(&config.print());
    let again = Config::load(Some(&path), [], &[]).unwrap();
    let values = |config: &Config| config.entries().iter().map(|entry| entry.value.clone()).collect::<Vec<_>>();
    assert_eq!(values(&config), values(&again));
    assert_eq!(again.trusted_proxies.len(), 2);
}

#[test]
fn the_reference_has_every_setting() {
    let reference = reference();
    for key in KEYS {
        assert!(reference.contains(&format!("| `{}` | `{}`", key.name, sources::variable(key.name))), "{}", key.name);
        assert!(!key.doc.trim().is_empty() && !key.expects.is_empty(), "{}", key.name);
    }
    assert!(reference.contains("`PROSPER_MASTER_KEY_FILE`") && !reference.contains("`PROSPER_LISTEN_FILE`"));
}

fn problems(settings: &[(&str, &str)]) -> Vec<String> {
    Config::load(None, [], &pairs(settings)).unwrap().check()
}

#[test]
fn plain_http_beyond_this_machine_needs_a_word() {
    let open = ("listen", "0.0.0.0:80");
    assert!(problems(&[open])[0].contains("plain HTTP"), "{:?}", problems(&[open]));
    assert_eq!(problems(&[open, ("insecure", "true")]), [""; 0]);
    assert_eq!(problems(&[open, ("trusted_proxies", "10.0.0.1")]), [""; 0]);
    assert_eq!(problems(&[open, ("tls.cert", "/c"), ("tls.key", "/k")]), [""; 0]);
    assert_eq!(problems(&[("listen", "[::1]:80")]), [""; 0]);
    assert_eq!(problems(&[("listen", "[::ffff:127.0.0.1]:80")]), [""; 0]);
    assert_eq!(problems(&[("listen", "localhost:80")]), [""; 0]);
    assert_eq!(problems(&[("tls.cert", "/c")]).len(), 1);
}

#[test]
fn people_reach_us_by_https_unless_they_are_on_this_machine() {
    assert_eq!(problems(&[("public_url", "https://id.example")]), [""; 0]);
    assert_eq!(
        problems(&[("public_url", "http://id.example")]),
        ["public_url must be https unless insecure = true (found \"http://id.example\")"]
    );
    assert_eq!(problems(&[("public_url", "http://id.example"), ("insecure", "true")]), [""; 0]);
    for loopback in ["http://localhost:8080", "http://prosper.localhost", "http://127.0.0.2", "http://[::1]:9"] {
        assert_eq!(problems(&[("public_url", loopback)]), [""; 0], "{loopback}");
    }
    for wrong in [
        "https://id.example/x",
        "https://id.example/?",
        "https://id.example/#",
        "https://a@id.example",
        "ftp://id.example",
        "/x",
        "https://@id.example",
    ] {
        assert!(Config::load(None, [], &pairs(&[("public_url", wrong)])).is_err(), "{wrong}");
    }
    let config = Config::load(None, [], &pairs(&[("public_url", "https://ID.example:443/")])).unwrap();
    assert_eq!((config.public_url.as_str(), config.public_url.authority()), ("https://id.example", "id.example"));
}

#[test]
fn numbers_and_addresses_must_make_sense() {
    assert_eq!(problems(&[("password.iterations", "0")]), ["password.iterations must be at least 1"]);
    assert_eq!(problems(&[("password.memory_kib", "8"), ("password.parallelism", "2")]).len(), 1);
    assert_eq!(problems(&[("master_key", "abc")]), ["master_key must be 64 hexadecimal digits"]);
    assert_eq!(problems(&[("database", "mysql://x")]).len(), 1);
    assert_eq!(problems(&[("support_email", "a@b\r\nBcc: x")]).len(), 1);
}

#[test]
fn a_port_that_the_system_chose_reaches_the_public_url_unless_someone_chose_that() {
    let bound = SocketAddr::from(([127, 0, 0, 1], 43210));
    let mut config = Config::load(None, [], &pairs(&[("listen", "127.0.0.1:0")])).unwrap();
    config.bound_to(bound);
    assert_eq!(config.public_url.as_str(), "http://127.0.0.1:43210");
    assert!(config.print().contains("public_url = \"http://127.0.0.1:43210\""));
    let mut config = Config::load(None, [], &pairs(&[("public_url", "https://id.example")])).unwrap();
    config.bound_to(bound);
    assert_eq!(config.public_url.as_str(), "https://id.example");
}

#[test]
fn mail_needs_an_address_a_server_and_protection() {
    let well = [("mail.transport", "smtp"), ("mail.from", "no-reply@id.example"), ("mail.host", "smtp.example")];
    let with = |more: &[(&'static str, &'static str)]| problems(&[&well[..], more].concat());
    assert_eq!(with(&[]), Vec::<String>::new());
    assert!(problems(&[("mail.transport", "file")])[0].starts_with("mail.from must be given"));
    assert_eq!(problems(&[("mail.transport", "file"), well[1]]), Vec::<String>::new());
    assert!(problems(&[well[0], well[1]])[0].starts_with("mail.host must name"));
    assert!(with(&[("mail.tls", "none")])[0].contains("would send links that work in clear"));
    for here in ["localhost", "127.0.0.1", "::1"] {
        assert_eq!(with(&[("mail.tls", "none"), ("mail.host", here)]), Vec::<String>::new());
    }
    for (key, wrong) in [("mail.from", "a@b\r\nBcc: c@d"), ("mail.reply_to", "Ada <a@b>"), ("mail.username", "ada")] {
        assert_eq!(with(&[(key, wrong)]).len(), 1, "{key} = {wrong:?}");
    }
    for (tls, port) in [("starttls", 587), ("implicit", 465), ("none", 25)] {
        assert_eq!(Config::load(None, [], &pairs(&[("mail.tls", tls)])).unwrap().mail.smtp_port(), port);
    }
    let config = Config::load(None, [], &pairs(&[("mail.port", "2525"), ("mail.password", "hunter22")])).unwrap();
    assert_eq!(config.mail.smtp_port(), 2525);
    assert!(!config.print().contains("hunter22") && !format!("{config:?}").contains("hunter22"));
    for (url, host) in [("https://id.example:8443", "id.example"), ("http://[::1]:8080", "localhost")] {
        assert_eq!(Config::load(None, [], &pairs(&[("public_url", url)])).unwrap().public_url.host(), host);
    }
}

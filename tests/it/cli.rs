//! The command line: what it says, what it refuses, and the numbers it ends with.

use crate::prosper::binary::{Place, Ran, mode};

#[test]
fn help_shows_where_to_begin_examples_and_exit_codes() {
    let place = Place::new();
    let help = Ran::of(&mut place.bare(&["--help"]));
    for words in ["prosper sandbox", "prosper doctor", "Examples:", "Exit codes:", "NO_COLOR"] {
        assert!(help.succeeds().out.contains(words), "{words}\n{}", help.told());
    }
    assert!(help.err.is_empty(), "{}", help.told());
    let version = Ran::of(&mut place.bare(&["--version"]));
    let newest = prosper::store::migrate::newest();
    assert_eq!(version.succeeds().out, format!("prosper {} (schema {newest})\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn every_command_that_was_promised_is_there() {
    let place = Place::new();
    for (noun, verbs) in [
        ("user", "add list show set-status set-password require-reset erase sign-out"),
        ("app", "register list show rotate-secret revoke-secrets disable enable delete set-redirect-uris"),
        ("grant", "list withdraw"),
        ("staff", "add list"),
        ("space", "add set invite list"),
        ("clock", "show accept"),
        ("agent", "list approve decline withdraw"),
        ("key", "list rotate"),
        ("db", "check backup restore accept"),
        ("config", "check print reference"),
        ("audit", "list"),
    ] {
        for verb in verbs.split(' ') {
            Ran::of(&mut place.bare(&[noun, verb, "--help"])).succeeds();
        }
    }
    for command in ["serve", "sandbox", "doctor", "completions", "man"] {
        Ran::of(&mut place.bare(&[command, "--help"])).succeeds();
    }
}

#[test]
fn a_typo_is_answered_with_the_nearest_word() {
    let place = Place::new();
    Ran::of(&mut place.bare(&["usr", "list"])).fails(2, "'user'");
    Ran::of(&mut place.bare(&["user", "lst"])).fails(2, "'list'");
    Ran::of(&mut place.bare(&["user", "list", "--jsn"])).fails(2, "--json");
    Ran::of(&mut place.bare(&["user", "set-status", "ada@example.com", "suspnded"])).fails(2, "'suspended'");
}

#[test]
fn completions_and_manual_pages_are_made_from_the_commands_themselves() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = Ran::of(&mut place.bare(&["completions", shell]));
        assert!(script.succeeds().out.contains("set-redirect-uris"), "{shell}");
    }
    assert!(Ran::of(&mut place.bare(&["man"])).succeeds().out.contains(".TH prosper"));
    std::fs::create_dir(place.file("man")).expect("a folder");
    Ran::of(place.bare(&["man", "--dir"]).arg(place.file("man"))).succeeds();
    assert!(place.file("man/prosper-app-register.1").exists());
}

#[test]
fn a_configuration_is_checked_whole_and_a_wrong_key_is_answered_with_the_nearest() {
    let place = Place::new();
    let file = place.file("prosper.toml");
    std::fs::write(&file, "lisen = \"127.0.0.1:1\"\npublic_url = \"http://id.example.com\"\n").expect("written");
    let wrong = Ran::of(place.bare(&["config", "check", "--config"]).arg(&file));
    wrong.fails(2, "lisen").fails(2, "listen");
    std::fs::write(&file, "public_url = \"http://id.example.com\"\nlisten = \"0.0.0.0:80\"\n").expect("written");
    let wrong = Ran::of(place.bare(&["config", "check", "--config"]).arg(&file));
    wrong.fails(2, "public_url must be https").fails(2, "plain HTTP beyond this machine");
    std::fs::write(&file, "public_url = \"https://id.example.com\"\n").expect("written");
    Ran::of(place.bare(&["config", "check", "--config"]).arg(&file)).succeeds();
    assert!(Ran::of(&mut place.bare(&["config", "reference"])).succeeds().out.contains("PROSPER_TLS__CERT"));
}

#[test]
fn the_configuration_in_force_is_shown_with_its_origins_and_without_its_secrets() {
    let place = Place::new();
    let key = "ab".repeat(32);
    let secret = place.file("key");
    std::fs::write(&secret, &key).expect("written");
    let mut command = place.command(&["config", "print"]);
    command.env("PROSPER_LISTEN", "127.0.0.1:4711").env("PROSPER_MASTER_KEY_FILE", &secret);
    let shown = Ran::of(&mut command);
    for words in ["127.0.0.1:4711", "environment PROSPER_LISTEN", "flag --data-dir", "PROSPER_MASTER_KEY_FILE"] {
        assert!(shown.succeeds().out.contains(words), "{words}\n{}", shown.told());
    }
    assert!(!shown.out.contains(&key), "{}", shown.told());
}

#[test]
fn without_a_directory_or_a_database_a_command_says_how_to_get_one() {
    let place = Place::new();
    place.run(&["user", "list"]).fails(3, "`prosper serve` makes one");
    std::fs::create_dir(place.data()).expect("a folder");
    std::fs::set_permissions(place.data(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("ours");
    place.run(&["user", "list"]).fails(3, "chmod 700");
    std::fs::set_permissions(place.data(), std::os::unix::fs::PermissionsExt::from_mode(0o700)).expect("ours");
    place.run(&["user", "list"]).fails(3, "`prosper serve` makes one");
}

#[test]
fn staff_work_at_the_terminal_with_data_on_one_stream_and_talk_on_the_other() {
    let place = Place::new();
    place.serve().stop();

    let ada = place.tell(
        "a few unrelated words\n",
        &["--json", "user", "add", "ada@example.com", "--name", "Ada Lovelace", "--password-stdin"],
    );
    assert_eq!(ada.succeeds().json()["status"], "active");
    place
        .tell("another few words", &["user", "add", "ada@example.com", "--name", "Ada", "--password-stdin"])
        .fails(2, "email");
    place
        .tell("short", &["user", "add", "b@example.com", "--name", "B", "--password-stdin"])
        .fails(2, "password: Too short");
    place.run(&["user", "add", "b@example.com", "--name", "B"]).fails(2, "--password-stdin");

    let listed = place.run(&["user", "list"]);
    assert!(listed.succeeds().out.contains("ada@example.com") && listed.err.is_empty(), "{}", listed.told());
    let listed = place.run(&["user", "list", "--json"]).succeeds().json();
    assert_eq!(listed[0]["name"], "Ada Lovelace");
    assert!(!listed.to_string().contains("argon2"), "a hash is nobody's business: {listed}");

    place.run(&["user", "set-status", "ada@example.com", "suspended", "--reason", "why not"]).succeeds();
    let shown = place.run(&["user", "show", "1", "--json"]).succeeds().json();
    assert_eq!((&shown["status"], &shown["status_reason"]), (&"suspended".into(), &"why not".into()));
    place.run(&["user", "set-status", "1", "unactivated"]).fails(3, "from there it goes to active");
    place.run(&["user", "show", "nobody@example.com"]).fails(3, "there is no account");
    place.run(&["user", "show", "not an email"]).fails(2, "neither an account number nor an email");

    place.run(&["user", "require-reset", "1"]).succeeds();
    assert_eq!(place.run(&["user", "show", "1", "--json"]).json()["password_reset_required"], true);
    place.tell("yet another few words", &["user", "set-password", "1", "--password-stdin"]).succeeds();
    assert_eq!(place.run(&["user", "show", "1", "--json"]).json()["password_reset_required"], false);
    place.run(&["user", "sign-out", "1"]).succeeds();

    place.run(&["staff", "add", "1", "--role", "reviewer"]).succeeds();
    assert_eq!(place.run(&["staff", "list", "--json"]).json()[0]["staff"], "reviewer");
    place.run(&["space", "add", "Northwind"]).succeeds();
    place.run(&["space", "add", "northwind"]).fails(2, "already");
    place.adds("ada@example.com", &["--space", "Northwind"]);
    place.run(&["user", "show", "ada@example.com"]).fails(2, "--space");

    let quiet = place.run(&["--quiet", "key", "rotate"]);
    assert!(quiet.succeeds().err.is_empty(), "{}", quiet.told());
    assert_eq!(place.run(&["key", "list", "--json"]).json().as_array().map(Vec::len), Some(4));
    let clock = place.run(&["clock", "show", "--json"]).succeeds().json();
    assert_eq!(clock["server_running"], false);

    let audit = place.run(&["audit", "list", "--subject", "account 1", "--json"]).succeeds().json();
    let actions: Vec<_> = audit.as_array().expect("rows").iter().map(|row| row["action"].as_str().unwrap()).collect();
    assert!(actions.contains(&"account.status") && actions.contains(&"account.create"), "{actions:?}");
}

#[test]
fn apps_agents_and_grants_are_looked_after_at_the_terminal() {
    let place = Place::new();
    place.serve().stop();
    place.adds("ada@example.com", &[]);
    place.adds("desk@agent.example", &["--kind", "institutional", "--investor-type", "third_party_agent"]);

    let (id, secret) = place.registers("ada@example.com");
    assert_eq!((id.len(), secret.len()), (32, 32));
    let shown = place.run(&["app", "show", &id]);
    assert!(!shown.succeeds().out.contains(&secret), "a secret is shown once: {}", shown.told());
    let rotated = place.run(&["--json", "app", "rotate-secret", &id, "--label", "second"]).succeeds().json();
    assert_ne!(rotated["client_secret"], secret);
    assert_eq!(place.run(&["app", "show", &id, "--json"]).json()["secrets"].as_array().map(Vec::len), Some(2));

    place.run(&["app", "register", "--kind", "login", "--owner", "1", "--name", "HR"]).fails(2, "redirect_uris");
    let logo = place.file("logo.png");
    std::fs::write(&logo, "no picture").expect("written");
    let mut login = vec!["--json", "app", "register", "--kind", "login", "--owner", "1", "--name", "HR", "--url"];
    login.extend(["https://hr.example", "--redirect-uri", "https://hr.example/cb"]);
    Ran::of(place.command(&login).arg("--logo").arg(&logo)).fails(2, "logo");
    let login = place.run(&login).succeeds().json()["client_id"].as_str().expect("an id").to_owned();
    place.run(&["app", "set-redirect-uris", &login, "http://evil.example/cb"]).fails(2, "https://");
    place.run(&["app", "set-redirect-uris", &login, "https://hr.example/other"]).succeeds();
    place.run(&["app", "configure", &login, "--require-pkce", "true"]).succeeds();
    let shown = place.run(&["app", "show", &login, "--json"]).json();
    assert_eq!(shown["redirect_uris"], serde_json::json!(["https://hr.example/other"]));
    assert_eq!(shown["require_pkce"], true);
    place.run(&["app", "disable", &login]).succeeds();
    assert_eq!(place.run(&["app", "show", &login, "--json"]).json()["disabled"], true);
    place.run(&["app", "enable", &login]).succeeds();

    let waiting = place.run(&["agent", "list", "--json"]).succeeds().json();
    assert_eq!(waiting[0]["email"], "desk@agent.example");
    place.run(&["agent", "decline", "desk@agent.example"]).fails(2, "--reason");
    place.run(&["agent", "approve", "desk@agent.example"]).succeeds();
    place.run(&["agent", "approve", "desk@agent.example"]).fails(3, "approved");
    place.run(&["--yes", "agent", "withdraw", "desk@agent.example", "--reason", "over"]).succeeds();

    assert_eq!(place.run(&["grant", "list", "--user", "1", "--json"]).succeeds().json(), serde_json::json!([]));
    place.run(&["grant", "list"]).fails(2, "--app");
    place.run(&["--yes", "grant", "withdraw", "1", &login]).fails(3, "allows HR nothing");

    // What destroys asks, and where nobody can answer it does nothing.
    place.run(&["app", "revoke-secrets", &id]).fails(2, "--yes");
    place.run(&["app", "delete", &id]).fails(2, "--yes");
    place.run(&["app", "show", &id]).succeeds();
    place.run(&["app", "delete", &id, "--yes"]).succeeds();
    place.run(&["app", "show", &id]).fails(3, "there is no application");
    place.run(&["user", "set-status", "1", "closed"]).fails(2, "--yes");
    place.run(&["clock", "accept"]).fails(2, "--yes");
}

#[test]
fn the_doctor_names_what_is_wrong_and_what_to_do() {
    let place = Place::new();
    let free = ["--json", "doctor"];
    let mut command = place.command(&free);
    let well = Ran::of(command.env("PROSPER_LISTEN", "127.0.0.1:0"));
    assert_eq!(well.succeeds().json()[0]["state"], "well");

    let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = port.local_addr().expect("an address").to_string();
    let mut command = place.command(&free);
    command.env("PROSPER_LISTEN", &taken).env("PROSPER_PUBLIC_URL", "https://id.example.com");
    let wrong = Ran::of(command.env("PROSPER_TLS__CERT", "/nowhere").env("PROSPER_TLS__KEY", "/nowhere"));
    let found = wrong.fails(1, "things are wrong").json();
    let said = |words: &str| {
        found
            .as_array()
            .unwrap()
            .iter()
            .any(|row| row["state"] == "wrong" && row["finding"].as_str().unwrap().contains(words))
    };
    for words in ["is taken by another process", "trusted_proxies", "tls: the certificate"] {
        assert!(said(words), "{words}: {found:#}");
    }

    place.serve().stop();
    std::fs::set_permissions(place.data().join("master.key"), std::os::unix::fs::PermissionsExt::from_mode(0o644))
        .expect("ours");
    assert_eq!(mode(&place.data().join("master.key")), 0o644);
    let mut command = place.command(&free);
    let wrong = Ran::of(command.env("PROSPER_LISTEN", "127.0.0.1:0"));
    assert!(wrong.fails(1, "one thing is wrong").out.contains("chmod 600"), "{}", wrong.told());
}

#[test]
fn the_doctor_tells_who_has_the_port() {
    let place = Place::new();
    let of_the_port = |listen: &str| {
        let mut command = place.command(&["--json", "doctor"]);
        let found = Ran::of(command.env("PROSPER_LISTEN", listen)).json();
        let rows = found.as_array().expect("a list").clone();
        let row = rows.into_iter().find(|row| row["what"] == "port").expect("it looks at the port");
        format!("{}: {}", row["state"].as_str().unwrap(), row["finding"].as_str().unwrap())
    };
    assert!(of_the_port("127.0.0.1:0").starts_with("well: 127.0.0.1:0 is free"));
    // It listens, and never answers.
    let mute = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = mute.local_addr().expect("an address").to_string();
    assert!(of_the_port(&taken).starts_with("wrong: ") && of_the_port(&taken).contains("taken by another process"));

    let server = place.serve();
    let address = server.url.strip_prefix("http://").expect("plain HTTP");
    assert_eq!(of_the_port(address), format!("well: a server answers on {address}"));
    assert!(of_the_port("127.0.0.1:0").starts_with("note: a server runs on this data directory, and not on"));
    assert!(of_the_port(&taken).starts_with("wrong: ") && of_the_port(&taken).contains("taken by another process"));

    let elsewhere = Place::new();
    let mut command = elsewhere.command(&["doctor"]);
    let ran = Ran::of(command.env("PROSPER_LISTEN", address));
    assert!(ran.fails(1, "wrong").out.contains("another Prosper"), "{}", ran.told());
}

#[test]
fn tls_files_that_cannot_be_used_are_said_before_anything_is_made() {
    let place = Place::new();
    for verb in [["config", "check"].as_slice(), &["serve", "--listen", "127.0.0.1:0"]] {
        let mut command = place.command(verb);
        command.env("PROSPER_TLS__CERT", "/nowhere/chain.pem").env("PROSPER_TLS__KEY", "/nowhere/key.pem");
        Ran::of(&mut command).fails(2, "tls: the certificate in /nowhere/chain.pem cannot be used");
    }
    assert!(!place.data().exists(), "nothing was made");
    let mut command = place.command(&["--json", "doctor"]);
    command.env("PROSPER_TLS__CERT", "/nowhere/chain.pem").env("PROSPER_TLS__KEY", "/nowhere/key.pem");
    let found = Ran::of(command.env("PROSPER_LISTEN", "127.0.0.1:0")).json();
    let states = |what: &str| {
        let rows = found.as_array().expect("a list").iter().filter(|row| row["what"] == what);
        rows.map(|row| row["state"].as_str().expect("text").to_owned()).collect::<Vec<_>>()
    };
    assert!(!states("configuration").contains(&"well".to_owned()), "{found:#}");
    assert_eq!(states("configuration"), ["wrong"], "{found:#}");
}

#[test]
fn staff_say_who_opens_accounts_and_when_a_closed_one_is_erased() {
    let place = Place::new();
    place.serve().stop();
    let spaces = place.run(&["space", "list", "--json"]).succeeds().json();
    assert_eq!(spaces[0]["sign_up"], "open");
    place.run(&["space", "add", "Acme"]).succeeds();
    place.run(&["space", "invite", "ada@example.com", "--space", "Acme"]).fails(3, "nobody opens an account");
    let acme = place.run(&["space", "set", "Acme", "--sign-up", "invitation", "--json"]).succeeds().json();
    assert_eq!((&acme["sign_up"], &acme["name"]), (&"invitation".into(), &"Acme".into()));
    let invited = place.run(&["space", "invite", "ada@example.com", "--space", "Acme"]);
    assert!(invited.succeeds().err.contains("a link is in the mail to ada@example.com"), "{}", invited.told());
    place.run(&["space", "invite", "ada", "--space", "Acme"]).fails(2, "email");
    place.run(&["space", "set", "Acme", "--sign-up", "ajar"]).fails(2, "invitation");

    place.adds("eve@example.com", &[]);
    // Refused before anybody is asked to agree.
    place.run(&["user", "erase", "eve@example.com"]).fails(3, "only one that has ended");
    place.run(&["--yes", "user", "set-status", "eve@example.com", "closed"]).succeeds();
    place
        .run(&["user", "set-status", "eve@example.com", "active"])
        .fails(3, "in two moves, to inactive and from there");
    let planned = place.run(&["--yes", "--json", "user", "erase", "eve@example.com", "--in-days", "7"]);
    assert!(planned.succeeds().json()["to_be_erased_at"].is_string(), "{}", planned.told());
    let kept = place.run(&["--json", "user", "erase", "eve@example.com", "--keep"]).succeeds().json();
    assert!(kept["to_be_erased_at"].is_null(), "{kept}");
}

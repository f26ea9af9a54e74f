use super::*;
use skein_net::{AllowPrivate, Dns};
use std::path::Path;

fn read(pairs: &[(&str, &str)]) -> Result<Config, Failure> {
    Config::with_sandbox(Path::new("/data"), None, &Variables::given(pairs))
}

fn refusal(pairs: &[(&str, &str)]) -> String {
    let failure = read(pairs).unwrap_err();
    assert_eq!(failure.exit, Exit::Usage);
    failure.faults[0].message.clone()
}

#[test]
fn without_settings_the_defaults_hold() {
    let config = read(&[]).unwrap();
    assert_eq!(config.paths.database.to_string(), "sqlite:/data/skein.db");
    assert!(matches!(config.key, KeySource::File(path) if path == Path::new("/data/master.key")));
    assert_eq!(config.network.plc_url.as_str(), "https://plc.directory/");
    assert_eq!(config.network.appview_url.as_str(), "https://public.api.bsky.app/");
    assert_eq!(config.network.video_url.as_str(), "https://video.bsky.app/");
    assert_eq!(config.network.net.dns, Dns::System);
    assert_eq!(config.network.net.allow_private, AllowPrivate::None);
    assert_eq!(config.lease_ms, 15_000);
    assert!(config.credentials.is_none() && config.password.is_none() && config.sandbox.is_none());
}

#[test]
fn a_ceiling_is_a_number_of_points_below_what_servers_allow() {
    assert_eq!(read(&[]).unwrap().ceiling, Ceiling::default());
    for (name, most) in [("SKEIN_POINTS_PER_HOUR", 5_000), ("SKEIN_POINTS_PER_DAY", 35_000)] {
        for points in [3, most] {
            let ceiling = read(&[(name, &points.to_string())]).unwrap().ceiling;
            assert_eq!(ceiling.points_per_hour.or(ceiling.points_per_day), Some(points));
            assert_eq!(ceiling.points_per_hour.is_some(), name.ends_with("HOUR"));
        }
        for given in ["2", &(most + 1).to_string(), "-1", "many", "3.5"] {
            let told = refusal(&[(name, given)]);
            assert!(told.contains(name) && told.contains(&format!("3 to {most}")) && told.contains(given), "{told}");
        }
    }
}

#[test]
fn a_relative_database_lies_in_the_data_folder() {
    for (given, path) in [("sqlite:a.db", "sqlite:/data/a.db"), ("sqlite:///x/a.db", "sqlite:/x/a.db")] {
        assert_eq!(read(&[("SKEIN_DATABASE_URL", given)]).unwrap().paths.database.to_string(), path);
    }
}

#[test]
fn the_data_folder_is_the_first_that_is_named() {
    let home = ("HOME", "/home/me");
    let of = |given: Option<&str>, pairs: &[(&str, &str)]| {
        data_folder(given.map(Path::new), &Variables::given(pairs)).unwrap().display().to_string()
    };
    assert_eq!(of(Some("/a"), &[("SKEIN_DATA", "/b"), home]), "/a");
    assert_eq!(of(None, &[("SKEIN_DATA", "/b"), ("XDG_DATA_HOME", "/c"), home]), "/b");
    assert_eq!(of(None, &[("XDG_DATA_HOME", "/c"), home]), "/c/skein");
    assert_eq!(of(None, &[("XDG_DATA_HOME", "relative"), home]), "/home/me/.local/share/skein");
    assert!(data_folder(None, &Variables::given(&[])).is_err());
}

#[test]
fn credentials_are_read_under_every_name_that_people_use() {
    let names = [
        ("SKEIN_HANDLE", "SKEIN_PASSWORD"),
        ("BSKY_AUTH_USERNAME", "BSKY_AUTH_PASSWORD"),
        ("BLUESKY_HANDLE", "BLUESKY_PASSWORD"),
    ];
    for (handle, password) in names {
        let config = read(&[(handle, "me.test"), (password, "secret")]).unwrap();
        assert_eq!(config.credentials.unwrap().handle, "me.test");
        assert!(read(&[(handle, "me.test")]).unwrap().credentials.is_none());
    }
}

#[test]
fn a_password_is_never_used_with_the_handle_of_another_name() {
    use secrecy::ExposeSecret;
    let handles = ["SKEIN_HANDLE", "BSKY_AUTH_USERNAME", "BLUESKY_HANDLE"];
    let passwords = ["SKEIN_PASSWORD", "BSKY_AUTH_PASSWORD", "BLUESKY_PASSWORD"];
    for (mine, handle) in handles.iter().enumerate() {
        for (other, password) in passwords.iter().enumerate() {
            let read = read(&[(handle, "me.test"), (password, "secret")]).unwrap().credentials;
            assert_eq!(read.is_some(), mine == other, "{handle} with {password}");
        }
        // The first handle that is set is meant, also where only a later one has its password.
        let mut set: Vec<_> = passwords.into_iter().skip(mine + 1).map(|name| (name, name)).collect();
        set.extend(handles.into_iter().skip(mine).map(|name| (name, "me.test")));
        assert!(read(&set).unwrap().credentials.is_none(), "{set:?}");
        set.push((passwords[mine], passwords[mine]));
        let used = read(&set).unwrap().credentials.unwrap();
        assert_eq!(used.password.expose_secret(), passwords[mine], "{set:?}");
    }
}

#[test]
fn a_secret_does_not_show_in_debug_output() {
    let config =
        read(&[("SKEIN_HANDLE", "me.test"), ("SKEIN_PASSWORD", "hunter2"), ("SKEIN_MASTER_KEY", "k3y")]).unwrap();
    let shown = format!("{config:?}");
    assert!(!shown.contains("hunter2") && !shown.contains("k3y"), "{shown}");
    let config = read(&[("SKEIN_DATABASE_URL", "postgres://me:hunter2@db.test/birds")]).unwrap();
    let shown = format!("{config:?}");
    assert!(shown.contains("postgres://me@db.test:5432/birds") && !shown.contains("hunter2"), "{shown}");
}

#[test]
fn a_database_of_the_command_line_goes_first_and_never_with_the_sandbox() {
    let variables = Variables::given(&[("HOME", "/home/me"), ("SKEIN_DATABASE_URL", "sqlite:/other.db")]);
    let data = Some("/data".into());
    let global = Global { data, database: Some("postgres://me@db.test/birds".to_owned()), ..Global::default() };
    let config = Config::read(&global, &variables).unwrap();
    assert_eq!(config.paths.database.to_string(), "postgres://me@db.test:5432/birds");
    let refused = Config::read(&Global { sandbox: true, ..global.clone() }, &variables).unwrap_err();
    assert!(refused.faults[0].message.contains("--database"), "{refused:?}");
    let refused = Config::read(&Global { database: Some("mysql://me:hunter2@db".to_owned()), ..global }, &variables);
    let told = refused.unwrap_err().faults[0].message.clone();
    assert!(told.starts_with("--database cannot be used") && !told.contains("hunter2"), "{told}");
}

#[test]
fn private_addresses_are_allowed_one_by_one_or_all() {
    let of = |value| read(&[("SKEIN_ALLOW_PRIVATE", value)]).unwrap().network.net.allow_private;
    assert_eq!(of("1"), AllowPrivate::All);
    assert_eq!(of("0"), AllowPrivate::None);
    assert!(matches!(of("localhost:2583, 10.0.0.5"), AllowPrivate::Listed(list) if list.len() == 2));
}

#[test]
fn settings_that_cannot_be_used_are_refused_by_name() {
    assert!(refusal(&[("SKEIN_DNS", "dns.example")]).starts_with("SKEIN_DNS cannot be used"));
    assert!(refusal(&[("SKEIN_PLC_URL", "plc.directory")]).starts_with("SKEIN_PLC_URL cannot be used"));
    assert!(refusal(&[("SKEIN_APPVIEW_URL", "ftp://x")]).contains("https://"));
    let told = refusal(&[("SKEIN_PLC_URL", "https://me:hunter2@plc.directory")]);
    assert!(!told.contains("hunter2"), "{told}");
    assert!(refusal(&[("SKEIN_LEASE_MS", "10")]).contains("1000 to 600000"));
    assert!(refusal(&[("TZ", "Europe/Parsi")]).contains("Europe/Paris"));
}

#[test]
fn the_zone_is_that_of_the_environment() {
    assert_eq!(read(&[("TZ", "Asia/Tokyo")]).unwrap().zone.iana_name(), Some("Asia/Tokyo"));
    assert_eq!(read(&[("TZ", ":Asia/Tokyo")]).unwrap().zone.iana_name(), Some("Asia/Tokyo"));
}

#[test]
fn the_sandbox_has_its_own_database_key_and_network() {
    let sandbox = SandboxFile { url: "http://localhost:2583".parse().unwrap(), pid: 1 };
    let variables = Variables::given(&[
        ("SKEIN_DATABASE_URL", "sqlite:/real.db"),
        ("SKEIN_MASTER_KEY", "x"),
        ("SKEIN_PLC_URL", "https://plc.directory"),
        ("SKEIN_HANDLE", "me.bsky.social"),
        ("SKEIN_PASSWORD", "secret"),
        ("SKEIN_ALLOW_PRIVATE", "1"),
        ("SKEIN_POINTS_PER_HOUR", "3"),
    ]);
    let config = Config::with_sandbox(Path::new("/data"), Some(sandbox), &variables).unwrap();
    assert_eq!(config.paths.database.to_string(), "sqlite:/data/sandbox/skein.db");
    assert!(matches!(config.key, KeySource::File(path) if path == Path::new("/data/sandbox/master.key")));
    assert_eq!(config.network.plc_url.as_str(), "http://localhost:2583/");
    assert_eq!(config.network.video_url, config.network.plc_url);
    assert_eq!(config.network.net.dns, Dns::Off);
    assert!(matches!(config.network.net.allow_private, AllowPrivate::Listed(list) if list.len() == 1));
    assert!(config.credentials.is_none(), "real credentials never reach the sandbox");
    assert_eq!(config.ceiling, Ceiling::default(), "an operator's ceiling is for real servers");
}

#[test]
fn the_guide_has_the_same_table() {
    let guide = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/configuration.md")).unwrap();
    let rows: Vec<&str> =
        guide.lines().filter(|line| line.starts_with("| `") && line.matches(" | ").count() == 2).collect();
    let table: Vec<String> =
        VARIABLES.iter().map(|v| format!("| `{}` | {} | {} |", v.name, v.default, v.meaning)).collect();
    assert_eq!(rows, table, "docs/configuration.md differs from the table in config.rs");
}

const MAIL: [(&str, &str); 3] = [
    ("SKEIN_SMTP_URL", "smtps://me:hunter2@mail.example"),
    ("SKEIN_NOTICE_FROM", "Skein <skein@example.com>"),
    ("SKEIN_NOTICE_TO", "ops@example.com,ann@example.com"),
];

#[test]
fn notices_leave_by_mail_and_by_a_command() {
    assert!(read(&[]).unwrap().notices.mail.is_none());
    let mut set = MAIL.to_vec();
    set.push(("SKEIN_NOTICE_COMMAND", "/bin/true"));
    let notices = read(&set).unwrap().notices;
    assert_eq!(notices.mail.as_ref().unwrap().recipients(), 2);
    assert_eq!(notices.command.as_deref(), Some(Path::new("/bin/true")));
    let shown = format!("{:?}", read(&set).unwrap());
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn a_wrong_setting_of_notices_is_refused_by_its_name() {
    for missing in 0..MAIL.len() {
        let mut set = MAIL.to_vec();
        let (name, _) = set.remove(missing);
        let told = refusal(&set);
        assert!(told.starts_with(&format!("{name} cannot be used")) && told.contains("belong together"), "{told}");
    }
    for (place, value) in [(0, "smtp://me:hunter2@mail.example"), (1, "nobody"), (2, "a@b.example, nobody")] {
        let mut set = MAIL;
        set[place].1 = value;
        let told = refusal(&set);
        assert!(told.starts_with(&format!("{} cannot be used", set[place].0)), "{told}");
        assert!(!told.contains("hunter2"), "{told}");
    }
    for (command, words) in [("hook.sh", "whole path"), ("/nowhere/hook", "No such file"), ("/etc", "no program")] {
        let told = refusal(&[("SKEIN_NOTICE_COMMAND", command)]);
        assert!(told.starts_with("SKEIN_NOTICE_COMMAND cannot be used") && told.contains(words), "{told}");
    }
}

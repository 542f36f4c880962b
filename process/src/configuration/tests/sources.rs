//! Where values come from, and what they become.

use super::*;

#[test]
fn without_any_source_the_defaults_hold() {
    let configuration = load([]);
    assert_eq!(configuration.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(configuration.database_url.expose(), "sqlite://./data/warren.db?mode=rwc");
    assert_eq!(configuration.log_url, LogUrl::InProcess);
    assert_eq!(configuration.bus_url, BusUrl::InProcess);
    assert_eq!(configuration.rate_limits, Switch::On);
    assert_eq!(configuration.rate_writes, Rate { burst: 100, per_second: 20 });
    assert_eq!(configuration.commit_wait_ms, 2000);
    assert_eq!(configuration.log_format, LogFormat::Text);
    assert_eq!(configuration.log_filter, "info");
    assert!(configuration.jwt_secret.is_none() && configuration.public_url.is_none());
    assert!(configuration.redacted().iter().all(|setting| setting.origin == Origin::Default));
}

#[test]
fn environment_counts_more_than_the_file_and_the_file_more_than_defaults() {
    let directory = tempfile::tempdir().unwrap();
    let text = "listen = \"127.0.0.1:1\"\ncommit_wait_ms = 5\ncors_origins = [\"http://a.b\"]";
    let sources = Sources {
        config_file: Some(file(directory.path(), text).into()),
        ..with([("WARREN_LISTEN", "127.0.0.1:2")])
    };
    let configuration = Configuration::load(&sources).unwrap();
    assert_eq!(configuration.listen.port(), 2);
    assert_eq!(configuration.commit_wait_ms, 5);
    assert_eq!(configuration.cors_origins, ["http://a.b"]);
    let origins: Vec<_> = configuration.redacted().iter().map(|setting| setting.origin).collect();
    assert_eq!(origins.first(), Some(&Origin::Environment));
    assert_eq!(origins.get(12), Some(&Origin::File));
}

#[test]
fn settings_are_listed_once_each_in_the_table_s_order() {
    let configuration = load([]);
    let listed: Vec<_> = configuration.redacted().iter().map(|setting| setting.name).collect();
    let table: Vec<_> = KEYS.iter().map(|key| key.name).collect();
    assert_eq!(listed, table);
}

#[test]
fn file_is_named_by_argument_or_variable() {
    let directory = tempfile::tempdir().unwrap();
    let path = file(directory.path(), "log = \"debug\"");
    assert_eq!(load([("WARREN_CONFIG", &path)]).log_filter, "debug");
    let error = refused([("WARREN_CONFIG", "/nonexistent/warren.toml")]);
    assert_eq!(error.key, "WARREN_CONFIG");
    assert!(error.message.contains("/nonexistent/warren.toml"));
}

#[test]
fn variables_of_hosting_platforms_are_understood() {
    let configuration = load([("PORT", "9000"), ("DATABASE_URL", "postgresql://u:p@h/d")]);
    assert_eq!(configuration.listen.to_string(), "0.0.0.0:9000");
    assert_eq!(configuration.database_url.expose(), "postgres://u:p@h/d");
    let own = load([("PORT", "9000"), ("WARREN_LISTEN", "[::1]:1")]);
    assert_eq!(own.listen.to_string(), "[::1]:1");
    assert_eq!(refused([("PORT", "99999")]).key, "PORT");
    assert_eq!(refused([("DATABASE_URL", "mssql://x")]).key, "DATABASE_URL");
}

#[test]
fn every_value_may_come_from_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = file(directory.path(), &format!("{SECRET}\n"));
    let configuration = load([("WARREN_JWT_SECRET_FILE", &path)]);
    assert_eq!(configuration.jwt_secret.unwrap().expose(), SECRET);
    let both = refused([("WARREN_JWT_SECRET_FILE", &path), ("WARREN_JWT_SECRET", SECRET)]);
    assert_eq!(both.key, "WARREN_JWT_SECRET_FILE");
    let unreadable = refused([("WARREN_LOG_URL_FILE", "/nonexistent/x")]);
    assert_eq!(unreadable.key, "WARREN_LOG_URL_FILE");
    assert_eq!(refused([("WARREN_LISTEN_FILE", "/dev/zero")]).key, "WARREN_LISTEN_FILE");
}

#[test]
fn lists_are_separated_by_commas_and_normalised() {
    let configuration = load([
        ("WARREN_ALLOWED_ORIGINS", "https://A.example:443/, http://localhost:5173"),
        ("WARREN_TRUSTED_PROXIES", "127.0.0.1,10.1.2.3/8,"),
    ]);
    assert_eq!(configuration.allowed_origins, ["https://a.example", "http://localhost:5173"]);
    let networks: Vec<_> = configuration.trusted_proxies.iter().map(IpNet::to_string).collect();
    assert_eq!(networks, ["127.0.0.1/32", "10.0.0.0/8"]);
    assert!(load([("WARREN_ALLOWED_ORIGINS", "")]).allowed_origins.is_empty());
}

#[test]
fn sqlite_creates_its_file_wherever_it_is() {
    let spelled = |url: &str| load([("WARREN_DATABASE_URL", url)]).database_url.expose().to_owned();
    assert_eq!(spelled("sqlite:/a/b.db"), "sqlite:///a/b.db?mode=rwc");
    assert_eq!(spelled("sqlite://b.db?mode=rw"), "sqlite://b.db?mode=rw");
    let odd = load([("WARREN_DATA_DIR", "/a?b%")]);
    assert_eq!(odd.database_url.expose(), "sqlite:///a%3Fb%25/warren.db?mode=rwc");
}

#[test]
fn sample_is_a_valid_file_apart_from_its_secret() {
    let uncommented: String = sample()
        .lines()
        .filter_map(|line| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')))
        .map(|line| format!("{line}\n"))
        .collect();
    assert_eq!(load_file(&uncommented).unwrap_err().key, "jwt_secret");
    let usable = uncommented.replace(EXAMPLE_JWT_SECRET, SECRET);
    assert_eq!(load_file(&usable).unwrap().redacted().len(), KEYS.len());
}

//! What is refused, and what is never shown (rows 67 to 69 of docs/hostile-inputs.md).

use super::*;

#[test]
fn unknown_keys_are_refused_by_name_with_the_nearest() {
    let error = load_file("lissten = \"127.0.0.1:1\"").unwrap_err();
    assert_eq!(error.to_string(), "lissten is not a setting of Warren; the nearest is listen");
    assert_eq!(refused([("WARREN_JWT_SECRT", SECRET)]).key, "WARREN_JWT_SECRT");
    assert_eq!(load_file("[jwt_secret]\nx = 1").unwrap_err().key, "jwt_secret");
}

#[test]
fn wrong_values_are_refused_by_key() {
    let cases = [
        ("WARREN_LISTEN", "127.0.0.1:99999"),
        ("WARREN_LISTEN", ""),
        ("WARREN_DATA_DIR", " "),
        ("WARREN_JWT_SECRET", ""),
        ("WARREN_JWT_SECRET", "too short"),
        ("WARREN_JWT_SECRET", EXAMPLE_JWT_SECRET),
        ("WARREN_DATABASE_URL", "sqlite::memory:"),
        ("WARREN_DATABASE_URL", "postgres://h/"),
        ("WARREN_LOG_URL", "nats://h"),
        ("WARREN_PARTITIONS", "0"),
        ("WARREN_PARTITIONS", "257"),
        ("WARREN_PUBLIC_URL", "ftp://h"),
        ("WARREN_PUBLIC_URL", "https://u:p@h"),
        ("WARREN_SMTP_URL", "http://h"),
        ("WARREN_SMTP_URL", "smtp://h?tls=opportunistic"),
        ("WARREN_SMTP_URL", "smtps://h?tls=off"),
        ("WARREN_SMTP_URL", "smtp://u@h"),
        ("WARREN_SMTP_URL", "smtp://u:p@h?tls=off"),
        ("WARREN_SMTP_FROM", "Warren"),
        ("WARREN_ALLOWED_ORIGINS", "https://a.b,*"),
        ("WARREN_CORS_ORIGINS", "null"),
        ("WARREN_TRUSTED_PROXIES", "10.0.0.0/33"),
        ("WARREN_TRUSTED_PROXIES", "0.0.0.0/0"),
        ("WARREN_MONITOR_ADDRESSES", "0.0.0.0/0"),
        ("WARREN_METRICS_LISTEN", "9464"),
        ("WARREN_RATE_LIMITS", "maybe"),
        ("WARREN_RATE_READS", "400"),
        ("WARREN_RATE_WRITES", "100/0"),
        ("WARREN_RATE_COSTLY", "20/many"),
        ("WARREN_RATE_COSTLY", "1000001/5"),
        ("WARREN_SOCKETS_PER_USER", "0"),
        ("WARREN_SOCKETS_PER_USER", "many"),
        ("WARREN_CHANNELS_PER_USER", "0"),
        ("WARREN_MESSAGE_SIZE_BYTES", "16385"),
        ("WARREN_COMMIT_WAIT_MS", "30001"),
        ("WARREN_COMMIT_WAIT_MS", "-1"),
        ("WARREN_LOG_FORMAT", "xml"),
        ("WARREN_LOG", "info,x=loud"),
    ];
    for (name, value) in cases {
        assert_eq!(refused([(name, value)]).key, name, "{value}");
    }
}

#[test]
fn strategies_that_are_not_built_in_say_so() {
    for (name, url) in [
        ("WARREN_LOG_URL", "kafka://h"),
        ("WARREN_LOG_URL", "amqps://h"),
        ("WARREN_BUS_URL", "postgres://u:hunter2@h/d"),
    ] {
        let error = refused([(name, url)]);
        assert_eq!(error.key, name);
        assert!(error.message.contains("not built in yet"), "{error}");
    }
}

#[test]
fn no_password_is_in_any_message() {
    const NAMES: [&str; 5] = [
        "WARREN_DATABASE_URL",
        "WARREN_LOG_URL",
        "WARREN_BUS_URL",
        "WARREN_SMTP_URL",
        "DATABASE_URL",
    ];
    let urls = [
        "postgres://u:hunter2@h:99999/d",
        "postgres://u:hunter2@h",
        "postgres://u:1/hunter2@h/d",
        "postgres://u:1#hunter2@h/d",
        "postgres://u:1?hunter2@h/d",
        "mysql://u:hunter2@[h/d",
        "oracle://u:hunter2@h/d",
        "smtp://u:hunter2@h?tls=off",
        "smtps://u:1/hunter2@h",
        "hunter2",
    ];
    for url in urls {
        for name in NAMES {
            if let Err(error) = Configuration::load(&with([(name, url)])) {
                assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
            }
        }
    }
    let error = load_file("jwt_secret = \"hunter2\nlisten = 3").unwrap_err();
    assert!(!error.to_string().contains("hunter2") && error.message.contains("line 1"), "{error}");
}

#[test]
fn neither_listing_nor_debug_shows_a_secret() {
    let configuration = load([
        ("WARREN_JWT_SECRET", "hunter2-hunter2-hunter2-hunter2-hunter2"),
        ("WARREN_DATABASE_URL", "mariadb://u:hunter2@h/d?ssl-key=hunter2&sslmode=require"),
        ("WARREN_LOG_URL", "amqp://u:hunter2@h/%2f?namespace=n"),
        ("WARREN_SMTP_URL", "smtps://u:hunter2@h"),
        ("WARREN_SMTP_FROM", "Warren <w@example.org>"),
        ("WARREN_PUBLIC_URL", "https://chat.example.org"),
    ]);
    let listing: Vec<String> = configuration.redacted().iter().map(Setting::to_string).collect();
    let listing = listing.join("\n");
    assert!(!format!("{listing} {configuration:?}").contains("hunter2"), "{listing}");
    assert!(listing.contains("mysql://u:***@h/d?ssl-key=***&sslmode=require"), "{listing}");
    assert!(listing.contains("amqp://u:***@h/%2f?namespace=n"), "{listing}");
    assert!(listing.contains("smtps://u:***@h"), "{listing}");
    assert_eq!(configuration.bus_url, configuration.log_url.bus());
}

#[test]
fn a_cluster_needs_a_database_and_a_broker_that_processes_share() {
    let (database, log) = (("DATABASE_URL", "postgres://h/d"), ("WARREN_LOG_URL", "amqp://h"));
    let key = |configuration: Configuration| configuration.require_cluster().unwrap_err().key;
    assert_eq!(key(load([log])), "WARREN_DATABASE_URL");
    assert_eq!(key(load([database])), "WARREN_LOG_URL");
    assert_eq!(key(load([database, log, ("WARREN_BUS_URL", "in-process")])), "WARREN_BUS_URL");
    load([database, log]).require_cluster().unwrap();
    let error = load([database, log]).require_jwt_secret().unwrap_err();
    assert_eq!(error.key, "WARREN_JWT_SECRET");
    load([("WARREN_JWT_SECRET", SECRET)]).require_jwt_secret().unwrap();
}

#[test]
fn mail_needs_a_sender_and_an_address_for_its_links() {
    let (url, from) = (("WARREN_SMTP_URL", "smtps://h"), ("WARREN_SMTP_FROM", "w@example.org"));
    let public = ("WARREN_PUBLIC_URL", "https://chat.example.org");
    assert_eq!(refused([url, public]).key, "WARREN_SMTP_FROM");
    assert_eq!(refused([url, from]).key, "WARREN_PUBLIC_URL");
    assert!(load([url, from, public]).mail.is_some());
    assert!(load([from, public]).mail.is_none());
}

//! The one table of configuration keys. Parsing, the search for unknown keys, the output
//! of `warren config check` and `warren.example.toml` are all made from it.

use super::key::{Key, Visibility};

/// The signing secret that the sample shows, and that is therefore no secret: it is refused.
pub const EXAMPLE_JWT_SECRET: &str = "replace-this-by-the-output-of-openssl-rand-base64-48";

/// Where to listen.
pub(super) const LISTEN: Key = Key::text(
    "listen",
    "Address and port to listen on; port 0 takes any free one. Hosting platforms may\n\
     set PORT instead, which listens on every address.",
)
.default("127.0.0.1:8080");

/// Where files live.
pub(super) const DATA_DIR: Key = Key::text(
    "data_dir",
    "Directory of the SQLite database and the generated secrets. Created if absent,\n\
     readable by its owner only, used by one process at a time.",
)
.default("./data");

/// Which database.
pub(super) const DATABASE_URL: Key = Key::text(
    "database_url",
    "sqlite://PATH, postgres://USER:PASSWORD@HOST/DATABASE or mysql://… (MariaDB too).\n\
     Without it: warren.db in the data directory. DATABASE_URL is understood as well.",
)
.example("postgres://warren:PASSWORD@127.0.0.1/warren")
.shown(Visibility::WithoutCredentials);

/// Which message log.
pub(super) const LOG_URL: Key = Key::text(
    "log_url",
    "Where accepted messages wait for the database: in-process, or RabbitMQ as\n\
     amqp://USER:PASSWORD@HOST; of a broker with several nodes amqp://USER:PASSWORD@HOST,HOST,HOST.\n\
     ?namespace=NAME keeps several servers on one broker apart.",
)
.default("in-process")
.shown(Visibility::WithoutCredentials);

/// Which event bus.
pub(super) const BUS_URL: Key = Key::text(
    "bus_url",
    "How processes tell each other what was stored: in-process or amqp://….\n\
     Without it: the same as log_url.",
)
.example("amqp://warren:PASSWORD@127.0.0.1")
.shown(Visibility::WithoutCredentials);

/// How many partitions the log has.
pub(super) const PARTITIONS: Key = Key::text(
    "partitions",
    "How many partitions the message log has, 1 to 256. Fixed by the first migration (4 if\n\
     nothing is said); a server that is told another number than the database's refuses.",
)
.example("4")
.number();

/// What signs access tokens.
pub(super) const JWT_SECRET: Key = Key::text(
    "jwt_secret",
    "Signs access tokens; at least 32 bytes, the same on every API process.\n\
     Without it: generated once, in the data directory.",
)
.example(EXAMPLE_JWT_SECRET)
.shown(Visibility::Secret);

/// How people reach the server.
pub(super) const PUBLIC_URL: Key = Key::text(
    "public_url",
    "The address that people type, where a proxy stands in front of Warren.",
)
.example("https://chat.example.org");

/// Which server takes letters.
pub(super) const SMTP_URL: Key = Key::text(
    "smtp_url",
    "The mail server that takes letters for forgotten passwords: smtps://USER:PASSWORD@HOST,\n\
     or smtp:// with STARTTLS; for a relay on this machine smtp://127.0.0.1:25?tls=off.\n\
     Needs smtp_from and public_url. Without it: no mail is sent, and who forgets a\n\
     password asks an administrator.",
)
.example("smtps://warren:PASSWORD@mail.example.org")
.shown(Visibility::WithoutCredentials);

/// From whom letters are.
pub(super) const SMTP_FROM: Key =
    Key::text("smtp_from", "From whom Warren's letters are: an address, or Name <address>.")
        .example("Warren <warren@example.org>");

/// Which pages may open a socket.
pub(super) const ALLOWED_ORIGINS: Key =
    Key::list("allowed_origins", "Origins besides Warren's own whose pages may open a WebSocket.")
        .example("https://www.example.org");

/// Which proxies to believe.
pub(super) const TRUSTED_PROXIES: Key = Key::list(
    "trusted_proxies",
    "Addresses or networks of proxies whose X-Forwarded-For is believed. Nobody else's is.",
)
.example("10.0.0.0/8");

/// Which pages may call the API.
pub(super) const CORS_ORIGINS: Key =
    Key::list("cors_origins", "Origins besides Warren's own whose pages may call the HTTP API.")
        .example("https://www.example.org");

/// Whether rates are limited.
pub(super) const RATE_LIMITS: Key =
    Key::text("rate_limits", "on, or off for tests and measurements.").default("on");

/// How often one may read.
pub(super) const RATE_READS: Key = Key::text(
    "rate_reads",
    "How many requests that only read one user (one address, where nobody is signed in) may\n\
     make of one API process: at once after a pause, and per second for long.",
)
.default("400/100");

/// How often one may change something.
pub(super) const RATE_WRITES: Key =
    Key::text("rate_writes", "The same for requests that change something.").default("100/20");

/// How often one may ask for what hashes a password.
pub(super) const RATE_COSTLY: Key = Key::text(
    "rate_costly",
    "The same for one address and what hashes a password or sends a letter; it counts\n\
     among those as well.",
)
.default("20/5");

/// How many sockets one person may have open.
pub(super) const SOCKETS_PER_USER: Key = Key::text(
    "sockets_per_user",
    "How many sockets one person may have open at one API process, 1 to 100000.",
)
.default("50")
.number();

/// How many channels one person may have made.
pub(super) const CHANNELS_PER_USER: Key = Key::text(
    "channels_per_user",
    "Of how many channels, direct ones included and archived ones not, one person may be\n\
     the maker, 1 to 1000000.",
)
.default("1000")
.number();

/// How long a text may be.
pub(super) const MESSAGE_SIZE_BYTES: Key = Key::text(
    "message_size_bytes",
    "The longest text of a message, in bytes of UTF-8, 1 to 16384.",
)
.default("16384")
.number();

/// How long a send waits for the database.
pub(super) const COMMIT_WAIT_MS: Key = Key::text(
    "commit_wait_ms",
    "Milliseconds, 0 to 30000, that a send waits to be stored before it is answered\n\
     202 accepted.",
)
.default("2000")
.number();

/// Who may see how the server is.
pub(super) const MONITOR_ADDRESSES: Key = Key::list(
    "monitor_addresses",
    "Addresses or networks that may see /healthcheck and /metrics, besides this machine.",
)
.example("10.0.0.0/8");

/// Where a worker tells its metrics.
pub(super) const METRICS_LISTEN: Key = Key::text(
    "metrics_listen",
    "Address and port on which a warren-worker that commits answers /livez and /metrics,\n\
     one for each worker of a machine, to this machine and monitor_addresses. Without it\n\
     a worker listens nowhere. API processes answer on listen.",
)
.example("127.0.0.1:9464");

/// How log lines are written.
pub(super) const LOG_FORMAT: Key =
    Key::text("log_format", "Log lines on stderr: text or json.").default("text");

/// Which log lines are written.
pub(super) const LOG: Key = Key::text(
    "log",
    "What is logged: error, warn, info, debug or trace, also by module as in\n\
     info,warren_worker=debug.",
)
.default("info");

/// Every key, in the order in which they are shown.
pub const KEYS: [&Key; 25] = [
    &LISTEN,
    &DATA_DIR,
    &DATABASE_URL,
    &LOG_URL,
    &BUS_URL,
    &PARTITIONS,
    &JWT_SECRET,
    &PUBLIC_URL,
    &SMTP_URL,
    &SMTP_FROM,
    &ALLOWED_ORIGINS,
    &TRUSTED_PROXIES,
    &CORS_ORIGINS,
    &RATE_LIMITS,
    &RATE_READS,
    &RATE_WRITES,
    &RATE_COSTLY,
    &SOCKETS_PER_USER,
    &CHANNELS_PER_USER,
    &MESSAGE_SIZE_BYTES,
    &COMMIT_WAIT_MS,
    &MONITOR_ADDRESSES,
    &METRICS_LISTEN,
    &LOG_FORMAT,
    &LOG,
];

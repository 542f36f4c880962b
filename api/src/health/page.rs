//! How the server is, as a page: no script, light or dark as its reader is.

use std::fmt::{self, Write};

use chrono::{DateTime, Utc};

use crate::health::report::{
    DatabaseHealth, Health, HealthStatus, LogHealth, NodeHealth, PartitionHealth, ProcessHealth,
};

const HEAD: &str = r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="10">
<style>
:root { color-scheme: light dark; font: 15px/1.45 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.05rem; margin: 1.6rem 0 .3rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .2rem .8rem .2rem 0; border-bottom: 1px solid #8884; }
th { font-weight: 600; } td.number { font-variant-numeric: tabular-nums; }
.status { border-radius: .8rem; padding: .05rem .6rem; color: #fff; font-weight: 600; }
.ok { background: #2f6b52; } .degraded { background: #9a6500; } .down { background: #a92f26; }
footer { margin-top: 2rem; opacity: .7; }
</style>
"#;

/// The page. Every text in it is escaped, wherever it came from.
pub(super) fn page(health: &Health) -> String {
    let mut page = String::with_capacity(8 * 1024);
    // A string takes all that is written to it.
    let _ = write(&mut page, health);
    page
}

fn write(page: &mut String, health: &Health) -> fmt::Result {
    page.push_str(HEAD);
    let word = health.status.word();
    writeln!(page, "<title>Warren: {word}</title>\n</head>\n<body>")?;
    writeln!(page, "<h1>Warren {}</h1>", health.status.badge())?;
    if !health.reasons.is_empty() {
        page.push_str("<ul>\n");
        for reason in &health.reasons {
            writeln!(page, "<li>{}</li>", Escaped(reason))?;
        }
        page.push_str("</ul>\n");
    }
    write_parts(page, health)?;
    write_partitions(page, &health.message_log.partitions)?;
    write_processes(page, "Workers", &health.workers)?;
    write_processes(page, "API processes", &health.api_processes)?;
    let (version, schema) = (Escaped(&health.version), health.schema);
    writeln!(page, "<footer>Version {version}, schema {schema}, at {}</footer>", time(health.at))?;
    page.push_str("</body>\n</html>\n");
    Ok(())
}

fn write_parts(page: &mut String, health: &Health) -> fmt::Result {
    page.push_str("<h2>Parts</h2>\n<table>\n");
    row(page, "database", health.database.status, &database(&health.database))?;
    row(page, "message log", health.message_log.status, &log(&health.message_log))?;
    row(page, "event bus", health.event_bus.status, &health.event_bus.strategy)?;
    row(page, "this process", health.node.status, &node(&health.node))?;
    if let Some(counts) = &health.counts {
        let (users, channels, messages) = (counts.users, counts.channels, counts.messages);
        let text = format!("{users} users, {channels} channels, {messages} messages");
        writeln!(page, "<tr><th>counts</th><td></td><td>{}</td></tr>", Escaped(&text))?;
    }
    page.push_str("</table>\n");
    Ok(())
}

fn row(page: &mut String, name: &str, status: HealthStatus, text: &str) -> fmt::Result {
    let badge = status.badge();
    writeln!(page, "<tr><th>{name}</th><td>{badge}</td><td>{}</td></tr>", Escaped(text))
}

fn database(database: &DatabaseHealth) -> String {
    let mut parts = Vec::new();
    if let (Some(product), Some(version)) = (&database.product, &database.version) {
        parts.push(format!("{product} {version}"));
    }
    parts.extend(database.ping_ms.map(|ping| format!("written and read in {ping:.1} ms")));
    parts.extend(database.size_bytes.map(|size| format!("{} on disk", size_of(size))));
    parts.join(", ")
}

fn log(log: &LogHealth) -> String {
    let mut parts = vec![log.strategy.clone()];
    parts.extend(log.answered_ms.map(|answered| format!("answered in {answered:.1} ms")));
    parts.extend(log.dead_letters.map(|count| format!("{count} dead letters")));
    parts.join(", ")
}

fn node(node: &NodeHealth) -> String {
    let (hours, minutes) = (node.uptime_s / 3600, node.uptime_s / 60 % 60);
    let mut parts = vec![
        node.name.clone(),
        format!("up {hours} h {minutes} min"),
        format!("{} sockets", node.sockets),
    ];
    parts.extend(node.memory_bytes.map(|memory| format!("{} of memory", size_of(memory))));
    parts.extend(node.disk_free_bytes.map(|free| format!("{} of disk left", size_of(free))));
    parts.join(", ")
}

fn write_partitions(page: &mut String, partitions: &[PartitionHealth]) -> fmt::Result {
    page.push_str(
        "<h2>Partitions</h2>\n<table>\n<tr><th>number</th><th></th><th>waiting</th>\
         <th>unsettled</th><th>lag</th><th>held by</th></tr>\n",
    );
    for partition in partitions {
        let PartitionHealth { partition: number, waiting, unsettled, lag_s, .. } = partition;
        let holder = Escaped(partition.held_by.as_deref().unwrap_or("nobody yet"));
        writeln!(
            page,
            "<tr><td>{number}</td><td>{}</td><td class=\"number\">{waiting}</td>\
             <td class=\"number\">{unsettled}</td><td class=\"number\">{lag_s:.1} s</td>\
             <td>{holder}</td></tr>",
            partition.status.badge(),
        )?;
    }
    page.push_str("</table>\n");
    Ok(())
}

fn write_processes(page: &mut String, title: &str, processes: &[ProcessHealth]) -> fmt::Result {
    if processes.is_empty() {
        return Ok(());
    }
    writeln!(page, "<h2>{title}</h2>\n<table>")?;
    for process in processes {
        let alive = if process.alive { "lives" } else { "was lost" };
        let partitions: Vec<String> = process.partitions.iter().map(u32::to_string).collect();
        let partitions = match partitions.is_empty() {
            true => String::new(),
            false => format!("partitions {}", partitions.join(", ")),
        };
        let (name, seen) = (Escaped(&process.name), time(process.seen_at));
        writeln!(
            page,
            "<tr><td>{name}</td><td>{alive}</td><td>seen {seen}</td><td>{partitions}</td></tr>"
        )?;
    }
    page.push_str("</table>\n");
    Ok(())
}

impl HealthStatus {
    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Degraded => "degraded",
            Self::Down => "down",
        }
    }

    fn badge(self) -> String {
        let word = self.word();
        format!("<span class=\"status {word}\">{word}</span>")
    }
}

fn time(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// Bytes for people: three figures and a binary unit.
fn size_of(bytes: u64) -> String {
    let mut size = bytes as f64;
    for unit in ["B", "KiB", "MiB", "GiB"] {
        if size < 1024.0 {
            return format!("{size:.1} {unit}");
        }
        size /= 1024.0;
    }
    format!("{size:.1} TiB")
}

/// Text that is nothing but text in a page.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '&' => formatter.write_str("&amp;")?,
                '<' => formatter.write_str("&lt;")?,
                '>' => formatter.write_str("&gt;")?,
                '"' => formatter.write_str("&quot;")?,
                '\'' => formatter.write_str("&#39;")?,
                other => formatter.write_char(other)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_a_text_is_text() {
        let text = Escaped("<b onload='x'>\"&").to_string();
        assert_eq!(text, "&lt;b onload=&#39;x&#39;&gt;&quot;&amp;");
    }

    #[test]
    fn sizes_have_the_unit_that_fits() {
        for (bytes, text) in [(0, "0.0 B"), (1536, "1.5 KiB"), (u64::MAX, "16777216.0 TiB")] {
            assert_eq!(size_of(bytes), text);
        }
    }
}

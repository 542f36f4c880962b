//! Figures for Prometheus (OpenMetrics 1.0), by the same names and units in
//! every process.

use std::fmt;
use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::gauge::Gauge;
pub use prometheus_client::registry::{Registry, Unit};

use crate::resources;

/// What the text is, for HTTP.
pub const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// A figure in seconds.
pub type Seconds = Gauge<f64, AtomicU64>;

/// An empty collection.
#[must_use]
pub fn registry() -> Registry {
    Registry::with_prefix("warren")
}

/// All of these, as text.
///
/// # Errors
/// None: a string takes all that is written to it.
pub fn expose(registries: &[&Registry]) -> Result<String, fmt::Error> {
    let mut text = String::with_capacity(16 * 1024);
    for registry in registries {
        encode_registry(&mut text, registry)?;
    }
    encode_eof(&mut text)?;
    Ok(text)
}

/// What this process uses: what is not known is absent.
pub fn add_process(registry: &mut Registry) {
    if let Some(memory) = resources::resident_bytes() {
        add_bytes(registry, "resident_memory", "Resident memory of this process", memory);
    }
    if let Some(time) = resources::processor_time() {
        let help = "What this process has computed so far";
        add_seconds(registry, "processor_time", help, time.as_secs_f64());
    }
    if let Some(files) = resources::open_files() {
        add(registry, "open_files", "Files and sockets that this process has open", files);
    }
}

/// A count.
pub fn add(registry: &mut Registry, name: &str, help: &str, value: u64) {
    registry.register(name, help, gauge(value));
}

/// A size.
pub fn add_bytes(registry: &mut Registry, name: &str, help: &str, value: u64) {
    registry.register_with_unit(name, help, Unit::Bytes, gauge(value));
}

/// A time.
pub fn add_seconds(registry: &mut Registry, name: &str, help: &str, value: f64) {
    let gauge = Seconds::default();
    gauge.set(value);
    registry.register_with_unit(name, help, Unit::Seconds, gauge);
}

/// The nearest figure that Prometheus has.
#[must_use]
pub fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn gauge(value: u64) -> Gauge {
    let gauge = Gauge::default();
    gauge.set(signed(value));
    gauge
}

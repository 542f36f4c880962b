//! Who may see how the server is: whoever is on this machine, and the
//! addresses that the operator names.

use std::net::IpAddr;

use ipnet::IpNet;

/// The addresses from which a monitor may look.
#[derive(Debug, Clone, Default)]
pub struct Monitors {
    networks: Vec<IpNet>,
}

impl Monitors {
    /// This machine and these.
    #[must_use]
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self { networks }
    }

    /// Whether one who comes from `address` may look.
    #[must_use]
    pub fn admit(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_loopback() || self.networks.iter().any(|network| network.contains(&address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_and_the_named_addresses_may_look_and_no_other() {
        let monitors = Monitors::new(vec!["10.1.0.0/16".parse().unwrap()]);
        let admits = |address: &str| monitors.admit(address.parse().unwrap());
        for address in ["127.0.0.1", "::1", "::ffff:127.0.0.1", "10.1.2.3", "::ffff:10.1.2.3"] {
            assert!(admits(address), "{address}");
        }
        for address in ["10.2.0.1", "192.0.2.1", "::2", "::ffff:10.2.0.1", "0.0.0.0"] {
            assert!(!admits(address), "{address}");
        }
    }
}

//! Which addresses a request of a plugin may go to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What kind of place an address is, as far as plugins are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Anybody's on the internet.
    Public,
    /// This machine.
    Loopback,
    /// A network of the operator's own.
    Private,
    /// Link-local, where clouds give a machine its credentials: of no use to any plugin, and of much to an attacker.
    Metadata,
    /// Of no use to anybody but an attacker: multicast, reserved and documentation ranges, tunnels with an address inside the
    /// address.
    Never,
}

/// The kind of an address; one that carries an IPv4 address in it is judged by that.
pub(crate) fn reach(address: IpAddr) -> Reach {
    match address {
        IpAddr::V4(v4) => reach_v4(v4),
        IpAddr::V6(v6) => reach_v6(v6),
    }
}

/// RFC 6890 and the registry that it founded.
fn reach_v4(address: Ipv4Addr) -> Reach {
    match address.octets() {
        [127, ..] => Reach::Loopback,
        [10, ..] | [192, 168, ..] | [172, 16..=31, ..] | [100, 64..=127, ..] => Reach::Private,
        // Reserved by no RFC, yet every virtual machine in Azure reaches its host's agent there.
        [168, 63, 129, 16] => Reach::Never,
        [169, 254, ..] => Reach::Metadata,
        [0, ..] | [198, 18..=19, ..] | [224..=255, ..] => Reach::Never,
        [192, 0, 0 | 2, _] | [192, 88, 99, _] | [198, 51, 100, _] | [203, 0, 113, _] => Reach::Never,
        _ => Reach::Public,
    }
}

/// Only 2000::/3 was ever handed out to anybody (RFC 4291 section 2.4), so all else needs a reason.
fn reach_v6(address: Ipv6Addr) -> Reach {
    if let Some(v4) = address.to_ipv4_mapped() {
        return reach_v4(v4);
    }
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 1] => Reach::Loopback,
        [0xfc00..=0xfdff, ..] => Reach::Private,
        // NAT64 (RFC 6052) is a way to the IPv4 internet, and must not be one to the networks here.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => match reach_v4(embedded(high, low)) {
            Reach::Public => Reach::Public,
            _ => Reach::Never,
        },
        // Protocols and tunnels (Teredo among them), 6to4, documentation.
        [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x2002, ..] | [0x3fff, 0..=0xfff, ..] => Reach::Never,
        [0x2000..=0x3fff, ..] => Reach::Public,
        _ => Reach::Never,
    }
}

fn embedded(high: u16, low: u16) -> Ipv4Addr {
    let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
    Ipv4Addr::new(a, b, c, d)
}

#[cfg(test)]
#[path = "address_tests.rs"]
mod tests;

//! Where the servers of a test listen, as the kernel says.

use std::collections::HashSet;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// How the kernel writes that a socket listens.
const LISTENS: &str = "0A";

/// Where the processes of these groups listen.
pub(crate) fn of_groups(groups: &[u32]) -> io::Result<Vec<SocketAddr>> {
    let mut inodes: HashSet<u64> = HashSet::new();
    for entry in std::fs::read_dir("/proc")?.flatten() {
        let path = entry.path();
        // What ended meanwhile listens no more.
        let Ok(stat) = std::fs::read_to_string(path.join("stat")) else { continue };
        if group(&stat).is_some_and(|group| groups.contains(&group)) {
            let files = std::fs::read_dir(path.join("fd")).into_iter().flatten().flatten();
            let links = files.filter_map(|file| std::fs::read_link(file.path()).ok());
            let sockets = links
                .filter_map(|link| link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse::<u64>().ok());
            inodes.extend(sockets);
        }
    }
    let mut found = listeners(&std::fs::read_to_string("/proc/net/tcp")?);
    // There is none where the machine has no IPv6.
    found.extend(listeners(&std::fs::read_to_string("/proc/net/tcp6").unwrap_or_default()));
    Ok(found.into_iter().filter(|(_, inode)| inodes.contains(inode)).map(|(address, _)| address).collect())
}

/// The process group of a line of `/proc/PID/stat`, in which the name of the program may hold spaces and parentheses.
fn group(stat: &str) -> Option<u32> {
    stat.rsplit_once(')')?.1.split_whitespace().nth(2)?.parse().ok()
}

/// The sockets that listen, and their inodes.
fn listeners(table: &str) -> Vec<(SocketAddr, u64)> {
    let read = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        (*fields.get(3)? == LISTENS).then_some(())?;
        Some((address(fields.get(1)?)?, fields.get(9)?.parse().ok()?))
    };
    table.lines().filter_map(read).collect()
}

fn address(text: &str) -> Option<SocketAddr> {
    let (ip, port) = text.split_once(':')?;
    // The kernel prints words of 32 bits as the machine holds them.
    let word = |place: usize| Some(u32::from_str_radix(ip.get(place..place + 8)?, 16).ok()?.to_ne_bytes());
    let ip = if ip.len() == 8 {
        IpAddr::V4(Ipv4Addr::from(word(0)?))
    } else {
        let bytes: Vec<u8> = [word(0)?, word(8)?, word(16)?, word(24)?].concat();
        IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?))
    };
    Some(SocketAddr::new(ip, u16::from_str_radix(port, 16).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_this_process_listens_on_is_found_while_it_does() {
        let own = group(&std::fs::read_to_string("/proc/self/stat").unwrap()).unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap();
        assert!(of_groups(&[own]).unwrap().contains(&at));
        assert!(of_groups(&[]).unwrap().is_empty());
        drop(listener);
        assert!(!of_groups(&[own]).unwrap().contains(&at));
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn addresses_are_read_as_the_kernel_writes_them() {
        let line = |local: &str, state: &str| {
            format!(" 0: {local} 00000000:0000 {state} 00000000:00000000 00:00000000 0 0 0 77 1")
        };
        let found = |local: &str| listeners(&line(local, LISTENS)).first().map(|(address, _)| address.to_string());
        assert_eq!(found("0100007F:1F90").as_deref(), Some("127.0.0.1:8080"));
        assert_eq!(found("00000000:1F90").as_deref(), Some("0.0.0.0:8080"));
        assert_eq!(found("00000000000000000000000001000000:0050").as_deref(), Some("[::1]:80"));
        assert_eq!(found("00000000000000000000000000000000:0050").as_deref(), Some("[::]:80"));
        assert!(listeners(&line("0100007F:1F90", "01")).is_empty(), "connected, and not listening");
    }

    #[test]
    fn a_name_with_parentheses_hides_no_group() {
        assert_eq!(group("12 (a) b (c)) S 1 345 12 0"), Some(345));
    }
}

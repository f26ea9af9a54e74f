//! Handle to DID by DNS: the TXT record `_atproto.<handle>`.

use skein_atproto::syntax::{Did, Handle};
use skein_net::Http;

use super::Lookup;

pub(super) async fn look_up(http: &Http, handle: &Handle) -> Lookup {
    match http.txt(&format!("_atproto.{handle}")).await {
        Ok(records) => read(&records),
        Err(error) => Lookup::Failed(error.to_string()),
    }
}

/// Records that do not begin with `did=` are somebody else's. Different DIDs are a failure; the same one twice is not.
fn read(records: &[String]) -> Lookup {
    let mut dids: Vec<String> = records
        .iter()
        .filter_map(|record| record.trim().strip_prefix("did="))
        .map(|did| did.trim().to_owned())
        .collect();
    dids.sort();
    dids.dedup();
    match dids.as_slice() {
        [] => Lookup::Nothing("no DNS record".to_owned()),
        [did] => match Did::parse(did) {
            Ok(did) => Lookup::Found(did),
            Err(error) => Lookup::Nothing(format!("DNS: {error}")),
        },
        _ => Lookup::Conflict(dids),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_texts(texts: &[&str]) -> Lookup {
        read(&texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn one_did_is_found_among_foreign_records() {
        let found = read_texts(&["v=spf1 -all", "did=did:plc:abc", "did=did:plc:abc"]);
        assert!(matches!(found, Lookup::Found(did) if did.as_str() == "did:plc:abc"));
    }

    #[test]
    fn different_dids_are_a_conflict() {
        assert!(
            matches!(read_texts(&["did=did:plc:abc", "did=did:plc:def"]), Lookup::Conflict(dids) if dids.len() == 2)
        );
    }

    #[test]
    fn no_record_and_no_did_are_nothing() {
        assert!(matches!(read_texts(&["did:plc:abc"]), Lookup::Nothing(_)));
        assert!(matches!(read_texts(&["did=alice"]), Lookup::Nothing(why) if why.contains("alice")));
    }
}

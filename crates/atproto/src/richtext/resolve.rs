use super::{Detected, Feature};
use crate::record::{ByteSlice, Facet, FacetFeature};
use crate::syntax::{Did, Handle};

/// Turns what was detected into the facets of a record. A mention needs the account's DID, which `lookup` knows.
///
/// A mention that `lookup` does not know, or whose handle is invalid, becomes plain text; its handle, as it was written,
/// is in the second list, once.
pub fn resolve_mentions(detected: Vec<Detected>, lookup: impl Fn(&Handle) -> Option<Did>) -> (Vec<Facet>, Vec<String>) {
    let mut facets = Vec::with_capacity(detected.len());
    let mut unresolved = Vec::new();
    for Detected { byte_start, byte_end, feature } in detected {
        let feature = match feature {
            Feature::Link { uri } => FacetFeature::Link { uri },
            Feature::Tag { tag } => FacetFeature::Tag { tag },
            Feature::Mention { handle } => {
                let Some(did) = Handle::parse(&handle).ok().and_then(|handle| lookup(&handle)) else {
                    if !unresolved.contains(&handle) {
                        unresolved.push(handle);
                    }
                    continue;
                };
                FacetFeature::Mention { did }
            }
        };
        facets.push(Facet { index: ByteSlice { byte_start, byte_end }, features: vec![feature] });
    }
    (facets, unresolved)
}

#[cfg(test)]
mod tests {
    use super::resolve_mentions;
    use crate::record::FacetFeature;
    use crate::richtext::detect;
    use crate::syntax::Did;

    #[test]
    fn a_mention_without_an_account_becomes_plain_text() {
        let alice = Did::parse("did:plc:alice").unwrap();
        let detected = detect("@Alice.test @missing.test @a..com @missing.test #tag");
        let (facets, unresolved) =
            resolve_mentions(detected, |handle| (handle.as_str() == "alice.test").then(|| alice.clone()));
        let features: Vec<_> = facets.into_iter().flat_map(|facet| facet.features).collect();
        assert_eq!(features, [FacetFeature::Mention { did: alice }, FacetFeature::Tag { tag: "tag".into() }]);
        assert_eq!(unresolved, ["missing.test", "a..com"]);
    }
}

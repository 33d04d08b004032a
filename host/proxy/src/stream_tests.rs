use bytes::{Bytes, BytesMut};
use proptest::prelude::*;

use super::whole;

proptest! {
    /// However a stream is cut into pieces, its bytes come out in order, and never half an event.
    #[test]
    fn pieces_come_out_as_whole_events(cuts in prop::collection::vec(0_usize..60, 0..8)) {
        let stream = b"data: a\n\n: ping\n\nevent: x\r\ndata: b\r\n\r\ndata: {\"c\":1}\n\ndata: [DONE]\n\n";
        let mut cuts: Vec<_> = cuts.into_iter().filter(|cut| *cut < stream.len()).collect();
        cuts.extend([0, stream.len()]);
        cuts.sort_unstable();
        let mut partial = BytesMut::new();
        let mut out = Vec::new();
        for pair in cuts.windows(2) {
            let piece = whole(&mut partial, Bytes::copy_from_slice(&stream[pair[0]..pair[1]]));
            prop_assert!(piece.is_empty() || piece.ends_with(b"\n\n") || piece.ends_with(b"\r\n\r\n"));
            out.extend_from_slice(&piece);
        }
        prop_assert!(partial.is_empty());
        prop_assert_eq!(out, stream);
    }
}

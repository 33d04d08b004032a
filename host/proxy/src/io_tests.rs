use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{ClientIo, sniff};
use crate::watch::{Bounds, Watch};

async fn protocol(pieces: &[&[u8]]) -> (bool, Vec<u8>) {
    let (mut client, mut server) = tokio::io::duplex(4096);
    let pieces: Vec<Vec<u8>> = pieces.iter().map(|piece| piece.to_vec()).collect();
    tokio::spawn(async move {
        for piece in pieces {
            client.write_all(&piece).await.unwrap();
            tokio::task::yield_now().await;
        }
    });
    let (h2, prefix) = sniff(&mut server).await.unwrap();
    let watch = Watch::new(Bounds { header: Duration::from_secs(9), idle: Duration::from_secs(9) });
    let mut seen = Vec::new();
    ClientIo::new(server, prefix, watch, h2).read_to_end(&mut seen).await.unwrap();
    (h2, seen)
}

#[tokio::test]
async fn http_1_is_told_by_its_first_differing_byte_and_loses_nothing() {
    let request = b"POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\n\r\n";
    assert_eq!(protocol(&[request]).await, (false, request.to_vec()));
    let (first, rest) = request.split_at(1);
    assert_eq!(protocol(&[first, rest]).await, (false, request.to_vec()));
    assert_eq!(protocol(&[b"G"]).await, (false, b"G".to_vec()));
}

#[tokio::test]
async fn http_2_is_told_by_its_whole_preface_split_anywhere() {
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    for split in 0..preface.len() {
        let (a, b) = preface.split_at(split);
        assert_eq!(
            protocol(&[a, b, b"rest"]).await,
            (true, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nrest".to_vec())
        );
    }
}

#[tokio::test]
async fn a_socket_that_ends_too_early_is_an_error() {
    let (client, mut server) = tokio::io::duplex(64);
    drop(client);
    assert!(sniff(&mut server).await.is_err());
}

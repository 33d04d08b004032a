//! Bodies in sealed memory that a worker maps instead of reading it through the socket.

use std::io::{IoSlice, Seek, Write};
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use tokio::net::unix::OwnedWriteHalf;

/// From this size on a body travels so.
pub(crate) const FROM: usize = 64 * 1024;

/// A descriptor whose content is `bytes` and stays so.
pub(crate) fn sealed(bytes: &[u8]) -> std::io::Result<OwnedFd> {
    let memory = memfd_create("body", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
    let mut file = std::fs::File::from(memory);
    file.write_all(bytes)?;
    // The worker shares the place at which it is read.
    file.rewind()?;
    let seals = SealFlags::SEAL | SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE;
    fcntl_add_seals(&file, seals)?;
    Ok(file.into())
}

/// Sends what it can of `frame` together with a descriptor; how many bytes that were.
pub(crate) async fn send(
    socket: &OwnedWriteHalf,
    frame: &[u8],
    descriptor: &OwnedFd,
) -> std::io::Result<usize> {
    let socket = socket.as_ref();
    loop {
        socket.writable().await?;
        let sent = socket.try_io(tokio::io::Interest::WRITABLE, || {
            let descriptors = [descriptor.as_fd()];
            let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
            let mut control = SendAncillaryBuffer::new(&mut space);
            control.push(SendAncillaryMessage::ScmRights(&descriptors));
            let flags = SendFlags::NOSIGNAL;
            Ok(sendmsg(socket, &[IoSlice::new(frame)], &mut control, flags)?)
        });
        match sent {
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            other => return other,
        }
    }
}

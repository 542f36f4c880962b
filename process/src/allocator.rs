//! The allocator of every program of Warren's. A server that makes and drops short-lived
//! buffers on all its threads spends a fifth of its time in the C library's, which also
//! keeps more memory in pieces.

use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

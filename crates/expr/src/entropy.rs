//! Random numbers, given from outside so that the crate stays pure.

/// The random numbers an evaluation may use.
///
/// The caller decides where they come from: the operating system, or a seed when a run must be
/// repeated exactly.
pub trait Entropy {
    /// The next 64 uniformly distributed bits.
    fn next_u64(&mut self) -> u64;
}

/// A random (version 4) UUID in lower case, `8-4-4-4-12`.
pub fn uuid_v4(entropy: &mut dyn Entropy) -> String {
    const VERSION: u64 = 0x4000;
    const VARIANT: u64 = 0x8000_0000_0000_0000;
    let high = (entropy.next_u64() & !0xf000) | VERSION;
    let low = (entropy.next_u64() & !(0b11 << 62)) | VARIANT;
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xffff,
        low >> 48,
        low & 0xffff_ffff_ffff
    )
}

//! Randomness from the operating system, drawn a block at a time.

use expr::Entropy;

/// A source for one shard.
pub struct SystemEntropy {
    block: [u8; 512],
    used: usize,
}

impl SystemEntropy {
    /// An empty source; the first number draws a block.
    pub fn new() -> SystemEntropy {
        SystemEntropy {
            block: [0; 512],
            used: 512,
        }
    }
}

impl Entropy for SystemEntropy {
    fn next_u64(&mut self) -> u64 {
        if self.used + 8 > self.block.len() {
            getrandom::fill(&mut self.block).expect("the operating system has randomness");
            self.used = 0;
        }
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&self.block[self.used..self.used + 8]);
        self.used += 8;
        u64::from_le_bytes(bytes)
    }
}

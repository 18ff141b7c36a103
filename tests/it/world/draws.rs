//! Random draws that are the same for the same seed, on every machine.

use chrono::TimeDelta;

/// `SplitMix64` (Steele, Lea, Flood 2014): small, and good enough for made-up traffic.
pub struct Draws(u64);

impl Draws {
    /// Draws of their own for each seed and each use of it.
    pub fn new(seed: u64, purpose: &str) -> Self {
        Self(mixed(seed, purpose))
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        scrambled(self.0)
    }

    /// In `[0, 1)`.
    pub fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub fn chance(&mut self, probability: f64) -> bool {
        self.share() < probability
    }

    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.share()
    }

    /// Short ones are as frequent as long ones on a logarithmic scale.
    pub fn log_between(&mut self, low: f64, high: f64) -> f64 {
        self.between(low.ln(), high.ln()).exp()
    }

    pub fn index(&mut self, length: usize) -> usize {
        (self.next() % length.max(1) as u64) as usize
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.index(from.len())]
    }

    /// An id of a span: 16 hexadecimal digits.
    pub fn span_id(&mut self) -> String {
        format!("{:016x}", self.next())
    }

    /// An id as the SDK makes them for a process (`uuid4`).
    pub fn uuid(&mut self) -> String {
        let (high, low) = (self.next(), self.next());
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0x0fff,
            0x8000 | ((low >> 48) & 0x3fff),
            low & 0xffff_ffff_ffff
        )
    }
}

pub fn seconds(amount: f64) -> TimeDelta {
    TimeDelta::microseconds((amount * 1e6) as i64)
}

/// A number that stands for the text under this seed.
pub fn mixed(seed: u64, text: &str) -> u64 {
    // FNV-1a, then scrambled: neighbouring texts give unrelated numbers.
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325 ^ scrambled(seed), |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
    scrambled(hash)
}

fn scrambled(mut value: u64) -> u64 {
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

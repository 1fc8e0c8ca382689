//! The part of `soften` that computes: pictures of gray pixels, and a filter that makes them softer.
//! You don't change this file.

/// A picture, one number from 0 to 255 for each pixel, row by row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    width: usize,
    height: usize,
    pixels: Vec<u16>,
}

impl Picture {
    /// A picture with these pixels; `None` unless there are `width` times `height`, and at least 3 in each direction.
    pub fn new(width: usize, height: usize, pixels: Vec<u16>) -> Option<Self> {
        let is_right = width >= 3 && height >= 3 && width.checked_mul(height) == Some(pixels.len());
        is_right.then_some(Self { width, height, pixels })
    }

    /// A picture that is larger: this one again and again, `times` in each direction.
    pub fn tiled(&self, times: usize) -> Self {
        let mut pixels = Vec::with_capacity(self.pixels.len() * times * times);
        for _ in 0..times {
            for row in self.pixels.chunks_exact(self.width) {
                for _ in 0..times {
                    pixels.extend_from_slice(row);
                }
            }
        }
        Self { width: self.width * times, height: self.height * times, pixels }
    }

    /// Mixes each pixel with its eight neighbors, those beside it twice as much as those at its corners. The outermost
    /// pixels stay as they are.
    pub fn soften(&mut self) {
        let Self { width, height, pixels } = self;
        let before = pixels.clone();
        for y in 1..*height - 1 {
            let [above, here, below] = [y - 1, y, y + 1].map(|row| &before[row * *width..][..*width]);
            let target = &mut pixels[y * *width..][..*width];
            for x in 1..*width - 1 {
                let corners = above[x - 1] + above[x + 1] + below[x - 1] + below[x + 1];
                let beside = above[x] + here[x - 1] + here[x + 1] + below[x];
                target[x] = (corners + 2 * beside + 4 * here[x] + 8) / 16;
            }
        }
    }

    /// How many pixels have each of eight shades, the darkest first.
    pub fn shades(&self) -> [u64; 8] {
        let mut shades = [0; 8];
        for &pixel in &self.pixels {
            shades[usize::from(pixel / 32).min(7)] += 1;
        }
        shades
    }

    /// The differences between neighbors in a row, all of them together: a measure of how sharp the picture is.
    pub fn sharpness(&self) -> u64 {
        let of_row = |row: &[u16]| row.iter().zip(&row[1..]).map(|(&a, &b)| u64::from(a.abs_diff(b))).sum::<u64>();
        self.pixels.chunks_exact(self.width).map(of_row).sum()
    }
}

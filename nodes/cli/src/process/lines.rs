//! Cuts a byte stream into lines.

/// Longest line that is kept whole, in bytes; a longer one is cut, so that a stream without line ends stays bounded.
const LINE_MAX: usize = 64 * 1024;

/// The part of a stream that is not yet a whole line.
#[derive(Debug, Default)]
pub struct Lines {
    rest: Vec<u8>,
}

impl Lines {
    /// Adds bytes and returns the lines that they complete, without line ends.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut lines = Vec::new();
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.rest.extend_from_slice(piece);
            if self.rest.ends_with(b"\n") {
                self.rest.pop();
                if self.rest.ends_with(b"\r") {
                    self.rest.pop();
                }
                lines.push(std::mem::take(&mut self.rest));
            }
            while self.rest.len() >= LINE_MAX {
                let tail = self.rest.split_off(LINE_MAX);
                lines.push(std::mem::replace(&mut self.rest, tail));
            }
        }
        lines
    }

    /// The last line, where it has no line end.
    pub fn finish(&mut self) -> Option<Vec<u8>> {
        Some(std::mem::take(&mut self.rest)).filter(|rest| !rest.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(lines: Vec<Vec<u8>>) -> Vec<String> {
        lines
            .into_iter()
            .map(|line| String::from_utf8(line).expect("test text"))
            .collect()
    }

    #[test]
    fn lines_are_whole_however_they_arrive() {
        let mut lines = Lines::default();
        assert_eq!(text(lines.push(b"a")), [""; 0]);
        assert_eq!(text(lines.push(b"b\ncd\r\n\ne")), ["ab", "cd", ""]);
        assert_eq!(lines.finish(), Some(b"e".to_vec()));
        assert_eq!(lines.finish(), None);
    }

    #[test]
    fn a_stream_without_line_ends_is_cut() {
        let mut lines = Lines::default();
        let cut = lines.push(&vec![b'x'; 2 * LINE_MAX + 1]);
        assert_eq!(cut.iter().map(Vec::len).collect::<Vec<_>>(), [LINE_MAX, LINE_MAX]);
        assert_eq!(lines.finish(), Some(b"x".to_vec()));
    }
}

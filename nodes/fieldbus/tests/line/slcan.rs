//! What must hold for any text to or from a serial CAN adapter.

use servomesh_fieldbus::can::slcan::{Answer, Line, Lines, MAX_LINE, Request};

type Understood = (Option<Request>, Option<Answer>);

/// Any cut gives the same lines; what is understood stood in the text, and comes back from its encoding. How many requests were understood.
pub(crate) fn check(text: &[u8], piece: usize) -> u64 {
    let whole = read(text, text.len().max(1));
    assert_eq!(read(text, piece), whole, "pieces give other lines");
    // Line feeds are ignored wherever they stand, and hexadecimal digits have two cases.
    let bare: Vec<u8> = text
        .iter()
        .filter(|byte| **byte != b'\n')
        .map(u8::to_ascii_lowercase)
        .collect();
    let mut buffer = [0; MAX_LINE];
    let mut understood = 0;
    for (request, answer) in whole.0 {
        if let Some(request) = request {
            understood += 1;
            let line = request.encode(&mut buffer).expect("it fits");
            assert_eq!(Request::decode(&line[..line.len() - 1]), Some(request));
            let line = line.to_ascii_lowercase();
            let stood = bare.windows(line.len()).any(|window| window == line);
            assert!(stood, "{request:?} is not in it");
        }
        if let Some(answer) = answer {
            let mut line = answer.encode(&mut buffer).expect("it fits");
            let mut lines = Lines::default();
            let again = lines.next(&mut line).and_then(Answer::decode);
            assert_eq!(again, Some(answer));
        }
    }
    understood
}

/// What each line of the text in pieces means, and how many bytes were dropped.
fn read(text: &[u8], piece: usize) -> (Vec<Understood>, u64) {
    let (mut lines, mut found) = (Lines::default(), Vec::new());
    for mut bytes in text.chunks(piece) {
        while let Some(line) = lines.next(&mut bytes) {
            let request = match line {
                Line::Text(text) => Request::decode(text),
                Line::Bell => None,
            };
            found.push((request, Answer::decode(line)));
        }
    }
    (found, lines.dropped())
}

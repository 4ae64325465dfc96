//! From a file's text to tokens.
//!
//! In: any text. Out: [`Token`]s that follow each other without a gap from the first byte to the last: white space,
//! comments and whole preprocessor directives are tokens too. It refuses nothing: a byte that is no C becomes
//! [`TokenKind::Unknown`], and what is not closed (a comment, a string) ends with the file or the line.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// White space, newlines and backslash-newlines.
    Space,
    /// `/* … */` or `// …`.
    Comment,
    /// A directive from its `#` to the end of the logical line, the newline excluded.
    Directive(Directive),
    /// A name or a keyword.
    Word(Word),
    /// A preprocessing number.
    Number,
    /// A string literal with its prefix.
    Str,
    /// A character literal with its prefix.
    Char,
    /// `(`
    LParen,
    /// `)`
    RParen,
    /// `[`
    LBracket,
    /// `]`
    RBracket,
    /// `{`
    LBrace,
    /// `}`
    RBrace,
    /// `;`
    Semi,
    /// `,`
    Comma,
    /// `:`
    Colon,
    /// `?`
    Question,
    /// `*`
    Star,
    /// `&`
    Amp,
    /// `&&`
    AmpAmp,
    /// `=`
    Assign,
    /// `.`
    Dot,
    /// `->`
    Arrow,
    /// `...`
    Ellipsis,
    /// `++` or `--`
    Step,
    /// `+`, `-`, `!` or `~`: they can begin an operand.
    Sign,
    /// Any other operator.
    Operator,
    /// Nothing that C knows.
    Unknown,
}

/// What a word is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Word {
    /// An identifier.
    Ident,
    /// `struct`, `union`
    Aggregate,
    /// `enum`
    Enum,
    /// `typedef`
    Typedef,
    /// `static`, `extern`, `inline`, …
    Storage,
    /// `const`, `volatile`, …
    Qualifier,
    /// A qualifier or storage class in a spelling that the grammar does not know (`__const`).
    Alternate,
    /// `int`, `unsigned`, `void`, …
    Primitive,
    /// `size_t` and other typedefs that the grammar takes for primitive types.
    StandardType,
    /// `if`, `while`, `switch`, `for`: a keyword with a parenthesised header.
    Header,
    /// `else`, `do`
    Prefix,
    /// `case`
    Case,
    /// `default`
    Default,
    /// `return`, `goto`, `break`, `continue`
    Jump,
    /// `sizeof`, `_Alignof`, …
    Sizeof,
    /// `typeof`, …
    Typeof,
    /// `asm`, …
    Asm,
    /// `__attribute__`, …
    Attribute,
    /// `__extension__`
    Extension,
}

impl Word {
    /// Whether it is a part of a type's name, and nothing else.
    pub fn is_of_type(self) -> bool {
        use Word::*;
        matches!(self, Aggregate | Enum | Primitive | StandardType | Qualifier | Alternate)
    }
}

/// What a directive does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Directive {
    /// `#if`, `#ifdef`, `#ifndef`
    If,
    /// `#elif`, `#elifdef`, `#elifndef`
    Elif,
    /// `#else`
    Else,
    /// `#endif`
    Endif,
    /// `#define`
    Define,
    /// `#include`
    Include,
    /// Any other.
    Other,
}

/// One token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// All tokens of `text`, in order and without gaps.
pub fn lex(text: &[u8]) -> Vec<Token> {
    let mut lexer = Lexer { text, at: 0, line_start: true };
    let mut tokens = Vec::with_capacity(text.len() / 3);
    while lexer.at < text.len() {
        let start = lexer.at;
        let kind = lexer.next();
        debug_assert!(lexer.at > start, "a token has at least one byte");
        tokens.push(Token { kind, start: start as u32, end: lexer.at as u32 });
    }
    tokens
}

struct Lexer<'a> {
    text: &'a [u8],
    at: usize,
    /// Whether only white space and comments stand before `at` on its line.
    line_start: bool,
}

fn is_word_start(b: u8) -> bool {
    b.is_ascii_alphabetic() || b == b'_' || b == b'$' || b >= 0x80
}

fn is_word(b: u8) -> bool {
    is_word_start(b) || b.is_ascii_digit()
}

impl Lexer<'_> {
    fn peek(&self, ahead: usize) -> u8 {
        self.text.get(self.at + ahead).copied().unwrap_or(0)
    }

    /// The length of a backslash-newline at `at`; 0 if there is none.
    fn continuation(&self, at: usize) -> usize {
        match self.text.get(at..) {
            Some([b'\\', b'\n', ..]) => 2,
            Some([b'\\', b'\r', b'\n', ..]) => 3,
            _ => 0,
        }
    }

    fn next(&mut self) -> TokenKind {
        let first = self.text[self.at];
        if first.is_ascii_whitespace() || first == 0x0b || first == 0 || self.continuation(self.at) > 0 {
            return self.space();
        }
        if first == b'/' && matches!(self.peek(1), b'/' | b'*') {
            self.comment();
            return TokenKind::Comment;
        }
        if first == b'#' && self.line_start {
            return self.directive();
        }
        self.line_start = false;
        if is_word_start(first) {
            return self.word();
        }
        if first.is_ascii_digit() || (first == b'.' && self.peek(1).is_ascii_digit()) {
            return self.number();
        }
        if first == b'"' || first == b'\'' {
            return self.quoted(first);
        }
        self.punctuation(first)
    }

    fn space(&mut self) -> TokenKind {
        while let Some(&b) = self.text.get(self.at) {
            let continuation = self.continuation(self.at);
            if continuation > 0 {
                self.at += continuation;
            } else if b.is_ascii_whitespace() || b == 0x0b || b == 0 {
                self.line_start |= b == b'\n';
                self.at += 1;
            } else {
                break;
            }
        }
        TokenKind::Space
    }

    fn comment(&mut self) {
        if self.peek(1) == b'/' {
            self.skip_line_comment();
            return;
        }
        self.at += 2;
        while self.at < self.text.len() {
            if self.text[self.at] == b'*' && self.peek(1) == b'/' {
                self.at += 2;
                return;
            }
            self.at += 1;
        }
    }

    fn skip_line_comment(&mut self) {
        while let Some(&b) = self.text.get(self.at) {
            let continuation = self.continuation(self.at);
            if b == b'\n' {
                return;
            }
            self.at += continuation.max(1);
        }
    }

    fn directive(&mut self) -> TokenKind {
        let start = self.at;
        while let Some(&b) = self.text.get(self.at) {
            match b {
                b'\n' => break,
                b'\\' => self.at += self.continuation(self.at).max(1),
                b'/' if matches!(self.peek(1), b'*' | b'/') => self.comment(),
                b'"' => {
                    self.quoted(b);
                }
                _ => self.at += 1,
            }
        }
        TokenKind::Directive(directive_kind(&self.text[start..self.at]))
    }

    fn word(&mut self) -> TokenKind {
        let start = self.at;
        while is_word(self.peek(0)) && self.at < self.text.len() {
            self.at += 1;
        }
        let word = &self.text[start..self.at];
        match self.peek(0) {
            quote @ (b'"' | b'\'') if matches!(word, b"L" | b"u" | b"U" | b"u8") => self.quoted(quote),
            _ => TokenKind::Word(word_kind(word)),
        }
    }

    fn number(&mut self) -> TokenKind {
        while self.at < self.text.len() {
            let b = self.peek(0);
            if matches!(b, b'+' | b'-') && matches!(self.text[self.at - 1], b'e' | b'E' | b'p' | b'P') {
                // `0x1e-1` is one preprocessing number, but everybody means a subtraction.
                let hex = matches!(self.text[self.at - 1], b'e' | b'E') && self.is_hex_number();
                if hex {
                    break;
                }
                self.at += 1;
            } else if is_word(b) || b == b'.' {
                self.at += 1;
            } else {
                break;
            }
        }
        TokenKind::Number
    }

    fn is_hex_number(&self) -> bool {
        let mut start = self.at;
        while start > 0 && is_word(self.text[start - 1]) {
            start -= 1;
        }
        matches!(self.text.get(start + 1), Some(b'x' | b'X'))
    }

    fn quoted(&mut self, quote: u8) -> TokenKind {
        self.at += 1;
        while let Some(&b) = self.text.get(self.at) {
            match b {
                b'\\' => self.at += self.continuation(self.at).max(2),
                b'\n' => break,
                _ if b == quote => {
                    self.at += 1;
                    break;
                }
                _ => self.at += 1,
            }
        }
        self.at = self.at.min(self.text.len());
        if quote == b'"' { TokenKind::Str } else { TokenKind::Char }
    }

    fn punctuation(&mut self, first: u8) -> TokenKind {
        use TokenKind::*;
        let (kind, len) = match (first, self.peek(1), self.peek(2)) {
            (b'(', ..) => (LParen, 1),
            (b')', ..) => (RParen, 1),
            (b'[', ..) => (LBracket, 1),
            (b']', ..) => (RBracket, 1),
            (b'{', ..) => (LBrace, 1),
            (b'}', ..) => (RBrace, 1),
            (b';', ..) => (Semi, 1),
            (b',', ..) => (Comma, 1),
            (b':', ..) => (Colon, 1),
            (b'?', ..) => (Question, 1),
            (b'.', b'.', b'.') => (Ellipsis, 3),
            (b'.', ..) => (Dot, 1),
            (b'-', b'>', _) => (Arrow, 2),
            (b'+', b'+', _) | (b'-', b'-', _) => (Step, 2),
            (b'&', b'&', _) => (AmpAmp, 2),
            (b'<', b'<', b'=') | (b'>', b'>', b'=') => (Operator, 3),
            (b'<', b'<', _) | (b'>', b'>', _) | (b'|', b'|', _) | (b'#', b'#', _) => (Operator, 2),
            (b'+' | b'-' | b'*' | b'/' | b'%' | b'&' | b'|' | b'^' | b'=' | b'!' | b'<' | b'>', b'=', _) => {
                (Operator, 2)
            }
            (b'=', ..) => (Assign, 1),
            (b'*', ..) => (Star, 1),
            (b'&', ..) => (Amp, 1),
            (b'+' | b'-' | b'!' | b'~', ..) => (Sign, 1),
            (b'/' | b'%' | b'|' | b'^' | b'<' | b'>' | b'#', ..) => (Operator, 1),
            _ => (Unknown, 1),
        };
        self.at += len;
        kind
    }
}

fn directive_kind(text: &[u8]) -> Directive {
    match directive_name(text) {
        b"if" | b"ifdef" | b"ifndef" => Directive::If,
        b"elif" | b"elifdef" | b"elifndef" => Directive::Elif,
        b"else" => Directive::Else,
        b"endif" => Directive::Endif,
        b"define" => Directive::Define,
        b"include" => Directive::Include,
        _ => Directive::Other,
    }
}

/// The word after the `#` of a directive; empty if there is none.
pub fn directive_name(text: &[u8]) -> &[u8] {
    let rest = text.get(1..).unwrap_or_default().trim_ascii_start();
    let end = rest.iter().position(|b| !is_word(*b)).unwrap_or(rest.len());
    &rest[..end]
}

/// Where what follows the name of a directive begins.
pub fn directive_rest(text: &[u8]) -> usize {
    let name = directive_name(text);
    let blank = text.iter().skip(1).take_while(|b| b.is_ascii_whitespace()).count();
    (1 + blank + name.len()).min(text.len())
}

/// What a word is to C.
pub fn word_kind(word: &[u8]) -> Word {
    match word {
        b"struct" | b"union" => Word::Aggregate,
        b"enum" => Word::Enum,
        b"typedef" => Word::Typedef,
        b"static" | b"extern" | b"auto" | b"register" | b"inline" | b"__inline" | b"__inline__"
        | b"__forceinline" | b"thread_local" | b"__thread" => Word::Storage,
        b"const" | b"volatile" | b"restrict" | b"__restrict__" | b"_Atomic" | b"_Noreturn" | b"constexpr" => {
            Word::Qualifier
        }
        b"__const" | b"__const__" | b"__volatile" | b"__volatile__" | b"__restrict" | b"_Thread_local" => {
            Word::Alternate
        }
        b"void" | b"char" | b"short" | b"int" | b"long" | b"float" | b"double" | b"signed" | b"unsigned"
        | b"bool" => Word::Primitive,
        b"_Bool" | b"__signed__" | b"__signed" | b"__int128" | b"__auto_type" | b"_Complex" => {
            Word::StandardType
        }
        b"size_t" | b"ssize_t" | b"ptrdiff_t" | b"intptr_t" | b"uintptr_t" | b"charptr_t" | b"nullptr_t"
        | b"max_align_t" | b"int8_t" | b"int16_t" | b"int32_t" | b"int64_t" | b"uint8_t" | b"uint16_t"
        | b"uint32_t" | b"uint64_t" | b"char8_t" | b"char16_t" | b"char32_t" | b"char64_t" => {
            Word::StandardType
        }
        b"if" | b"while" | b"switch" | b"for" => Word::Header,
        b"else" | b"do" => Word::Prefix,
        b"case" => Word::Case,
        b"default" => Word::Default,
        b"return" | b"goto" | b"break" | b"continue" => Word::Jump,
        b"sizeof" | b"_Alignof" | b"alignof" | b"__alignof__" | b"__alignof" | b"_alignof" => Word::Sizeof,
        b"typeof" | b"__typeof__" | b"__typeof" | b"typeof_unqual" => Word::Typeof,
        b"asm" | b"__asm__" | b"__asm" => Word::Asm,
        b"__attribute__" | b"__attribute" | b"__declspec" => Word::Attribute,
        b"__extension__" => Word::Extension,
        _ => Word::Ident,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(text: &str) -> Vec<&str> {
        lex(text.as_bytes())
            .into_iter()
            .filter(|t| t.kind != TokenKind::Space)
            .map(|t| &text[t.start as usize..t.end as usize])
            .collect()
    }

    #[test]
    fn directives_are_logical_lines() {
        assert_eq!(words("#define A \\\n b /* x\n y */ c\nint"), ["#define A \\\n b /* x\n y */ c", "int"]);
        assert_eq!(words("a # b\n # if X // y\nz"), ["a", "#", "b", "# if X // y", "z"]);
    }

    #[test]
    fn operators_and_numbers_are_whole() {
        assert_eq!(
            words("a<<=0x1e-1 ...L\"x\\\"\"'\\''"),
            ["a", "<<=", "0x1e", "-", "1", "...", "L\"x\\\"\"", "'\\''"]
        );
        assert_eq!(words("1.0e-5f .5 a.b"), ["1.0e-5f", ".5", "a", ".", "b"]);
    }

    proptest! {
        #[test]
        fn tokens_cover_the_text(text in proptest::collection::vec(any::<u8>(), 0..200)) {
            let tokens = lex(&text);
            let mut at = 0;
            for token in &tokens {
                prop_assert_eq!(token.start, at);
                prop_assert!(token.end > token.start);
                at = token.end;
            }
            prop_assert_eq!(at as usize, text.len());
        }
    }
}

"""Go's text/template with sprig's hermetic functions: lexer, parser, executor and Go's error texts."""

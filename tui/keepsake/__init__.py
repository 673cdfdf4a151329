"""A circle's conversation as a file to keep: Markdown, one page of HTML, or JSON."""

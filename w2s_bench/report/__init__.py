"""Tables and figures to a terminal, Markdown and one page."""

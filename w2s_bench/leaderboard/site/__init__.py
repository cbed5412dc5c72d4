"""A board as a folder of pages that need no server: tables, figures, a page each for what they name, downloads and a feed."""

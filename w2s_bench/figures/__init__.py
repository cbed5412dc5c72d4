"""Tables as figures: which a plugin draws, from what it is handed, and the files and pages that they become."""

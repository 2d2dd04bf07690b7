"""The desk's pages: what a person sees and does in a browser, all of it without JavaScript too."""

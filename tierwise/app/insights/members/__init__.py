"""One file per insight, called as the insight is, with its `INSIGHT`; the catalogue finds it by being here."""

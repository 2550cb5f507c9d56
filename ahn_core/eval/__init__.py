"""How a model is judged: what it loses on a long text (`losses`), and how answers are scored (`metrics`)."""

"""How often customers will buy and what they will spend, from a few figures of each: models by maximum likelihood."""

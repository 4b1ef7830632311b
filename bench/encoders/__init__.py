"""From text to vectors: models, tokenizers, layers behind them, and the space in which vectors are compared."""

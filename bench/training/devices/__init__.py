"""Several processes that train one model, a device each."""

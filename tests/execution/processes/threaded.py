"""A library that leaves a thread behind."""

import threading
import time

threading.Thread(target=time.sleep, args=(600,), daemon=True).start()

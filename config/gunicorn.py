"""How gunicorn serves the site; the command line overrides any of it (`--bind`, `--workers`)."""

import os
from typing import Any

bind = f"127.0.0.1:{os.environ.get('PORT', '8000')}"
wsgi_app = "config.wsgi"
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 4
loglevel = "warning"


def when_ready(server: Any) -> None:
    """Say where, only once it is true."""
    address = f"http://{server.address[0][0]}:{server.address[0][1]}"
    print(f"Sandarbh is at {address}/ and its admin at {address}/admin/ (Ctrl-C stops it).", flush=True)
